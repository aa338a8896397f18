// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairwire-relay check --redis URL`: whether Redis is as a relay of several nodes needs it: which
// servers there are (one, what Sentinels name, the masters of a Cluster), and each of them
// (redis_server_check.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_REDIS_CHECK_H_
#define PAIRWIRE_SIGNALING_SERVER_REDIS_CHECK_H_

#include <vector>

#include "signaling/server/check_command.h"
#include "signaling/server/config.h"
#include "signaling/server/redis_server_check.h"

namespace pairwire::server {

// `config.redis` must be set. Takes as long as what is not reached needs for that: some seconds.
std::vector<Finding> CheckRedis(const ServerConfig& config, const WallClock& now);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_REDIS_CHECK_H_
