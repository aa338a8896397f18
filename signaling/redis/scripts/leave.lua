-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Leave. ARGV: 2 session, 3 member, 4 epoch, 5 window, 6 unused resume hashes, then the tail: id,
-- text, ... OK done (0: it joined again, or is gone)

local s = session(ARGV[2])
local m = s and member(s, ARGV[3])
if not m and restoring() then return {'UNAVAILABLE'} end
if not m or m.epoch ~= tonumber(ARGV[4]) then return {'OK', 0, sizes()} end
local tail = {}
for i = 7, #ARGV - 1, 2 do tail[#tail + 1] = {ARGV[i], ARGV[i + 1]} end
leave(s, m, tonumber(ARGV[5]), tail, ARGV[6])
return {'OK', 1, sizes()}
