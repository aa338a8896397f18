// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An ICE candidate line as text (RFC 8839 section 5.1, RFC 6544 section 4.5 for TCP): parse it,
// judge whether this end can use it, print it.
//
// Pure: no socket, no libnice. Lines come from the other peer through signalling, so everything in
// them is hostile until it went through here.
#ifndef PAIRWIRE_PEER_ICE_CANDIDATE_H_
#define PAIRWIRE_PEER_ICE_CANDIDATE_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pairwire::ice {

// The longest line we read. A line with two IPv6 addresses and what browsers append has about 200
// bytes.
inline constexpr std::size_t kMaxCandidateLine = 512;

enum class CandidateTransport { kUdp, kTcp, kOther };
enum class CandidateType { kHost, kServerReflexive, kPeerReflexive, kRelayed, kOther };
enum class TcpType { kNone, kActive, kPassive, kSimultaneousOpen, kOther };

struct Candidate {
  std::string foundation;       // 1..32 ice-char
  std::uint16_t component = 1;  // 1..256
  CandidateTransport transport = CandidateTransport::kUdp;
  std::string transport_name = "UDP";  // as written; matters for kOther
  std::uint32_t priority = 0;
  std::string address;  // IP literal or name, as written
  std::uint16_t port = 0;
  CandidateType type = CandidateType::kHost;
  std::string type_name = "host";  // as written; matters for kOther
  std::optional<std::string> related_address;
  std::optional<std::uint16_t> related_port;
  TcpType tcp_type = TcpType::kNone;
  // Everything else after the type ("generation 0", "network-id 1", …), in order, unknown ones
  // included.
  std::vector<std::pair<std::string, std::string>> extensions;

  bool operator==(const Candidate&) const = default;
};

// Why a well-formed candidate is of no use to us. All but kUsable are ignored without an error, as
// RFC 8839 section 5.1 asks for what an agent does not understand.
enum class Usability {
  kUsable,
  kOtherComponent,    // only component 1 exists: RTCP is multiplexed (RFC 5761)
  kUnknownTransport,  // neither UDP nor TCP
  kTcpType,           // TCP without tcptype, or one that is neither active nor passive
  kUnknownType,       // not host, srflx or relay; prflx is never signalled (RFC 8445 section 5.3)
  kName,              // a domain name: never resolved, the other peer would choose whom we ask
  kMdnsName,          // "….local": not resolved; that peer's own checks still reach us
  kPriority,          // outside 1..2^31-1 (RFC 8445 section 5.1.2); libnice 0.1.21 would accept 0
  kPort,              // 0, except that an active TCP candidate has no port (it writes 9 or 0)
  kMulticast,         // multicast or broadcast: we would send checks to a crowd
  kUnspecified,       // 0.0.0.0/8 or ::, which reach the machine itself
  kMappedAddress,     // IPv4-mapped IPv6 (RFC 8445 section 5.1.1.1)
  kZone,              // an IPv6 zone means something only on the machine that wrote it
};
std::string_view ToString(Usability usability);

// `line` with or without "a=", surrounding blanks and line ends ignored. kParseError: not a
// candidate line; kLimitExceeded: longer than kMaxCandidateLine. The detail never repeats the line.
Result<Candidate> ParseCandidate(std::string_view line);

Usability Judge(const Candidate& candidate);

// "candidate:…" without "a=" and without a blank at the end; parses back to the same value.
std::string ToString(const Candidate& candidate);

// The same as libnice's parser wants it: "a=candidate:…", capital transport, no extension, and no
// related address that it could stumble over (it refuses the whole line when raddr is a name).
// `candidate` must be usable.
std::string ToLibniceLine(const Candidate& candidate);

// RFC 8839 section 5.4: ice-char = ALPHA / DIGIT / "+" / "/".
bool IsIceChars(std::string_view text);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_CANDIDATE_H_
