-- Gives a lease back, unless another one holds it.
-- KEYS  lease
-- ARGV  1 holder
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
