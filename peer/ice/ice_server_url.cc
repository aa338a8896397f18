// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/ice_server_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace pairwire::ice {
namespace {

constexpr std::uint16_t kPort = 3478;
constexpr std::uint16_t kTlsPort = 5349;
constexpr std::size_t kMaxHost = 253;  // RFC 1035: 255 bytes on the wire

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), Lower);
  return result;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

tl::unexpected<Error> Malformed(const char* what) {
  return Fail(Errc::kParseError, std::string("ICE server url: ") + what);
}

tl::unexpected<Error> Unsupported(const char* what) {
  return Fail(Errc::kUnsupported, std::string("ICE server url: ") + what);
}

bool IsIpv6(std::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool IsIpv4(std::string_view text) {
  in_addr address;
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

// RFC 3986's reg-name as far as names of machines go: labels of letters, digits, hyphens and
// underscores. What has only digits and points must be an address.
bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kMaxHost) return false;
  if (text.front() == '.' || text.find("..") != std::string_view::npos) return false;
  const bool numeric =
      std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == '.'; });
  if (numeric) return IsIpv4(text);
  return std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = Lower(c);
    return IsDigit(c) || (lower >= 'a' && lower <= 'z') || c == '.' || c == '-' || c == '_';
  });
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

std::optional<ServerScheme> ParseScheme(const std::string& text) {
  if (text == "stun") return ServerScheme::kStun;
  if (text == "turn") return ServerScheme::kTurn;
  if (text == "turns") return ServerScheme::kTurns;
  return std::nullopt;
}

// "?transport=…" of a turn or turns url.
Result<ServerTransport> ParseTransport(std::string_view query, ServerScheme scheme) {
  constexpr std::string_view kName = "transport=";
  const std::string text = Lowered(query);
  if (!text.starts_with(kName)) return Malformed("a query other than transport=");
  const std::string value = text.substr(kName.size());
  if (value == "tcp") return ServerTransport::kTcp;
  if (value != "udp") return Unsupported("a transport other than udp and tcp");
  if (scheme == ServerScheme::kTurns) return Unsupported("turns over UDP");
  return ServerTransport::kUdp;
}

}  // namespace

Result<IceServerUrl> ParseIceServerUrl(std::string_view url) {
  if (url.size() > kMaxIceServerUrl) {
    return Fail(Errc::kLimitExceeded, "ICE server url: longer than 512 bytes");
  }
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return Malformed("no scheme");
  const std::string scheme_text = Lowered(url.substr(0, colon));
  if (scheme_text == "stuns") return Unsupported("stuns");
  const auto scheme = ParseScheme(scheme_text);
  if (!scheme) return Malformed("a scheme other than stun, turn and turns");

  IceServerUrl result;
  result.scheme = *scheme;
  const bool tls = *scheme == ServerScheme::kTurns;
  result.port = tls ? kTlsPort : kPort;
  result.transport = tls ? ServerTransport::kTcp : ServerTransport::kUdp;

  std::string_view rest = url.substr(colon + 1);
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    if (*scheme == ServerScheme::kStun) return Malformed("a query in a stun url");
    const auto transport = ParseTransport(rest.substr(question + 1), *scheme);
    if (!transport) return tl::unexpected(transport.error());
    result.transport = *transport;
    rest = rest.substr(0, question);
  }

  std::string_view after_host;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return Malformed("an open bracket");
    result.host = rest.substr(1, end - 1);
    if (!IsIpv6(result.host)) return Malformed("no IPv6 address in brackets");
    after_host = rest.substr(end + 1);
  } else {
    const auto end = std::min(rest.find(':'), rest.size());
    result.host = rest.substr(0, end);
    if (!IsName(result.host)) return Malformed("no host");
    after_host = rest.substr(end);
  }
  if (after_host.empty()) return result;
  const auto port = after_host.starts_with(':') ? ParsePort(after_host.substr(1)) : std::nullopt;
  if (!port) return Malformed("port");
  result.port = *port;
  return result;
}

}  // namespace pairwire::ice
