// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TrustedProxies: which client a request comes from when proxies stand in front of the relay. Only
// what a listed proxy says counts: X-Forwarded-For is read from the right, over the listed proxies,
// to the first address that is none. What stands further left was sent by the client and may say
// anything.
//
// Not here: RFC 7239's Forwarded and the PROXY protocol, which are not read. Bounds on connections
// (admission.h) go by the peer, as they come before any request.
#ifndef PAIRWIRE_SIGNALING_SERVER_TRUSTED_PROXIES_H_
#define PAIRWIRE_SIGNALING_SERVER_TRUSTED_PROXIES_H_

#include <pairwire/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/server/admission.h"
#include "signaling/server/http_message.h"

namespace pairwire::server {

// "192.0.2.1" or "2001:db8::1", nothing around it.
std::optional<ClientAddress> ParseAddress(std::string_view text);

// "10.0.0.0/8", "fd00::/8"; a bare address is itself alone.
struct AddressRange {
  ClientAddress first;
  int bits = 128;  // of the 16 bytes; an IPv4 prefix counts from 96

  bool Contains(const ClientAddress& address) const;
  bool IsEverything() const { return bits == 0 || (bits == 96 && first.IsIpv4()); }
};

// kInvalidArgument: no address, a length beyond it, or bits behind the prefix, which tell of a
// slip.
Result<AddressRange> ParseAddressRange(std::string_view text);

class TrustedProxies {
 public:
  // Hops of proxies that are followed; a header with more is garbage.
  static constexpr std::size_t kMaxHops = 16;

  TrustedProxies() = default;
  explicit TrustedProxies(std::vector<AddressRange> ranges) : ranges_(std::move(ranges)) {}
  // From the values of --trusted-proxy. kInvalidArgument as above.
  static Result<TrustedProxies> Parse(const std::vector<std::string>& texts);

  bool Trusts(const ClientAddress& address) const;

  // The client's address: the peer itself unless it is listed; then the first address from the
  // right of all X-Forwarded-For lines taken together (RFC 9110 section 5.3: a proxy may add a line
  // of its own) that is not listed. When all are listed, the leftmost. When something on the way is
  // no address, the peer: then all who send such things share its limits.
  ClientAddress ClientOf(const ClientAddress& peer, const HttpHeaders& headers) const;

  bool empty() const { return ranges_.empty(); }

 private:
  std::vector<AddressRange> ranges_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_TRUSTED_PROXIES_H_
