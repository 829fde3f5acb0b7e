-- Lets nothing new of a run begin: claims come back as paused. What runs goes on. Pausing twice is pausing once.
-- KEYS  run  events
-- ARGV  1 now  2..5 run.paused: name agent data detail
-- Returns the run's status, or false when there is no such run. A run that has ended or is told to stop is left as it is.
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'stop')
if not run[1] then return false end
if run[2] or run[3] or redis.call('HSETNX', KEYS[1], 'paused', ARGV[1]) == 0 then return run[1] end
redis.call('XADD', KEYS[2], '*', 'n', ARGV[2], 't', 'root', 'a', ARGV[3], 'e', 0, 'd', ARGV[4], 'x', ARGV[5])
return run[1]
