// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// X-Forwarded-For as anybody may send it, one header line for each line of the input, and ranges of
// proxies as an operator may write them. Nobody but a listed proxy moves the client away from the
// peer, and nobody chooses an address that is counted as none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "signaling/server/trusted_proxies.h"

namespace {

using namespace pairwire::server;  // NOLINT(google-build-using-namespace)

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const TrustedProxies proxies =
      TrustedProxies::Parse({"10.0.0.0/8", "2001:db8::/32", "::1"}).value();
  static const ClientAddress proxy = ParseAddress("10.0.0.1").value();
  static const ClientAddress stranger = ParseAddress("192.0.2.1").value();

  HttpHeaders headers;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    headers.emplace_back("X-Forwarded-For", rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  Require(proxies.ClientOf(stranger, headers).bytes == stranger.bytes);
  const ClientAddress client = proxies.ClientOf(proxy, headers);
  Require(ParseAddress(client.ToText()).value().bytes == client.bytes);
  // A line of a stranger's own in front of what a listed proxy wrote changes nothing.
  if (client.bytes != proxy.bytes && !proxies.Trusts(client)) {
    headers.insert(headers.begin(), {"x-forwarded-for", "203.0.113.77"});
    Require(proxies.ClientOf(proxy, headers).bytes == client.bytes);
  }
  if (const auto range = ParseAddressRange(text)) {
    Require(range->bits >= 0 && range->bits <= 128);
    Require(range->Contains(range->first));
  }
  return 0;
}
