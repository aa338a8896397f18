// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CRC32c (Castagnoli), the checksum of SCTP packets (RFC 9260 appendix A), with the processor's own
// instruction where it has one. usrsctp's table version costs ten times as much per packet.
//
// Not here: checking received packets. They come out of DTLS, whose authentication is stronger (RFC
// 8261).
#ifndef PAIRWIRE_SCTP_CRC32C_H_
#define PAIRWIRE_SCTP_CRC32C_H_

#include <pairwire/bytes.h>

#include <cstdint>
#include <span>

namespace pairwire::sctp {

// The CRC of `data`; "123456789" gives 0xE3069283. Any thread.
std::uint32_t Crc32c(ByteSpan data);

// The same from a table, on every processor: the fallback, and what tests compare with.
std::uint32_t Crc32cByTable(ByteSpan data);

// Fills in the checksum of one SCTP packet: the four bytes at offset 8, computed as if they were
// zero, stored with the least significant byte first. Does nothing when the packet has no whole
// header.
void SetSctpChecksum(std::span<std::uint8_t> packet);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CRC32C_H_
