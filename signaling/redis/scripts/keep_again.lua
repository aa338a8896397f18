-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- What a node had the store keep for a member that was away, after the store has lost it: the tail
-- of the socket that left, or a text. ARGV: 2 session, 3 member, 4 epoch of the member then, 5 its
-- socket left ("1"), 6 window, 7 unused resume hashes, 8 which time this was, then id, text, ...
-- OK done (0: it needs nothing)

local s = session(ARGV[2])
local m = s and member(s, ARGV[3])
if not m then return {'OK', 0} end
local epoch, left = tonumber(ARGV[4]), ARGV[5] == '1'
-- A later join was there before the loss, and was given them.
local restored = tonumber(m.restored) or m.epoch
if epoch < restored then return {'OK', 0} end
-- A node whose answer was lost brings it again.
local brought = P .. 'brought:' .. s.enc .. ':' .. m.enc
if redis.call('SADD', brought, ARGV[8]) == 0 then return {'OK', 0} end
redis.call('PEXPIRE', brought, LIMITS.given_for)

local list = {}
for i = 9, #ARGV - 1, 2 do list[#list + 1] = {ARGV[i], ARGV[i + 1]} end
if epoch < m.epoch then
  -- It came back before this node did. Its client knows the old numbers no more.
  for _, one in ipairs(list) do
    local text = one[2]
    if one[1] ~= '' then text = '{' .. string.sub(text, #one[1] + 10) end
    notify(s, m, text)
  end
  return {'OK', 1}
end
-- Some other node brought an older state: that it is still there.
if m.node ~= '' and (left or epoch > m.epoch) then
  leave(s, m, tonumber(ARGV[6]) + 2 * LIMITS.claim_after, {}, ARGV[7])
end
if epoch > m.epoch then redis.call('HSET', m.key, 'epoch', int(epoch), 'restored', int(epoch)) end
if left then
  -- In front of what came after it.
  local key = P .. 'kept:' .. s.enc .. ':' .. m.enc
  for _, one in ipairs(texts(key)) do list[#list + 1] = one end
  redis.call('DEL', key)
  m.kept_bytes = 0
end
for _, one in ipairs(list) do keep(s, m, one[1], one[2]) end
renew(s, m)
return {'OK', 1}
