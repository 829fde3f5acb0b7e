-- The runs of a session that were accepted before one of it and have ended, the newest first.
-- KEYS  the session's runs
-- ARGV  1 beginning of runs' keys  2 run id  3 most runs  4 most bytes of one text
-- Returns {query, status, response or '' ...}; nothing for a run that the session does not have
local at = redis.call('ZSCORE', KEYS[1], ARGV[2])
local reply, most = {}, tonumber(ARGV[4])
if not at then return reply end
local function cut(text)                                      -- where a character begins
  if #text <= most then return text end
  local to = most
  while to > 0 and string.byte(text, to + 1) >= 128 and string.byte(text, to + 1) < 192 do to = to - 1 end
  return string.sub(text, 1, to)
end
for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '(' .. at, '-inf', 'LIMIT', 0, ARGV[3])) do
  local run = redis.call('HMGET', ARGV[1] .. id, 'query', 'status', 'terminal', 'response')
  if run[2] and run[3] then
    reply[#reply + 1] = cut(run[1] or '')
    reply[#reply + 1] = run[2]
    reply[#reply + 1] = cut(run[4] or '')
  end
end
return reply
