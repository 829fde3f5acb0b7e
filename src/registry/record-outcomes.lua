-- Adds what became of calls to their agents' records, and opens the breakers of those that fail too often in a row. A batch counts once,
-- however often it is sent.
-- KEYS  1 last batch of this process  2 events  then per agent: stats  breaker
-- ARGV  1 batch  2 ms its number is kept  3 half-life ms  4 most calls that a record holds  5 failures in a row that open a breaker
--       6 ms it stays open  7 ms it is half open after that  8 ms a record is kept  9 events kept
--       then per agent 6: agent, calls, good ones, ms of those, '1' when a call that shows that it serves was among them, failures in a row
--       since that (or since the batch's begin)
-- Returns the agents whose breakers this has opened
if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then return {} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, opened = tonumber(ARGV[4]), {}

for i = 3, #KEYS, 2 do
  local place = 11 + 6 * (i - 3) / 2
  local held = redis.call('HMGET', KEYS[i], 'weight', 'good', 'latency', 'at', 'failures')
  local share = held[4] and 0.5 ^ (math.max(0, now - held[4]) / ARGV[3]) or 0
  local weight = (held[1] or 0) * share + ARGV[place]
  local good = (held[2] or 0) * share + ARGV[place + 1]
  local latency = (held[3] or 0) * share + ARGV[place + 2]
  local scale = weight > most and most / weight or 1          -- else what was long ago outweighs what is now
  local failures = (ARGV[place + 3] == '1' and 0 or tonumber(held[5] or 0)) + ARGV[place + 4]
  redis.call('HSET', KEYS[i], 'weight', string.format('%.6f', weight * scale), 'good', string.format('%.6f', good * scale),
    'latency', string.format('%.3f', latency * scale), 'at', string.format('%.0f', now), 'failures', failures)
  redis.call('PEXPIRE', KEYS[i], ARGV[8])
  -- One that is open already, or half open, is its trial's to judge: these calls began before.
  if failures >= tonumber(ARGV[5]) and redis.call('SET', KEYS[i + 1], 1, 'PX', ARGV[6] + ARGV[7], 'NX') then
    local agent = ARGV[place - 1]
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[9], '*', 'n', 'agent.broken', 'a', agent, 'x', '{}')
    opened[#opened + 1] = agent
  end
end
return opened
