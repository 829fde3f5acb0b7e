-- Notes that a task looked for an agent with a free slot and found none, and how long it has waited so over all its looks. Between two looks
-- counts what those of a task that waits are apart at most: its run was paused, or nobody was there. Sent twice, it adds nothing.
-- KEYS  run  tasks
-- ARGV  1 task  2 ms that two looks are apart at most
-- Returns ms waited, or -1 when the run's tasks may not begin now: it has ended, is told to stop or is paused
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'stop', 'paused')
if not run[1] or run[2] or run[3] or run[4] then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local looked, waited = ARGV[1] .. ':looked', ARGV[1] .. ':waited'
local held = redis.call('HMGET', KEYS[2], looked, waited)
local since = math.max(0, now - tonumber(held[1] or now))
local sum = tonumber(held[2] or 0) + math.min(tonumber(ARGV[2]), since)
redis.call('HSET', KEYS[2], looked, string.format('%.0f', now), waited, string.format('%.0f', sum))
return sum
