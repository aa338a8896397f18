// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The DNS codec: messages as other programs send them, each of them cut short, and hostile names.
#include "peer/net/dns_message.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace pairwire::net {
namespace {

const DnsName kName{"3fcb0a2e-6d3a-4d6a-8b1e-5b8f2d6c9a10", "local"};

// A question for kName (QU), an answer with a pointer to it, cache flush bit set, and an NSEC whose
// owner points there too.
Bytes Compressed() {
  Bytes bytes = {0x12, 0x34, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 1};
  const Bytes name = SerializeDnsName(kName);
  bytes.insert(bytes.end(), name.begin(), name.end());
  const Bytes rest = {0,    1,  0x80, 1,  // question: A, QU
                      0xc0, 12, 0,    1,  0x80, 1, 0, 0, 0, 120, 0, 4, 192,  0,  2, 7,  // A
                      0xc0, 12, 0,    47, 0x80, 1, 0, 0, 0, 120, 0, 5, 0xc0, 12, 0, 1, 0x40};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

Bytes Header(std::uint8_t questions) { return {0, 0, 0, 0, 0, questions, 0, 0, 0, 0, 0, 0}; }

void AppendTypeAndClass(Bytes& bytes) {
  const Bytes type_and_class = {0, kDnsTypeA, 0, kDnsClassIn};
  bytes.insert(bytes.end(), type_and_class.begin(), type_and_class.end());
}

Bytes WithQuestion(const Bytes& name) {
  Bytes bytes = Header(1);
  bytes.insert(bytes.end(), name.begin(), name.end());
  AppendTypeAndClass(bytes);
  return bytes;
}

TEST(DnsMessage, ReadsWhatAResponderSends) {
  const auto message = ParseDnsMessage(Compressed());
  ASSERT_TRUE(message.has_value()) << ToString(message.error());
  EXPECT_EQ(message->id, 0x1234);
  EXPECT_EQ(message->flags, kDnsFlagResponse | kDnsFlagAuthoritative);
  ASSERT_EQ(message->questions.size(), 1U);
  EXPECT_EQ(message->questions[0], (DnsQuestion{kName, kDnsTypeA, kDnsClassIn, true}));
  ASSERT_EQ(message->answers.size(), 1U);
  EXPECT_EQ(message->answers[0],
            (DnsRecord{kName, kDnsTypeA, kDnsClassIn, true, 120, {192, 0, 2, 7}}));
  ASSERT_EQ(message->additionals.size(), 1U);
  EXPECT_EQ(message->additionals[0].name, kName);
  EXPECT_EQ(message->additionals[0].type, kDnsTypeNsec);
}

TEST(DnsMessage, EveryCutShortMessageIsAnError) {
  const Bytes whole = Compressed();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto message = ParseDnsMessage(ByteSpan(whole).first(size));
    ASSERT_FALSE(message.has_value()) << size;
    EXPECT_EQ(message.error().code, Errc::kParseError);
  }
}

TEST(DnsMessage, WhatIsWrittenIsReadBack) {
  DnsMessage message;
  message.id = 7;
  message.flags = kDnsFlagResponse;
  message.questions = {{kName, kDnsTypeAny, kDnsClassAny, false}, {{}, 33, 3, true}};
  message.answers = {{kName, kDnsTypeAaaa, kDnsClassIn, true, 0xffffffff, Bytes(16, 0xab)}};
  message.authorities = {{{std::string("\0.\\", 3)}, 1, 1, false, 0, {}}};
  message.additionals = {{{"x"}, kDnsTypeNsec, 1, false, 1, Bytes(300, 1)}};
  const auto again = ParseDnsMessage(SerializeDnsMessage(message));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, message);
}

TEST(DnsMessage, BytesBehindTheLastEntryAreIgnored) {
  Bytes bytes = Compressed();
  bytes.push_back(0xff);
  EXPECT_TRUE(ParseDnsMessage(bytes).has_value());
}

TEST(DnsMessage, PointersLeadBackOnly) {
  EXPECT_FALSE(ParseDnsMessage(WithQuestion({0xc0, 12})).has_value()) << "to itself";
  EXPECT_FALSE(ParseDnsMessage(WithQuestion({0xc0, 14})).has_value()) << "ahead";
  EXPECT_FALSE(ParseDnsMessage(WithQuestion({1, 'a', 0xc0, 12})).has_value()) << "round in a ring";
  EXPECT_FALSE(ParseDnsMessage(WithQuestion({1, 'a', 0xc0, 14})).has_value()) << "to the pointer";
  EXPECT_FALSE(ParseDnsMessage(WithQuestion({0xff, 0xff})).has_value()) << "far outside";
  // Into the header's zero bytes is allowed and means the root.
  const auto root = ParseDnsMessage(WithQuestion({1, 'a', 0xc0, 0}));
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->questions[0].name, DnsName{"a"});
}

TEST(DnsMessage, LabelsAndNamesHaveALimit) {
  EXPECT_FALSE(ParseDnsMessage(WithQuestion(Bytes(100, 0x40))).has_value()) << "reserved length";
  EXPECT_FALSE(ParseDnsMessage(WithQuestion(Bytes(100, 0x80))).has_value()) << "reserved length";

  const auto labels = [](std::size_t count) {
    Bytes name;
    for (std::size_t i = 0; i < count; ++i) {
      name.push_back(1);
      name.push_back('a');
    }
    name.push_back(0);
    return name;
  };
  const auto longest = ParseDnsMessage(WithQuestion(labels(127)));  // 255 bytes
  ASSERT_TRUE(longest.has_value());
  EXPECT_EQ(SerializeDnsName(longest->questions[0].name).size(), 255U);
  EXPECT_FALSE(ParseDnsMessage(WithQuestion(labels(128))).has_value());
}

TEST(DnsMessage, ANameOfPointersToPointersEnds) {
  // Each entry's name is one label and a pointer to the name before.
  Bytes bytes = Header(kMaxDnsEntries);
  std::size_t previous = 0;
  for (std::size_t i = 0; i < kMaxDnsEntries; ++i) {
    const std::size_t here = bytes.size();
    bytes.push_back(3);
    for (int k = 0; k < 3; ++k) bytes.push_back('b');
    if (previous == 0) {
      bytes.push_back(0);
    } else {
      bytes.push_back(static_cast<std::uint8_t>(0xc0 | previous >> 8));
      bytes.push_back(static_cast<std::uint8_t>(previous));
    }
    AppendTypeAndClass(bytes);
    previous = here;
  }
  // 64 labels of 3 make 257 bytes: one too many.
  EXPECT_FALSE(ParseDnsMessage(bytes).has_value());
  bytes[5] = 63;
  const auto message = ParseDnsMessage(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->questions[62].name.size(), 63U);
}

TEST(DnsMessage, TooMuchIsRefusedBeforeItIsRead) {
  const auto many = ParseDnsMessage(Header(kMaxDnsEntries + 1));
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code, Errc::kLimitExceeded);
  const auto large = ParseDnsMessage(Bytes(kMaxDnsMessage + 1, 0));
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(ParseDnsMessage(Bytes(kMaxDnsMessage, 0)).has_value());
}

TEST(DnsName, ComparesWithoutCase) {
  EXPECT_EQ(ToDnsName("a-1.local"), (DnsName{"a-1", "local"}));
  EXPECT_TRUE(SameDnsName({"A-1", "LOCAL"}, {"a-1", "local"}));
  EXPECT_FALSE(SameDnsName({"a", "local"}, {"a", "local", "x"}));
  EXPECT_FALSE(SameDnsName({"a.local"}, {"a", "local"}));
  EXPECT_FALSE(SameDnsName({"a", "loca"}, {"a", "local"}));
}

}  // namespace
}  // namespace pairwire::net
