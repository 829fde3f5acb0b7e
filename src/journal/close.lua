-- Ends a run: its last events, its status and its answer in one step. Nothing enters the stream afterwards.
-- KEYS  run  tasks  events  open runs  ended runs  asks  interrupts
-- ARGV  1 closer (who ends it: the same closer may call again)  2 root epoch it must hold, or ''  3 status  4 run id
--       5 '1' when it ends what was told to stop  6 number of fields  (name value each)
--       then per event: name agent data detail; the last one is the terminal one
-- Returns 1 ended, 0 ended by this closer before, -1 a newer attempt owns the root, -3 ended by another or removed,
--         -5 the run was told to stop, so it must end as its stop says
local run = redis.call('HMGET', KEYS[1], 'terminal', 'status', 'stop')
if run[1] then return run[1] == ARGV[1] and 0 or -3 end
if not run[2] then return -3 end
if run[3] and ARGV[5] ~= '1' then return -5 end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'root:epoch') ~= ARGV[2] then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'terminal', ARGV[1], 'status', ARGV[3], 'ended_at', now)
local events = 7 + 2 * tonumber(ARGV[6])
for i = 7, events - 1, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = events, #ARGV, 4 do
  local epoch = ARGV[2] == '' and 0 or ARGV[2]
  redis.call('XADD', KEYS[3], '*', 'n', ARGV[i], 't', 'root', 'a', ARGV[i + 1], 'e', epoch, 'd', ARGV[i + 2], 'x', ARGV[i + 3])
end
redis.call('ZREM', KEYS[4], ARGV[4])
redis.call('ZADD', KEYS[5], now, ARGV[4])
for _, ask in ipairs(redis.call('HKEYS', KEYS[6])) do
  if redis.call('ZREM', KEYS[7], ARGV[4] .. '~' .. ask) == 1 then -- nobody has decided
    local withdrawn = '{"state":"withdrawn","reason":"The run has ended.","expired":false,"token":"ended"}'
    redis.call('HSET', KEYS[6], ask .. ':resolution', withdrawn, 'open', 0)
  end
end
return 1
