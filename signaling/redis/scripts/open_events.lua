-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- OpenEvents. ARGV: 2 session, 3 hash, 4 node, 5 after. OK ended, epoch, {id, type, data, ...},
-- snapshot | NOTFOUND

local s = session(ARGV[2], true)
if not s or s.room or s.hash ~= ARGV[3] then return {missing()} end
local after, found = tonumber(ARGV[5]), {}
for _, bytes in ipairs(redis.call('LRANGE', P .. 'log:' .. s.enc, 0, -1)) do
  local event = unpacked(bytes)
  if tonumber(event[1]) > after then
    for i = 1, 3 do found[#found + 1] = event[i] end
  end
end
local ended = s.state == 'ended'
if ended and #found == 0 then return {'NOTFOUND'} end

local epoch = redis.call('HINCRBY', s.key, 'watch_epoch', 1)
if not ended and s.watch_node ~= '' and s.watch_node ~= ARGV[4] then
  tell(s.watch_node, 'watch_moved', s.id, '', '', nil, '', 0, epoch)
end
redis.call('HSET', s.key, 'watch_node', ARGV[4])
return {'OK', ended and 1 or 0, epoch, found, snapshot(s)}
