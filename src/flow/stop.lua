-- Tells a run to stop: from here on no claim starts a call, every worker process hears of it, and what waits outside passes through.
-- `release` (flow-script.ts) and park.lua stand before this text.
-- KEYS  run  parked
-- ARGV  1 stop (JSON)  2 control channel  3 run id  4 now
-- Returns the run's status, or false when there is no such run. A run that has ended, or was told before, is left as it is.
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return false end
stop_run({run = KEYS[1], channel = ARGV[2], id = ARGV[3], now = ARGV[4]}, KEYS[2], ARGV[1])
return status
