// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsRecords: the names that we publish and what to answer to a query (RFC 6762 sections 6 and 7).
// Pure: no socket; MdnsPublisher gives it some.
#ifndef PAIRWIRE_PEER_NET_MDNS_RECORDS_H_
#define PAIRWIRE_PEER_NET_MDNS_RECORDS_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/net/dns_message.h"

namespace pairwire::net {

class MdnsRecords {
 public:
  // One peer has some ten addresses.
  static constexpr std::size_t kMaxNames = 64;
  // Of one query; keeps the answer within one packet of most networks.
  static constexpr std::size_t kMaxAnswers = 8;
  // RFC 6762 section 10: for records with a host's name.
  static constexpr std::uint32_t kTtlSeconds = 120;
  // RFC 6762 section 6.7: for those who do not speak multicast DNS whole.
  static constexpr std::uint32_t kLegacyTtlSeconds = 10;
  // RFC 6762 section 6: a record is multicast on a link once a second.
  static constexpr std::chrono::seconds kMulticastInterval{1};
  // Answers to whomever they claim to go to: enough for a room full of browsers, too few to be of
  // use to someone who forges the address of his victim.
  static constexpr int kMaxAnswersPerSecond = 50;

  struct Answers {
    std::optional<Bytes> unicast;    // to who asked
    std::optional<Bytes> multicast;  // to the group, on the link where the query came
  };

  // `random` outlives it and is fit for secrets: the name hides the address.
  explicit MdnsRecords(RandomSource& random) : random_(random) {}

  // A new name for an IPv4 or IPv6 address. kInvalidArgument, kLimitExceeded.
  Result<std::string> Add(const std::string& address);
  void Remove(const std::string& name);
  bool empty() const { return records_.empty(); }

  // `legacy`: the query did not come from port 5353.
  Answers Answer(ByteSpan query, bool legacy, std::size_t link, Loop::TimePoint now);

 private:
  struct Record {
    DnsName name;
    std::uint16_t type = 0;
    Bytes address;
    std::map<std::size_t, Loop::TimePoint> multicast_at = {};  // by link, of which there are few
  };

  Record* Find(const DnsName& name);
  bool Allowed(Loop::TimePoint now);

  RandomSource& random_;
  std::map<std::string, Record> records_;
  Loop::TimePoint second_began_{};
  int answers_this_second_ = 0;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_MDNS_RECORDS_H_
