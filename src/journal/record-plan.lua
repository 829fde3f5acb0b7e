-- Records the plan of a run, first writer wins, and lets the run begin.
-- KEYS  run  events
-- ARGV  1 plan JSON  2 usage JSON or ''  3 model JSON or ''  4 mode JSON or ''  5 warnings JSON
--       6..9 plan.ready: name agent data detail  10..13 run.phase: the same
-- Returns {1, plan} recorded, {0, plan} another was recorded before, {-3, ''} the run has ended, is told to stop or was removed
local run = redis.call('HMGET', KEYS[1], 'terminal', 'stop', 'status')
if run[1] or run[2] or not run[3] then return {-3, ''} end
if redis.call('HEXISTS', KEYS[1], 'planned') == 1 then return {0, redis.call('HGET', KEYS[1], 'plan')} end
redis.call('HSET', KEYS[1], 'planned', 1, 'plan', ARGV[1], 'plan_usage', ARGV[2], 'model', ARGV[3], 'mode', ARGV[4], 'warnings', ARGV[5],
  'status', 'running')
for i = 6, 10, 4 do
  redis.call('XADD', KEYS[2], '*', 'n', ARGV[i], 't', 'root', 'a', ARGV[i + 1], 'e', 0, 'd', ARGV[i + 2], 'x', ARGV[i + 3])
end
return {1, ARGV[1]}
