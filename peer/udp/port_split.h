// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One UDP port, two sockets: the kernel gives DTLS, RTP and RTCP (RFC 7983) to the second, the
// twin, and STUN, TURN and everything else to the first, whose owner never learns of it. A program
// of seven instructions (classic BPF, on a SO_REUSEPORT group) looks at the first byte of each
// datagram. No privilege is needed.
//
//   ShareUdpPort(first)  ->  group of one, with the program: the first socket gets everything
//   OpenTwin(first)      ->  group of two: split from the first datagram on
//   close(twin)          ->  group of one again
//
// That the program comes before the twin is what makes the change seamless: without it the kernel
// would deal out datagrams by a hash, STUN to the twin among them.
//
// The first socket must outlive the twin: the program names the sockets by their order, and the
// twin would become the first. The twin must never be connected: a connected socket gets all that
// comes from its peer, STUN too.
#ifndef PAIRWIRE_PEER_UDP_PORT_SPLIT_H_
#define PAIRWIRE_PEER_UDP_PORT_SPLIT_H_

#include <pairwire/result.h>

#include <cstdint>

namespace pairwire::udp {

// RFC 7983 section 7: DTLS 20..63, RTP and RTCP 128..191.
constexpr bool IsForTwin(std::uint8_t first_byte) {
  return (first_byte >= 20 && first_byte <= 63) || (first_byte >= 128 && first_byte <= 191);
}

// `fd`: a UDP socket that is bound to an address of this machine (not to any) and a port. Best
// before anybody knows that port: while this call runs, for a few microseconds, datagrams may be
// lost. kSystem: the kernel does not do it; `fd` then works as before.
Result<void> ShareUdpPort(int fd);

// After ShareUdpPort(fd), one at a time: a non-blocking socket on the same address and port that
// sends as `fd` does (IP_TOS, outgoing interface). The caller's to close. kSystem: no descriptor,
// or the port cannot be shared.
Result<int> OpenTwin(int fd);

}  // namespace pairwire::udp

#endif  // PAIRWIRE_PEER_UDP_PORT_SPLIT_H_
