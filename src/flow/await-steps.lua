-- Ends the steps that a program has no more use for, and lets its job wait for steps that run: for all of them, or for the next one. The jobs
-- of all of them have been added before, which has BullMQ wait for each. Doing it twice is harmless: what the job waits for is told by the
-- results, and an older place never comes after a newer one. `release`, park.lua and join.lua stand before this text.
-- KEYS  run  tasks  results  events  joins  spawned  parked  asks  interrupts
-- ARGV  1 field of the joins hash  2 now  3 control channel  4 run id  5 place  6 what the job waits for (JSON, as join.lua has it: branches
--       are the awaited steps, drop those to end)  7 'any' when one more that ends is enough, else 'all'  8 keys of jobs that it does not wait
--       for (JSON), those to end among them
local name, place, spec = ARGV[1], tonumber(ARGV[5]), cjson.decode(ARGV[6])
local at = {run = KEYS[1], tasks = KEYS[2], results = KEYS[3], events = KEYS[4], joins = KEYS[5], spawned = KEYS[6], parked = KEYS[7], asks = KEYS[8], interrupts = KEYS[9], now = ARGV[2], channel = ARGV[3], id = ARGV[4]}
if redis.call('HEXISTS', at.run, 'terminal') == 0 then drop_branches(at, spec) end
if place < tonumber(redis.call('HGET', at.joins, name .. ':place') or -1) then return 0 end
redis.call('HDEL', at.joins, name .. ':settled', name .. ':completed', name .. ':released')
redis.call('HSET', at.joins, name, ARGV[6], name .. ':place', place)

local awaited, running = spec.key .. ':dependencies', {}
for _, key in ipairs(cjson.decode(ARGV[8])) do redis.call('SREM', awaited, key) end
for _, branch in ipairs(spec.branches) do
  redis.call('SREM', awaited, branch.key)
  if redis.call('HEXISTS', at.results, branch.task) == 0 then running[#running + 1] = branch.key end
end
if ARGV[7] == 'any' and #running < #spec.branches then return 0 end  -- one has ended meanwhile: nothing to wait for
for _, key in ipairs(running) do redis.call('SADD', awaited, key) end
return #running
