-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- ClaimDue. ARGV: 2 limit, then nodes. OK expired, departed, ended, nodes, more, {the last number in
-- each node's inbox, as text}, sizes

-- Between two sweeps more than this says that Redis was away: living nodes could not renew their
-- leases, nor clients come back to one. Then both get so long before they are given up.
local MISSED_SWEEPS = 1500
local GRACE = 5000
-- For a node that was cut off.
local GIVEN_UP_KNOWN = 3600000

local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local swept = tonumber(redis.call('GET', P .. 'swept'))
redis.call('SET', P .. 'swept', clock, 'PX', SHARED_TTL)
if swept and clock - swept > MISSED_SWEEPS then
  redis.call('SET', P .. 'grace', '', 'PX', GRACE)
end
local in_grace = redis.call('EXISTS', P .. 'grace') == 1

local function session_due(s)
  if s.state == 'ended' then return forget(s) end
  unschedule(s)
  -- With controllers in it only the code ends; the rest lives on.
  s.places = 0
  redis.call('HSET', s.key, 'places', 0)
  release_code(s)
  local all = members(s)
  if #all > 1 then
    note('code_expired', s)
    return renew(s)
  end
  report.expired = report.expired + 1
  finish(s, all, LIMITS.expired, LIMITS.expired_data)
end

-- Those of a run of a node that is over leave; false: some are left.
-- `run`: which, should it live after all: then it has to know.
local function clear_node(node, key, run)
  while records_read < READ_AT_ONCE do
    local entry = redis.call('SPOP', key)
    if not entry then return true end
    records_read = records_read + 1
    if run then
      local given_up = P .. 'given_up:' .. enc(node)
      redis.call('HSET', given_up, 'run', run, 'at', int(now))
      redis.call('PEXPIRE', given_up, GIVEN_UP_KNOWN)
      run = nil
    end
    local sid, mid, epoch = string.match(entry, '^([^:]*):([^:]*):(%d+)$')
    local s = session(dec(sid))
    local m = s and member(s, dec(mid))
    if m and m.node == node and m.epoch == tonumber(epoch) then
      -- What the node may have had for it is kept again.
      leave(s, m, DEAD_WINDOW, given_to(s, m))
    end
  end
  return redis.call('SCARD', key) == 0
end

local function node_due(what)
  local kind, e, run = string.match(what, '^([nr]):([^:]*):?(.*)$')
  local node = P .. 'node:' .. e
  if kind == 'r' then
    -- An earlier run under this name.
    if not clear_node(dec(e), node .. ':members:' .. run) then due_at(what, now) end
    return
  end
  local till = tonumber(redis.call('HGET', node, 'until'))
  if till and till > now then return due_at(what, till) end
  local run = redis.call('HGET', node, 'incarnation') or ''
  if not clear_node(dec(e), node .. ':members', run) then return due_at(what, now) end
  redis.call('DEL', node, P .. 'inbox:' .. e, P .. 'inbox:' .. e .. ':n')
  if redis.call('HDEL', P .. 'nodes', dec(e)) == 1 then
    report.nodes = report.nodes + 1
    note('node_down', nil, nil, dec(e))
  end
end

purge_codes()
for _, name in ipairs({'waiting', 'paired', 'ended'}) do
  redis.call('ZREMRANGEBYSCORE', P .. 'sessions:' .. name, '-inf', now - 600000)
end
local limit = tonumber(ARGV[2])
for _, what in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, limit)) do
  if records_read >= READ_AT_ONCE then break end
  records_read = records_read + 1
  -- One that an earlier one of this run took away is not done.
  if redis.call('ZREM', P .. 'due', what) == 1 then
    local kind, sid, mid = string.match(what, '^(.):([^:]*):?(.*)$')
    if in_grace and kind ~= 's' then
      due_at(what, now + 500)
    elseif kind == 'n' or kind == 'r' then
      node_due(what)
    else
      local s = session(dec(sid), true)
      local holder = s
      if s and kind == 'm' then holder = member(s, dec(mid)) end
      if holder and holder.due then
        if holder.due > now then
          due_at(what, holder.due)
        elseif kind == 's' then
          session_due(s)
        else
          depart(s, holder, s.room and {} or members(s))
        end
      end
    end
  end
end
local more = #redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, 1)
local inboxes = {}
for i = 3, #ARGV do
  inboxes[i - 2] = redis.call('GET', P .. 'inbox:' .. enc(ARGV[i]) .. ':n') or '0'
end
return {'OK', report.expired, report.departed, report.ended, report.nodes, more, inboxes, sizes()}
