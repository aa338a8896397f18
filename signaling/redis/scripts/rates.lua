-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- RateLimiter::Check by the generic cell rate algorithm: of each key only the moment is kept at
-- which its bucket will be full again. ARGV from 2 on: scope, key, rate a second, burst, cost, mode
-- (take, peek, charge, give_back) of each query. OK allowed, retry after in ms, which refuse: 1 the
-- first, 2 the second, 4 the third, ... summed up

local LONGEST_WAIT = 86400 * 1000

local queries, retry, refused = {}, 0, 0
for i = 2, #ARGV - 5, 6 do
  local q = {key = P .. 'rate:' .. enc(ARGV[i]) .. ':' .. enc(ARGV[i + 1]), mode = ARGV[i + 5]}
  local rate = tonumber(ARGV[i + 2])
  local interval = rate > 0 and 1000 / rate or LONGEST_WAIT
  q.full = tonumber(ARGV[i + 3]) * interval
  q.cost = tonumber(ARGV[i + 4]) * interval
  queries[#queries + 1] = q
end
local at = {}
for i, q in ipairs(queries) do
  local from = math.max(at[q.key] or tonumber(redis.call('GET', q.key) or '0'), now)
  if q.mode == 'give_back' then
    at[q.key] = math.max(from - q.cost, now)
  elseif q.mode == 'charge' then
    at[q.key] = from + q.cost
  else
    -- A thousandth of a millisecond forgives what was rounded.
    local short = from + q.cost - q.full - now
    if short > 0.001 then
      retry = math.max(retry, math.ceil(short))
      refused = refused + 2 ^ (i - 1)
    elseif q.mode == 'take' then
      at[q.key] = from + q.cost
    end
  end
end
if retry > 0 then return {'OK', 0, math.min(retry, LONGEST_WAIT), refused} end
for key, moment in pairs(at) do
  if moment <= now then
    redis.call('DEL', key)
  else
    redis.call('SET', key, string.format('%.3f', moment), 'PX', math.ceil(moment - now))
  end
end
return {'OK', 1, 0, 0}
