-- Ends an attempt whose call failed although more may follow: the agents that failed, when the next call is due, until when one asked
-- to be left alone, and task.retrying.
-- KEYS  run  tasks  events
-- ARGV  1 task  2 epoch  3 agents 'a,b'  4 task that the event names  5 ms until the next call  6 ms that one asked for
--       7..10 task.retrying: name agent data detail
-- Returns 1 noted (also when sent again), -1 a newer attempt owns the task, -3 the run has ended
local task = ARGV[1]
if redis.call('HEXISTS', KEYS[1], 'terminal') == 1 then return -3 end
local held = redis.call('HMGET', KEYS[2], task .. ':epoch', task .. ':failed_epoch', task .. ':failures', task .. ':until')
if held[1] ~= ARGV[2] then return -1 end
if held[2] == ARGV[2] then return 1 end
local failures = held[3] and (held[3] .. ',' .. ARGV[3]) or ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rest = math.max(tonumber(held[4] or 0), now + tonumber(ARGV[6]))
redis.call('HSET', KEYS[2], task .. ':failed_epoch', ARGV[2], task .. ':failures', failures,
  task .. ':next', string.format('%.0f', now + ARGV[5]), task .. ':until', string.format('%.0f', rest))
redis.call('XADD', KEYS[3], '*', 'n', ARGV[7], 't', ARGV[4], 'a', ARGV[8], 'e', ARGV[2], 'd', ARGV[9], 'x', ARGV[10])
return 1
