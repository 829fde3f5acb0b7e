-- Stores a version of a plan, unless the latest one has the same content.
-- KEYS  plans  plan  bytes of all plans
-- ARGV  1 name  2 this save's own id  3 digest of the content  4 plan JSON  5 run it was taken from, or ''  6 number of tasks
--       7 what must be there: '' anything, '*' a version, '-' none, else the etag of the latest version
--       8 most plans  9 most versions of one  10 most bytes of all
-- Returns {1, version} stored (also when this very save is sent again), {0, version} it is there already, {-1, 0} what must be there
--         is not, {-2, 0} too many plans, {-3, 0} too many versions of this one, {-4, 0} too many bytes
local versions, heads = {}, {}
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  local version = tonumber(string.match(field, '^n:(%d+)$'))
  if version then versions[#versions + 1] = version end
end
table.sort(versions)
for i, version in ipairs(versions) do
  heads[i] = cjson.decode(redis.call('HGET', KEYS[2], 'n:' .. version))
  if heads[i].id == ARGV[2] then return {1, version} end
end
local latest, head = versions[#versions], heads[#heads]
if head and head.digest == ARGV[3] then return {0, latest} end
local wanted = ARGV[7]
if wanted == '*' and not head or wanted == '-' and head then return {-1, 0} end
if wanted ~= '' and wanted ~= '*' and wanted ~= '-' and not (head and wanted == latest .. '-' .. string.sub(head.digest, 1, 16)) then return {-1, 0} end
if not head and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[8]) then return {-2, 0} end
if #versions >= tonumber(ARGV[9]) then return {-3, 0} end
if tonumber(redis.call('GET', KEYS[3]) or 0) + #ARGV[4] > tonumber(ARGV[10]) then return {-4, 0} end

local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
-- A version that was deleted does not come again.
local version = redis.call('HINCRBY', KEYS[2], 'last', 1)
local said = cjson.encode({id = ARGV[2], digest = ARGV[3], at = at, from_run = ARGV[5], tasks = tonumber(ARGV[6])})
redis.call('HSET', KEYS[2], 'n:' .. version, said, 'v:' .. version, ARGV[4])
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('INCRBY', KEYS[3], #ARGV[4])
return {1, version}
