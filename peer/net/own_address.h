// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whether an address belongs to this machine.
#ifndef PAIRWIRE_PEER_NET_OWN_ADDRESS_H_
#define PAIRWIRE_PEER_NET_OWN_ADDRESS_H_

#include <sys/socket.h>

namespace pairwire::net {

// True for loopback and for every address that a socket here can be bound to; the port does not
// matter. Link-local IPv6 needs its zone. Costs a socket: not for each packet.
bool IsOwnAddress(const sockaddr_storage& address);

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_OWN_ADDRESS_H_
