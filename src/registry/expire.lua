-- Says of agents whose health has run out that they expired, each once. With `fallen`, of agents that probes found down: their health
-- ends now, unless heartbeats or calls that succeed keep it.
-- KEYS  1 serving  2 events  3.. health of the agents, in their order
-- ARGV  1 events kept  2 '1': the agents have fallen  3.. agents
-- Returns how many have expired
local expired = 0
for i = 3, #ARGV do
  local health = KEYS[i]
  local sign = redis.call('GET', health)
  if ARGV[2] == '1' and (sign == 'probe' or sign == 'registration') then redis.call('DEL', health) end
  if redis.call('EXISTS', health) == 0 and redis.call('SREM', KEYS[1], ARGV[i]) == 1 then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'n', 'agent.expired', 'a', ARGV[i], 'x', '{}')
    expired = expired + 1
  end
end
return expired
