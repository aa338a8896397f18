-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- FindMember. ARGV: 2 session, 3 hash. OK member, role, name, display id | NOTFOUND
-- Strings are compared by identity in Lua, so the time says nothing of the hash.

local s = session(ARGV[2])
if not s or s.room then return {missing()} end
for _, m in ipairs(members(s)) do
  if m.hash == ARGV[3] then return {'OK', m.id, m.role, m.name, s.display_id} end
end
return {missing()}
