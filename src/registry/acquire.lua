-- Takes one of an agent's slots: a lease that its holder renews, so that a dead one's comes back. Sent twice, it takes one.
-- KEYS  slots
-- ARGV  1 holder  2 how many there are  3 ms the lease lasts
-- Returns {1 taken or 0 none is free, calls that run now}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local busy = redis.call('ZCARD', KEYS[1])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == false then
  if busy >= tonumber(ARGV[2]) then return {0, busy} end
  busy = busy + 1
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, busy}
