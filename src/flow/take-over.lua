-- Gives the jobs of a dead worker back to their queues, where others take them at once. `sweep(KEYS, ARGV)` is BullMQ's own script
-- for stalled jobs, put before this text as a function (flow-script.ts): it moves those of the stalled set that have no lock, counts
-- the death and marks the others anew. Its throttle is lifted for this call: an active job without a lock belongs to nobody, so it
-- may be called at any time.
-- KEYS  workers  gone  alive key  then per queue BullMQ's nine: stalled wait active stalled-check meta paused marker events repeat
-- ARGV  1 worker  2 its channel  3 gone|lapsed  4 now  5 ms of BullMQ's throttle  6 most deaths  7 number of lock ids, the lock ids,
--       then per queue the beginning of its jobs' keys
-- Returns how many jobs there were, or -1 when the worker lives. Locks are taken away only from one that is gone.
local reason = ARGV[3]
if reason == 'gone' and redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2] > 0 then return -1 end
if reason == 'lapsed' and redis.call('EXISTS', KEYS[3]) == 1 then return -1 end
local locks, queues = {}, 8 + tonumber(ARGV[7])
for i = 8, queues - 1 do locks[ARGV[i]] = true end

local taken = 0
for at = 4, #KEYS, 9 do
  local prefix, found = ARGV[queues + (at - 4) / 9], 0
  for _, id in ipairs(redis.call('LRANGE', KEYS[at + 2], 0, -1)) do
    local lock = redis.call('GET', prefix .. id .. ':lock')
    local isOwn = lock and reason == 'gone' and locks[string.match(lock, '^(.*):%d+$') or '']
    if isOwn then redis.call('DEL', prefix .. id .. ':lock') end
    if isOwn or not lock then
      redis.call('SADD', KEYS[at], id)
      found = found + 1
    end
  end
  if found > 0 then
    redis.call('DEL', KEYS[at + 3])
    sweep({unpack(KEYS, at, at + 8)}, {ARGV[6], prefix, ARGV[4], ARGV[5]})
  end
  taken = taken + found
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return taken
