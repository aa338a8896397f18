// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The blocks of a pcapng file (draft-ietf-opsawg-pcapng section 4) that we write, and the IP and
// UDP headers inside them (RFC 791, RFC 8200, RFC 768). Bytes only; no file.
#ifndef PAIRWIRE_PEER_CAPTURE_PCAPNG_H_
#define PAIRWIRE_PEER_CAPTURE_PCAPNG_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "peer/capture/capture_writer.h"

namespace pairwire::capture {

// What fits a UDP packet over IPv4: 65,535 less the two headers. The same bound for IPv6.
inline constexpr std::size_t kMaxPayload = 65'507;

// What a file begins with: section header and one interface of LINKTYPE_RAW, with microseconds.
Bytes FileStart();
// An Enhanced Packet Block. `payload` is at most kMaxPayload.
Bytes PacketBlock(std::chrono::system_clock::time_point time, Direction direction,
                  const Address& local, const Address& remote, ByteSpan payload);
// A Decryption Secrets Block with one line of TLS key log.
Bytes SecretsBlock(std::string_view line);

}  // namespace pairwire::capture

#endif  // PAIRWIRE_PEER_CAPTURE_PCAPNG_H_
