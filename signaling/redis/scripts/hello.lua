-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Which store this is: an id that lives as long as its data. ARGV: 2 the id if it has none. OK id

redis.call('SET', P .. 'store', ARGV[2], 'NX')
redis.call('PEXPIRE', P .. 'store', SHARED_TTL)
return {'OK', redis.call('GET', P .. 'store')}
