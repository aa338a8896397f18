// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsRecords: what is answered, to whom and how often.
#include "peer/net/mdns_records.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "peer/net/mdns_lookups.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MdnsRecordsTest : public testing::Test {
 protected:
  std::string Add(const std::string& address) {
    const auto name = records_.Add(address);
    EXPECT_TRUE(name.has_value());
    return name.value_or("");
  }
  static DnsMessage Query(const std::string& name, std::uint16_t type, bool unicast = false) {
    DnsMessage query;
    query.id = 0x4242;
    query.questions.push_back({ToDnsName(name), type, kDnsClassIn, unicast});
    return query;
  }
  MdnsRecords::Answers Ask(const DnsMessage& query, bool legacy = false, std::size_t link = 0) {
    return records_.Answer(SerializeDnsMessage(query), legacy, link, loop_.Now());
  }
  static DnsMessage Read(const std::optional<Bytes>& bytes) {
    EXPECT_TRUE(bytes.has_value());
    return ParseDnsMessage(bytes.value_or(Bytes())).value_or(DnsMessage());
  }

  test::ManualLoop loop_;
  test::SeededRandom random_{1};
  MdnsRecords records_{random_};
};

TEST_F(MdnsRecordsTest, NamesAreRandomUuids) {
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const std::string name = Add("192.0.2.7");
    EXPECT_TRUE(IsMdnsHostName(name));
    EXPECT_EQ(name.size(), 36U + 6U);
    EXPECT_EQ(name[14], '4') << "version 4";
    EXPECT_NE(std::string("89ab").find(name[19]), std::string::npos) << "the RFC's variant";
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 20U);
}

TEST_F(MdnsRecordsTest, AQueryIsAnsweredToTheGroup) {
  const std::string name = Add("192.0.2.7");
  const auto answers = Ask(Query(name, kDnsTypeA));
  EXPECT_FALSE(answers.unicast);
  const DnsMessage answer = Read(answers.multicast);
  EXPECT_EQ(answer.id, 0);
  EXPECT_EQ(answer.flags, kDnsFlagResponse | kDnsFlagAuthoritative);
  EXPECT_TRUE(answer.questions.empty());
  ASSERT_EQ(answer.answers.size(), 1U);
  EXPECT_EQ(answer.answers[0],
            (DnsRecord{ToDnsName(name), kDnsTypeA, kDnsClassIn, true, 120, {192, 0, 2, 7}}));
  ASSERT_EQ(answer.additionals.size(), 1U);
  EXPECT_EQ(answer.additionals[0].type, kDnsTypeNsec);
  const Bytes& bitmap = answer.additionals[0].data;
  EXPECT_EQ(Bytes(bitmap.end() - 3, bitmap.end()), (Bytes{0, 1, 0x40})) << "A alone";
}

TEST_F(MdnsRecordsTest, TheQuBitIsAnsweredToWhoAsked) {
  const std::string name = Add("fd00::7");
  const auto answers = Ask(Query(name, kDnsTypeAaaa, true));
  EXPECT_FALSE(answers.multicast);
  const DnsMessage answer = Read(answers.unicast);
  ASSERT_EQ(answer.answers.size(), 1U);
  EXPECT_EQ(answer.answers[0].data.size(), 16U);
  EXPECT_EQ(answer.answers[0].ttl, 120U);
  const Bytes& bitmap = answer.additionals.at(0).data;
  EXPECT_EQ(Bytes(bitmap.end() - 6, bitmap.end()), (Bytes{0, 4, 0, 0, 0, 8})) << "AAAA alone";
}

TEST_F(MdnsRecordsTest, ALegacyQueryGetsAnAnswerThatAnyResolverTakes) {
  const std::string name = Add("192.0.2.7");
  const auto answers = Ask(Query(name, kDnsTypeA, true), true);
  EXPECT_FALSE(answers.multicast);
  const DnsMessage answer = Read(answers.unicast);
  EXPECT_EQ(answer.id, 0x4242);
  ASSERT_EQ(answer.questions.size(), 1U);
  EXPECT_FALSE(answer.questions[0].unicast_reply);
  ASSERT_EQ(answer.answers.size(), 1U);
  EXPECT_EQ(answer.answers[0].ttl, 10U);
  EXPECT_FALSE(answer.answers[0].cache_flush);
}

TEST_F(MdnsRecordsTest, TheKindOfAddressThatIsNotThereIsDenied) {
  const std::string name = Add("192.0.2.7");
  const DnsMessage answer = Read(Ask(Query(name, kDnsTypeAaaa)).multicast);
  ASSERT_EQ(answer.answers.size(), 1U);
  EXPECT_EQ(answer.answers[0].type, kDnsTypeNsec);
}

TEST_F(MdnsRecordsTest, WhatIsNotForUsIsNotAnswered) {
  const std::string name = Add("192.0.2.7");
  DnsMessage response = Query(name, kDnsTypeA);
  response.flags = kDnsFlagResponse;
  DnsMessage chaos = Query(name, kDnsTypeA);
  chaos.questions[0].dns_class = 3;
  DnsMessage known = Query(name, kDnsTypeA);
  known.answers = {{ToDnsName(name), kDnsTypeA, kDnsClassIn, false, 60, {192, 0, 2, 7}}};
  for (const DnsMessage& query : {Query("other.local", kDnsTypeA), Query("x." + name, kDnsTypeA),
                                  response, chaos, known, DnsMessage()}) {
    const auto answers = Ask(query);
    EXPECT_FALSE(answers.unicast || answers.multicast);
  }
  known.answers[0].ttl = 59;
  EXPECT_TRUE(Ask(known).multicast) << "known, but soon forgotten";
}

TEST_F(MdnsRecordsTest, RemovedNamesAreNotAnswered) {
  const std::string name = Add("192.0.2.7");
  records_.Remove(name);
  records_.Remove("never.local");
  EXPECT_TRUE(records_.empty());
  EXPECT_FALSE(Ask(Query(name, kDnsTypeA)).multicast);
}

TEST_F(MdnsRecordsTest, ARecordIsMulticastOnALinkOnceASecond) {
  const std::string name = Add("192.0.2.7");
  EXPECT_TRUE(Ask(Query(name, kDnsTypeA)).multicast);
  EXPECT_FALSE(Ask(Query(name, kDnsTypeA)).multicast);
  EXPECT_TRUE(Ask(Query(name, kDnsTypeA), false, 1).multicast) << "another link";
  EXPECT_TRUE(Ask(Query(name, kDnsTypeA, true)).unicast) << "to one who asks so";
  loop_.RunFor(milliseconds(999));
  EXPECT_FALSE(Ask(Query(name, kDnsTypeA)).multicast);
  loop_.RunFor(milliseconds(1));
  EXPECT_TRUE(Ask(Query(name, kDnsTypeA)).multicast);
}

TEST_F(MdnsRecordsTest, AnswersHaveARate) {
  const std::string name = Add("192.0.2.7");
  int answered = 0;
  for (int i = 0; i < 1000; ++i) {
    if (Ask(Query(name, kDnsTypeA, true)).unicast) ++answered;
  }
  EXPECT_EQ(answered, MdnsRecords::kMaxAnswersPerSecond);
  loop_.RunFor(seconds(1));
  EXPECT_TRUE(Ask(Query(name, kDnsTypeA, true)).unicast);
}

TEST_F(MdnsRecordsTest, OneQueryGetsABoundedAnswer) {
  DnsMessage query;
  for (std::size_t i = 0; i < kMaxDnsEntries; ++i) {
    query.questions.push_back({ToDnsName(Add("fd00::7")), kDnsTypeAaaa, kDnsClassIn, true});
  }
  const auto answers = Ask(query);
  EXPECT_EQ(Read(answers.unicast).answers.size(), MdnsRecords::kMaxAnswers);
  EXPECT_LT(answers.unicast->size(), 1400U + 300U);
}

TEST_F(MdnsRecordsTest, NamesHaveABoundAndAddressesAForm) {
  for (const char* const bad : {"", "x", "192.0.2", "fe80::1%eth0", "host.example"}) {
    const auto name = records_.Add(bad);
    ASSERT_FALSE(name.has_value());
    EXPECT_EQ(name.error().code, Errc::kInvalidArgument);
  }
  for (std::size_t i = 0; i < MdnsRecords::kMaxNames; ++i) Add("192.0.2.7");
  const auto name = records_.Add("192.0.2.7");
  ASSERT_FALSE(name.has_value());
  EXPECT_EQ(name.error().code, Errc::kLimitExceeded);
}

}  // namespace
}  // namespace pairwire::net
