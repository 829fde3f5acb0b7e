-- Starts an attempt: a new epoch for the task, what its dependencies gave, and task.started, unless something stands against it.
-- KEYS  run  tasks  results  events  then one text key per dependency
-- ARGV  1 task  2 attempt's own token  3 how many of the first dependencies must have completed, -1: it may not start  4 most bytes of one dependency's text
--       5 number of events (the first one task.started)  then 4 each: name agent data detail  then the dependencies' task ids
-- Returns {state, epoch, ms since when the task's time counts, now ms, agents that failed 'a,b', ms until which one of them asked to
--         be left alone, then per dependency: envelope, text}
--   settled    a result is recorded (its envelope follows): no call         closed     the run has ended
--   stopped    the run is told to stop                                      blocked    too few dependencies completed
--   paused     nothing begins for now     started    go on
-- Every state but settled and paused raises the epoch: whoever held the task before can write nothing more. With stopped, why the
-- run was told to stop stands in the place of the dependencies.
local task = ARGV[1]
local recorded = redis.call('HGET', KEYS[3], task)
if recorded then return {'settled', 0, 0, 0, '', 0, recorded} end
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status', 'paused')
if not run[3] then return {'closed', 0, 0, 0, '', 0} end        -- removed: write nothing that nobody would delete

if run[4] and not run[1] and not run[2] then return {'paused', 0, 0, 0, '', 0} end

local first, needed = 6 + 4 * tonumber(ARGV[5]), tonumber(ARGV[3])
local envelopes, references, completed = {}, {}, 0
-- Searched and not decoded, which costs more than all the rest: within a text of the envelope these quotes would be escaped.
for i, found in ipairs(#KEYS > 4 and redis.call('HMGET', KEYS[3], unpack(ARGV, first)) or {}) do
  local envelope = found or ''
  if i <= needed and string.find(envelope, '"status":"completed"', 1, true) then completed = completed + 1 end
  envelopes[i] = envelope
  references[i] = string.find(envelope, '"by_reference":true', 1, true) ~= nil
end
local state = 'started'
if run[1] then state = 'closed' elseif run[2] then state = 'stopped' elseif needed < 0 or completed < needed then state = 'blocked' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local names = {':token', ':epoch', ':started', ':failures', ':failed_epoch', ':next', ':until'}
for i, name in ipairs(names) do names[i] = task .. name end
local held = redis.call('HMGET', KEYS[2], unpack(names))
local epoch, started, failures, rest = tonumber(held[2] or 0), tonumber(held[3] or now), held[4] or '', tonumber(held[7] or 0)
if held[1] ~= ARGV[2] then                                   -- else: this very claim, sent again after a lost reply
  epoch = epoch + 1
  local told = state == 'started' and first > 6
  -- A call that never came back does not count: its worker died or was stopped, a human was asked, a join gave the task to others.
  -- Nor does what a task waited beyond its backoff: its run was paused, or nobody was there to take it.
  if held[5] and held[5] == held[2] then started = started + math.max(0, now - tonumber(held[6])) elseif told then started = now end
  local fields = {task .. ':token', ARGV[2], task .. ':epoch', epoch, task .. ':seq', 0, task .. ':started', string.format('%.0f', started)}
  if told then fields[9], fields[10] = task .. ':agent', ARGV[7] end
  redis.call('HSET', KEYS[2], unpack(fields))
  if told then
    -- An agent that has failed for this task is chosen anew by the worker, which then says so itself.
    local chosen = not string.find(',' .. failures .. ',', ',' .. ARGV[7] .. ',', 1, true)
    for i = 6, chosen and first - 1 or 9, 4 do
      redis.call('XADD', KEYS[4], '*', 'n', ARGV[i], 't', task, 'a', ARGV[i + 1], 'e', epoch, 'd', ARGV[i + 2], 'x', ARGV[i + 3])
    end
  end
end

if state == 'stopped' then return {state, epoch, started, now, failures, rest, run[2]} end
local reply, most = {state, epoch, started, now, failures, rest}, tonumber(ARGV[4])
for i, envelope in ipairs(envelopes) do
  local text = ''
  if state == 'started' and references[i] then
    text = redis.call('GETRANGE', KEYS[4 + i], 0, most)
    if #text > most then                                     -- cut where a character begins
      local cut = most
      while cut > 0 and string.byte(text, cut + 1) >= 128 and string.byte(text, cut + 1) < 192 do cut = cut - 1 end
      text = string.sub(text, 1, cut) .. '\n[... shortened ...]'
    end
  end
  reply[#reply + 1] = envelope
  reply[#reply + 1] = text
end
return reply
