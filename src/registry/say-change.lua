-- Appends a change to the registry's log, once: a change that was said under the same key is not said again.
-- KEYS  events
-- ARGV  1 name  2 agent  3 detail, JSON  4 key of this change  5 events kept
local latest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 50)
for _, entry in ipairs(latest) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'k' and fields[i + 1] == ARGV[4] then return end
  end
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'n', ARGV[1], 'a', ARGV[2], 'x', ARGV[3], 'k', ARGV[4])
