// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DirectPath: the selected pair when it is a direct one over UDP, as sockets see it.
#ifndef PAIRWIRE_PEER_ICE_DIRECT_PATH_H_
#define PAIRWIRE_PEER_ICE_DIRECT_PATH_H_

#include "peer/udp/socket_address.h"

namespace pairwire::ice {

struct DirectPath {
  int fd = -1;  // libnice's socket, whose port is shared (peer/udp/port_split.h)
  udp::SocketAddress remote;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_DIRECT_PATH_H_
