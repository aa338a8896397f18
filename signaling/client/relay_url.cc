// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/relay_url.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pairwire {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

// Visible ASCII: anything else in a URL would end up in a request line and split it.
bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool IsIpv6Character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
         c == '.';
}

// An address, and after a percent sign perhaps the interface that it is on (RFC 4007 section 11).
bool IsIpv6(std::string_view text) {
  const std::size_t percent = std::min(text.find('%'), text.size());
  const std::string_view address = text.substr(0, percent);
  const std::string_view zone = text.substr(percent == text.size() ? percent : percent + 1);
  return std::all_of(address.begin(), address.end(), IsIpv6Character) &&
         std::all_of(zone.begin(), zone.end(), IsHostCharacter);
}

// What "scheme://authority/rest" is made of; `rest` begins with '/' or '?' or is empty.
struct Pieces {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
  std::string_view rest;
};

bool StartsWithNoCase(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char want, char have) {
    return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have + ('a' - 'A')) : have);
  });
}

Result<std::uint16_t> ParsePort(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) {
    return Fail(Errc::kInvalidArgument, "the relay's port must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(value);
}

// Splits "host", "host:port", "[v6]" and "[v6]:port".
Result<void> ParseAuthority(std::string_view authority, Pieces& pieces) {
  std::string_view host;
  std::string_view after;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return Fail(Errc::kInvalidArgument, "the relay's IPv6 address lacks its closing bracket");
    }
    host = authority.substr(1, end - 1);
    after = authority.substr(end + 1);
    if (!IsIpv6(host)) host = {};
  } else {
    const std::size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    after = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    if (!std::all_of(host.begin(), host.end(), IsHostCharacter)) host = {};
  }
  if (host.empty() || host.size() > 255) {
    return Fail(Errc::kInvalidArgument, "the relay's URL has no usable host name");
  }
  pieces.host = std::string(host);
  if (after.empty()) return {};
  if (after.front() != ':') {
    return Fail(Errc::kInvalidArgument, "something follows the relay's host name that is no port");
  }
  const Result<std::uint16_t> port = ParsePort(after.substr(1));
  if (!port) return tl::unexpected(port.error());
  pieces.port = *port;
  return {};
}

Result<Pieces> Split(std::string_view text, std::string_view plain, std::string_view tls) {
  Pieces pieces;
  if (text.size() > kMaxRelayUrlBytes || !IsVisibleAscii(text)) {
    return Fail(Errc::kInvalidArgument, "the relay's URL is too long or has characters no URL has");
  }
  if (StartsWithNoCase(text, tls)) {
    pieces.tls = true;
    text.remove_prefix(tls.size());
  } else if (StartsWithNoCase(text, plain)) {
    text.remove_prefix(plain.size());
  } else {
    return Fail(Errc::kInvalidArgument, "the relay's URL must begin with http:// or https://");
  }
  pieces.port = pieces.tls ? kHttpsPort : kHttpPort;
  const std::size_t slash = std::min(text.find_first_of("/?#"), text.size());
  pieces.rest = text.substr(slash);
  if (pieces.rest.find('#') != std::string_view::npos) {
    return Fail(Errc::kInvalidArgument, "the relay's URL must not have a fragment");
  }
  const Result<void> parsed = ParseAuthority(text.substr(0, slash), pieces);
  if (!parsed) return tl::unexpected(parsed.error());
  return pieces;
}

}  // namespace

std::string RelayUrl::Authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string RelayUrl::HostHeader() const {
  std::string authority = Authority();
  if (port == (tls ? kHttpsPort : kHttpPort)) authority.resize(authority.rfind(':'));
  return authority;
}

Result<RelayUrl> ParseRelayUrl(std::string_view text) {
  Result<Pieces> pieces = Split(text, "http://", "https://");
  if (!pieces) return tl::unexpected(std::move(pieces.error()));
  std::string_view prefix = pieces->rest;
  if (prefix.find('?') != std::string_view::npos) {
    return Fail(Errc::kInvalidArgument, "the relay's URL must not have a query");
  }
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return RelayUrl{pieces->tls, std::move(pieces->host), pieces->port, std::string(prefix)};
}

Result<RelayTarget> ResolveRelayReference(const RelayUrl& base, std::string_view reference) {
  if (reference.starts_with('/')) {
    if (reference.size() > kMaxRelayUrlBytes || !IsVisibleAscii(reference) ||
        reference.starts_with("//") || reference.find('#') != std::string_view::npos) {
      return Fail(Errc::kRelayProtocol, "the relay gave an address that is no path");
    }
    return RelayTarget{base, base.prefix + std::string(reference)};
  }
  const bool web_socket = StartsWithNoCase(reference, "ws");
  Result<Pieces> pieces =
      Split(reference, web_socket ? "ws://" : "http://", web_socket ? "wss://" : "https://");
  if (!pieces) {
    return Fail(Errc::kRelayProtocol, "the relay gave an address that is no URL");
  }
  if (base.tls && !pieces->tls) {
    return Fail(Errc::kRelayProtocol, "the relay gave an address without TLS");
  }
  RelayTarget resolved;
  resolved.relay = RelayUrl{pieces->tls, std::move(pieces->host), pieces->port, {}};
  resolved.target = std::string(pieces->rest);
  if (!resolved.target.starts_with('/')) resolved.target.insert(0, "/");
  return resolved;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsHostCharacter(c) || c == '~') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string BearerOf(std::string_view token) {
  std::string value = "Bearer ";
  for (const char c : token) {
    if (c > 0x20 && c < 0x7f) value += c;
  }
  return value;
}

}  // namespace pairwire
