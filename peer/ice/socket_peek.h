// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Looks at what waits in a socket, mostly without taking it, for STUN messages of our own: libnice
// answers and swallows all STUN that reaches it, answers to requests that it did not send too, and
// has no way to hand them over.
//
// It searches rather than parses framing, so that it finds a message in a plain datagram, in TURN's
// ChannelData and Data indications, and in RFC 4571 frames on TCP, alike. What it finds is as
// hostile as any received byte: who wants it checks transaction and integrity.
#ifndef PAIRWIRE_PEER_ICE_SOCKET_PEEK_H_
#define PAIRWIRE_PEER_ICE_SOCKET_PEEK_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <functional>

#include "peer/udp/socket_address.h"

namespace pairwire::ice {

// Datagrams of one socket that are looked at in one go: what a burst of 10 ms leaves there.
inline constexpr std::size_t kMaxPeekedDatagrams = 256;
// Of one datagram; the rest is not seen.
inline constexpr std::size_t kMaxPeekedBytes = 16 * 1024;
// Of a stream: more than Linux lets one hold unless it is told to (net.ipv4.tcp_rmem, 6 MiB).
inline constexpr std::size_t kMaxPeekedStreamBytes = 8 * 1024 * 1024;

// Gets the bytes from a Binding message's first one to the end of what was seen, and the sender of
// the datagram that it begins; nobody's address for a message inside of something else. Returns
// whether it wants more.
using FoundStun = std::function<bool(ByteSpan bytes, const udp::SocketAddress& from)>;

// Calls `found` for each message. Does nothing for a descriptor that is no connected or bound
// internet socket. True: the first datagram was the answer after which `found` wants no more, and
// was taken from the socket: it is nothing to anyone else.
bool PeekStun(int fd, const FoundStun& found);

// Shows `wanted` the first datagram that waits in `fd`, an internet socket for datagrams, and takes
// it from the socket if the answer is true. Whether it was taken.
bool TakeDatagram(int fd, const std::function<bool(ByteSpan, const udp::SocketAddress&)>& wanted);

// The search alone. False: `found` wants no more.
bool FindStun(ByteSpan bytes, const std::function<bool(ByteSpan)>& found);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_SOCKET_PEEK_H_
