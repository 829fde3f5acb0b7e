-- Begins the time of a join with the first start of one of its branches.
-- KEYS  joins
-- ARGV  1 join's task  2 now
-- Returns ms until its timeout, or false when it has gone on or its branches were dispatched again: then another timer runs
local held = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[1] .. ':released', ARGV[1] .. ':round')
if not held[1] or held[2] or held[3] then return false end
redis.call('HSETNX', KEYS[1], ARGV[1] .. ':began', ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1] .. ':began') + cjson.decode(held[1]).timeout_ms - ARGV[2]
