-- Records a task's result, says so in the stream and resolves the edges that are ours, in one step. Doing it twice is harmless: the
-- result is written once, SREM guards each edge, and a release is a no-op unless its job waits for nothing more.
-- `release(KEYS, ARGV)` is BullMQ's own script, put before this text as a function (release.ts).
-- KEYS  run  tasks  results  events  text  then job keys of the dependents whose edge is ours to resolve
-- ARGV  1 task  2 epoch  3 envelope  4 text or ''  5 own job key  6 status  7 value shown in bull-board's tree, or ''
--       8 now  9 number of events  then per event: name agent data detail; the result's own is the last one
--       then per dependent: queue key, job id
-- Returns {1, ''} recorded, {0, envelope} another result was recorded before, {-1, ''} a newer attempt owns the task
local released = 10 + 4 * tonumber(ARGV[9])

local function record()
  local task = ARGV[1]
  local recorded = redis.call('HGET', KEYS[3], task)
  if recorded == ARGV[3] then return {1, ''} end                -- this very call, sent again after a lost reply
  if recorded then return {0, recorded} end
  if redis.call('HGET', KEYS[2], task .. ':epoch') ~= ARGV[2] then return {-1, ''} end
  redis.call('HSET', KEYS[3], task, ARGV[3])
  if ARGV[4] ~= '' then redis.call('SET', KEYS[5], ARGV[4]) end
  if redis.call('HEXISTS', KEYS[1], 'terminal') == 0 then
    for i = 10, released - 1, 4 do
      redis.call('XADD', KEYS[4], '*', 'n', ARGV[i], 't', task, 'a', ARGV[i + 1], 'e', ARGV[2], 'd', ARGV[i + 2], 'x', ARGV[i + 3])
    end
  end
  for i = 6, #KEYS do
    local dependent = KEYS[i]
    if redis.call('EXISTS', dependent) == 1 and redis.call('SREM', dependent .. ':dependencies', ARGV[5]) == 1 and ARGV[7] ~= '' then
      redis.call('HSET', dependent .. (ARGV[6] == 'failed' and ':failed' or ':processed'), ARGV[5], ARGV[7])
    end
  end
  return {1, ''}
end

local reply = record()
for i = 6, #KEYS do
  local at = released + 2 * (i - 6)
  release({KEYS[i], KEYS[i] .. ':dependencies'}, {ARGV[at], ARGV[at + 1], ARGV[8]})
end
return reply
