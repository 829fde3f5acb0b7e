-- Ends a run: its last events, its status and its answer in one step. Nothing enters the stream afterwards.
-- KEYS  run  tasks  events
-- ARGV  1 closer (who ends it: the same closer may call again)  2 root epoch it must hold, or ''  3 status
--       4 number of fields  (name value each)  then per event: name agent data detail; the last one is the terminal one
-- Returns 1 ended, 0 ended by this closer before, -1 a newer attempt owns the root, -3 ended by another or removed,
--         -5 a cancel was asked for, so this must end as cancelled
local run = redis.call('HMGET', KEYS[1], 'terminal', 'status', 'cancel')
if run[1] then return run[1] == ARGV[1] and 0 or -3 end
if not run[2] then return -3 end
if run[3] and ARGV[3] ~= 'cancelled' then return -5 end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'root:epoch') ~= ARGV[2] then return -1 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'terminal', ARGV[1], 'status', ARGV[3], 'ended_at', time[1] * 1000 + math.floor(time[2] / 1000))
local events = 5 + 2 * tonumber(ARGV[4])
for i = 5, events - 1, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = events, #ARGV, 4 do
  local epoch = ARGV[2] == '' and 0 or ARGV[2]
  redis.call('XADD', KEYS[3], '*', 'n', ARGV[i], 't', 'root', 'a', ARGV[i + 1], 'e', epoch, 'd', ARGV[i + 2], 'x', ARGV[i + 3])
end
return 1
