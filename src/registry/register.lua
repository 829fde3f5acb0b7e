-- Registers, replaces or changes an agent: descriptor, origin, health and the event in one step. Twice is harmless: a descriptor that
-- is there already is no change, and says nothing.
-- KEYS  1 agents  2 origins  3 serving  4 events  5 the agent's health
-- ARGV  1 agent  2 descriptor  3 source  4 instance or ''  5 mode: put (replaces whatever is there), create (only where nothing is),
--       change (only what is there), discover (only where nothing is that somebody else registered)
--       6 SHA-1 the descriptor must have now, '*' any, '' unchecked  7 ms it counts as healthy; 0 needs no health, -1 stays as it is
--       8 events kept  9 detail of the event, JSON
-- Returns 'registered', 'updated', 'same', 'exists', 'missing' or 'changed'; the last three have done nothing
local id, text, source, mode, expected, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[5], ARGV[6], tonumber(ARGV[7])
local before = redis.call('HGET', KEYS[1], id)
local known = redis.call('HGET', KEYS[2], id)
local origin = known and cjson.decode(known) or {}

if not before and (mode == 'change' or expected ~= '') then return 'missing' end
-- What stands there already is no conflict: this very call may have been sent before (RFC 9110, 13.1.1).
local is_there = before == text and (mode == 'change' or (origin.instance or '') == ARGV[4])
if before and not is_there and expected ~= '' and expected ~= '*' and redis.sha1hex(before) ~= expected then return 'changed' end
if before and mode == 'create' and (before ~= text or (origin.instance or '') ~= ARGV[4]) then return 'exists' end
if before and mode == 'discover' and origin.source ~= source then return 'exists' end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function say(name, detail)
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', 'n', name, 'a', id, 'x', detail)
end

if mode ~= 'change' then
  origin.source = source
  origin.instance = ARGV[4]
end
if before ~= text then origin.updated_at = now end
origin.registered_at = before and origin.registered_at or now
redis.call('HSET', KEYS[1], id, text)
redis.call('HSET', KEYS[2], id, cjson.encode(origin))

local outcome = not before and 'registered' or before ~= text and 'updated' or 'same'
if outcome ~= 'same' then say('agent.' .. outcome, ARGV[9]) end
if ttl == 0 then
  redis.call('DEL', KEYS[5])
  redis.call('SREM', KEYS[3], id)
elseif ttl > 0 then
  redis.call('SET', KEYS[5], 'registration', 'PX', ttl)
  if redis.call('SADD', KEYS[3], id) == 1 and before then say('agent.recovered', '{}') end
end
return outcome
