-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Cache::ReadIndex. ARGV: 2 index. OK field, value, ...

local values = P .. 'index:' .. enc(ARGV[2])
local found = {'OK'}
for _, field in ipairs(redis.call('ZRANGEBYSCORE', values .. ':until', '(' .. now, '+inf')) do
  found[#found + 1] = field
  found[#found + 1] = redis.call('HGET', values, field)
end
return found
