-- What follows when a join's grace or time is over. `release` (flow-script.ts), park.lua and join.lua stand before this text.
-- KEYS  run  tasks  results  events  joins  spawned  parked  asks  interrupts
-- ARGV  1 join's task  2 grace|timeout  3 round  4 now  5 control channel  6 run id
--       7..9 task.retrying of a branch that is dispatched again: agent data detail
-- Returns {released}, {nothing}: it has gone on, or its run is paused (the resume moves its times), {early, ms until its time}, or, when the
-- branches were dispatched again, {redispatched, ms until the second round is over}
local EARLY_MS = 50                                            -- clocks of workers differ, and times are rounded
local join, at = ARGV[1], {run = KEYS[1], tasks = KEYS[2], results = KEYS[3], events = KEYS[4], joins = KEYS[5], spawned = KEYS[6], parked = KEYS[7], asks = KEYS[8], interrupts = KEYS[9], now = ARGV[4], channel = ARGV[5], id = ARGV[6]}
local held = redis.call('HMGET', KEYS[5], join, join .. ':released', join .. ':round', join .. ':began', join .. ':grace')
local run = redis.call('HMGET', KEYS[1], 'terminal', 'paused')
if not held[1] or held[2] or run[1] or run[2] then return {'nothing'} end
local spec, round = cjson.decode(held[1]), held[3] or '1'
if ARGV[2] == 'timeout' and round ~= ARGV[3] then return ARGV[3] == '1' and {'redispatched', spec.timeout_ms} or {'nothing'} end
local due = ARGV[2] == 'grace' and held[5] or held[4] and held[4] + round * spec.timeout_ms
if due and due - ARGV[4] > EARLY_MS then return {'early', due - ARGV[4]} end
if ARGV[2] == 'grace' or spec.on_timeout ~= 'redispatch' or round == '2' then
  release_join(at, join, spec, ARGV[2])
  return {'released'}
end

-- Whoever runs a missing branch can write nothing more; its next claim finds that its agent failed, and a fresh time.
redis.call('HSET', KEYS[5], join .. ':round', 2)
local missing, seen = {}, {}
local function dispatch(id)
  if seen[id] or redis.call('HEXISTS', KEYS[3], id) == 1 then return end
  seen[id] = true
  local place, round = 0, redis.call('HGET', KEYS[6], id)
  while round do                                               -- it waits for them: theirs are the agents that did not answer
    for _, child in ipairs(cjson.decode(round).children) do dispatch(child.task.task_id) end
    place = place + 1
    round = redis.call('HGET', KEYS[6], id .. ':' .. place)
  end
  if place > 0 then return end
  local task = redis.call('HMGET', KEYS[2], id .. ':epoch', id .. ':agent', id .. ':failures')
  if not task[1] or not task[2] then return end
  redis.call('XADD', KEYS[4], '*', 'n', 'task.retrying', 't', id, 'a', ARGV[7], 'e', task[1], 'd', ARGV[8], 'x', ARGV[9])
  redis.call('HSET', KEYS[2], id .. ':epoch', task[1] + 1,
    id .. ':failures', task[3] and (task[3] .. ',' .. task[2]) or task[2])
  missing[#missing + 1] = id
end
for _, branch in ipairs(spec.branches) do dispatch(branch.task) end
for _, branch in ipairs(spec.drop) do dispatch(branch.task) end
if #missing > 0 then redis.call('PUBLISH', at.channel, at.id .. ' redispatched ' .. table.concat(missing, ' ')) end
return {'redispatched', spec.timeout_ms}
