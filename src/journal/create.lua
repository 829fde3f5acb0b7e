-- Accepts a run: its record, its first event and its place in the index, before any job exists.
-- open-runs.lua stands before this text.
-- KEYS  run  events  runs  idempotency (unused when ARGV[2] is '')  open runs  results  the session's runs  its open runs (both unused
--       when ARGV[20] is '')  then, of a fork, spawned  the old run  its results
-- ARGV  1 run id  2 body digest or ''  3 idempotency TTL ms  4 status  5 query  6 plan JSON or ''  7 metadata JSON
--       8..11 run.created: name agent data detail  12 options JSON  13 ms until its deadline, or ''
--       14 fork JSON or ''  15 mode JSON or ''  16 beginning of the old run's text keys  17 of the new one's
--       18 number of re-used tasks  19 number of re-used map tasks' lists  20 its place in a session (JSON) or ''
--       21 most open runs of a session  22 most runs of one  23 stored plan (JSON) or ''  then per re-used task: its id, agent, detail of task.reused
--       then per list: its map task, children JSON  then the ids of all those children that have a result
-- Returns {1, run id} accepted (also when this very call is sent again), {0, run id} the same request was accepted before,
--         {-1, run id} the key belongs to another body, {-2, run id} the run to be forked, or a result of it, is gone,
--         {-3, run id} this run of its session has not ended, {-4, run id} too many runs of its session have not
if redis.call('EXISTS', KEYS[1]) == 1 then return {1, ARGV[1]} end
local records = string.sub(KEYS[1], 1, -#ARGV[1] - 1)
if ARGV[2] ~= '' then
  local held = redis.call('HMGET', KEYS[4], 'run', 'body')
  -- A run that was removed since then is no run any more: the key makes a new one.
  local record = held[1] and records .. held[1]
  if record and redis.call('EXISTS', record) == 1 then return {held[2] == ARGV[2] and 0 or -1, held[1]} end
end
local lists = 24 + 3 * tonumber(ARGV[18])
local children = lists + 2 * tonumber(ARGV[19])
local copied, envelopes = {}, {}
for i = 24, lists - 1, 3 do copied[#copied + 1] = ARGV[i] end
for i = children, #ARGV do copied[#copied + 1] = ARGV[i] end
if ARGV[14] ~= '' and redis.call('EXISTS', KEYS[10]) == 0 then return {-2, ARGV[1]} end
for i, id in ipairs(copied) do
  envelopes[i] = redis.call('HGET', KEYS[11], id)
  if not envelopes[i] then return {-2, ARGV[1]} end
end
local session = ARGV[20] ~= '' and cjson.decode(ARGV[20])
local ahead = session and open_runs(KEYS[8], records) or {}
if #ahead > 0 and session.on_busy == 'reject' then return {-3, ahead[#ahead]} end
if session and #ahead >= tonumber(ARGV[21]) then return {-4, ahead[1]} end

if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[4], 'run', ARGV[1], 'body', ARGV[2])
  redis.call('PEXPIRE', KEYS[4], ARGV[3])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'status', ARGV[4], 'query', ARGV[5], 'metadata', ARGV[7], 'options', ARGV[12], 'created_at', now)
for field, at in pairs({plan = 6, fork = 14, mode = 15, session = 20, plan_ref = 23}) do
  if ARGV[at] ~= '' then redis.call('HSET', KEYS[1], field, ARGV[at]) end
end
if ARGV[13] ~= '' then redis.call('HSET', KEYS[1], 'deadline_at', now + ARGV[13]) end
redis.call('XADD', KEYS[2], '*', 'n', ARGV[8], 't', 'root', 'a', ARGV[9], 'e', 0, 'd', ARGV[10], 'x', ARGV[11])
if session then
  local last = redis.call('ZREVRANGE', KEYS[7], 0, 0, 'WITHSCORES')
  local place = math.max(now, tonumber(last[2] or 0) + 1)
  redis.call('ZADD', KEYS[7], place, ARGV[1])
  redis.call('ZADD', KEYS[8], place, ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[7], 0, -tonumber(ARGV[22]) - 1)
end
if #ahead > 0 then
  redis.call('HSET', KEYS[1], 'held', 1)
  local said = 'Waits for ' .. #ahead .. ' earlier run(s) of its session...'
  local detail = '{"session_id":"' .. session.id .. '","ahead":' .. #ahead .. '}'
  redis.call('XADD', KEYS[2], '*', 'n', 'run.enqueued', 't', 'root', 'a', ARGV[9], 'e', 0, 'd', said, 'x', detail)
end
for i, id in ipairs(copied) do
  redis.call('HSET', KEYS[6], id, envelopes[i])
  redis.call('COPY', ARGV[16] .. id, ARGV[17] .. id)
end
for i = 24, lists - 1, 3 do
  redis.call('XADD', KEYS[2], '*', 'n', 'task.reused', 't', ARGV[i], 'a', ARGV[i + 1], 'e', 0, 'd', '', 'x', ARGV[i + 2])
end
for i = lists, children - 1, 2 do redis.call('HSET', KEYS[9], ARGV[i], ARGV[i + 1]) end
if children <= #ARGV then redis.call('HSET', KEYS[1], 'children', #ARGV - children + 1) end  -- spawn.lua bounds them with its own
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZADD', KEYS[5], now, ARGV[1])
return {1, ARGV[1]}
