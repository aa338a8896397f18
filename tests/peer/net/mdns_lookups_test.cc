// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsLookups on a virtual clock: what is asked and when, which answers count, when it ends.
#include "peer/net/mdns_lookups.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/manual_loop.h"

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;
using Address = std::optional<std::string>;

constexpr char kName[] = "3fcb0a2e-6d3a-4d6a-8b1e-5b8f2d6c9a10.local";

DnsRecord A(Bytes address, const std::string& name = kName) {
  return {ToDnsName(name), kDnsTypeA, kDnsClassIn, true, 120, std::move(address)};
}
DnsRecord Aaaa(Bytes address, const std::string& name = kName) {
  return {ToDnsName(name), kDnsTypeAaaa, kDnsClassIn, true, 120, std::move(address)};
}
const Bytes kV6{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};

class MdnsLookupsTest : public testing::Test, public MdnsLookups::Sender {
 protected:
  void SendQuery(ByteSpan query) override { Keep(query, multicast_); }
  void SendUnicastQuery(ByteSpan query) override { Keep(query, unicast_); }

  void Keep(ByteSpan bytes, std::vector<DnsQuestion>& to) {
    const auto message = ParseDnsMessage(bytes);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->flags, 0);
    ASSERT_EQ(message->questions.size(), 1U) << "Chromium drops messages with more";
    to.push_back(message->questions[0]);
  }

  void Resolve(const std::string& name = kName) {
    lookups_->Resolve(name, [this](const Address& address) { results_.push_back(address); });
  }
  void Answer(std::vector<DnsRecord> answers, bool from_this_host = false,
              std::uint16_t flags = kDnsFlagResponse | kDnsFlagAuthoritative) {
    DnsMessage message;
    message.flags = flags;
    message.answers = std::move(answers);
    lookups_->OnMessage(SerializeDnsMessage(message), [=] { return from_this_host; });
  }

  test::ManualLoop loop_;
  std::vector<DnsQuestion> multicast_;
  std::vector<DnsQuestion> unicast_;
  std::vector<Address> results_;
  std::unique_ptr<MdnsLookups> lookups_ = std::make_unique<MdnsLookups>(loop_, *this);
};

TEST_F(MdnsLookupsTest, AsksThreeTimesAndGivesUpAfterASecond) {
  Resolve();
  const DnsName name = ToDnsName(kName);
  ASSERT_EQ(multicast_.size(), 2U);
  EXPECT_EQ(multicast_[0], (DnsQuestion{name, kDnsTypeA, kDnsClassIn, false}));
  EXPECT_EQ(multicast_[1], (DnsQuestion{name, kDnsTypeAaaa, kDnsClassIn, false}));
  EXPECT_TRUE(unicast_.empty());

  loop_.RunFor(milliseconds(250));
  EXPECT_EQ(multicast_.size(), 4U);
  ASSERT_EQ(unicast_.size(), 2U);
  EXPECT_EQ(unicast_[0], (DnsQuestion{name, kDnsTypeA, kDnsClassIn, true}));
  loop_.RunFor(milliseconds(250));
  EXPECT_EQ(multicast_.size(), 6U);
  EXPECT_EQ(unicast_.size(), 4U);

  loop_.RunFor(milliseconds(499));
  EXPECT_TRUE(results_.empty());
  loop_.RunFor(milliseconds(1));
  EXPECT_EQ(results_, std::vector<Address>{std::nullopt});
  EXPECT_EQ(multicast_.size(), 6U);
  EXPECT_TRUE(lookups_->idle());
  EXPECT_FALSE(loop_.NextTimer());
}

TEST_F(MdnsLookupsTest, TheFirstAnswerCountsAndNoOther) {
  Resolve();
  Answer({A({192, 0, 2, 7})});
  Answer({A({192, 0, 2, 8})});
  loop_.RunFor(milliseconds(5'000));
  EXPECT_EQ(results_, std::vector<Address>{"192.0.2.7"});
}

TEST_F(MdnsLookupsTest, PrefersIPv4WithinAMessage) {
  Resolve();
  Resolve("b.local");
  Answer({Aaaa(kV6), A({192, 0, 2, 7})});
  Answer({Aaaa(kV6, "b.local")});
  EXPECT_EQ(results_, (std::vector<Address>{"192.0.2.7", "fd00::7"}));
}

TEST_F(MdnsLookupsTest, WhoAsksAgainSoonGetsTheSameAnswerUnasked) {
  Resolve();
  Answer({A({192, 0, 2, 7})});
  loop_.RunFor(MdnsLookups::kRemember - milliseconds(1));
  Resolve();
  EXPECT_EQ(results_.size(), 1U) << "never from inside Resolve";
  loop_.RunUntilIdle();
  EXPECT_EQ(results_, (std::vector<Address>{"192.0.2.7", "192.0.2.7"}));
  EXPECT_EQ(multicast_.size(), 2U);

  loop_.RunFor(milliseconds(1));
  Resolve();
  EXPECT_EQ(multicast_.size(), 4U) << "forgotten";
  loop_.RunFor(milliseconds(1'000));
  EXPECT_EQ(results_.back(), std::nullopt);
}

TEST_F(MdnsLookupsTest, WhatIsRememberedHasABound) {
  for (std::size_t i = 0; i <= MdnsLookups::kMaxLookups; ++i) {
    const std::string name = "host-" + std::to_string(i) + ".local";
    Resolve(name);
    Answer({A({192, 0, 2, 7}, name)});
  }
  EXPECT_EQ(results_.size(), MdnsLookups::kMaxLookups + 1);
  multicast_.clear();
  Resolve("host-0.local");
  EXPECT_TRUE(multicast_.empty());
  Resolve("host-" + std::to_string(MdnsLookups::kMaxLookups) + ".local");
  EXPECT_EQ(multicast_.size(), 2U) << "there was no room for it";
}

TEST_F(MdnsLookupsTest, AnAnswerMayBeInTheAdditionalSectionAndInCapitals) {
  Resolve();
  DnsMessage message;
  message.flags = kDnsFlagResponse;
  message.additionals = {A({192, 0, 2, 7}, "3FCB0A2E-6D3A-4D6A-8B1E-5B8F2D6C9A10.Local")};
  lookups_->OnMessage(SerializeDnsMessage(message), [] { return false; });
  EXPECT_EQ(results_.size(), 1U);
}

TEST_F(MdnsLookupsTest, WhatIsNoAnswerIsIgnored) {
  Resolve();
  Answer({A({192, 0, 2, 7}, "other.local")});
  Answer({A({192, 0, 2, 7})}, false, 0);                          // a query
  Answer({A({192, 0, 2, 7})}, false, kDnsFlagResponse | 3);       // a failure
  Answer({A({192, 0, 2, 7})}, false, kDnsFlagResponse | 0x0800);  // another opcode
  Answer({A({192, 0, 2})});                                       // three bytes
  Answer({Aaaa({192, 0, 2, 7})});                                 // four instead of 16
  DnsRecord gone = A({192, 0, 2, 7});
  gone.ttl = 0;
  Answer({gone});
  DnsRecord chaos = A({192, 0, 2, 7});
  chaos.dns_class = 3;
  Answer({chaos});
  lookups_->OnMessage(AsBytes("garbage"), [] { return true; });
  EXPECT_TRUE(results_.empty());
}

TEST_F(MdnsLookupsTest, NoAddressThatACandidateCannotHave) {
  Resolve();
  for (const bool here : {false, true}) {
    Answer({A({0, 0, 0, 0})}, here);
    Answer({A({255, 255, 255, 255})}, here);
    Answer({A({224, 0, 0, 251})}, here);
    Answer({Aaaa(Bytes(16, 0))}, here);
    Answer({Aaaa({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})}, here);
    Answer({Aaaa({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1})}, here);
  }
  EXPECT_TRUE(results_.empty());
}

TEST_F(MdnsLookupsTest, LoopbackCountsOnlyFromThisHost) {
  Bytes v6(16, 0);
  v6[15] = 1;
  Resolve();
  Answer({A({127, 0, 0, 1})});
  Answer({Aaaa(v6)});
  EXPECT_TRUE(results_.empty());
  Answer({A({127, 0, 0, 1})}, true);
  loop_.RunFor(MdnsLookups::kRemember);
  Resolve();
  Answer({Aaaa(v6)}, true);
  EXPECT_EQ(results_, (std::vector<Address>{"127.0.0.1", "::1"}));
}

TEST_F(MdnsLookupsTest, OnlyNamesOfTheFormThatBrowsersUse) {
  const std::string label63(63, 'a');
  for (const std::string& good :
       {std::string(kName), std::string("a.local"), label63 + ".local", std::string("-Z9.local")}) {
    EXPECT_TRUE(IsMdnsHostName(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(".local"), std::string("local"), label63 + "a.local",
        std::string("a.b.local"), std::string("a.local."), std::string("a_b.local"),
        std::string("a.LOCAL"), std::string("example.org"), std::string("a\0.local", 8),
        std::string("\xc3\xa4.local"), std::string("192.0.2.1")}) {
    EXPECT_FALSE(IsMdnsHostName(bad)) << bad;
    Resolve(bad);
  }
  EXPECT_TRUE(results_.empty()) << "never from inside Resolve";
  loop_.RunUntilIdle();
  EXPECT_EQ(results_, std::vector<Address>(12, std::nullopt));
  EXPECT_TRUE(multicast_.empty());
}

TEST_F(MdnsLookupsTest, NoMoreAtATimeThanTheBound) {
  for (std::size_t i = 0; i <= MdnsLookups::kMaxLookups; ++i) {
    Resolve("host-" + std::to_string(i) + ".local");
  }
  EXPECT_EQ(multicast_.size(), 2 * MdnsLookups::kMaxLookups);
  loop_.RunUntilIdle();
  EXPECT_EQ(results_.size(), 1U) << "the one too many";
  Answer({A({192, 0, 2, 7}, "host-0.local")});
  EXPECT_EQ(results_.size(), 2U);
  Resolve();
  loop_.RunFor(milliseconds(1'000));
  EXPECT_EQ(results_.size(), MdnsLookups::kMaxLookups + 2);
}

TEST_F(MdnsLookupsTest, TwoWhoAskForOneNameBothHear) {
  Resolve();
  Resolve();
  Answer({A({192, 0, 2, 7})});
  EXPECT_EQ(results_, (std::vector<Address>{"192.0.2.7", "192.0.2.7"}));
}

TEST_F(MdnsLookupsTest, NothingIsCalledAfterItIsGone) {
  Resolve();
  Resolve("not a name");
  lookups_.reset();
  loop_.RunFor(milliseconds(5'000));
  EXPECT_TRUE(results_.empty());
}

TEST_F(MdnsLookupsTest, TheCallbackMayDestroyIt) {
  int called = 0;
  for (int i = 0; i < 2; ++i) {
    lookups_->Resolve(kName, [&](const Address&) {
      ++called;
      lookups_.reset();
    });
  }
  Answer({A({192, 0, 2, 7})});
  EXPECT_EQ(called, 1);

  lookups_ = std::make_unique<MdnsLookups>(loop_, *this);
  lookups_->Resolve(kName, [&](const Address&) {
    ++called;
    lookups_.reset();
  });
  loop_.RunFor(milliseconds(5'000));
  EXPECT_EQ(called, 2) << "by the timer";
}

TEST_F(MdnsLookupsTest, TheCallbackMayAskAgain) {
  lookups_->Resolve(kName, [this](const Address&) { Resolve("other.local"); });
  Answer({A({192, 0, 2, 7})});
  EXPECT_TRUE(results_.empty());
  EXPECT_FALSE(lookups_->idle());
  loop_.RunFor(milliseconds(1'000));
  EXPECT_EQ(results_.size(), 1U);
}

}  // namespace
}  // namespace pairwire::net
