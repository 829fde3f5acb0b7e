-- Jobs that stepped out of their queue until something outside of the flow happens: each has a mark in its own dependency set, and a
-- field in the parked hash. Needs `release` (release.ts).

-- Lets those parked jobs go on that wait for `why`, or all of them when it is nil.
local function unpark(parked, why, now)
  local found = redis.call('HGETALL', parked)
  for i = 1, #found, 2 do
    local job = cjson.decode(found[i + 1])
    if why == nil or job.why == why then
      redis.call('HDEL', parked, found[i])
      redis.call('SREM', found[i] .. ':dependencies', job.mark)
      release({found[i], found[i] .. ':dependencies'}, {job.queue, job.id, now})
    end
  end
end

-- Tells a run to stop, the first time it is told: from here on no claim starts a call, and what is parked passes through.
local function stop_run(at, parked, stop)
  if redis.call('HEXISTS', at.run, 'terminal') == 1 or redis.call('HSETNX', at.run, 'cancel', stop) == 0 then return end
  redis.call('PUBLISH', at.channel, at.id)
  unpark(parked, nil, at.now)
end
