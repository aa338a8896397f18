-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Join. ARGV: 2 session, 3 member, 4 node, 5 resume hash, 6 joined notice, 7 left notice, 8 may open
-- a room ("1"), 9 name, 10 most members. OK epoch, rejoined, resume hash before, unused ones,
-- node before, epoch before, display id, {seat, ...} of the others, kept {id, text, ...}, given {id,
-- text, ...}, given resume hashes, snapshot, sizes | NOTFOUND | FULL | UNAVAILABLE

local id, mid, node, open_room = ARGV[2], ARGV[3], ARGV[4], ARGV[8] == '1'
local s = session(id, true)
if s and s.state == 'ended' then return {open_room and 'FULL' or 'NOTFOUND', sizes()} end
if (not s and not open_room) or (s and open_room and not s.room) then
  return {missing(), sizes()}
end
local all, m = {}, nil
if s and s.room then
  m = member(s, mid)
elseif s then
  all = members(s)
  for _, other in ipairs(all) do
    if other.id == mid then m = other end
  end
end
if not m then
  if not open_room then return {missing(), sizes()} end
  local count = s and redis.call('LLEN', P .. 'members:' .. s.enc) or 0
  if (not s and is_full()) or count >= tonumber(ARGV[10]) then return {'FULL', sizes()} end
end

if not s then
  local e = enc(id)
  s = {id = id, enc = e, key = P .. 'session:' .. e, room = '1', state = 'paired', code = '',
       places = 0, display_id = '', watch_node = '', watch_epoch = 0, hash = ''}
  redis.call('HSET', s.key, 'state', 'paired', 'room', '1', 'code', '', 'places', 0, 'display_id',
             '', 'watch_node', '', 'watch_epoch', 0, 'hash', '')
  note('room_opened', s)
end
if not m then
  m = {id = mid, enc = enc(mid), role = 'user', name = ARGV[9], epoch = 0, node = '', left = ''}
  m.key = P .. 'member:' .. s.enc .. ':' .. m.enc
  redis.call('HSET', m.key, 'role', 'user', 'name', m.name, 'hash', '', 'left', '')
  redis.call('RPUSH', P .. 'members:' .. s.enc, mid)
end
-- Some node may still have to bring what is kept for it.
if m.epoch == tonumber(m.restored) and restoring() then return {'UNAVAILABLE', sizes()} end

unschedule(s, m)
local before_node, before_epoch = m.node, m.epoch
local given, given_hashes = {}, ''
if before_node ~= '' then given, given_hashes = given_to(s, m) end
-- A room forgets who leaves it; who comes back must not have the epoch of a place that is gone.
local epoch = s.room and redis.call('HINCRBY', s.key, 'joins', 1) or before_epoch + 1
if before_node ~= '' and before_node ~= node then
  tell(before_node, 'taken_over', s.id, mid, '', nil, node, epoch, before_epoch)
end
leave_node(s, m)
local present = {}
if s.room then
  redis.call('HDEL', seats(s), mid)
  present = redis.call('HVALS', seats(s))
end
m.node, m.epoch = node, epoch
enter_node(s, m)
redis.call('HSET', m.key, 'node', node, 'epoch', m.epoch, 'resume', ARGV[5], 'left', ARGV[7],
           'announced', '1', 'kept_bytes', 0)
-- What is given twice without a sign of life is remembered on.
local hashes = (m.resume or '') .. (m.unused or '') .. given_hashes
redis.call('HDEL', m.key, 'unused', 'given_hashes')
if hashes ~= '' then
  redis.call('HSET', m.key, 'given_hashes', string.sub(hashes, 1, LIMITS.max_unused))
end
tell_placed(s, m, all)
for _, other in ipairs(all) do
  if counterparts(s, m, other) then
    present[#present + 1] = seat(other, other.node)
    if m.announced ~= '1' and other.node ~= '' then notify(s, other, ARGV[6]) end
  end
end
if s.room and m.announced ~= '1' then tell_seats(s, present, ARGV[6]) end
local function flat(list)
  local values = {}
  for _, text in ipairs(list) do
    values[#values + 1] = text[1]
    values[#values + 1] = text[2]
  end
  return values
end
local kept_key = P .. 'kept:' .. s.enc .. ':' .. m.enc
local given_key = P .. 'given:' .. s.enc .. ':' .. m.enc
local kept = texts(kept_key)
if #kept > 0 then
  redis.call('RENAME', kept_key, given_key)
elseif #given == 0 then
  redis.call('DEL', given_key)
end
redis.call('HSET', m.key, 'given_until', now + LIMITS.given_for)
redis.call('PEXPIRE', given_key, 2 * LIMITS.given_for)
renew(s, m)
if s.room then class(s, 'paired') end
note('member_joined', s, m, node)
if m.announced ~= '1' then announce_member(s, m, 'user_joined') end
return {'OK', m.epoch, before_epoch > 0 and 1 or 0, m.resume or '', m.unused or '', before_node,
        before_node ~= '' and before_epoch or 0, s.display_id, present, flat(kept), flat(given),
        given_hashes, snapshot(s, s.room and mid), sizes()}
