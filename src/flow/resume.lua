-- Ends a pause: what stepped out for it goes on, and what joins wait for is due later by the time it took. `release` (flow-script.ts)
-- and park.lua stand before this text.
-- KEYS  run  events  parked  joins
-- ARGV  1 now  2..5 run.resumed: name agent data detail
-- Returns the run's status, or false when there is no such run. Resuming what is not paused only lets go on what was left behind.
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'paused')
if not run[1] then return false end
if redis.call('HDEL', KEYS[1], 'paused') == 1 and not run[2] then
  redis.call('XADD', KEYS[2], '*', 'n', ARGV[2], 't', 'root', 'a', ARGV[3], 'e', 0, 'd', ARGV[4], 'x', ARGV[5])
  local times = redis.call('HGETALL', KEYS[4])
  for i = 1, #times, 2 do
    if string.find(times[i], ':began$') or string.find(times[i], ':grace$') then
      redis.call('HSET', KEYS[4], times[i], string.format('%.0f', times[i + 1] + math.max(0, ARGV[1] - math.max(run[3], times[i + 1]))))
    end
  end
end
unpark(KEYS[3], 'pause', ARGV[1])
return run[1]
