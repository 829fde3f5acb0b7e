-- Tells whether a run waits for its turn in a session, and for whom. open-runs.lua stands before this text.
-- KEYS  the session's open runs
-- ARGV  1 beginning of runs' keys  2 run id
-- Returns {1 when it waits, else 0; how many open runs stand before it; then those of them that were not told to stop}
local record = ARGV[1]
local reply = {redis.call('HEXISTS', record .. ARGV[2], 'held'), 0}
for _, id in ipairs(open_runs(KEYS[1], record)) do
  if id == ARGV[2] then break end
  reply[2] = reply[2] + 1
  if redis.call('HEXISTS', record .. id, 'stop') == 0 then reply[#reply + 1] = id end
end
return reply
