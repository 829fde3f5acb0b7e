-- Gives the turn to the first open run of a session. open-runs.lua stands before this text.
-- KEYS  the session's open runs
-- ARGV  1 beginning of runs' keys
-- Returns its id while it has not begun, also when it had its turn before, since whoever gave it may have died before its job was
-- there; false when it has begun, or no run is open.
local first = open_runs(KEYS[1], ARGV[1])[1]
if not first then return false end
redis.call('HDEL', ARGV[1] .. first, 'held')
return redis.call('HGET', ARGV[1] .. first, 'status') == 'queued' and first or false
