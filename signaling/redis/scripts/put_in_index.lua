-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Cache::PutInIndex. ARGV: 2 index, 3 field, 4 value, 5 ttl, 6 most fields. OK done (0: it is full)

local values = P .. 'index:' .. enc(ARGV[2])
local ends = values .. ':until'
for _, field in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now)) do
  redis.call('HDEL', values, field)
end
redis.call('ZREMRANGEBYSCORE', ends, '-inf', now)
if not redis.call('ZSCORE', ends, ARGV[3]) and
    redis.call('ZCARD', ends) >= tonumber(ARGV[6]) then
  return {'OK', 0}
end
redis.call('HSET', values, ARGV[3], ARGV[4])
redis.call('ZADD', ends, now + ARGV[5], ARGV[3])
for _, key in ipairs({values, ends}) do
  if redis.call('PTTL', key) < tonumber(ARGV[5]) then redis.call('PEXPIRE', key, ARGV[5]) end
end
return {'OK', 1}
