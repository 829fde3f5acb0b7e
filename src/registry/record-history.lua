-- Adds what agents' work came to, by capability, to their histories. A batch counts once, however often it is sent.
-- KEYS  1 last batch of this process  2 agents  3.. per line: the agent's history
-- ARGV  1 batch  2 ms its number is kept  3 most weight of a mean  4 ms a history is kept
--       then per line 12: agent, capability, done, failed, and of quality, cost, tokens and ms each the weight and the weighted sum
-- A history's field: done, failed, and of the same four the weight and the mean, with blanks between
if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local most = tonumber(ARGV[3])

for i = 3, #KEYS do
  local at = 5 + 12 * (i - 3)
  if redis.call('HEXISTS', KEYS[2], ARGV[at]) == 1 then -- one that has left leaves nothing behind
    local held, told = {}, {}
    for number in string.gmatch(redis.call('HGET', KEYS[i], ARGV[at + 1]) or '', '%S+') do held[#held + 1] = tonumber(number) end
    for n = 1, 2 do told[n] = string.format('%.0f', (held[n] or 0) + ARGV[at + 1 + n]) end
    for n = 3, 9, 2 do
      local weight, more = held[n] or 0, tonumber(ARGV[at + 1 + n])
      local mean = weight + more > 0 and (weight * (held[n + 1] or 0) + ARGV[at + 2 + n]) / (weight + more) or 0
      told[n], told[n + 1] = string.format('%.6g', math.min(most, weight + more)), string.format('%.9g', mean)
    end
    redis.call('HSET', KEYS[i], ARGV[at + 1], table.concat(told, ' '))
    redis.call('PEXPIRE', KEYS[i], ARGV[4])
  end
end
return #KEYS - 2
