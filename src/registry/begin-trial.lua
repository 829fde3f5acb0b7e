-- Takes the one call that a half-open breaker lets through. Sent twice, it takes one.
-- KEYS  breaker  trial
-- ARGV  1 holder  2 ms the lease lasts  3 ms a breaker is half open after it was open
--       4 '1': the holder's own breaker is half open, whatever the shared one says
-- Returns 'trial': it is the holder's; 'closed': no trial is needed; 'open': no call, the breaker is open; 'tried': no call, somebody
--         else tries just now
local left = redis.call('PTTL', KEYS[1])
if left > tonumber(ARGV[3]) then return 'open' end
if left == -2 and ARGV[4] ~= '1' then return 'closed' end
if redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX') or redis.call('GET', KEYS[2]) == ARGV[1] then return 'trial' end
return 'tried'
