// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Numbers of SCTP and of DataChannels, each with its source.
#ifndef PAIRWIRE_SCTP_TYPES_H_
#define PAIRWIRE_SCTP_TYPES_H_

#include <cstddef>
#include <cstdint>

namespace pairwire::sctp {

// RFC 9260 section 3.3.1. 65535 is not usable for channels (RFC 8832 section 6).
enum class StreamId : std::uint16_t {};
constexpr std::uint16_t ToInt(StreamId id) { return static_cast<std::uint16_t>(id); }

// RFC 8831 section 8, IANA's SCTP payload protocol identifiers.
enum class Ppid : std::uint32_t {
  kDcep = 50,
  kString = 51,
  kBinaryPartial = 52,  // message_parts.h
  kBinary = 53,
  kStringPartial = 54,
  kStringEmpty = 56,
  kBinaryEmpty = 57,
};

// RFC 8841 section 5: the port that everybody uses.
inline constexpr std::uint16_t kSctpPort = 5000;

// Streams of a new association: channels 0..127 of ours. Each stream costs about 104 bytes in
// usrsctp. Channels above grow the table (RFC 6525 section 5.1), but some ends never answer that
// request, and then those channels cannot be; so not fewer than anybody needs.
inline constexpr std::uint16_t kInitialStreams = 256;

// Of ends that are known to be ours and so known to answer. Fewer, for the memory of idle ones.
inline constexpr std::uint16_t kInitialStreamsOfOurs = 16;

// Packets that our sender sends at most at one time, of usrsctp's "max_burst". Told to the other
// end (a=x-pairwire), which may then acknowledge half as many at once.
inline constexpr std::uint16_t kMaxBurst = 32;

// Labels and protocols: their length has 16 bits in an OPEN (RFC 8832 section 5.1). What the other
// end may make us keep is less: ChannelMuxOptions::max_incoming_label.
inline constexpr std::size_t kMaxLabelLength = 65'535;

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_TYPES_H_
