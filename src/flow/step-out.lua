-- Marks a job as waiting for its run to be resumed, while the run is paused: it may then leave its queue without being lost.
-- KEYS  run  parked  job
-- ARGV  1 mark (a member of the job's dependency set)  2 how it is released (JSON)
-- Returns 1 marked, 0 the run is not paused (any more)
local run = redis.call('HMGET', KEYS[1], 'paused', 'terminal', 'stop')
if not run[1] or run[2] or run[3] then return 0 end
redis.call('SADD', KEYS[3] .. ':dependencies', ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
