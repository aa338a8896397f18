-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Terminate. ARGV: 2 session, 3 hash, 4 reason, 5 data of session:terminated. As find.

local s = session(ARGV[2])
if not s or s.room then return {missing(), sizes()} end
local all, by = members(s), nil
for _, m in ipairs(all) do
  if m.hash == ARGV[3] then by = m end
end
if not by then return {missing(), sizes()} end
finish(s, all, ARGV[4], ARGV[5])
return {'OK', by.id, by.role, by.name, s.display_id, sizes()}
