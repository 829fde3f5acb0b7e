-- Ends an attempt whose call failed although more may follow: the agent's name, and task.retrying.
-- KEYS  run  tasks  events
-- ARGV  1 task  2 epoch  3 agent  4 task that the event names  5..8 task.retrying: name agent data detail
-- Returns 1 noted (also when sent again), -1 a newer attempt owns the task, -3 the run has ended
local task = ARGV[1]
if redis.call('HEXISTS', KEYS[1], 'terminal') == 1 then return -3 end
local held = redis.call('HMGET', KEYS[2], task .. ':epoch', task .. ':failed_epoch', task .. ':failures')
if held[1] ~= ARGV[2] then return -1 end
if held[2] == ARGV[2] then return 1 end
local failures = held[3] and (held[3] .. ',' .. ARGV[3]) or ARGV[3]
redis.call('HSET', KEYS[2], task .. ':failed_epoch', ARGV[2], task .. ':failures', failures)
redis.call('XADD', KEYS[3], '*', 'n', ARGV[5], 't', ARGV[4], 'a', ARGV[6], 'e', ARGV[2], 'd', ARGV[7], 'x', ARGV[8])
return 1
