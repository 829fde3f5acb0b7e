-- Asks for a run's end: from here on no claim starts a call. Every worker process hears of it.
-- KEYS  run
-- ARGV  1 reason  2 channel  3 run id
-- Returns the run's status, or false when there is no such run
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal')
if not run[1] then return false end
if run[2] then return run[1] end
redis.call('HSETNX', KEYS[1], 'cancel', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return run[1]
