-- Notes that a run's whole flow is in its queues: a job that is missing from here on has been removed.
-- KEYS  run
-- Returns nothing. A run that is gone is not made again.
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'submitted', 1) end
