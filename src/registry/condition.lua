-- How agents stand: what has become of their calls, their breakers, and how many calls run.
-- KEYS  per agent: stats  breaker  trial  slots
-- ARGV  1 half-life ms  2 ms a breaker is half open after it was open
-- Returns per agent of which anything is known: its place (from 0), decayed calls, good ones among them, ms of those, breaker, calls that run
--         breaker: '' closed, 'open' (also while somebody tries), 'half_open'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function breaker_of(breaker, trial)
  local left = redis.call('PTTL', breaker)
  if left == -2 then return '' end
  if left > tonumber(ARGV[2]) or redis.call('EXISTS', trial) == 1 then return 'open' end
  return 'half_open'
end

local reply = {}
for i = 1, #KEYS, 4 do
  if redis.call('EXISTS', KEYS[i], KEYS[i + 1], KEYS[i + 3]) > 0 then
    local sums = redis.call('HMGET', KEYS[i], 'weight', 'good', 'latency', 'at')
    local share = sums[4] and 0.5 ^ (math.max(0, now - sums[4]) / ARGV[1]) or 0
    reply[#reply + 1] = {
      (i - 1) / 4, string.format('%.6f', (sums[1] or 0) * share), string.format('%.6f', (sums[2] or 0) * share),
      string.format('%.3f', (sums[3] or 0) * share), breaker_of(KEYS[i + 1], KEYS[i + 2]), redis.call('ZCOUNT', KEYS[i + 3], now, '+inf'),
    }
  end
end
return reply
