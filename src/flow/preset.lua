-- Sets ALL edges of a flow before its jobs exist, the primary ones too: should addFlow be applied in part, no task can be
-- released before its dependencies ran. What joins must know is written with them. Repeating it changes nothing: a job that exists
-- keeps its set, and so does a join.
-- KEYS  joins  then job keys of dependents
-- ARGV  per dependent: JSON list of the job keys it waits for; then per join: its task, its spec (JSON)
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    local waits = cjson.decode(ARGV[i - 1])
    for from = 1, #waits, 1000 do                              -- unpack has a limit
      redis.call('SADD', KEYS[i] .. ':dependencies', unpack(waits, from, math.min(from + 999, #waits)))
    end
  end
end
for i = #KEYS, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
