-- Keeps a task's outcome back until it is decided whether the run's plan changes because of it. The first one counts: from here on
-- nobody is called again for the task.
-- KEYS  run  tasks  results  patches
-- ARGV  1 task  2 epoch  3 outcome (JSON)
-- Returns 1 kept (also when another one was before), -1 a newer attempt owns the task, -3 nothing can change any more: the run has
-- ended, is told to stop or is gone, or the task has a result
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status')
if run[1] or run[2] or not run[3] or redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return -3 end
if redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] then return -1 end
redis.call('HSETNX', KEYS[4], 'outcome:' .. ARGV[1], ARGV[3])
return 1
