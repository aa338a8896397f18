-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- The nodes whose lease runs. OK info, ...

local found = {'OK'}
for _, bytes in ipairs(redis.call('HVALS', P .. 'nodes')) do
  local node = unpacked(bytes)
  if tonumber(node[1]) > now then found[#found + 1] = node[2] end
end
return found
