-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- What restore needs of a session, as one string. ARGV: 2 session. OK snapshot | NOTFOUND

local s = session(ARGV[2])
if not s then return {'NOTFOUND'} end
local parts = {pack(unpack(redis.call('HGETALL', s.key))),
               pack(unpack(redis.call('LRANGE', P .. 'log:' .. s.enc, 0, -1)))}
for _, id in ipairs(redis.call('LRANGE', P .. 'members:' .. s.enc, 0, -1)) do
  parts[#parts + 1] = id
  parts[#parts + 1] = pack(unpack(redis.call('HGETALL', P .. 'member:' .. s.enc .. ':' .. enc(id))))
end
return {'OK', pack(unpack(parts))}
