-- Takes or renews a lease: one holder at a time.
-- KEYS  lease
-- ARGV  1 holder  2 ms it lasts
-- Returns 1 held by this holder, 0 by another
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
