-- Ends a call's reservation: enters what the call has cost into the ledger and says so, or only gives back what was set aside.
-- A call is entered once: it then stands among the paid ones of its task. One whose reservation was replaced meanwhile was paid
-- for all the same, so it is entered too.
-- KEYS  run  tasks  results  budget  events
-- ARGV  1 task  2 call  3 tokens, '' when nothing is known to have been spent  4 micro-dollars  5..6 budget.updated: name agent
-- Returns 1 entered or given back, 0 it was before, or the run is gone
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal')
local paid = redis.call('HGET', KEYS[2], ARGV[1] .. ':paid') or ''
if not run[1] or string.find(paid, ARGV[2], 1, true) then return 0 end
local field, given = 'call:' .. ARGV[1], 0
local held = redis.call('HGET', KEYS[4], field)
if held and string.match(held, '^%S+') == ARGV[2] then given = redis.call('HDEL', KEYS[4], field) end
if ARGV[3] == '' then return given end

local ledger = read_ledger(KEYS[4], KEYS[3], '')
ledger.spent_tokens = ledger.spent_tokens + tonumber(ARGV[3])
ledger.spent_cost = ledger.spent_cost + tonumber(ARGV[4])
local function whole(number) return number and string.format('%.0f', number) or 'null' end
local function dollars(micro) return micro and string.format('%.6f', micro / 1000000) or 'null' end
redis.call('HSET', KEYS[2], ARGV[1] .. ':paid', paid == '' and ARGV[2] or paid .. ',' .. ARGV[2])
redis.call('HSET', KEYS[4], 'spent_tokens', whole(ledger.spent_tokens), 'spent_cost', whole(ledger.spent_cost))
if run[2] then return 1 end
local function pair(kind) return '{"tokens":' .. whole(ledger[kind .. '_tokens']) .. ',"cost":' .. dollars(ledger[kind .. '_cost']) .. '}' end
local detail = '{"max_tokens":' .. whole(ledger.max_tokens) .. ',"max_cost":' .. dollars(ledger.max_cost)
  .. ',"spent":' .. pair('spent') .. ',"reserved":' .. pair('reserved') .. '}'
local said = 'Spent ' .. whole(ledger.spent_tokens) .. ' tokens, $' .. dollars(ledger.spent_cost)
redis.call('XADD', KEYS[5], '*', 'n', ARGV[5], 't', 'root', 'a', ARGV[6], 'e', 0, 'd', said, 'x', detail)
return 1
