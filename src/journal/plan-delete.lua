-- Deletes a stored plan, or one version of it; with its last version a plan is gone.
-- KEYS  plans  plan  bytes of all plans
-- ARGV  1 name  2 version or '' for all
-- Returns 1 deleted, 0 there is no such plan or version, or no longer
local gone, left, bytes = {}, 0, 0
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  local version = string.match(field, '^n:(%d+)$')
  if version and (ARGV[2] == '' or ARGV[2] == version) then gone[#gone + 1] = version elseif version then left = left + 1 end
end
if #gone == 0 then return 0 end
for _, version in ipairs(gone) do
  bytes = bytes + redis.call('HSTRLEN', KEYS[2], 'v:' .. version)
  redis.call('HDEL', KEYS[2], 'n:' .. version, 'v:' .. version)
end
redis.call('DECRBY', KEYS[3], bytes)
if left == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1
