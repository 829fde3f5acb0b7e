-- Reads what changed in the registry after an id, and whether something between the two is no longer kept: in one step, so that nothing
-- can be trimmed in between. Nobody deletes single entries: a reader whose last one is gone has missed something, or the log is another
-- one, as after a restored backup.
-- KEYS  events
-- ARGV  1 id, 0-0 for the beginning  2 most entries
-- Returns {1 when something was missed, else 0, last id, entries}
local after, most = ARGV[1], tonumber(ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 then return {after == '0-0' and 0 or 1, '0-0', {}} end
local info, reply = {}, redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #reply, 2 do info[reply[i]] = reply[i + 1] end

local last, missed = info['last-generated-id'], 0
if after == '0-0' then
  if info['entries-added'] > info['length'] then missed = 1 end
elseif #redis.call('XRANGE', KEYS[1], after, after) == 0 and not (after == last and info['length'] == 0) then
  missed = 1
end
local entries = {}
if most > 0 then entries = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', most) end
return {missed, last, entries}
