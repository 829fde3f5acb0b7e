-- What the work of agents came to.
-- KEYS  per agent: history
-- ARGV  1 capability, or '' for all of them
-- Returns per agent of whose work anything is known: its place (from 0), then capability and numbers (record-history.lua) in turn
local reply = {}
for i = 1, #KEYS do
  local line = {i - 1}
  if ARGV[1] == '' then
    for _, field in ipairs(redis.call('HGETALL', KEYS[i])) do line[#line + 1] = field end
  else
    local numbers = redis.call('HGET', KEYS[i], ARGV[1])
    if numbers then line[2], line[3] = ARGV[1], numbers end
  end
  if #line > 1 then reply[#reply + 1] = line end
end
return reply
