-- Takes an agent out at once, with what only it needs.
-- KEYS  1 agents  2 origins  3 serving  4 events  5 the agent's health  6 its history
-- ARGV  1 agent  2 instance that must have registered it, or ''  3 source it must have, or ''  4 events kept
-- Returns 1 removed, 0 it was not there, -1 it belongs to another instance or source
local id = ARGV[1]
if redis.call('HEXISTS', KEYS[1], id) == 0 then return 0 end
local known = redis.call('HGET', KEYS[2], id)
local origin = known and cjson.decode(known) or {}
local owner = origin.instance or ''
if ARGV[2] ~= '' and owner ~= '' and owner ~= ARGV[2] then return -1 end
if ARGV[3] ~= '' and origin.source ~= ARGV[3] then return -1 end
redis.call('HDEL', KEYS[1], id)
redis.call('HDEL', KEYS[2], id)
redis.call('SREM', KEYS[3], id)
redis.call('DEL', KEYS[5], KEYS[6])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*', 'n', 'agent.removed', 'a', id, 'x', '{}')
return 1
