-- Starts an attempt: a new epoch for the task, what its dependencies gave, and task.started, unless something stands against it.
-- KEYS  run  tasks  results  events  then one text key per dependency
-- ARGV  1 task  2 attempt's own token  3 dependencies that must have completed
--       4..7 task.started: name agent data detail  8 number of further events  (4 ARGV each)  then the dependencies' task ids
-- Returns {state, epoch, first start ms, now ms, agents that failed 'a,b', then per dependency: envelope, text}
--   settled    a result is recorded (its envelope follows): no call         closed     the run has ended
--   cancelled  the run is being cancelled                                   blocked    too few dependencies completed
--   started    go on
-- Every state but settled raises the epoch: whoever held the task before can write nothing more.
local task = ARGV[1]
local recorded = redis.call('HGET', KEYS[3], task)
if recorded then return {'settled', 0, 0, 0, '', recorded} end

local first = 9 + 4 * tonumber(ARGV[8])
local inputs, completed = {}, 0
for i = 5, #KEYS do
  local envelope = redis.call('HGET', KEYS[3], ARGV[first + i - 5])
  local text = false
  if envelope then
    local result = cjson.decode(envelope)
    if result.status == 'completed' then completed = completed + 1 end
    if result.by_reference then text = redis.call('GET', KEYS[i]) end
  end
  inputs[#inputs + 1] = envelope or ''
  inputs[#inputs + 1] = text or ''
end

local run = redis.call('HMGET', KEYS[1], 'terminal', 'cancel', 'status')
if not run[3] then return {'closed', 0, 0, 0, '', unpack(inputs)} end   -- removed: write nothing that nobody would delete
local state = 'started'
if run[1] then state = 'closed' elseif run[2] then state = 'cancelled' elseif completed < tonumber(ARGV[3]) then state = 'blocked' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[2], task .. ':token', task .. ':epoch', task .. ':started', task .. ':failures')
local epoch = tonumber(held[2] or 0)
local started = tonumber(held[3] or now)
if held[1] ~= ARGV[2] then                                   -- else: this very claim, sent again after a lost reply
  epoch = epoch + 1
  redis.call('HSET', KEYS[2], task .. ':token', ARGV[2], task .. ':epoch', epoch, task .. ':seq', 0, task .. ':started', started)
  if state == 'started' then
    redis.call('HSET', KEYS[2], task .. ':agent', ARGV[5])
    for i = 0, tonumber(ARGV[8]) do
      local at = i == 0 and 4 or 5 + 4 * i
      redis.call('XADD', KEYS[4], '*', 'n', ARGV[at], 't', task, 'a', ARGV[at + 1], 'e', epoch, 'd', ARGV[at + 2], 'x', ARGV[at + 3])
    end
  end
end
return {state, epoch, started, now, held[4] or '', unpack(inputs)}
