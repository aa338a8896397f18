-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Puts a session back into a Redis that lost it. Several nodes may bring the same session, one of
-- them with an older snapshot: each member's newest place counts, and the fewest places left.
-- ARGV: 2 session, 3 snapshot. OK

-- A node that was there gets so long to say that it lives.
local NODE_GRACE = 5000
-- Whoever is on the way back, or never came, gets so long anew: all nodes have to be back first.
local GRACE = 5000 + 2 * LIMITS.claim_after

local function fields(bytes)
  local flat, named = unpacked(bytes), {}
  for i = 1, #flat - 1, 2 do named[flat[i]] = flat[i + 1] end
  return named
end
local function write(key, named)
  local flat = {}
  for name, value in pairs(named) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  redis.call('HSET', key, unpack(flat))
end

local id = ARGV[2]
local parts = unpacked(ARGV[3])
local brought = fields(parts[1])
local s = session(id, true)
if s and s.state == 'ended' then return {'OK'} end
if not brought.state or brought.state == 'ended' then return {'OK'} end
local is_new = not s

if is_new then
  local due = tonumber(brought.due)
  brought.due = nil
  -- Until all nodes have brought what they know, a place that seems free may be taken.
  brought.claim_after = now + LIMITS.claim_after
  if brought.code ~= '' and redis.call('EXISTS', P .. 'code:' .. brought.code) == 1 then
    brought.code = ''
  end
  write(P .. 'session:' .. enc(id), brought)
  s = session(id)
  for _, event in ipairs(unpacked(parts[2])) do
    redis.call('RPUSH', P .. 'log:' .. s.enc, event)
  end
  if due then schedule(s, nil, math.max(due, now + 1)) end
  if s.code ~= '' then set_code(s.code, id, math.max(1, tonumber(s.code_until) - now) + 120000) end
  each_meet(s.meets or '', function(meet)
    -- Registered anew meanwhile, or brought already: the youngest has it.
    local holder = redis.call('GET', P .. 'meet:' .. meet)
    local other = holder and session(holder)
    if not other or (tonumber(other.born) or 0) < (tonumber(s.born) or 0) then
      set_meet(meet, id, math.max(1, tonumber(s.code_until) - now) + 120000)
    end
  end)
  note('session_restored', s, nil, '', s.room and 'room' or s.state)
else
  if brought.state == 'paired' and s.state ~= 'paired' then
    s.state = 'paired'
    note('session_restored', s, nil, '', s.state)
  end
  s.places = math.min(s.places, tonumber(brought.places))
  redis.call('HSET', s.key, 'state', s.state, 'places', s.places)
  if tonumber(brought.watch_epoch) > tonumber(s.watch_epoch) then
    redis.call('HSET', s.key, 'watch_epoch', brought.watch_epoch, 'watch_node', brought.watch_node)
  end
  if tonumber(brought.last_event or 0) > tonumber(s.last_event or 0) then
    redis.call('HSET', s.key, 'last_event', brought.last_event)
    redis.call('DEL', P .. 'log:' .. s.enc)
    for _, event in ipairs(unpacked(parts[2])) do
      redis.call('RPUSH', P .. 'log:' .. s.enc, event)
    end
  end
end
if s.room then
  -- As many as the newest that was brought.
  local joins = math.max(tonumber(s.joins or 0), tonumber(brought.joins or 0))
  redis.call('HSET', s.key, 'joins', joins)
end
if s.state == 'paired' and not s.room and s.places == 0 then
  release_code(s)
  unschedule(s)
end

for i = 3, #parts - 1, 2 do
  local there = member(s, parts[i])
  local known = fields(parts[i + 1])
  local was_due = known.due
  known.due = nil
  known.kept_bytes = there and there.kept_bytes or '0'
  known.restored = known.epoch
  if not there or tonumber(known.epoch) > there.epoch then
    if there then
      unschedule(s, there)
      leave_node(s, there)
    else
      redis.call('RPUSH', P .. 'members:' .. s.enc, parts[i])
    end
    write(P .. 'member:' .. s.enc .. ':' .. enc(parts[i]), known)
    local m = member(s, parts[i])
    if s.room then redis.call('HSET', seats(s), m.id, seat(m, '')) end
    if m.node ~= '' then
      enter_node(s, m)
      local node = P .. 'node:' .. enc(m.node)
      -- Its node may have died meanwhile; one that lives renews this.
      if redis.call('EXISTS', node) == 0 then
        redis.call('HSET', node, 'incarnation', '', 'until', now + NODE_GRACE)
        redis.call('PEXPIRE', node, SHARED_TTL)
        due_at('n:' .. enc(m.node), now + NODE_GRACE)
      end
      -- What was kept as long as nobody knew that it is there.
      local key = P .. 'kept:' .. s.enc .. ':' .. m.enc
      for _, one in ipairs(texts(key)) do
        if one[1] == '' then notify(s, m, one[2]) end
      end
      redis.call('DEL', key)
      redis.call('HSET', m.key, 'kept_bytes', 0)
    elseif was_due then
      schedule(s, m, math.max(tonumber(was_due), now + GRACE))
    end
    renew(s, m)
    note('member_restored', s, m, m.node, m.node == '' and m.epoch > 0 and 'away' or '')
  end
end
renew(s)
class(s, s.state)
return {'OK'}
