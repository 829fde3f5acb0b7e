-- Records a task's result, resolves its edges and ends its job, which takes the queue's next one, all in one step.
-- KEYS  settle's (settle.lua), then finish's (BullMQ's moveToFinished)
-- ARGV  1 how many KEYS are settle's  2 how many ARGV are, after these two  then settle's, then finish's
--       where finish has bytes (its eighth), their Latin-1 text comes
-- Returns {settle's code, finish's reply}, or {-1}: a newer attempt owns the task (nothing was done).
local keys, args = tonumber(ARGV[1]), 2 + tonumber(ARGV[2])
local settled = settle({unpack(KEYS, 1, keys)}, {unpack(ARGV, 3, args)})
if settled[1] == -1 then return {-1} end
local ending = {unpack(ARGV, args + 1)}
ending[8] = string.gsub(ending[8], '([\194\195])(.)', function(half, rest) return string.char(string.byte(rest) + (half == '\195' and 64 or 0)) end)
return {settled[1], finish({unpack(KEYS, keys + 1)}, ending)}
