-- Asks a human, once, and marks the job that asks: it may then leave its queue without being lost.
-- KEYS  run  tasks  events  asks  parked  interrupts  job
-- ARGV  1 task  2 epoch of the asking attempt  3 the question's name  4 question (JSON, without its content)  5 interrupt id  6 ms at which it is asked
--       7 mark  8 what park.lua must know of the job (JSON)  9..11 interrupt.requested: task, its attempt, data
--       12 the interrupt as the event shows it (JSON)  13 most bytes kept of the stream  14 the question's content
--       15 the field that counts this task's questions, 16 the number of this one  17.. states of a run that may wait
-- Returns `open` (asked now or before, the job is marked), `decided`, `stale` (a newer attempt owns the task), `stopped` (the run has
-- ended, is told to stop, or is gone)
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal', 'stop')
if not run[1] or run[2] or run[3] then return 'stopped' end
if redis.call('HEXISTS', KEYS[4], ARGV[3] .. ':resolution') == 1 then return 'decided' end
if redis.call('HEXISTS', KEYS[4], ARGV[3]) == 0 then
  if redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] then return 'stale' end
  redis.call('HSET', KEYS[4], ARGV[3], ARGV[4], ARGV[3] .. ':content', ARGV[14], ARGV[3] .. ':mark', ARGV[7])
  if ARGV[15] ~= '' then redis.call('HSET', KEYS[4], ARGV[15], ARGV[16]) end
  redis.call('ZADD', KEYS[6], ARGV[6], ARGV[5])
  local open = redis.call('HINCRBY', KEYS[4], 'open', 1)
  for i = 17, #ARGV do
    if run[1] == ARGV[i] then redis.call('HSET', KEYS[1], 'status', 'waiting') end
  end
  redis.call('XADD', KEYS[3], '*', 'n', 'interrupt.requested', 't', ARGV[9], 'a', 'orchestrator', 'e', ARGV[10], 'd', ARGV[11],
    'x', '{"interrupt":' .. ARGV[12] .. ',"open":' .. open .. '}')
  -- As in append.lua: beyond its bytes a stream loses its older half.
  if redis.call('HINCRBY', KEYS[1], 'stream_bytes', #ARGV[12]) > tonumber(ARGV[13]) then
    redis.call('XTRIM', KEYS[3], 'MAXLEN', math.ceil(redis.call('XLEN', KEYS[3]) / 2))
    redis.call('HSET', KEYS[1], 'stream_bytes', math.ceil(tonumber(ARGV[13]) / 2))
  end
end
redis.call('SADD', KEYS[7] .. ':dependencies', ARGV[7])
redis.call('HSET', KEYS[5], ARGV[7], ARGV[8])
return 'open'
