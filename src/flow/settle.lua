-- Records a task's result, says so in the stream and resolves the edges that are ours. Doing it twice is harmless: the result is
-- written once, and SREM guards each edge. BullMQ's release script follows for each dependent in the same MULTI.
-- KEYS  run  tasks  results  events  text  then job keys of the dependents whose edge is ours to resolve
-- ARGV  1 task  2 epoch  3 envelope  4 text or ''  5 own job key  6 status  7 value shown in bull-board's tree, or ''
--       8..11 the event: name agent data detail
-- Returns {1, ''} recorded, {0, envelope} another result was recorded before, {-1, ''} a newer attempt owns the task
local task = ARGV[1]
local recorded = redis.call('HGET', KEYS[3], task)
if recorded == ARGV[3] then return {1, ''} end                -- this very call, sent again after a lost reply
if recorded then return {0, recorded} end
if redis.call('HGET', KEYS[2], task .. ':epoch') ~= ARGV[2] then return {-1, ''} end
redis.call('HSET', KEYS[3], task, ARGV[3])
if ARGV[4] ~= '' then redis.call('SET', KEYS[5], ARGV[4]) end
if redis.call('HEXISTS', KEYS[1], 'terminal') == 0 then
  redis.call('XADD', KEYS[4], '*', 'n', ARGV[8], 't', task, 'a', ARGV[9], 'e', ARGV[2], 'd', ARGV[10], 'x', ARGV[11])
end
for i = 6, #KEYS do
  local dependent = KEYS[i]
  if redis.call('EXISTS', dependent) == 1 and redis.call('SREM', dependent .. ':dependencies', ARGV[5]) == 1 and ARGV[7] ~= '' then
    redis.call('HSET', dependent .. (ARGV[6] == 'failed' and ':failed' or ':processed'), ARGV[5], ARGV[7])
  end
end
return {1, ''}
