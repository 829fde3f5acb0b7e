-- Makes an agent for a run: takes what it needs of the pool, registers it, and says so, in one step, so that nothing is held for an
-- agent that is not there. Twice it is made once.
-- KEYS  1 run  2 tasks  3 the run's events  4 the run's agents  5 agents  6 origins  7 events of the registry  8 pool  9 template stats
-- ARGV  1 agent  2 task  3 epoch  4 descriptor  5 holding, JSON  6 events of the registry that are kept  7 detail of agent.registered
--       8 number of units, then name and capacity each, then data and detail of agent.spawned
-- Returns {1, ''} made, {0, ''} it was there, {-1, ''} a newer attempt owns the task, {-2, unit} too little of this unit is left,
--         {-3, ''} the run has ended or is told to stop, {-4, ''} somebody else has registered this id
local id, task = ARGV[1], ARGV[2]
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status')
if run[1] or run[2] or not run[3] then return {-3, ''} end
if redis.call('HGET', KEYS[2], task .. ':epoch') ~= ARGV[3] then return {-1, ''} end
if redis.call('HEXISTS', KEYS[8], id) == 1 then return {0, ''} end
if redis.call('HEXISTS', KEYS[5], id) == 1 then return {-4, ''} end

-- Added up anew each time: a sum that is kept could go wrong once and stay so.
local wanted, units = cjson.decode(ARGV[5]), tonumber(ARGV[8])
local taken = {}
for _, held in ipairs(redis.call('HVALS', KEYS[8])) do
  local holding = cjson.decode(held)
  for i = 9, 8 + 2 * units, 2 do taken[ARGV[i]] = (taken[ARGV[i]] or 0) + (holding[ARGV[i]] or 0) end
end
for i = 9, 8 + 2 * units, 2 do
  local need = wanted[ARGV[i]] or 0
  if need > 0 and (taken[ARGV[i]] or 0) + need > tonumber(ARGV[i + 1]) then return {-2, ARGV[i]} end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[8], id, ARGV[5])
redis.call('SADD', KEYS[4], id)
redis.call('HSET', KEYS[5], id, ARGV[4])
redis.call('HSET', KEYS[6], id, cjson.encode({ source = 'spawned', instance = '', registered_at = now, updated_at = now }))
redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[6], '*', 'n', 'agent.registered', 'a', id, 'x', ARGV[7])
local stats = cjson.decode(redis.call('HGET', KEYS[9], wanted.template) or '{}')
stats.made = (stats.made or 0) + 1
redis.call('HSET', KEYS[9], wanted.template, cjson.encode(stats))
local said = 9 + 2 * units
redis.call('XADD', KEYS[3], '*', 'n', 'agent.spawned', 't', task, 'a', id, 'e', ARGV[3], 'd', ARGV[said], 'x', ARGV[said + 1])
return {1, ''}
