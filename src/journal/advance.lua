-- Moves a run from one state to the next, by compare-and-set, and says so in its stream.
-- KEYS  run  events
-- ARGV  1 new status  2..5 run.phase: name agent data detail  6.. the states it may come from
-- Returns 1 moved, 0 is there already, -1 not from its present state, -3 the run has ended or is told to stop
local run = redis.call('HMGET', KEYS[1], 'terminal', 'status', 'stop')
if run[1] or run[3] then return -3 end
if run[2] == ARGV[1] then return 0 end
for i = 6, #ARGV do
  if run[2] == ARGV[i] then
    redis.call('HSET', KEYS[1], 'status', ARGV[1])
    redis.call('XADD', KEYS[2], '*', 'n', ARGV[2], 't', 'root', 'a', ARGV[3], 'e', 0, 'd', ARGV[4], 'x', ARGV[5])
    return 1
  end
end
return -1
