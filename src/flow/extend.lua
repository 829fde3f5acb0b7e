-- Applies a patch to a run's plan, all of it or nothing: the plan and its revision, the edges of the new tasks, which the root and those
-- before them know from here on, and the results of the replaced tasks, which no claim starts afterwards.
-- KEYS  run  tasks  results  events  patches
-- ARGV  1 task whose outcome is repaired  2 epoch  3 revision that the patch was made for  4 decision (JSON)  5 plan (JSON)
--       6 prompt tokens  7 completion tokens that asking for it took
--       8 shape (JSON): needs [task], which must not have failed; root, its key; sinks [key]; nodes [{key, queue, id, waits
--         [{key, task}]}], where `task` stands with one that was there before  9..12 plan.patched: name agent data detail
--       then per replaced task: id, envelope, data and detail of task.skipped
-- Returns {1, decision} the one that counts, {-1} a newer attempt owns the task, or it has a result, {-2} the plan or a task named here
--         is not any more as the patch takes it to be, {-3} the run has ended or is told to stop
local decided = redis.call('HGET', KEYS[5], 'decision:' .. ARGV[1])
if decided then return {1, decided} end
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status', 'revision')
if run[1] or run[2] or not run[3] then return {-3} end
if redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] or redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return {-1} end
if (run[4] or '0') ~= ARGV[3] then return {-2} end
for i = 13, #ARGV, 4 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i] .. ':epoch') == 1 or redis.call('HEXISTS', KEYS[3], ARGV[i]) == 1 then return {-2} end
end
local shape = cjson.decode(ARGV[8])
for _, task in ipairs(shape.needs) do
  local envelope = redis.call('HGET', KEYS[3], task)
  local is_lost = envelope and not string.find(envelope, '"status":"completed"', 1, true)
  if is_lost or not envelope and redis.call('HEXISTS', KEYS[5], 'outcome:' .. task) == 1 then return {-2} end
end

-- The edge from a task that has settled is satisfied at once; for the others settle.lua reads the jobs behind them as they stand then.
for _, node in ipairs(shape.nodes) do
  for _, wait in ipairs(node.waits) do
    if not wait.task then
      redis.call('SADD', node.key .. ':dependencies', wait.key)
    elseif redis.call('HEXISTS', KEYS[3], wait.task) == 0 then
      redis.call('SADD', node.key .. ':dependencies', wait.key)
      local edges = redis.call('HGET', KEYS[5], 'edges:' .. wait.task)
      local edge = cjson.encode({key = node.key, queue = node.queue, id = node.id})
      redis.call('HSET', KEYS[5], 'edges:' .. wait.task, edges and string.sub(edges, 1, -2) .. ',' .. edge .. ']' or '[' .. edge .. ']')
    end
  end
end
for _, key in ipairs(shape.sinks) do redis.call('SADD', shape.root .. ':dependencies', key) end

redis.call('HSET', KEYS[1], 'plan', ARGV[5], 'revision', ARGV[3] + 1)
redis.call('HSET', KEYS[5], 'decision:' .. ARGV[1], ARGV[4])
if tonumber(ARGV[6]) > 0 then redis.call('HINCRBY', KEYS[1], 'patch_prompt_tokens', ARGV[6]) end
if tonumber(ARGV[7]) > 0 then redis.call('HINCRBY', KEYS[1], 'patch_completion_tokens', ARGV[7]) end
redis.call('XADD', KEYS[4], '*', 'n', ARGV[9], 't', 'root', 'a', ARGV[10], 'e', 0, 'd', ARGV[11], 'x', ARGV[12])
for i = 13, #ARGV, 4 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  redis.call('XADD', KEYS[4], '*', 'n', 'task.skipped', 't', ARGV[i], 'a', 'orchestrator', 'e', 0, 'd', ARGV[i + 2], 'x', ARGV[i + 3])
end
return {1, ARGV[4]}
