-- Sets ALL edges of a flow before its jobs exist, the primary ones too: should addFlow be applied in part, no task can be
-- released before its dependencies ran. Repeating it changes nothing: a job that exists keeps its set.
-- KEYS  job keys of dependents
-- ARGV  per dependent: JSON list of the job keys it waits for
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    local waits = cjson.decode(ARGV[i])
    for from = 1, #waits, 1000 do                              -- unpack has a limit
      redis.call('SADD', KEYS[i] .. ':dependencies', unpack(waits, from, math.min(from + 999, #waits)))
    end
  end
end
