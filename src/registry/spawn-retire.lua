-- Takes agents that were made for a run out of the registry: what they hold returns to the pool, and what became of their tasks goes
-- to their templates. Each agent once: one that holds nothing any more has been taken out before.
-- KEYS  1 the run's agents  2 agents  3 origins  4 serving  5 events of the registry  6 pool  7 template stats
--       then what else there is of each agent, the same number of keys each
-- ARGV  1 events of the registry that are kept  2 outcomes after which old ones count half
--       then per agent: id, tasks done well, tasks that failed, ms of the former together
-- Returns how many have left
local left, count = 0, (#ARGV - 2) / 4
local others = count == 0 and 0 or (#KEYS - 7) / count
for n = 0, count - 1 do
  local at = 3 + 4 * n
  local id, held = ARGV[at], redis.call('HGET', KEYS[6], ARGV[at])
  if held then
    local template = cjson.decode(held).template
    local completed, failed, ms = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local known = redis.call('HGET', KEYS[7], template)
    if known and completed + failed > 0 then -- without a record the template has been deleted
      local stats = cjson.decode(known)
      stats.completed = (stats.completed or 0) + completed
      stats.failed = (stats.failed or 0) + failed
      stats.ms = (stats.ms or 0) + ms
      if stats.completed + stats.failed > tonumber(ARGV[2]) then
        for _, name in ipairs({'completed', 'failed', 'ms'}) do stats[name] = stats[name] / 2 end
      end
      redis.call('HSET', KEYS[7], template, cjson.encode(stats))
    end
    redis.call('HDEL', KEYS[6], id)
    if redis.call('HDEL', KEYS[2], id) == 1 then
      redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[1], '*', 'n', 'agent.removed', 'a', id, 'x', '{}')
    end
    left = left + 1
  end
  redis.call('HDEL', KEYS[3], id)
  redis.call('SREM', KEYS[4], id)
  redis.call('SREM', KEYS[1], id)
  for k = 1, others do redis.call('DEL', KEYS[7 + others * n + k]) end
end
return left
