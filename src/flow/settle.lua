-- Records a task's result, says so in the stream and resolves the edges that are ours, in one step. Doing it twice is harmless: the
-- result is written once, SREM guards each edge, and a release is a no-op unless its job waits for nothing more. A task that has
-- another result already (a join dropped it, another attempt recorded it) still has its edges resolved.
-- A function of two scripts: settle-task.lua, and finish-task.lua with the end of the task's own job. Needs `release`, park.lua, join.lua.
-- Jobs that a patch of the plan has put behind the task stand in the patches hash: what is there now counts, not what was when it began.
-- KEYS  run  tasks  results  events  text  joins  parked  spawned  asks  interrupts  patches  then job keys of the dependents whose edge
--       is ours to resolve
-- ARGV  1 task  2 epoch  3 envelope  4 text or ''  5 own job key  6 value shown in bull-board's tree, or ''  7 now
--       8 stop (JSON) that follows when this result counts, or ''  9 control channel  10 run id
--       11 number of events  then per event: name agent data detail; the result's own is the last one
--       then per dependent: queue key, job id, its task when it has a join that counts this edge, else ''
-- Returns {code, envelope, join, due ms, join, due ms, ...}: 1 recorded, 0 another result (the envelope) was recorded before,
--         -1 a newer attempt owns the task (nothing was done). The joins now in their grace follow.
local function settle(KEYS, ARGV)
  local released = 12 + 4 * tonumber(ARGV[11])
  local task = ARGV[1]
  local at = {run = KEYS[1], tasks = KEYS[2], results = KEYS[3], events = KEYS[4], joins = KEYS[6], spawned = KEYS[8], parked = KEYS[7], asks = KEYS[9], interrupts = KEYS[10], channel = ARGV[9], id = ARGV[10], now = ARGV[7]}

  local recorded = redis.call('HGET', KEYS[3], task)
  if not recorded then
    if redis.call('HGET', KEYS[2], task .. ':epoch') ~= ARGV[2] then return {-1, ''} end
    redis.call('HSET', KEYS[3], task, ARGV[3])
    if ARGV[4] ~= '' then redis.call('SET', KEYS[5], ARGV[4]) end
    if redis.call('HEXISTS', KEYS[1], 'terminal') == 0 then
      for i = 12, released - 1, 4 do
        redis.call('XADD', KEYS[4], '*', 'n', ARGV[i], 't', task, 'a', ARGV[i + 1], 'e', ARGV[2], 'd', ARGV[i + 2], 'x', ARGV[i + 3])
      end
    end
  end

  local reply = {(not recorded or recorded == ARGV[3]) and 1 or 0, recorded or ''}
  local completed = is_completed(recorded or ARGV[3])
  for i = 12, #KEYS do
    local place = released + 3 * (i - 12)
    local dependent, queue, id, join = KEYS[i], ARGV[place], ARGV[place + 1], ARGV[place + 2]
    if redis.call('EXISTS', dependent) == 1 and redis.call('SREM', dependent .. ':dependencies', ARGV[5]) == 1 then
      if ARGV[6] ~= '' then redis.call('HSET', dependent .. (completed and ':processed' or ':failed'), ARGV[5], ARGV[6]) end
      if join ~= '' then count_branch(at, join, completed) end
    end
    if join ~= '' then
      local grace = redis.call('HMGET', KEYS[6], join .. ':grace', join .. ':released')
      if grace[1] and not grace[2] then
        reply[#reply + 1] = join
        reply[#reply + 1] = grace[1]
      end
    end
    release({dependent, dependent .. ':dependencies'}, {queue, id, ARGV[7]})
  end
  local added = redis.call('HGET', KEYS[11], 'edges:' .. task)
  for _, edge in ipairs(added and cjson.decode(added) or {}) do    -- its job may not be there yet: then it finds nothing to wait for
    redis.call('SREM', edge.key .. ':dependencies', ARGV[5])
    release({edge.key, edge.key .. ':dependencies'}, {edge.queue, edge.id, ARGV[7]})
  end
  if ARGV[8] ~= '' and reply[1] == 1 then stop_run(at, KEYS[7], ARGV[8]) end
  return reply
end
