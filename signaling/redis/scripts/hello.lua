-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Which store this is: an id that lives as long as its data. ARGV: 2 the id if it has none, 3 the
-- one that the caller knew; empty: none. OK id

redis.call('SET', P .. 'store', ARGV[2], 'NX')
redis.call('PEXPIRE', P .. 'store', SHARED_TTL)
local is = redis.call('GET', P .. 'store')
-- What was there is lost, and the nodes bring back what they know.
if ARGV[3] ~= '' and ARGV[3] ~= is then
  redis.call('SET', P .. 'restoring', '', 'PX', LIMITS.claim_after)
end
return {'OK', is}
