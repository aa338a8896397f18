// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace pairwire::server {
namespace {

constexpr int kIpv4Offset = 96;

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An element of the header. Some proxies add a port: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::optional<ClientAddress> ParseHop(std::string_view text) {
  text = TrimBlanks(text);
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !IsPort(rest.substr(1)))) return std::nullopt;
    const std::string_view inner = text.substr(1, end - 1);
    return inner.find(':') == std::string_view::npos ? std::nullopt : ParseAddress(inner);
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find('.') < colon) {
    return IsPort(text.substr(colon + 1)) ? ParseAddress(text.substr(0, colon)) : std::nullopt;
  }
  return ParseAddress(text);
}

}  // namespace

std::optional<ClientAddress> ParseAddress(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string zero_ended(text);
  // The C functions would stop there.
  if (zero_ended.find('\0') != std::string::npos) return std::nullopt;
  ClientAddress address;
  if (inet_pton(AF_INET6, zero_ended.c_str(), address.bytes.data()) == 1) return address;
  if (inet_pton(AF_INET, zero_ended.c_str(), address.bytes.data() + 12) != 1) return std::nullopt;
  std::fill(address.bytes.begin(), address.bytes.begin() + 10, std::uint8_t{0});
  address.bytes[10] = address.bytes[11] = 0xff;
  return address;
}

bool AddressRange::Contains(const ClientAddress& address) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + bits / 8, address.bytes.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const int mask = 0xff << (8 - bits % 8);
  return ((first.bytes[whole] ^ address.bytes[whole]) & mask & 0xff) == 0;
}

Result<AddressRange> ParseAddressRange(std::string_view text) {
  const auto wrong = [] {
    return Fail(Errc::kInvalidArgument,
                "--trusted-proxy must look like 10.0.0.0/8, fd00::/8 or 192.0.2.1");
  };
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = ParseAddress(address_text);
  if (!address) return wrong();
  // "::ffff:10.0.0.0/104" counts over all 128 bits.
  const bool ipv4_form = address_text.find(':') == std::string_view::npos;
  const int offset = ipv4_form ? kIpv4Offset : 0;
  AddressRange range{*address, 128};
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    int bits = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (length.empty() || length.size() > 3 || error != std::errc() ||
        end != length.data() + length.size() || bits < 0 || bits + offset > 128) {
      return wrong();
    }
    range.bits = bits + offset;
  }
  for (int bit = range.bits; bit < 128; ++bit) {
    if ((address->bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) {
      return Fail(
          Errc::kInvalidArgument,
          "--trusted-proxy has bits set behind its prefix: write 10.0.0.0/8, not 10.1.2.3/8");
    }
  }
  return range;
}

Result<TrustedProxies> TrustedProxies::Parse(const std::vector<std::string>& texts) {
  std::vector<AddressRange> ranges;
  for (const std::string& text : texts) {
    auto range = ParseAddressRange(text);
    if (!range) return tl::unexpected(range.error());
    ranges.push_back(*range);
  }
  return TrustedProxies(std::move(ranges));
}

bool TrustedProxies::Trusts(const ClientAddress& address) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const AddressRange& range) { return range.Contains(address); });
}

ClientAddress TrustedProxies::ClientOf(const ClientAddress& peer,
                                       const HttpHeaders& headers) const {
  if (!Trusts(peer)) return peer;
  ClientAddress client = peer;
  std::size_t hops = 0;
  for (auto line = headers.rbegin(); line != headers.rend(); ++line) {
    if (!EqualsIgnoringCase(line->first, "X-Forwarded-For")) continue;
    std::string_view rest = line->second;
    while (true) {
      const std::size_t comma = rest.rfind(',');
      const auto hop = ParseHop(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      if (!hop || ++hops > kMaxHops) return peer;
      client = *hop;
      if (!Trusts(client)) return client;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace pairwire::server
