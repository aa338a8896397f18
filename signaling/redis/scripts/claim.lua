-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- ClaimCode. ARGV: 2 code, 3 member, 4 name, 5 hash, 6 data of pairing:ready, 7 left notice, 8 to
-- join within, 9 meet, or "": by the code. OK session, display id, display's name | NOTFOUND

local by_meet = ARGV[9] ~= ''
local id = redis.call('GET', P .. (by_meet and 'meet:' .. ARGV[9] or 'code:' .. ARGV[2]))
local s = id and id ~= '' and session(id)
-- What is due but not claimed yet is over already.
if not s or (not by_meet and s.code ~= ARGV[2]) or tonumber(s.code_until) <= now or s.places < 1 or
    (tonumber(s.claim_after) or 0) > now then
  return {'NOTFOUND', sizes()}
end
local data = ARGV[6]
if by_meet then
  -- As AddMeet of session_messages.h.
  each_meet(s.meets or '', function(meet, index)
    if meet == ARGV[9] then data = string.sub(ARGV[6], 1, -2) .. ',"meet":' .. index .. '}' end
  end)
end
local display = member(s, s.display)
if not display or member(s, ARGV[3]) then return {'NOTFOUND', sizes()} end

s.places = s.places - 1
s.state = 'paired'
redis.call('HSET', s.key, 'places', s.places, 'state', 'paired')
if s.places == 0 then
  release_code(s)
  unschedule(s)
end
class(s, 'paired')
local m = {id = ARGV[3], enc = enc(ARGV[3]), role = 'controller', epoch = 0, node = ''}
m.key = P .. 'member:' .. s.enc .. ':' .. m.enc
redis.call('HSET', m.key, 'role', 'controller', 'name', ARGV[4], 'hash', ARGV[5], 'node', '',
           'epoch', 0, 'left', ARGV[7])
redis.call('RPUSH', P .. 'members:' .. s.enc, m.id)
schedule(s, m, now + ARGV[8])
note('code_claimed', s, m, '', by_meet and LIMITS.by_meet or '')
if display.node == '' and not display.due then schedule(s, display, now + ARGV[8]) end
local event = log_event(s, 'pairing:ready', data)
each_node({s.watch_node, display.node}, function(node)
  tell_event(node, 'event', s, display.id, event)
end)
renew(s, m)
renew(s, display)
return {'OK', s.id, s.display_id, display.name, sizes()}
