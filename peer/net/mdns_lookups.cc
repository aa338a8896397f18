// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/mdns_lookups.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace pairwire::net {
namespace {

// How often a question is asked in all.
constexpr int kAsks = 3;

std::string ToText(int family, const Bytes& data) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, data.data(), text.data(), text.size());
  return text.data();
}

// The address in a record, if it is one that a candidate can have.
std::optional<std::string> AddressOf(const DnsRecord& record,
                                     const std::function<bool()>& from_this_host) {
  if (record.type == kDnsTypeA && record.data.size() == sizeof(in_addr)) {
    in_addr address{};
    std::memcpy(&address, record.data.data(), sizeof(address));
    const auto value = ntohl(address.s_addr);
    if (value >> 24 == 0 || value == INADDR_BROADCAST || IN_MULTICAST(value)) return std::nullopt;
    if (value >> 24 == 127 && !from_this_host()) return std::nullopt;
    return ToText(AF_INET, record.data);
  }
  if (record.type == kDnsTypeAaaa && record.data.size() == sizeof(in6_addr)) {
    in6_addr address{};
    std::memcpy(&address, record.data.data(), sizeof(address));
    if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_MULTICAST(&address)) return std::nullopt;
    if (IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
    if (IN6_IS_ADDR_LOOPBACK(&address) && !from_this_host()) return std::nullopt;
    return ToText(AF_INET6, record.data);
  }
  return std::nullopt;
}

// The first IPv4 address of `name` in the message, else the first IPv6 one.
std::optional<std::string> FindAddress(const DnsMessage& message, const DnsName& name,
                                       const std::function<bool()>& from_this_host) {
  for (const std::uint16_t type : {kDnsTypeA, kDnsTypeAaaa}) {
    for (const auto* records : {&message.answers, &message.additionals}) {
      for (const DnsRecord& record : *records) {
        // A lifetime of 0 takes the record back (RFC 6762 section 10.1).
        if (record.type != type || record.dns_class != kDnsClassIn || record.ttl == 0) continue;
        if (!SameDnsName(record.name, name)) continue;
        if (auto address = AddressOf(record, from_this_host)) return address;
      }
    }
  }
  return std::nullopt;
}

Bytes Query(const DnsName& name, std::uint16_t type, bool unicast_reply) {
  DnsMessage query;
  query.questions.push_back({name, type, kDnsClassIn, unicast_reply});
  return SerializeDnsMessage(query);
}

}  // namespace

bool IsMdnsHostName(std::string_view name) {
  constexpr std::string_view kLocal = ".local";
  constexpr std::size_t kMaxLabel = 63;
  if (name.size() <= kLocal.size() || name.size() > kMaxLabel + kLocal.size()) return false;
  const std::string_view label = name.substr(0, name.size() - kLocal.size());
  if (name.substr(label.size()) != kLocal) return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

MdnsLookups::MdnsLookups(Loop& loop, Sender& sender) : loop_(loop), sender_(sender) {}

void MdnsLookups::Resolve(const std::string& name, Done done) {
  if (!IsMdnsHostName(name) || lookups_.size() >= kMaxLookups) {
    loop_.Post(safety_.Wrap([done = std::move(done)] { done(std::nullopt); }));
    return;
  }
  if (auto address = Recall(name)) {
    loop_.Post(
        safety_.Wrap([done = std::move(done), address = std::move(address)] { done(address); }));
    return;
  }
  const std::uint64_t id = next_id_++;
  auto lookup = std::make_unique<Lookup>(loop_, [this, id] { OnTime(id); });
  lookup->name = ToDnsName(name);
  lookup->done = std::move(done);
  Ask(*lookups_.emplace(id, std::move(lookup)).first->second);
}

std::optional<std::string> MdnsLookups::Recall(const std::string& name) {
  const auto found = known_.find(name);
  if (found == known_.end() || found->second.until <= loop_.Now()) return std::nullopt;
  return found->second.address;
}

void MdnsLookups::Remember(const DnsName& name, const std::string& address) {
  const auto now = loop_.Now();
  std::erase_if(known_, [now](const auto& each) { return each.second.until <= now; });
  if (known_.size() < kMaxLookups) {
    known_[name.at(0) + "." + name.at(1)] = {address, now + kRemember};
  }
}

// One question a message and no QU bit, because Chromium's responder drops messages with two
// questions and takes the bit for another class; it answers to the group alone. From the second
// time on also with the bit, for an answer that multicast lost: Wi-Fi carries unicast better.
void MdnsLookups::Ask(Lookup& lookup) {
  ++lookup.asked;
  lookup.timer.Start(lookup.asked < kAsks ? kAskAgain : kGiveUp - (kAsks - 1) * kAskAgain);
  for (const std::uint16_t type : {kDnsTypeA, kDnsTypeAaaa}) {
    sender_.SendQuery(Query(lookup.name, type, false));
    if (lookup.asked > 1) sender_.SendUnicastQuery(Query(lookup.name, type, true));
  }
}

void MdnsLookups::OnTime(std::uint64_t id) {
  const auto found = lookups_.find(id);
  if (found == lookups_.end()) return;
  if (found->second->asked < kAsks) {
    Ask(*found->second);
  } else {
    Finish(id, std::nullopt);
  }
}

void MdnsLookups::OnMessage(ByteSpan bytes, const std::function<bool()>& from_this_host) {
  if (lookups_.empty()) return;
  const auto message = ParseDnsMessage(bytes);
  // RFC 6762 sections 18.3 and 18.11: other opcodes and failures are ignored. The id is not looked
  // at (section 18.1); what an answer can do, make us check one more address, the one who sent the
  // candidate could have done by himself.
  constexpr std::uint16_t kAnswer = kDnsFlagResponse | kDnsOpcodeMask | kDnsRcodeMask;
  if (!message || (message->flags & kAnswer) != kDnsFlagResponse) return;

  std::vector<std::pair<std::uint64_t, std::string>> answered;
  for (const auto& [id, lookup] : lookups_) {
    if (auto address = FindAddress(*message, lookup->name, from_this_host)) {
      answered.emplace_back(id, std::move(*address));
    }
  }
  const auto alive = safety_.Watch();
  for (auto& [id, address] : answered) {
    Finish(id, std::move(address));
    if (!*alive) return;
  }
}

void MdnsLookups::Finish(std::uint64_t id, std::optional<std::string> address) {
  const auto found = lookups_.find(id);
  if (found == lookups_.end()) return;
  if (address) Remember(found->second->name, *address);
  const Done done = std::move(found->second->done);
  lookups_.erase(found);
  done(std::move(address));
}

}  // namespace pairwire::net
