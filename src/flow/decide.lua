-- Decides a question, once (the first writer wins), and lets the job that asked go on. `release` (flow-script.ts) and park.lua stand
-- before this text.
-- KEYS  run  events  asks  parked  interrupts
-- ARGV  1 the question's name  2 resolution (JSON, with a token of this decision's own)  3 interrupt id  4 mark  5 now
--       6 run's status when no question is open  7..9 interrupt.resolved: task, its attempt, data
--       10 its detail (JSON) without `open` and the closing brace
-- Returns `decided` (also when this very call is sent again), `already_decided`, `run_ended` (or is told to stop), `interrupt_not_found`
local held = redis.call('HMGET', KEYS[3], ARGV[1], ARGV[1] .. ':resolution')
if not held[1] then return 'interrupt_not_found' end
if held[2] == ARGV[2] then return 'decided' end
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'stop')
if not run[1] or run[2] or run[3] then return 'run_ended' end
if held[2] then return 'already_decided' end
redis.call('HSET', KEYS[3], ARGV[1] .. ':resolution', ARGV[2])
local open = redis.call('HINCRBY', KEYS[3], 'open', -1)
redis.call('ZREM', KEYS[5], ARGV[3])
if open == 0 and run[1] == 'waiting' then redis.call('HSET', KEYS[1], 'status', ARGV[6]) end
redis.call('XADD', KEYS[2], '*', 'n', 'interrupt.resolved', 't', ARGV[7], 'a', 'orchestrator', 'e', ARGV[8], 'd', ARGV[9],
  'x', ARGV[10] .. ',"open":' .. open .. '}')
unmark(KEYS[4], ARGV[4], ARGV[5])
return 'decided'
