-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- What restore needs of a session, as one string. ARGV: 2 session. OK snapshot | NOTFOUND

local s = session(ARGV[2])
if not s then return {'NOTFOUND'} end
return {'OK', snapshot(s)}
