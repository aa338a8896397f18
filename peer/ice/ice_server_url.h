// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The urls of STUN and TURN servers as an application configures them (RFC 7064, RFC 7065):
// "stun:host[:port]", "turn:host[:port][?transport=udp|tcp]", "turns:…". Pure; no name is resolved.
#ifndef PAIRWIRE_PEER_ICE_ICE_SERVER_URL_H_
#define PAIRWIRE_PEER_ICE_ICE_SERVER_URL_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pairwire::ice {

inline constexpr std::size_t kMaxIceServerUrl = 512;

enum class ServerScheme { kStun, kTurn, kTurns };
enum class ServerTransport { kUdp, kTcp };

struct IceServerUrl {
  ServerScheme scheme = ServerScheme::kStun;
  std::string host;  // a name or an address; IPv6 without its brackets
  std::uint16_t port = 3478;
  ServerTransport transport = ServerTransport::kUdp;  // of turns: kTcp

  bool operator==(const IceServerUrl&) const = default;
};

// Scheme and transport in either case; "//" after the scheme is an error, as in the RFCs.
// kParseError: no such url. kUnsupported: "stuns:", "turns:" over UDP (DTLS), a transport that is
// neither udp nor tcp. kLimitExceeded: longer than kMaxIceServerUrl. The detail never repeats the
// url.
Result<IceServerUrl> ParseIceServerUrl(std::string_view url);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_ICE_SERVER_URL_H_
