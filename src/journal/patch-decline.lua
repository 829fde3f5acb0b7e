-- Records that a task's outcome stands as it is, unless something was decided before, and what asking for a patch has cost.
-- KEYS  run  tasks  patches
-- ARGV  1 task  2 epoch  3 decision (JSON)  4 prompt tokens  5 completion tokens
-- Returns the decision that counts, '' when a newer attempt owns the task or the run is gone
local decided = redis.call('HGET', KEYS[3], 'decision:' .. ARGV[1])
if decided then return decided end
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[2], ARGV[1] .. ':epoch') ~= ARGV[2] then return '' end
redis.call('HSET', KEYS[3], 'decision:' .. ARGV[1], ARGV[3])
if tonumber(ARGV[4]) > 0 then redis.call('HINCRBY', KEYS[1], 'patch_prompt_tokens', ARGV[4]) end
if tonumber(ARGV[5]) > 0 then redis.call('HINCRBY', KEYS[1], 'patch_completion_tokens', ARGV[5]) end
return ARGV[3]
