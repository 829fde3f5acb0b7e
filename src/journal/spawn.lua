-- Records which children a map task has, first writer wins, and says so.
-- KEYS  run  tasks  events  spawned
-- ARGV  1 task  2 epoch  3 children (JSON list)  4 how many they are  5 most of a run
--       6..9 task.spawned: name agent data detail
-- Returns {1, children} the ones that count, {0, ''} there would be too many, {-1, ''} a newer attempt owns the task,
--         {-3, ''} the run has ended or is told to stop
local decided = redis.call('HGET', KEYS[4], ARGV[1])
if decided then return {1, decided} end
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status')
if run[1] or run[2] or not run[3] then return {-3, ''} end
if redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] then return {-1, ''} end
local count = tonumber(redis.call('HGET', KEYS[1], 'children') or 0) + tonumber(ARGV[4])
if count > tonumber(ARGV[5]) then return {0, ''} end
redis.call('HSET', KEYS[1], 'children', count)
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[3], '*', 'n', ARGV[6], 't', ARGV[1], 'a', ARGV[7], 'e', ARGV[2], 'd', ARGV[8], 'x', ARGV[9])
return {1, ARGV[3]}
