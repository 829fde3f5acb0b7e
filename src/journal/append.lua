-- Appends events of one attempt, in order, each once. The only way a token enters a stream.
-- KEYS  run  tasks  events
-- ARGV  1 task  2 epoch  3 number of the first event  4 most events kept  5 most bytes kept  then per event: name agent data detail
-- Returns 1 written, 0 all were there already, -1 a newer attempt owns the task, -3 the run has ended, -4 an earlier event is missing
local task = ARGV[1]
if redis.call('HEXISTS', KEYS[1], 'terminal') == 1 then return -3 end
local held = redis.call('HMGET', KEYS[2], task .. ':epoch', task .. ':seq')
if held[1] ~= ARGV[2] then return -1 end
local last, number = tonumber(held[2]), tonumber(ARGV[3])
if number > last + 1 then return -4 end
local bytes, written = 0, 0
for i = 6, #ARGV, 4 do
  if number > last then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'n', ARGV[i], 't', task, 'a', ARGV[i + 1], 'e', ARGV[2], 'd', ARGV[i + 2], 'x', ARGV[i + 3])
    bytes = bytes + #ARGV[i + 2] + #ARGV[i + 3]
    written = 1
  end
  number = number + 1
end
if written == 0 then return 0 end
redis.call('HSET', KEYS[2], task .. ':seq', number - 1)
-- Beyond its bytes a stream loses its older half; a reader that had not come so far gets stream.gap.
if redis.call('HINCRBY', KEYS[1], 'stream_bytes', bytes) > tonumber(ARGV[5]) then
  redis.call('XTRIM', KEYS[3], 'MAXLEN', math.ceil(redis.call('XLEN', KEYS[3]) / 2))
  redis.call('HSET', KEYS[1], 'stream_bytes', math.ceil(tonumber(ARGV[5]) / 2))
end
return 1
