-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Leave. ARGV: 2 session, 3 member, 4 epoch, 5 window, 6 unused resume hashes, 7 instead of the
-- epoch: the resume hash of a join whose answer never came, then the tail: id, text, ... OK done (0:
-- it joined again, or is gone)

local s = session(ARGV[2])
local m = s and member(s, ARGV[3])
if not m and restoring() then return {'UNAVAILABLE'} end
if not m then return {'OK', 0, sizes()} end
if ARGV[7] ~= '' then
  if m.node == '' or m.resume ~= ARGV[7] then return {'OK', 0, sizes()} end
  leave(s, m, tonumber(ARGV[5]), given_to(s, m))
  return {'OK', 1, sizes()}
end
if m.epoch ~= tonumber(ARGV[4]) then return {'OK', 0, sizes()} end
local tail = {}
for i = 8, #ARGV - 1, 2 do tail[#tail + 1] = {ARGV[i], ARGV[i + 1]} end
leave(s, m, tonumber(ARGV[5]), tail, ARGV[6])
return {'OK', 1, sizes()}
