// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/mdns_records.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "peer/base/byte_reader.h"

namespace pairwire::net {
namespace {

// RFC 4122 section 4.4.
std::string MakeUuid(RandomSource& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.Fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 0x0f];
  }
  return text;
}

// "There is this one type and no other" (RFC 6762 section 6.1): who asks for both kinds of address
// need not wait for the one that will never come.
Bytes OnlyType(const DnsName& name, std::uint16_t type) {
  Bytes data = SerializeDnsName(name);
  ByteWriter writer(data);
  const std::size_t last = type / 8U;
  writer.WriteU8(0);  // the first 256 types
  writer.WriteU8(static_cast<std::uint8_t>(last + 1));
  for (std::size_t i = 0; i < last; ++i) writer.WriteU8(0);
  writer.WriteU8(static_cast<std::uint8_t>(0x80 >> (type % 8U)));
  return data;
}

// RFC 6762 section 7.1: who asks has our answer already, and for a good while to come.
bool IsKnown(const std::vector<DnsRecord>& known, const DnsRecord& answer) {
  return std::any_of(known.begin(), known.end(), [&](const DnsRecord& record) {
    return record.type == answer.type && record.data == answer.data &&
           record.ttl >= answer.ttl / 2 && SameDnsName(record.name, answer.name);
  });
}

void AddOnce(std::vector<DnsRecord>& records, const DnsRecord& record) {
  if (std::find(records.begin(), records.end(), record) == records.end()) records.push_back(record);
}

}  // namespace

Result<std::string> MdnsRecords::Add(const std::string& address) {
  std::array<std::uint8_t, sizeof(in6_addr)> bytes{};
  const bool v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) {
    return Fail(Errc::kInvalidArgument, "'" + address + "' is not an address");
  }
  if (records_.size() >= kMaxNames) {
    return Fail(Errc::kLimitExceeded, "64 names are published already");
  }
  const std::string name = MakeUuid(random_) + ".local";
  const std::size_t size = v4 ? sizeof(in_addr) : sizeof(in6_addr);
  records_[name] = {ToDnsName(name), v4 ? kDnsTypeA : kDnsTypeAaaa,
                    Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))};
  return name;
}

void MdnsRecords::Remove(const std::string& name) { records_.erase(name); }

MdnsRecords::Record* MdnsRecords::Find(const DnsName& name) {
  for (auto& [text, record] : records_) {
    if (SameDnsName(record.name, name)) return &record;
  }
  return nullptr;
}

bool MdnsRecords::Allowed(Loop::TimePoint now) {
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    answers_this_second_ = 0;
  }
  return answers_this_second_++ < kMaxAnswersPerSecond;
}

MdnsRecords::Answers MdnsRecords::Answer(ByteSpan query_bytes, bool legacy, std::size_t link,
                                         Loop::TimePoint now) {
  const auto query = ParseDnsMessage(query_bytes);
  if (!query || (query->flags & (kDnsFlagResponse | kDnsOpcodeMask)) != 0) return {};

  DnsMessage unicast;
  DnsMessage multicast;
  std::size_t answered = 0;
  for (const DnsQuestion& question : query->questions) {
    if (question.dns_class != kDnsClassIn && question.dns_class != kDnsClassAny) continue;
    Record* const found = Find(question.name);
    if (found == nullptr) continue;
    if (answered++ == kMaxAnswers) break;

    const bool to_one = legacy || question.unicast_reply;
    const std::uint32_t ttl = legacy ? kLegacyTtlSeconds : kTtlSeconds;
    const bool asked_for = question.type == found->type || question.type == kDnsTypeAny;
    const DnsRecord address{found->name, found->type, kDnsClassIn, !legacy, ttl, found->address};
    const DnsRecord only{found->name, kDnsTypeNsec, kDnsClassIn,
                         !legacy,     ttl,          OnlyType(found->name, found->type)};
    if (asked_for && IsKnown(query->answers, address)) continue;
    if (asked_for && !to_one) {
      const auto last = found->multicast_at.find(link);
      if (last != found->multicast_at.end() && now - last->second < kMulticastInterval) continue;
      found->multicast_at[link] = now;
    }
    DnsMessage& message = to_one ? unicast : multicast;
    if (legacy) message.questions.push_back(question);
    AddOnce(message.answers, asked_for ? address : only);
    if (asked_for && !legacy) AddOnce(message.additionals, only);
  }

  Answers result;
  const auto finish = [&](DnsMessage& message, std::optional<Bytes>& out) {
    if (message.answers.empty() || !Allowed(now)) return;
    message.flags = kDnsFlagResponse | kDnsFlagAuthoritative;
    if (legacy) message.id = query->id;
    for (DnsQuestion& question : message.questions) question.unicast_reply = false;
    out = SerializeDnsMessage(message);
  };
  finish(unicast, result.unicast);
  finish(multicast, result.multicast);
  return result;
}

}  // namespace pairwire::net
