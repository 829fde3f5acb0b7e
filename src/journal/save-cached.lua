-- Files a result for equal calls to come, and takes out what is too old or too much. Sent twice it changes nothing more.
-- KEYS  results ages bytes
-- ARGV  digest result(JSON) now(ms) oldest(ms, what is older leaves) mostBytes
local had = redis.call('HSTRLEN', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local bytes = redis.call('INCRBY', KEYS[3], #ARGV[2] - had)

local function leave(digest)
  bytes = bytes - redis.call('HSTRLEN', KEYS[1], digest)
  redis.call('HDEL', KEYS[1], digest)
  redis.call('ZREM', KEYS[2], digest)
end
for _, digest in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[4], 'LIMIT', 0, 100)) do leave(digest) end
while bytes > tonumber(ARGV[5]) do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not oldest then break end
  leave(oldest)
end
redis.call('SET', KEYS[3], bytes)
