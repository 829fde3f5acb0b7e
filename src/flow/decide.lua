-- Decides a question, once (the first writer wins), and lets the job that asked go on. `release` (flow-script.ts) and park.lua stand
-- before this text.
-- KEYS  run  tasks  events  asks  parked  interrupts
-- ARGV  1 task  2 the question's name  3 resolution (JSON, with a token of this decision's own)  4 interrupt id  5 mark  6 now
--       7 run's status when no question is open  8..10 interrupt.resolved: task, its attempt, data
--       11 its detail (JSON) without `open` and the closing brace
-- Returns `decided` (also when this very call is sent again), `already_decided`, `run_ended` (or is told to stop), `interrupt_not_found`
local held = redis.call('HMGET', KEYS[4], ARGV[2], ARGV[2] .. ':resolution')
if not held[1] then return 'interrupt_not_found' end
if held[2] == ARGV[3] then return 'decided' end
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'cancel')
if not run[1] or run[2] or run[3] then return 'run_ended' end
if held[2] then return 'already_decided' end
redis.call('HSET', KEYS[4], ARGV[2] .. ':resolution', ARGV[3])
local open = redis.call('HINCRBY', KEYS[4], 'open', -1)
redis.call('ZREM', KEYS[6], ARGV[4])
redis.call('HDEL', KEYS[2], ARGV[1] .. ':started')           -- a human's time does not count against the task's
if open == 0 and run[1] == 'waiting' then redis.call('HSET', KEYS[1], 'status', ARGV[7]) end
redis.call('XADD', KEYS[3], '*', 'n', 'interrupt.resolved', 't', ARGV[8], 'a', 'orchestrator', 'e', ARGV[9], 'd', ARGV[10],
  'x', ARGV[11] .. ',"open":' .. open .. '}')
unmark(KEYS[5], ARGV[5], ARGV[6])
return 'decided'
