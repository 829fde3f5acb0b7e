-- Jobs that stepped out of their queue until something outside of the flow happens. Each has a mark in its own dependency set, and
-- a field of that name in the parked hash: {why, key, queue, id}. Needs `release` (flow-script.ts).

-- Takes away one mark; its job goes on when it waits for nothing more. Nothing happens when there is no such mark.
local function unmark(parked, mark, now)
  local found = redis.call('HGET', parked, mark)
  if not found then return end
  local job = cjson.decode(found)
  redis.call('HDEL', parked, mark)
  redis.call('SREM', job.key .. ':dependencies', mark)
  release({job.key, job.key .. ':dependencies'}, {job.queue, job.id, now})
end

-- Takes away the marks of those jobs that wait for `why`, or all of them when it is nil.
local function unpark(parked, why, now)
  local found = redis.call('HGETALL', parked)
  for i = 1, #found, 2 do
    if why == nil or cjson.decode(found[i + 1]).why == why then unmark(parked, found[i], now) end
  end
end

-- Tells a run to stop, the first time it is told: from here on no claim starts a call, and what is parked passes through.
local function stop_run(at, parked, stop)
  if redis.call('HEXISTS', at.run, 'terminal') == 1 or redis.call('HSETNX', at.run, 'stop', stop) == 0 then return end
  redis.call('PUBLISH', at.channel, at.id)
  unpark(parked, nil, at.now)
end
