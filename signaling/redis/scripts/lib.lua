-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- What all steps share; it stands in front of each of them (scripts.cc), after the bounds (LIMITS).
--
--   KEYS[1]  the shard's prefix: all its keys begin with it and so have its slot
--   ARGV[1]  the caller's time in milliseconds (tests), or "": the server's own
--
-- A script that fails half-way is not undone, so each checks everything before it writes. What
-- clients sent comes as ARGV and goes into keys encoded. Answers: {status, ...}; "OK" or a
-- StoreError. Numbers of more than 14 digits are never joined to strings but by `int`.

local P = KEYS[1]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Shared keys live on as long as somebody writes; those of a session have terms of their own.
local SHARED_TTL = 2 * 86400 * 1000
-- Records of members that one call reads for due work before it leaves the rest to the next, so that
-- none holds up the server for long: some four members of pairs that leave.
local READ_AT_ONCE = 12
local records_read = 0
-- The window of a member whose node died: its client may be on its way to another node.
local DEAD_WINDOW = 5000

local function int(number) return string.format('%.0f', number) end

local function enc(id)
  return (string.gsub(id, '[^%w_.~-]', function(c)
    return string.format('%%%02X', string.byte(c))
  end))
end

local function dec(id)
  return (string.gsub(id, '%%(%x%x)', function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Netstrings without the comma: "3:abc0:".
local function pack(...)
  local parts = {}
  for i = 1, select('#', ...) do
    local part = tostring((select(i, ...)))
    parts[i] = #part .. ':' .. part
  end
  return table.concat(parts)
end

local function unpacked(bytes)
  local parts, at = {}, 1
  while at <= #bytes do
    local colon = string.find(bytes, ':', at, true)
    local length = tonumber(string.sub(bytes, at, colon - 1))
    parts[#parts + 1] = string.sub(bytes, colon + 1, colon + length)
    at = colon + 1 + length
  end
  return parts
end

local function getall(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

-- ---- Records ----

local function restoring() return redis.call('EXISTS', P .. 'restoring') == 1 end

-- The status of a step that does not find what it needs. While nodes bring back what Redis lost,
-- nothing can be said to be gone.
local function missing() return restoring() and 'UNAVAILABLE' or 'NOTFOUND' end

local function session(id, ended_too)
  local e = enc(id)
  local s = getall(P .. 'session:' .. e)
  if not s or (s.state == 'ended' and not ended_too) then return nil end
  s.id, s.enc, s.key = id, e, P .. 'session:' .. e
  s.places = tonumber(s.places)
  s.due = tonumber(s.due)
  return s
end

local function member(s, id)
  local e = enc(id)
  local key = P .. 'member:' .. s.enc .. ':' .. e
  local m = getall(key)
  if not m then return nil end
  m.id, m.enc, m.key = id, e, key
  m.epoch = tonumber(m.epoch)
  m.due = tonumber(m.due)
  return m
end

-- Of a session, in the order of their coming: a display is first.
local function members(s)
  local all = {}
  records_read = records_read + 1
  for _, id in ipairs(redis.call('LRANGE', P .. 'members:' .. s.enc, 0, -1)) do
    all[#all + 1] = member(s, id)
    records_read = records_read + 1
  end
  return all
end

-- A room may be large, so it is not read member by member: one hash says of each who and where it
-- is (fields.h). Empty node: without a socket now.
local function seats(s) return P .. 'room:' .. s.enc .. ':seats' end

local function seat(m, node) return pack(node, int(m.epoch), m.id, m.role, m.name) end

local function counterparts(s, a, b)
  if s.room then return a.id ~= b.id end
  return a.role ~= b.role
end

-- What restore.lua needs of a session, as one string. With `only`: of that member alone; of a room,
-- which may be large and changes often, each node brings its own.
local function snapshot(s, only)
  local parts = {pack(unpack(redis.call('HGETALL', s.key))),
                 pack(unpack(redis.call('LRANGE', P .. 'log:' .. s.enc, 0, -1)))}
  for _, id in ipairs(only and {only} or redis.call('LRANGE', P .. 'members:' .. s.enc, 0, -1)) do
    local key = P .. 'member:' .. s.enc .. ':' .. enc(id)
    parts[#parts + 1] = id
    parts[#parts + 1] = pack(unpack(redis.call('HGETALL', key)))
  end
  return pack(unpack(parts))
end

-- How long the records of a session stay when nobody sees to them: well past its due time, and past
-- many signs of life.
local function safety(s)
  return math.max(300000, (s.due or now) - now + 120000)
end

local function renew(s, m)
  local ttl = safety(s)
  redis.call('PEXPIRE', s.key, ttl)
  redis.call('PEXPIRE', P .. 'members:' .. s.enc, ttl)
  redis.call('PEXPIRE', P .. 'log:' .. s.enc, ttl)
  if s.room then
    redis.call('PEXPIRE', seats(s), ttl)
    redis.call('PEXPIRE', P .. 'room:' .. s.enc .. ':nodes', ttl)
  end
  if not m then return end
  redis.call('PEXPIRE', m.key, ttl)
  redis.call('PEXPIRE', P .. 'kept:' .. s.enc .. ':' .. m.enc, ttl)
end

-- Which of the three counted sets a session is in.
local function class(s, name)
  for _, other in ipairs({'waiting', 'paired', 'ended'}) do
    if other ~= name then redis.call('ZREM', P .. 'sessions:' .. other, s.enc) end
  end
  if not name then return end
  local key = P .. 'sessions:' .. name
  redis.call('ZADD', key, now + safety(s), s.enc)
  redis.call('PEXPIRE', key, SHARED_TTL)
end

local function sizes()
  return {redis.call('ZCARD', P .. 'sessions:waiting'), redis.call('ZCARD', P .. 'sessions:paired'),
          redis.call('ZCARD', P .. 'sessions:ended'), redis.call('ZCARD', P .. 'resting'),
          redis.call('ZCARD', P .. 'due'), redis.call('ZCARD', P .. 'meets')}
end

local function is_full()
  local count = sizes()
  return count[1] + count[2] + count[3] >= LIMITS.max_sessions
end

-- ---- Due times: the set finds them, the record's own field decides ----

local function due_at(what, at)
  redis.call('ZADD', P .. 'due', at, what)
  redis.call('PEXPIRE', P .. 'due', SHARED_TTL)
end

local function schedule(s, m, at)
  (m or s).due = at
  redis.call('HSET', (m or s).key, 'due', at)
  if m then return due_at('m:' .. s.enc .. ':' .. m.enc, at) end
  due_at('s:' .. s.enc, at)
  -- Its end is the early hint: an expired event.
  redis.call('SET', P .. 'expire:' .. s.enc, '', 'PX', math.max(1, at - now))
end

local function unschedule(s, m)
  if not (m or s).due then return end
  (m or s).due = nil
  redis.call('HDEL', (m or s).key, 'due')
  if m then
    redis.call('ZREM', P .. 'due', 'm:' .. s.enc .. ':' .. m.enc)
  else
    redis.call('ZREM', P .. 'due', 's:' .. s.enc)
    redis.call('DEL', P .. 'expire:' .. s.enc)
  end
end

-- ---- What others hear ----

-- One entry of the event log (event_log.h): no code, token, text, name or address.
local function note(kind, s, m, node, reason)
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', LIMITS.max_events, '*', 'at', now, 'type', kind,
             'session', s and s.id or '', 'member', m and m.id or '', 'role', m and m.role or '',
             'node', node or '', 'reason', reason or '')
  redis.call('PEXPIRE', P .. 'events', LIMITS.events_ttl)
end

-- A NodeMessage into the node's inbox, and on its channel. Numbers have no gap while the counter
-- lives, and begin beyond all that were there before when it is new.
local function tell(node, kind, sid, mid, text, event, place_node, place_epoch, epoch)
  local inbox = P .. 'inbox:' .. enc(node)
  local number = redis.call('INCR', inbox .. ':n')
  if number == 1 then
    local time = redis.call('TIME')
    number = time[1] * 1000000 + time[2]
    redis.call('SET', inbox .. ':n', int(number))
  end
  redis.call('PEXPIRE', inbox .. ':n', SHARED_TTL)
  event = event or {'', '', ''}
  local message = pack(kind, sid, mid, text, event[1], event[2], event[3], place_node, place_epoch,
                       epoch)
  redis.call('XADD', inbox, 'MAXLEN', '~', LIMITS.max_inbox, int(number) .. '-0', 'm', message)
  redis.call('PEXPIRE', inbox, LIMITS.inbox_ttl)
  redis.call('PUBLISH', LIMITS.base .. 'channel:inbox:' .. enc(node),
             pack(P, int(number)) .. message)
end

local function tell_event(node, kind, s, mid, event)
  tell(node, kind, s.id, mid, '', event, '', 0, 0)
end

-- Distinct nodes in the order of `list`.
local function each_node(list, call)
  local seen = {['']=true}
  for _, node in ipairs(list) do
    if not seen[node] then
      seen[node] = true
      call(node)
    end
  end
end

-- On the channel of the session or room: types and ids only (core/relay_rooms.cc).
local function announce(s, kind, data)
  redis.call('PUBLISH', LIMITS.base .. 'channel:room:' .. s.enc,
             '{"type":"' .. kind .. '","data":' .. data .. '}')
end

local function announce_member(s, m, kind)
  announce(s, kind, '{"memberId":' .. cjson.encode(m.id) .. ',"role":"' .. m.role .. '"}')
end

-- Of the display's own log.
local function log_event(s, kind, data)
  s.last_event = (tonumber(s.last_event) or 0) + 1
  redis.call('HSET', s.key, 'last_event', s.last_event)
  local event = {tostring(s.last_event), kind, data}
  local key = P .. 'log:' .. s.enc
  redis.call('RPUSH', key, pack(event[1], event[2], event[3]))
  redis.call('LTRIM', key, -LIMITS.max_logged, -1)
  redis.call('PEXPIRE', key, safety(s))
  return event
end

-- False: too much is kept already.
local function keep(s, m, id, text)
  local key = P .. 'kept:' .. s.enc .. ':' .. m.enc
  local bytes = tonumber(m.kept_bytes) or 0
  if redis.call('LLEN', key) >= LIMITS.max_kept or bytes + #text > LIMITS.max_kept_bytes then
    return false
  end
  m.kept_bytes = bytes + #text
  redis.call('HSET', m.key, 'kept_bytes', m.kept_bytes)
  redis.call('RPUSH', key, pack(id, text))
  redis.call('PEXPIRE', key, safety(s))
  return true
end

-- The texts of a list of packed ones, as {id, text}.
local function texts(key)
  local found = {}
  for i, bytes in ipairs(redis.call('LRANGE', key, 0, -1)) do found[i] = unpacked(bytes) end
  return found
end

local function notify(s, m, text)
  if m.node == '' then return keep(s, m, '', text) end
  tell(m.node, 'deliver', s.id, m.id, text, nil, m.node, m.epoch, m.epoch)
  return true
end

-- To all of a room whose seats these are: one message for each node. A user who is away is told who
-- is there when it comes back.
local function tell_seats(s, all, text)
  local nodes, there = {}, {}
  for _, bytes in ipairs(all) do
    local colon = string.find(bytes, ':', 1, true)
    local node = string.sub(bytes, colon + 1, colon + tonumber(string.sub(bytes, 1, colon - 1)))
    if there[node] then
      there[node][#there[node] + 1] = bytes
    elseif node ~= '' then
      nodes[#nodes + 1] = node
      there[node] = {bytes}
    end
  end
  for _, node in ipairs(nodes) do
    tell(node, 'deliver_each', s.id, table.concat(there[node]), text, nil, '', 0, 0)
  end
end

-- ---- Places ----

-- `all`: the members; not needed of a room.
local function tell_placed(s, m, all)
  local nodes = {}
  if s.room then
    local counts = redis.call('HGETALL', P .. 'room:' .. s.enc .. ':nodes')
    for i = 1, #counts, 2 do
      local alone = counts[i] == m.node and counts[i + 1] == '1'
      if not alone then nodes[#nodes + 1] = counts[i] end
    end
  else
    for _, other in ipairs(all) do
      if counterparts(s, m, other) then nodes[#nodes + 1] = other.node end
    end
  end
  each_node(nodes, function(node)
    tell(node, 'placed', s.id, m.id, '', nil, m.node, m.epoch, m.epoch)
  end)
end

local function at_node(s, m) return s.enc .. ':' .. m.enc .. ':' .. int(m.epoch) end

local function enter_node(s, m)
  local key = P .. 'node:' .. enc(m.node) .. ':members'
  redis.call('SADD', key, at_node(s, m))
  redis.call('PEXPIRE', key, SHARED_TTL)
  local nodes = P .. 'room:' .. s.enc .. ':nodes'
  redis.call('HINCRBY', nodes, m.node, 1)
  redis.call('PEXPIRE', nodes, SHARED_TTL)
  if s.room then redis.call('HSET', seats(s), m.id, seat(m, m.node)) end
  redis.call('SET', P .. 'user:' .. m.enc .. ':node', m.node, 'PX', 300000)
  redis.call('SET', P .. 'presence:' .. s.enc .. ':' .. m.enc, m.node, 'PX', 30000)
  redis.call('DEL', P .. 'disconnecting:' .. m.enc)
end

local function leave_node(s, m)
  if m.node == '' then return end
  redis.call('SREM', P .. 'node:' .. enc(m.node) .. ':members', at_node(s, m))
  local nodes = P .. 'room:' .. s.enc .. ':nodes'
  if redis.call('HINCRBY', nodes, m.node, -1) <= 0 then redis.call('HDEL', nodes, m.node) end
  if s.room then redis.call('HSET', seats(s), m.id, seat(m, '')) end
  redis.call('DEL', P .. 'user:' .. m.enc .. ':node', P .. 'presence:' .. s.enc .. ':' .. m.enc)
end

local function drop_member(s, m)
  unschedule(s, m)
  leave_node(s, m)
  if s.room then redis.call('HDEL', seats(s), m.id) end
  redis.call('LREM', P .. 'members:' .. s.enc, 1, m.id)
  redis.call('DEL', m.key, P .. 'kept:' .. s.enc .. ':' .. m.enc,
             P .. 'given:' .. s.enc .. ':' .. m.enc, P .. 'brought:' .. s.enc .. ':' .. m.enc,
             P .. 'disconnecting:' .. m.enc)
end

-- ---- Codes ----

local CODE_LENGTHS = {4, 5, 6, 9}

local function set_code(code, value, rest)
  local key = P .. 'codes:' .. #code
  redis.call('SET', P .. 'code:' .. code, value, 'PX', rest)
  redis.call('ZADD', key, now + rest, code)
  redis.call('PEXPIRE', key, SHARED_TTL)
end

-- ---- Meets: hashes in hex, 64 digits each, one behind the other in the session's record ----

local function each_meet(meets, call)
  for i = 1, #meets, 64 do call(string.sub(meets, i, i + 63), (i - 1) / 64) end
end

local function set_meet(meet, id, ttl)
  redis.call('SET', P .. 'meet:' .. meet, id, 'PX', ttl)
  redis.call('ZADD', P .. 'meets', now + ttl, meet)
  redis.call('PEXPIRE', P .. 'meets', SHARED_TTL)
end

-- Those that are another session's by now stay that one's.
local function release_meets(s)
  if (s.meets or '') == '' then return end
  each_meet(s.meets, function(meet)
    if redis.call('GET', P .. 'meet:' .. meet) ~= s.id then return end
    redis.call('DEL', P .. 'meet:' .. meet)
    redis.call('ZREM', P .. 'meets', meet)
  end)
  s.meets = ''
  redis.call('HSET', s.key, 'meets', '')
end

-- ---- Codes again ----

-- Its meets as well.
local function release_code(s)
  release_meets(s)
  if s.code == '' then return end
  set_code(s.code, '', LIMITS.code_rest)
  redis.call('ZADD', P .. 'resting', now + LIMITS.code_rest, s.code)
  redis.call('PEXPIRE', P .. 'resting', SHARED_TTL)
  s.code = ''
  redis.call('HSET', s.key, 'code', '')
end

-- Forgets codes that rested long enough, and meets that nobody released, some at a time.
local function purge_codes()
  for _, meet in ipairs(redis.call('ZRANGEBYSCORE', P .. 'meets', '-inf', now, 'LIMIT', 0, 128)) do
    redis.call('ZREM', P .. 'meets', meet)
    redis.call('DEL', P .. 'meet:' .. meet)
  end
  for _, length in ipairs(CODE_LENGTHS) do
    local key = P .. 'codes:' .. length
    for _, code in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, 128)) do
      redis.call('ZREM', key, code)
      redis.call('ZREM', P .. 'resting', code)
      redis.call('DEL', P .. 'code:' .. code)
    end
  end
end

-- ---- Ends ----

local report = {expired = 0, departed = 0, ended = 0, nodes = 0}

local function forget(s)
  unschedule(s)
  class(s, nil)
  redis.call('DEL', s.key, P .. 'members:' .. s.enc, P .. 'log:' .. s.enc,
             P .. 'room:' .. s.enc .. ':nodes', seats(s))
end

-- Only what a poll after the end needs stays: the hash and the log.
local function finish(s, all, reason, data)
  release_code(s)
  local event = log_event(s, 'session:terminated', data)
  local nodes = {s.watch_node}
  for _, m in ipairs(all) do nodes[#nodes + 1] = m.node end
  each_node(nodes, function(node) tell_event(node, 'ended', s, '', event) end)
  note('session_ended', s, nil, '', reason)
  announce(s, 'session:terminated', data)
  for _, m in ipairs(all) do drop_member(s, m) end
  unschedule(s)
  redis.call('DEL', s.key, P .. 'members:' .. s.enc, P .. 'room:' .. s.enc .. ':nodes')
  redis.call('HSET', s.key, 'state', 'ended', 'hash', s.hash, 'last_event', s.last_event,
             'watch_node', s.watch_node, 'watch_epoch', s.watch_epoch)
  schedule(s, nil, now + LIMITS.ended_linger)
  renew(s)
  class(s, 'ended')
end

-- Ends the sessions that have one of the meets, but not `id`, and none that is younger than it, born
-- at `born`. How many.
local function replace(meets, id, born)
  local replaced = 0
  each_meet(meets, function(meet)
    local holder = redis.call('GET', P .. 'meet:' .. meet)
    local s = holder and holder ~= id and session(holder)
    if not s then return end
    local age = tonumber(s.born) or 0
    if age > born or (age == born and s.id > id) then return end
    finish(s, members(s), LIMITS.replaced, LIMITS.replaced_data)
    replaced = replaced + 1
  end)
  return replaced
end

local function depart_room(s, m)
  drop_member(s, m)
  if m.left ~= '' then
    local others = redis.call('HVALS', seats(s))
    -- Some thirty cost as much as a record.
    records_read = records_read + #others / 32
    tell_seats(s, others, m.left)
  end
  if redis.call('LLEN', P .. 'members:' .. s.enc) > 0 then return end
  note('room_closed', s)
  forget(s)
end

-- For good. `all`: the members, this one too; not needed of a room.
local function depart(s, m, all)
  report.departed = report.departed + 1
  note('member_left', s, m)
  if m.announced == '1' then announce_member(s, m, 'user_left') end
  if s.room then return depart_room(s, m) end
  local never_came = m.epoch == 0
  unschedule(s, m)
  local others = {}
  for _, other in ipairs(all) do
    if other.id ~= m.id then
      others[#others + 1] = other
      if counterparts(s, m, other) and m.left ~= '' then notify(s, other, m.left) end
    end
  end
  if m.role ~= 'display' then
    drop_member(s, m)
    if #others > 1 or s.places > 0 then return end
    all = others
  end
  local kind = never_came and 'expired' or 'ended'
  report[kind] = report[kind] + 1
  if never_came then return finish(s, all, LIMITS.expired, LIMITS.expired_data) end
  finish(s, all, LIMITS.user_left, LIMITS.user_left_data)
end

-- What the newest join was given, if that was lately: its client may never have received it. Texts,
-- resume hashes.
local function given_to(s, m)
  if now >= (tonumber(m.given_until) or 0) then return {}, '' end
  return texts(P .. 'given:' .. s.enc .. ':' .. m.enc), m.given_hashes or ''
end

-- The socket is gone. `tail`: {id, text}, oldest first.
local function leave(s, m, window, tail, unused)
  if m.node == '' then return end
  note('member_disconnecting', s, m, m.node)
  leave_node(s, m)
  local all = s.room and {} or members(s)
  for i, other in ipairs(all) do
    if other.id == m.id then all[i] = m end
  end
  m.node = ''
  redis.call('HSET', m.key, 'node', '', 'unused', string.sub(unused, 1, LIMITS.max_unused))
  redis.call('HDEL', m.key, 'given_hashes')
  redis.call('DEL', P .. 'given:' .. s.enc .. ':' .. m.enc)
  tell_placed(s, m, all)
  -- The newest of the tail are those that the client is most likely to lack.
  local first, bytes = #tail + 1, 0
  while first > 1 and #tail - first + 1 < LIMITS.max_kept do
    bytes = bytes + #tail[first - 1][2]
    if bytes > LIMITS.max_kept_bytes then break end
    first = first - 1
  end
  for i = first, #tail do keep(s, m, tail[i][1], tail[i][2]) end
  if s.state == 'waiting' then
    redis.call('HSET', m.key, 'announced', '')
  elseif window == 0 then
    return depart(s, m, all)
  else
    redis.call('SET', P .. 'disconnecting:' .. m.enc, s.id, 'PX', window)
    schedule(s, m, now + window)
  end
  renew(s, m)
end
