-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- Registry. ARGV: 2 node, 3 incarnation, 4 lease (0: it goes), 5 what List tells of it; empty: this
-- shard does not tell. OK when members of this very run were given up last, as its lease had run
-- out (0: never); for whoever announces to compare, since an answer may be lost

local id, lease = ARGV[2], tonumber(ARGV[4])
local e = enc(id)
local node = P .. 'node:' .. e
local before = redis.call('HGET', node, 'incarnation')
if lease == 0 then
  if not before then return {'OK', '0'} end
  -- Whoever has not left by now leaves as from a dead node.
  redis.call('HSET', node, 'until', now)
  local told = redis.call('HGET', P .. 'nodes', id)
  if told then redis.call('HSET', P .. 'nodes', id, pack(int(now), unpacked(told)[2])) end
  due_at('n:' .. e, now)
  return {'OK', '0'}
end
if before and before ~= '' and before ~= ARGV[3] and redis.call('EXISTS', node .. ':members') == 1 then
  -- The members of the run before, whichever way it ended.
  redis.call('RENAME', node .. ':members', node .. ':members:' .. before)
  due_at('r:' .. e .. ':' .. before, now)
end
redis.call('HSET', node, 'incarnation', ARGV[3], 'until', now + lease)
redis.call('PEXPIRE', node, SHARED_TTL)
due_at('n:' .. e, now + lease)
if ARGV[5] ~= '' then
  if redis.call('HSET', P .. 'nodes', id, pack(int(now + lease), ARGV[5])) == 1 then
    note('node_up', nil, nil, id)
  end
  redis.call('PEXPIRE', P .. 'nodes', SHARED_TTL)
end
local given_up = getall(P .. 'given_up:' .. e)
return {'OK', given_up and given_up.run == ARGV[3] and given_up.at or '0'}
