-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- RegisterSession. ARGV: 2 session, 3 member, 4 display id, 5 design id, 6 name, 7 hash, 8 places,
-- 9 plain ("1"), 10 waiting ttl, 11 meets, 12 codeless ("1"), then the draws, nine digits each. OK
-- code until born replaced | FULL

local id, mid, hash, ttl = ARGV[2], ARGV[3], ARGV[7], tonumber(ARGV[10])
local meets, codeless = ARGV[11], ARGV[12] == '1'
local there = session(id, true)
if there then
  -- Said again, since the answer was lost.
  if there.state == 'waiting' and there.hash == hash and (there.code ~= '' or codeless) then
    return {'OK', there.code, int(tonumber(there.code_until)), there.born or '0', 0, sizes()}
  end
  return {'FULL', sizes()}
end
purge_codes()
if is_full() or redis.call('ZCARD', P .. 'meets') + #meets / 64 > LIMITS.max_meets then
  return {'FULL', sizes()}
end

-- At 60 % the draws all miss once in 10^7 times; beyond, guessing gets too easy as well.
local length = 9
if ARGV[9] ~= '1' then
  length = 4
  while length < 6 and redis.call('ZCARD', P .. 'codes:' .. length) * LIMITS.shards * 100 >=
      10 ^ length * 60 do
    length = length + 1
  end
  -- See hello.lua.
  local longer = tonumber(redis.call('GET', P .. 'longer') or '0')
  if longer > now and length < 6 then length = length + 1 end
end
local code = codeless and '' or nil
for i = 13, code and 0 or #ARGV do
  local drawn = string.sub(ARGV[i], -length)
  if redis.call('EXISTS', P .. 'code:' .. drawn) == 0 then
    code = drawn
    break
  end
end
if not code then return {'FULL', sizes()} end

-- Whatever its clock says: this one is the youngest here.
local replaced = replace(meets, id, math.huge)

local e = enc(id)
local s = {id = id, enc = e, key = P .. 'session:' .. e, room = nil, code = code}
redis.call('HSET', s.key, 'state', 'waiting', 'display', mid, 'display_id', ARGV[4], 'design_id',
           ARGV[5], 'hash', hash, 'code', code, 'code_until', now + ttl, 'places', ARGV[8],
           'watch_node', '', 'watch_epoch', 0, 'last_event', 0)
local m = {id = mid, enc = enc(mid), role = 'display', epoch = 0, node = ''}
m.key = P .. 'member:' .. e .. ':' .. m.enc
redis.call('HSET', m.key, 'role', 'display', 'name', ARGV[6], 'hash', hash, 'node', '', 'epoch', 0,
           'left', '')
redis.call('RPUSH', P .. 'members:' .. e, mid)
-- Longer than the session, should its end be missed.
if code ~= '' then set_code(code, id, ttl + 120000) end
if meets ~= '' then
  redis.call('HSET', s.key, 'meets', meets, 'born', int(now))
  each_meet(meets, function(meet) set_meet(meet, id, ttl + 120000) end)
end
schedule(s, nil, now + ttl)
renew(s, m)
class(s, 'waiting')
note('session_registered', s, m)
return {'OK', code, int(now + ttl), int(now), replaced, sizes()}
