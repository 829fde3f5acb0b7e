-- Reads one page of a run's stream after an id, bounded in events and bytes, and how much of the stream is gone: in one step,
-- so that nothing can be trimmed between the two. Nobody deletes single entries, so what is missing is its beginning.
-- KEYS  events
-- ARGV  1 id  2 most events  3 bytes after which no further event is added
-- Returns false when there is no stream, else {first id or '', entries trimmed, last id, last entry's name or '', entries}
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local most, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local info, reply = {}, redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #reply, 2 do info[reply[i]] = reply[i + 1] end

local name = ''
if info['last-entry'] then
  local fields = info['last-entry'][2]
  for i = 1, #fields, 2 do
    if fields[i] == 'n' then name = fields[i + 1] end
  end
end

local entries, bytes, from = {}, 0, ARGV[1]
while #entries < most and bytes < most_bytes do
  local some = redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', 50)
  for _, entry in ipairs(some) do
    if #entries >= most or bytes >= most_bytes then break end
    entries[#entries + 1] = entry
    for _, value in ipairs(entry[2]) do bytes = bytes + #value end
  end
  if #some < 50 then break end
  from = some[#some][1]
end
local first = info['first-entry'] and info['first-entry'][1] or ''
return {first, info['entries-added'] - info['length'], info['last-generated-id'], name, entries}
