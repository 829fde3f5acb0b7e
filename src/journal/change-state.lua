-- Changes values of a run's shared state, all of them or none, in order.
-- KEYS  run  events  state
-- ARGV  1 the patch's own id  2 version it is meant for, or ''  3 changes (JSON)  4 task  5 most values  6 most bytes of one  7 of all
--       8 beginning of the event's detail: {"changes":[...],"version":  9 most refusals told
-- The state hash: `version`, `bytes`, `done` (ids of the last patches and their versions, "-" for one that was refused), `refused` (how
-- many were), and `:<name>` -> JSON.
-- Returns {1, version} changed (also when this very patch is sent again), {0, version} another version is there,
--         {-1, name} no number to increment, {-2, name} no list to append to, {-3, ''} the run has ended or is gone,
--         {-4, name} a value would be too large, {-5, ''} all together would be; with state.refused but for 0 and -3
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal')
local head = redis.call('HMGET', KEYS[3], 'version', 'bytes', 'done', 'refused')
local version, bytes, done = tonumber(head[1] or 0), tonumber(head[2] or 0), head[3] or ''
local before = string.match(done, ' ' .. ARGV[1] .. '=(%d+) ')
if before then return {1, before} end
if not run[1] or run[2] then return {-3, ''} end
if ARGV[2] ~= '' and ARGV[2] ~= tostring(version) then return {0, tostring(version)} end

-- Of the last patches only: one that is sent again comes soon.
local function remember(outcome)
  return string.sub(' ' .. ARGV[1] .. '=' .. outcome .. (done == '' and ' ' or done), 1, 4000)
end
local reasons = {[-1] = 'no_number', [-2] = 'no_list', [-4] = 'value_too_large', [-5] = 'state_too_large'}
local function refuse(why, name)
  if tonumber(head[4] or 0) < tonumber(ARGV[9]) and not string.find(done, ' ' .. ARGV[1] .. '=-', 1, true) then
    redis.call('HSET', KEYS[3], 'refused', tonumber(head[4] or 0) + 1, 'done', remember('-'))
    local detail = '{"name":"' .. name .. '","reason":"' .. reasons[why] .. '"}'
    redis.call('XADD', KEYS[2], '*', 'n', 'state.refused', 't', ARGV[4], 'a', 'orchestrator', 'e', 0, 'd', '', 'x', detail)
  end
  return {why, name}
end

local held, changed, order = {}, {}, {}
local function load(name)
  if held[name] == nil then held[name] = redis.call('HGET', KEYS[3], ':' .. name) end
  if changed[name] ~= nil then return changed[name] end
  return held[name]
end
local function put(name, json)
  if changed[name] == nil then order[#order + 1] = name end
  changed[name] = json
end

-- Values are handed through as the JSON that came: cjson would make {} of [] and round large numbers.
for _, change in ipairs(cjson.decode(ARGV[3])) do
  local name, json = change.name, load(change.name)
  if change.op == 'set' then
    put(name, change.json)
  elseif change.op == 'delete' then
    put(name, false)
  elseif change.op == 'increment' then
    local number = json and tonumber(json) or (not json and 0)
    local sum = number and number + tonumber(change.by)
    if not sum or sum == math.huge or sum == -math.huge then return refuse(-1, name) end
    put(name, string.format('%.17g', sum))
  else
    if json and string.sub(json, 1, 1) ~= '[' then return refuse(-2, name) end
    local before_end = (not json or json == '[]') and '[' or (string.sub(json, 1, -2) .. ',')
    put(name, before_end .. change.json .. ']')
  end
  if changed[name] and #changed[name] > tonumber(ARGV[6]) then return refuse(-4, name) end
end

local count = redis.call('HLEN', KEYS[3])
for at = 1, 4 do count = count - (head[at] and 1 or 0) end
for _, name in ipairs(order) do
  local old, new = held[name], changed[name]
  bytes = bytes + (new and #new + #name or 0) - (old and #old + #name or 0)
  count = count + (new and 1 or 0) - (old and 1 or 0)
end
if bytes > tonumber(ARGV[7]) or count > tonumber(ARGV[5]) then return refuse(-5, '') end
for _, name in ipairs(order) do
  if changed[name] then redis.call('HSET', KEYS[3], ':' .. name, changed[name])
  else redis.call('HDEL', KEYS[3], ':' .. name) end
end
version = version + 1
redis.call('HSET', KEYS[3], 'version', version, 'bytes', bytes, 'done', remember(version))
redis.call('XADD', KEYS[2], '*', 'n', 'state.changed', 't', ARGV[4], 'a', 'orchestrator', 'e', 0, 'd', '', 'x', ARGV[8] .. version .. '}')
return {1, tostring(version)}
