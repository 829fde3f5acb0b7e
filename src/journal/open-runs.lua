-- Put before the scripts that know sessions (session-script.ts). The runs of a session that have not ended, the oldest first; what
-- has ended, or is gone, leaves the list. `record` is how the keys of runs' records begin.
local function open_runs(open, record)
  local runs = {}
  for _, id in ipairs(redis.call('ZRANGE', open, 0, -1)) do
    local held = redis.call('HMGET', record .. id, 'status', 'terminal')
    if held[1] and not held[2] then runs[#runs + 1] = id else redis.call('ZREM', open, id) end
  end
  return runs
end
