-- Put before reserve.lua and commit.lua (ledger.ts). Reads a run's ledger: its bounds (false: none), what is spent, and what is set
-- aside for calls of other tasks than `own`. Whole tokens and millionths of a dollar. What is set aside for a task that has a
-- result is left over from a worker that died or came too late: it goes.
local function read_ledger(budget, results, own)
  local ledger = {max_tokens = false, max_cost = false, spent_tokens = 0, spent_cost = 0, reserved_tokens = 0, reserved_cost = 0}
  local fields = redis.call('HGETALL', budget)
  for i = 1, #fields, 2 do
    local task = string.match(fields[i], '^call:(.*)$')
    if not task then
      ledger[fields[i]] = tonumber(fields[i + 1])
    elseif redis.call('HEXISTS', results, task) == 1 then
      redis.call('HDEL', budget, fields[i])
    elseif task ~= own then
      local tokens, cost = string.match(fields[i + 1], '^%S+ (%d+) (%d+)$')
      ledger.reserved_tokens = ledger.reserved_tokens + tonumber(tokens)
      ledger.reserved_cost = ledger.reserved_cost + tonumber(cost)
    end
  end
  return ledger
end
