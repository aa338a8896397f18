-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Route. ARGV: 2 session, 3 from, 4 to, 5 text. OK to, node, epoch, kept | NOTFOUND | NOTARGET |
-- NOTALLOWED | FULL

local s = session(ARGV[2])
local by_relay = ARGV[3] == ''
local from = s and not by_relay and member(s, ARGV[3])
if not s or (not from and not by_relay) then return {missing()} end
local target
if ARGV[4] ~= '' then
  target = member(s, ARGV[4])
elseif from then
  local ids = redis.call('LRANGE', P .. 'members:' .. s.enc, 0, -1)
  -- Whoever is alone with many is not meant; a room need not be read for that.
  if not s.room or #ids == 2 then
    for _, other in ipairs(members(s)) do
      if counterparts(s, from, other) then
        if target then return {'NOTARGET'} end
        target = other
      end
    end
  end
end
if not target then return {restoring() and 'UNAVAILABLE' or 'NOTARGET'} end
if from and not counterparts(s, from, target) then return {'NOTALLOWED'} end
if target.node ~= '' then return {'OK', target.id, target.node, target.epoch, 0} end
-- Its node may still have to bring the place; what was kept would wait beside a socket that is there.
if restoring() then return {'UNAVAILABLE'} end
if not keep(s, target, '', ARGV[5]) then return {'FULL'} end
return {'OK', target.id, '', target.epoch, 1}
