-- A sign that an agent serves: it counts as healthy for a while. What heartbeats keep is not taken over by other signs, so that
-- nobody probes an agent that speaks for itself.
-- KEYS  1 agents  2 origins  3 serving  4 events  5 the agent's health
-- ARGV  1 agent  2 sign: heartbeat, probe or call  3 instance or ''  4 ms it counts  5 events kept
-- Returns 1 noted, 0 the agent is not registered, -1 a heartbeat of another instance
local id, sign = ARGV[1], ARGV[2]
if redis.call('HEXISTS', KEYS[1], id) == 0 then return 0 end
if sign == 'heartbeat' then
  local known = redis.call('HGET', KEYS[2], id)
  local owner = known and cjson.decode(known).instance or ''
  if owner ~= '' and owner ~= ARGV[3] then return -1 end
elseif redis.call('GET', KEYS[5]) == 'heartbeat' then
  sign = 'heartbeat'
end
redis.call('SET', KEYS[5], sign, 'PX', ARGV[4])
if redis.call('SADD', KEYS[3], id) == 1 then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[5], '*', 'n', 'agent.recovered', 'a', id, 'x', '{}')
end
return 1
