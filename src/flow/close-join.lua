-- Releases a join whose job runs although nothing has released it: a branch's job was removed by hand, or all branches were there from
-- the beginning (a fork). `release` (flow-script.ts), park.lua and join.lua stand before this text.
-- KEYS  run  tasks  results  events  joins  spawned  parked  asks  interrupts
-- ARGV  1 join's task  2 now  3 control channel  4 run id
-- Returns how it was released (JSON), now or before; '' while a branch has not settled
local join, at = ARGV[1], {run = KEYS[1], tasks = KEYS[2], results = KEYS[3], events = KEYS[4], joins = KEYS[5], spawned = KEYS[6], parked = KEYS[7], asks = KEYS[8], interrupts = KEYS[9], now = ARGV[2], channel = ARGV[3], id = ARGV[4]}
local held = redis.call('HMGET', KEYS[5], join, join .. ':released')
if held[2] then return held[2] end
local spec = cjson.decode(held[1])
for _, branch in ipairs(spec.branches) do
  if redis.call('HEXISTS', KEYS[3], branch.task) == 0 then return '' end
end
release_join(at, join, spec, 'all')
return redis.call('HGET', KEYS[5], join .. ':released')
