-- What scripts know of joins: a task with branches that need not all complete before it goes on. Needs `release` (flow-script.ts), park.lua.
-- `at` names a run's keys: run, tasks, results, events, joins, spawned, parked, asks, interrupts (of the whole shard), and channel, id (the run's), now.
-- Fields of the joins hash: <task> its spec (JSON), :settled and :completed (how many branches have), :grace (ms by which it goes on
-- after its quorum), :round (2 once its branches were dispatched again), :released (JSON, written once: then it has gone on).
local function json_list(items)
  local encoded = {}
  for i, item in ipairs(items) do encoded[i] = cjson.encode(item) end
  return '[' .. table.concat(encoded, ',') .. ']'
end

local function is_completed(envelope)
  return string.find(envelope, '"status":"completed"', 1, true) ~= nil
end

-- Nobody has to decide about a task that is dropped: what is asked about it is withdrawn, and its job goes on to find that out.
local function withdraw_asks(at, task)
  local subjects, round = {'input', 'output', 'patch'}, redis.call('HGET', at.asks, task .. '~question:round')
  if round then subjects[#subjects + 1] = 'question.' .. round end
  for _, subject in ipairs(subjects) do
    local name = task .. '~' .. subject
    local held = redis.call('HMGET', at.asks, name .. ':mark', name .. ':resolution')
    if held[1] and not held[2] then
      local reason = 'The join this branch feeds went on without it.'
      redis.call('HSET', at.asks, name .. ':resolution', '{"state":"withdrawn","reason":"' .. reason .. '","expired":false,"token":"late"}')
      redis.call('ZREM', at.interrupts, at.id .. '~' .. name)
      local open = redis.call('HINCRBY', at.asks, 'open', -1)
      if open == 0 and redis.call('HGET', at.run, 'status') == 'waiting' then redis.call('HSET', at.run, 'status', 'running') end
      redis.call('XADD', at.events, '*', 'n', 'interrupt.resolved', 't', task, 'a', 'orchestrator',
        'e', redis.call('HGET', at.tasks, task .. ':epoch') or 0, 'd', 'withdrawn: ' .. reason,
        'x', '{"interrupt_id":"' .. at.id .. '~' .. name .. '","state":"withdrawn","reason":"' .. reason .. '","expired":false,"open":' .. open .. '}')
      unmark(at.parked, held[1], at.now)
    end
  end
end

-- Records one task as skipped, unless it has a result: whoever runs it can write nothing more.
local function drop_task(at, task, envelope, branch)
  if redis.call('HSETNX', at.results, task, envelope) == 0 then return false end
  withdraw_asks(at, task)
  redis.call('HINCRBY', at.tasks, task .. ':epoch', 1)
  redis.call('XADD', at.events, '*', 'n', 'task.skipped', 't', task, 'a', 'orchestrator',
    'e', redis.call('HGET', at.tasks, task .. ':epoch'), 'd', branch.data, 'x', branch.detail)
  return true
end

-- The tasks that a task has added, in all its rounds, are dropped with it. An envelope begins with its task's id.
local function drop_children(at, branch, dropped)
  local rest = string.sub(branch.envelope, #('{"task_id":' .. cjson.encode(branch.task)) + 1)
  local place, round = 0, redis.call('HGET', at.spawned, branch.task)
  while round do
    for _, child in ipairs(cjson.decode(round).children) do
      local id = child.task.task_id
      local envelope = '{"task_id":' .. cjson.encode(id) .. rest
      if drop_task(at, id, envelope, branch) then dropped[#dropped + 1] = id end
      if redis.call('HEXISTS', at.spawned, id) == 1 then       -- a program's step may have children of its own
        drop_children(at, {task = id, envelope = envelope, data = branch.data, detail = branch.detail}, dropped)
      end
    end
    place = place + 1
    round = redis.call('HGET', at.spawned, branch.task .. ':' .. place)
  end
end

-- Ends the late branches that feed nothing else.
local function drop_branches(at, spec)
  local dropped = {}
  for _, branch in ipairs(spec.drop) do
    if drop_task(at, branch.task, branch.envelope, branch) then
      dropped[#dropped + 1] = branch.task
      drop_children(at, branch, dropped)
    end
  end
  if #dropped > 0 then redis.call('PUBLISH', at.channel, at.id .. ' late ' .. table.concat(dropped, ' ')) end
end

-- Lets a join go on, once: what is late from here on is not among its inputs.
local function release_join(at, join, spec, reason)
  local completed, unfinished, late, tasks = {}, {}, {}, {}
  for i, branch in ipairs(spec.branches) do tasks[i] = branch.task end
  for i, found in ipairs(redis.call('HMGET', at.results, unpack(tasks))) do
    local branch = spec.branches[i]
    redis.call('SREM', spec.key .. ':dependencies', branch.key)  -- also of one that was replaced: its job is still to find that out
    if not found then late[#late + 1] = branch.task
    elseif is_completed(found) then completed[#completed + 1] = branch.task
    else unfinished[#unfinished + 1] = branch.task end
  end
  local lists = '"completed":' .. json_list(completed) .. ',"unfinished":' .. json_list(unfinished) .. ',"late":' .. json_list(late)
  local detail = '{"reason":"' .. reason .. '","need":' .. spec.need .. ',' .. lists .. '}'
  redis.call('HSET', at.joins, join .. ':released', detail)
  -- A join that another one has dropped has its result already. A quiet one only wakes whoever waits for it.
  if not spec.quiet and redis.call('HEXISTS', at.run, 'terminal') == 0 and redis.call('HEXISTS', at.results, join) == 0 then
    redis.call('XADD', at.events, '*', 'n', 'join.released', 't', join, 'a', 'orchestrator',
      'e', redis.call('HGET', at.tasks, join .. ':epoch') or 0, 'd', '', 'x', detail)
    drop_branches(at, spec)
  end
  release({spec.key, spec.key .. ':dependencies'}, {spec.queue, spec.id, at.now})
end

-- Counts a branch that has settled, once (its caller has taken its edge away). Lets the join go on when it was the last one, or the
-- one that fills the quota of a join without grace.
local function count_branch(at, join, completed)
  if redis.call('HEXISTS', at.joins, join .. ':released') == 1 then return end
  local held = redis.call('HGET', at.joins, join)
  if not held then return end                                  -- a program's first step ends before the program waits for it
  local spec = cjson.decode(held)
  local settled = spec.seeded.settled + redis.call('HINCRBY', at.joins, join .. ':settled', 1)
  local done = spec.seeded.completed + redis.call('HINCRBY', at.joins, join .. ':completed', completed and 1 or 0)
  if settled >= #spec.branches then release_join(at, join, spec, 'all')
  elseif done >= spec.need then
    if spec.grace_ms == 0 then release_join(at, join, spec, 'quorum')
    else redis.call('HSETNX', at.joins, join .. ':grace', string.format('%.0f', at.now + spec.grace_ms)) end
  end
end
