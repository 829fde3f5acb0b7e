-- Ends a trial: a good call closes the breaker, a failed one opens it for twice as long as before, any other end lets others try.
-- Sent twice, or by one whose trial has lapsed, it does nothing.
-- KEYS  breaker  trial  stats
-- ARGV  1 holder  2 'good', 'failed' or 'none'  3 ms it stayed open at first  4 most ms it stays open  5 ms it is half open after that
-- Returns 1, or 0 when the trial was not the holder's
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[2] == 'good' then
  redis.call('DEL', KEYS[1])
  if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], 'failures', 0) end
elseif ARGV[2] == 'failed' and redis.call('EXISTS', KEYS[1]) == 1 then
  local times = tonumber(redis.call('GET', KEYS[1])) + 1
  local open_ms = math.min(tonumber(ARGV[4]), ARGV[3] * 2 ^ (times - 1))
  redis.call('SET', KEYS[1], times, 'PX', string.format('%.0f', open_ms + ARGV[5]))
end
return 1
