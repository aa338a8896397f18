// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The packets that probe a path for their size: a HEARTBEAT (RFC 9260 section 3.3.5) with a PAD
// chunk (RFC 4820) behind it, as RFC 8899 section 6.1 has it. Made by us, for usrsctp 0.9.5 has
// none; answered by the other end's SCTP with a small HEARTBEAT ACK. When to send them: path_mtu.h.
#ifndef PAIRWIRE_SCTP_PATH_PROBE_H_
#define PAIRWIRE_SCTP_PATH_PROBE_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pairwire::sctp {

// The smallest `size` of MakePathProbe: without a PAD chunk.
inline constexpr std::size_t kLeastPathProbe = 32;

// A probe of `size` bytes, a multiple of four, with its checksum.
Bytes MakePathProbe(std::uint16_t source_port, std::uint16_t destination_port,
                    std::uint32_t verification_tag, std::uint32_t id, std::size_t size);

// The id of the probe that a received packet answers. The answer may share a packet with other
// chunks; usrsctp drops it, because its length is not that of usrsctp's own.
std::optional<std::uint32_t> AnsweredPathProbe(ByteSpan packet);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PATH_PROBE_H_
