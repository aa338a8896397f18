// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayUrl: where the relay is, as a person types it, and the addresses that the relay hands out
// resolved against it (RFC 3986, the part that relays use: no user info, no fragment). No I/O.
#ifndef PAIRWIRE_SIGNALING_CLIENT_RELAY_URL_H_
#define PAIRWIRE_SIGNALING_CLIENT_RELAY_URL_H_

#include <pairwire/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pairwire {

// Longest URL that is looked at; a longer one is a mistake or an attack.
inline constexpr std::size_t kMaxRelayUrlBytes = 2048;

struct RelayUrl {
  bool tls = false;
  std::string host;  // a name or an address; IPv6 without its brackets
  std::uint16_t port = 80;
  std::string prefix;  // "" or "/path" without a slash at the end

  bool operator==(const RelayUrl&) const = default;

  // "host:port", brackets added for IPv6: for error texts.
  std::string Authority() const;
  // The Host header: without the port when it is the scheme's own (RFC 9110 section 7.2).
  std::string HostHeader() const;
};

// "http://host[:port][/prefix]" or https; kInvalidArgument with a sentence that says what is wrong.
Result<RelayUrl> ParseRelayUrl(std::string_view text);

// One address to call: which relay, and the request target there ("/api/…?query").
struct RelayTarget {
  RelayUrl relay;
  std::string target;

  bool operator==(const RelayTarget&) const = default;
};

// `reference` as the relay gave it: "/path" (below the prefix), or a whole http, https, ws or wss
// URL. One that leaves TLS although `base` has it is refused: the token would travel in the clear.
// kRelayProtocol.
Result<RelayTarget> ResolveRelayReference(const RelayUrl& base, std::string_view reference);

// For one path segment or query value: all but unreserved characters (RFC 3986 section 2.3) as %XX.
// Ids come from the relay and end up in request lines.
std::string PercentEncode(std::string_view text);

// "Bearer <token>" for a header; characters that no header may carry are left out.
std::string BearerOf(std::string_view token);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_RELAY_URL_H_
