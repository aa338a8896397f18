-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Heartbeat. ARGV: session, member, ... from 2 on. OK known

local known = 0
for i = 2, #ARGV - 1, 2 do
  local s = session(ARGV[i])
  local m = s and member(s, ARGV[i + 1])
  if m then
    known = known + 1
    renew(s, m)
    redis.call('ZADD', P .. 'sessions:' .. s.state, 'XX', now + safety(s), s.enc)
    if m.node ~= '' then
      redis.call('SET', P .. 'user:' .. m.enc .. ':node', m.node, 'PX', 300000)
      redis.call('SET', P .. 'presence:' .. s.enc .. ':' .. m.enc, m.node, 'PX', 30000)
    end
  end
end
return {'OK', known}
