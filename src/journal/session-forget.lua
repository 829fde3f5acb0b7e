-- Forgets a session; its runs stay. open-runs.lua stands before this text.
-- KEYS  the session's runs  its open runs
-- ARGV  1 beginning of runs' keys
-- Returns 1 forgotten, 0 there is no such session, or no longer, -1 a run of it has not ended
if #open_runs(KEYS[2], ARGV[1]) > 0 then return -1 end
return redis.call('DEL', KEYS[1])
