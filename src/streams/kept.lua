-- Says of streams whether an entry of each is still there. While it is, nothing after it was trimmed.
-- KEYS  events of each run
-- ARGV  the entry's id for each
-- Returns for each: 1 kept, 0 trimmed, -1 there is no stream
local states = {}
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then states[i] = -1
  else states[i] = #redis.call('XRANGE', key, ARGV[i], ARGV[i], 'COUNT', 1) end
end
return states
