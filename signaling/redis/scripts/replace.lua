-- Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
--
-- The rest of RegisterSession, on the shards that are not the session's own: ends what has one of its
-- meets there. ARGV: 2 session, 3 meets, 4 born. OK replaced

return {'OK', replace(ARGV[3], ARGV[2], tonumber(ARGV[4])), sizes()}
