-- Ends a trial: a good call closes the breaker, a failed one opens it for twice as long as before, any other end lets others try. The
-- first two are told.
-- Sent twice, or by one whose trial has lapsed, it does nothing.
-- KEYS  breaker  trial  stats  events
-- ARGV  1 holder  2 'good', 'failed' or 'none'  3 ms it stayed open at first  4 most ms it stays open  5 ms it is half open after that
--       6 agent  7 events kept
-- Returns 1, or 0 when the trial was not the holder's
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local function say(name)
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', 'n', name, 'a', ARGV[6], 'x', '{}')
end
if ARGV[2] == 'good' then
  if redis.call('DEL', KEYS[1]) == 1 then say('agent.mended') end
  if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], 'failures', 0) end
elseif ARGV[2] == 'failed' and redis.call('EXISTS', KEYS[1]) == 1 then
  local times = tonumber(redis.call('GET', KEYS[1])) + 1
  local open_ms = math.min(tonumber(ARGV[4]), ARGV[3] * 2 ^ (times - 1))
  redis.call('SET', KEYS[1], times, 'PX', string.format('%.0f', open_ms + ARGV[5]))
  say('agent.broken')
end
return 1
