-- Prolongs leases that are still held: slots and trials. One that has lapsed is not taken back, since others may have it.
-- KEYS  per lease: the slots of an agent, or its trial
-- ARGV  1 ms they last from now  then per lease: holder
local time = redis.call('TIME')
local until_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
for i, key in ipairs(KEYS) do
  local kind, holder = redis.call('TYPE', key).ok, ARGV[i + 1]
  if kind == 'zset' and redis.call('ZADD', key, 'XX', 'CH', until_ms, holder) == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  if kind == 'string' and redis.call('GET', key) == holder then redis.call('PEXPIRE', key, ARGV[1]) end
end
return 1
