-- Looks at the worker processes: who is gone? Redis sees a killed process's connection close at once; one that is blocked or paused
-- keeps it. A worker that only lost its connection is back within moments, hence the span. Any process may look, and all share
-- what they saw.
-- KEYS  workers  gone (sorted set: worker by the ms at which it was first found without a connection)
-- ARGV  1 ms that a worker must be without a connection  2 beginning of workers' channels  3 beginning and 4 end of their alive keys
-- Returns worker, reason, worker, reason ...: `gone`, or `lapsed` when it did not say for long that it lives
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local dead = {}
for _, worker in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('PUBSUB', 'NUMSUB', ARGV[2] .. worker)[2] == 0 then
    redis.call('ZADD', KEYS[2], 'NX', now, worker)
    if now - redis.call('ZSCORE', KEYS[2], worker) >= tonumber(ARGV[1]) then
      dead[#dead + 1] = worker
      dead[#dead + 1] = 'gone'
    end
  else
    redis.call('ZREM', KEYS[2], worker)
    if redis.call('EXISTS', ARGV[3] .. worker .. ARGV[4]) == 0 then
      dead[#dead + 1] = worker
      dead[#dead + 1] = 'lapsed'
    end
  end
end
return dead
