-- Lets a job go on that waits for nothing more. `release` (flow-script.ts) stands before this text.
-- KEYS  job
-- ARGV  1 queue key  2 job id  3 now
release({KEYS[1], KEYS[1] .. ':dependencies'}, {ARGV[1], ARGV[2], ARGV[3]})
