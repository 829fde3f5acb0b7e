-- Sets aside what one call may cost, before it begins (guarantees I12). A task has at most one call at a time, so what an earlier
-- attempt of it has set aside is replaced: its worker died, or will be fenced. Sent twice, it sets aside once.
-- KEYS  run  tasks  results  budget: max_tokens max_cost spent_tokens spent_cost, `call:<task>` = '<call> <tokens> <micro-dollars>'
-- ARGV  1 task  2 call (its own token)  3 tokens  4 micro-dollars  5 epoch that must hold the task, or '' before it is claimed
-- Returns 'granted'; 'wait': it does not fit while other calls have money set aside; 'exhausted': the budget is spent;
--         'stale': a newer attempt owns the task; 'free': there is no budget, or nothing to call for (the run has ended, was told
--         to stop or is gone, or the task has a result)
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'stop', 'options')
if not run[1] or run[2] or run[3] or redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 'free' end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[5] then return 'stale' end
local max = cjson.decode(run[4] or '{}').budget
if not max then return 'free' end
if max.max_tokens then redis.call('HSETNX', KEYS[4], 'max_tokens', string.format('%.0f', max.max_tokens)) end
if max.max_cost then redis.call('HSETNX', KEYS[4], 'max_cost', string.format('%.0f', max.max_cost * 1000000)) end

local field = 'call:' .. ARGV[1]
local ledger = read_ledger(KEYS[4], KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], field)
local fits = true
for _, what in ipairs({'tokens', 'cost'}) do
  local most, spent, reserved = ledger['max_' .. what], ledger['spent_' .. what], ledger['reserved_' .. what]
  if most and spent >= most then return 'exhausted' end
  if most and spent + reserved + tonumber(ARGV[what == 'tokens' and 3 or 4]) > most then fits = false end
end
-- The last call may cost more than is left, by at most itself: nothing else runs beside it.
if not fits and ledger.reserved_tokens + ledger.reserved_cost > 0 then return 'wait' end
redis.call('HSET', KEYS[4], field, ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
return 'granted'
