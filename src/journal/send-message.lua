-- Puts one message of a run into its recipient's inbox, once, or refuses it.
-- KEYS  run  events  messages  waits  inbox
-- ARGV  1 message  2 digest of what it says  3 from  4 to  5 type  6 content  7 its chain or ''  8 the message it replies to or ''
--       9 ms for which its sender waits for the answer, 0: not at all  10 its mark within the chain  11 why it is refused already or '', 12 what about it
--       13 most messages of a chain  14 of an inbox  15 of the run  16 most bytes of all  17 most marks kept  18 most refusals told  19 task
--       20 beginning of its event's detail
-- The messages hash: `m:<message>` -> digest from to type chain position hop until, or digest and the refusal; `a:<message>` -> its first
-- answer; `h:<chain>` -> messages of it; `t:<chain>` -> the marks of the last ones; `i:<agent>` -> messages to it; `count`, `bytes`, `refused`.
-- Returns {'sent', position, chain, hop, until ms or 0, now ms} (also when this very message is sent again), {'refused', code, about},
--         {'conflict'} another message has this id, {'stranger'} no such message was sent to this sender by this recipient,
--         {'chain', chain} the message it replies to belongs to another one, {'ended'} the run has ended, {'gone'} there is none
local id, from, to, kind, reply = ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[8]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function words(text)
  local list = {}
  for word in string.gmatch(text, '%S+') do list[#list + 1] = word end
  return list
end

local known = redis.call('HGET', KEYS[3], 'm:' .. id)
if known then
  local of = words(known)
  if of[1] ~= ARGV[2] then return {'conflict'} end
  if of[2] == '!' then return {'refused', of[3], table.concat(of, ' ', 4)} end
  return {'sent', of[6], of[5], of[7], of[8], string.format('%.0f', now)}
end
local run = redis.call('HMGET', KEYS[1], 'status', 'terminal')
if not run[1] then return {'gone'} end
if run[2] then return {'ended'} end

local chain, asked, first = ARGV[7], nil, false
if reply ~= '' then
  asked = words(redis.call('HGET', KEYS[3], 'm:' .. reply) or '')
  if asked[2] ~= to or asked[3] ~= from then return {'stranger'} end
  if chain ~= '' and chain ~= asked[5] then return {'chain', asked[5]} end
  chain, first = asked[5], redis.call('HEXISTS', KEYS[3], 'a:' .. reply) == 0
end
if chain == '' then chain = id end
local wait = first and (asked[2] .. ' ' .. asked[3] .. ' ' .. reply) or '' -- what it ends

-- Those that would wait for each other if `from` waited for `to`, as 'from to ... from'.
local function circle()
  local after, before, queue = {}, {}, {to}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. string.format('%.0f', now), '+inf')) do
    if member ~= wait then
      local of = words(member)
      after[of[1]] = after[of[1]] or {}
      table.insert(after[of[1]], of[2])
    end
  end
  for at = 1, 100000 do
    local agent = queue[at]
    if not agent then return nil end
    for _, next in ipairs(after[agent] or {}) do
      if next == from then
        local path, back = from, agent
        while back do path, back = back .. ' ' .. path, before[back] end
        return from .. ' ' .. path
      end
      if next ~= to and not before[next] then
        before[next] = agent
        queue[#queue + 1] = next
      end
    end
  end
end

local totals = redis.call('HMGET', KEYS[3], 'count', 'bytes', 'h:' .. chain, 't:' .. chain)
local hop, bytes = tonumber(totals[3] or 0) + 1, tonumber(totals[2] or 0) + #ARGV[6]
-- Whoever was asked may answer once: it is the next request of the chain that is one too many.
local owed = first and kind == 'response' and asked[4] ~= 'response'
local code, about = '', ''
if redis.call('XLEN', KEYS[5]) >= tonumber(ARGV[14]) then code, about = 'too_many_messages', 'inbox'
elseif tonumber(totals[1] or 0) >= tonumber(ARGV[15]) or bytes > tonumber(ARGV[16]) then code, about = 'too_many_messages', 'run'
elseif hop > tonumber(ARGV[13]) and not owed then code, about = 'hop_limit', ARGV[13]
elseif ARGV[11] ~= '' and not owed then code, about = ARGV[11], ARGV[12]
elseif ARGV[9] ~= '0' then
  about = circle() or ''
  if about ~= '' then code = 'deadlock' end
end
if code ~= '' then
  if redis.call('HINCRBY', KEYS[3], 'refused', 1) <= tonumber(ARGV[18]) then
    redis.call('HSET', KEYS[3], 'm:' .. id, ARGV[2] .. ' ! ' .. code .. ' ' .. about)
    local detail = ARGV[20] .. ',"code":"' .. code .. '","about":"' .. about .. '"}'
    redis.call('XADD', KEYS[2], '*', 'n', 'message.refused', 't', ARGV[19], 'a', 'orchestrator', 'e', 0, 'd', '', 'x', detail)
  end
  return {'refused', code, about}
end

local ends = ARGV[9] == '0' and '0' or string.format('%.0f', now + tonumber(ARGV[9]))
local position = redis.call('XADD', KEYS[5], '*', 'm', id, 'f', from, 'o', to, 'y', kind, 'c', ARGV[6], 'k', chain, 'r', reply, 'h', hop, 'u', ends)
local marks = ARGV[10] .. ' ' .. (totals[4] or '')
redis.call('HSET', KEYS[3], 'm:' .. id, table.concat({ARGV[2], from, to, kind, chain, position, hop, ends}, ' '), 'bytes', bytes,
  'h:' .. chain, hop, 't:' .. chain, string.sub(marks, 1, tonumber(ARGV[17]) * (#ARGV[10] + 1)))
redis.call('HINCRBY', KEYS[3], 'count', 1)
redis.call('HINCRBY', KEYS[3], 'i:' .. to, 1)
if first then
  redis.call('HSET', KEYS[3], 'a:' .. reply, id)
  redis.call('ZREM', KEYS[4], wait)
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', string.format('%.0f', now))
if ends ~= '0' then redis.call('ZADD', KEYS[4], ends, from .. ' ' .. to .. ' ' .. id) end
local detail = ARGV[20] .. ',"correlation_id":"' .. chain .. '","hop":' .. hop .. '}'
redis.call('XADD', KEYS[2], '*', 'n', 'message.sent', 't', ARGV[19], 'a', 'orchestrator', 'e', 0, 'd', '', 'x', detail)
return {'sent', position, chain, tostring(hop), ends, string.format('%.0f', now)}
