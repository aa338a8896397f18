// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkAccess: how peer/session reaches the loop behind a Network, so that signalling and peers
// of one Network share one thread.
#ifndef PAIRWIRE_PEER_CONNECTION_NETWORK_ACCESS_H_
#define PAIRWIRE_PEER_CONNECTION_NETWORK_ACCESS_H_

#include <pairwire/network.h>

#include <memory>

#include "peer/base/asio_loop.h"
#include "peer/connection/loop_link.h"

namespace pairwire {

class NetworkAccess {
 public:
  // Valid as long as the Network.
  static AsioLoop& LoopOf(Network& network);
  // For handles that may outlive the Network.
  static std::shared_ptr<LoopLink> LinkOf(Network& network);
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NETWORK_ACCESS_H_
