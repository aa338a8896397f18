-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Which store this is: an id that lives as long as its data. ARGV: 2 the id if it has none, 3 the
-- one that the caller knew; empty: none. OK id

redis.call('SET', P .. 'store', ARGV[2], 'NX')
redis.call('PEXPIRE', P .. 'store', SHARED_TTL)
local id = redis.call('GET', P .. 'store')
if ARGV[3] ~= '' and ARGV[3] ~= id then
  -- What the caller knew is lost, and the nodes bring back what they know.
  redis.call('SET', P .. 'restoring', '', 'PX', LIMITS.claim_after)
  -- With it went which codes rest. None of them is as long as those that are given out until the
  -- last one would have rested enough.
  redis.call('SET', P .. 'longer', int(now + LIMITS.code_rest), 'PX', LIMITS.code_rest)
end
return {'OK', id}
