// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DnsMessage: the DNS wire format as far as multicast DNS needs it (RFC 1035 section 4, RFC 6762
// section 18). Pure. Record data is opaque: nothing in it is decompressed.
#ifndef PAIRWIRE_PEER_NET_DNS_MESSAGE_H_
#define PAIRWIRE_PEER_NET_DNS_MESSAGE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::net {

// The labels of a name, without the root's empty one. Any bytes may be in a label.
using DnsName = std::vector<std::string>;

inline constexpr std::uint16_t kDnsTypeA = 1;
inline constexpr std::uint16_t kDnsTypeAaaa = 28;
inline constexpr std::uint16_t kDnsTypeNsec = 47;
inline constexpr std::uint16_t kDnsTypeAny = 255;
inline constexpr std::uint16_t kDnsClassIn = 1;
inline constexpr std::uint16_t kDnsClassAny = 255;

inline constexpr std::uint16_t kDnsFlagResponse = 0x8000;
inline constexpr std::uint16_t kDnsFlagAuthoritative = 0x0400;
inline constexpr std::uint16_t kDnsOpcodeMask = 0x7800;
inline constexpr std::uint16_t kDnsRcodeMask = 0x000f;

// RFC 6762 section 17.
inline constexpr std::size_t kMaxDnsMessage = 9000;
// In all sections together; each can claim 65535. Ours have a handful.
inline constexpr std::size_t kMaxDnsEntries = 64;

struct DnsQuestion {
  DnsName name;
  std::uint16_t type = 0;
  std::uint16_t dns_class = kDnsClassIn;  // without the top bit
  bool unicast_reply = false;             // the top bit: "QU", RFC 6762 section 5.4

  bool operator==(const DnsQuestion&) const = default;
};

struct DnsRecord {
  DnsName name;
  std::uint16_t type = 0;
  std::uint16_t dns_class = kDnsClassIn;  // without the top bit
  bool cache_flush = false;               // the top bit, RFC 6762 section 10.2
  std::uint32_t ttl = 0;                  // seconds
  Bytes data = {};

  bool operator==(const DnsRecord&) const = default;
};

struct DnsMessage {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::vector<DnsQuestion> questions = {};
  std::vector<DnsRecord> answers = {};
  std::vector<DnsRecord> authorities = {};
  std::vector<DnsRecord> additionals = {};

  bool operator==(const DnsMessage&) const = default;
};

// kParseError: cut short, a name that points forward or is too long; kLimitExceeded: more than
// kMaxDnsMessage bytes or kMaxDnsEntries entries. Bytes behind the last entry are ignored.
Result<DnsMessage> ParseDnsMessage(ByteSpan bytes);

// Without compression. Names, data and counts within the format's limits: anything else is a bug.
Bytes SerializeDnsMessage(const DnsMessage& message);

// "a.local" in two labels. Only for names without an escape or an empty label.
DnsName ToDnsName(std::string_view text);
// The labels, by itself: what a record's data may hold.
Bytes SerializeDnsName(const DnsName& name);
// Letters A to Z count as their small ones (RFC 6762 section 16).
bool SameDnsName(const DnsName& a, const DnsName& b);

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_DNS_MESSAGE_H_
