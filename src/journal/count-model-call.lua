-- Notes one call of the model for a run before it is made, unless the run has made as many as it may. The same call noted twice counts
-- once, and what is noted counts whether or not the call came about: its process may have died in between.
-- KEYS  run  tasks
-- ARGV  1 field of the call  2 most calls of a run that names no bound of its own
-- Returns {1, bound} it may be made, {0, bound} it may not
local run = redis.call('HMGET', KEYS[1], 'status', 'options', 'model_calls')
if not run[1] then return {1, 0} end -- removed: write nothing that nobody would delete
local most = cjson.decode(run[2] or '{}').max_model_calls or tonumber(ARGV[2])
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return {1, most} end
if tonumber(run[3] or 0) >= most then return {0, most} end
redis.call('HSET', KEYS[2], ARGV[1], 1)
redis.call('HINCRBY', KEYS[1], 'model_calls', 1)
return {1, most}
