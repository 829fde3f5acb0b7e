-- Records one round of a task that works through others, first writer wins, and says so.
-- KEYS  run  tasks  events  spawned
-- ARGV  1 task  2 epoch  3 field of the round  4 round (JSON)  5 how many children it has  6 most of a run
--       then what is said of it, per event: name agent data detail
-- Returns {1, round} the one that counts, {2, round} the same when it was recorded before, {0, ''} there would be too many children,
--         {-1, ''} a newer attempt owns the task, {-3, ''} the run has ended or is told to stop
local decided = redis.call('HGET', KEYS[4], ARGV[3])
if decided then return {2, decided} end
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status')
if run[1] or run[2] or not run[3] then return {-3, ''} end
if redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] then return {-1, ''} end
local count = tonumber(redis.call('HGET', KEYS[1], 'children') or 0) + tonumber(ARGV[5])
if count > tonumber(ARGV[6]) then return {0, ''} end
redis.call('HSET', KEYS[1], 'children', count)
redis.call('HSET', KEYS[4], ARGV[3], ARGV[4])
for i = 7, #ARGV, 4 do
  redis.call('XADD', KEYS[3], '*', 'n', ARGV[i], 't', ARGV[1], 'a', ARGV[i + 1], 'e', ARGV[2], 'd', ARGV[i + 2], 'x', ARGV[i + 3])
end
return {1, ARGV[4]}
