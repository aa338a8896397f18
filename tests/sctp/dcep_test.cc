// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DCEP: bytes as browsers send them, round trips, and every way to be malformed.
#include "sctp/dcep.h"

#include <gtest/gtest.h>

#include "sctp/types.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

// An OPEN as libwebrtc sends it for createDataChannel("chat"): reliable, ordered, priority 0.
const Bytes kBrowserOpen = {0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                            0x00, 0x04, 0x00, 0x00, 'c',  'h',  'a',  't'};

DcepOpen MustOpen(ByteSpan bytes) {
  const auto message = DecodeDcep(bytes);
  EXPECT_TRUE(message.has_value());
  if (!message || !std::holds_alternative<DcepOpen>(*message)) return {};
  return std::get<DcepOpen>(*message);
}

TEST(DcepTest, ReadsABrowsersOpen) {
  const DcepOpen open = MustOpen(kBrowserOpen);
  EXPECT_EQ(open.type, DcepChannelType::kReliable);
  EXPECT_EQ(open.priority, 0);
  EXPECT_EQ(open.reliability, 0u);
  EXPECT_EQ(open.label, "chat");
  EXPECT_EQ(open.protocol, "");
}

TEST(DcepTest, WritesWhatBrowsersRead) {
  DcepOpen open;
  open.priority = 0;
  open.label = "chat";
  EXPECT_EQ(EncodeDcepOpen(open).value(), kBrowserOpen);
  EXPECT_EQ(EncodeDcepAck(), Bytes{0x02});
}

TEST(DcepTest, OpenSurvivesARoundTrip) {
  for (const int type : {0x00, 0x80, 0x01, 0x81, 0x02, 0x82}) {
    DcepOpen open;
    open.type = static_cast<DcepChannelType>(type);
    open.priority = 0xfedc;
    open.reliability = 0x89abcdef;
    open.label = std::string("l\0bel", 5) + "\xc3\xa4";
    open.protocol = std::string(kMaxLabelLength, 'p');
    EXPECT_EQ(MustOpen(EncodeDcepOpen(open).value()), open);
  }
}

TEST(DcepTest, EmptyLabelAndProtocolAreAllowed) {
  EXPECT_EQ(MustOpen(EncodeDcepOpen({}).value()), DcepOpen{});
}

TEST(DcepTest, ReadsAckAlsoAsPionPadsIt) {
  for (const Bytes& bytes : {Bytes{0x02}, Bytes{0x02, 0x00, 0x00, 0x00}}) {
    const auto message = DecodeDcep(bytes);
    ASSERT_TRUE(message.has_value());
    EXPECT_TRUE(std::holds_alternative<DcepAck>(*message));
  }
}

TEST(DcepTest, RefusesEveryCutShortOpen) {
  DcepOpen open;
  open.label = "label";
  open.protocol = "protocol";
  const Bytes whole = EncodeDcepOpen(open).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto message = DecodeDcep(ByteSpan(whole).first(size));
    ASSERT_FALSE(message.has_value()) << size;
    EXPECT_EQ(message.error().code, Errc::kParseError);
  }
}

TEST(DcepTest, RefusesBytesBehindAnOpen) {
  Bytes open = kBrowserOpen;
  open.push_back(0);
  EXPECT_FALSE(DecodeDcep(open).has_value());
}

TEST(DcepTest, RefusesUnknownTypes) {
  for (int type = 0; type < 256; ++type) {
    const Bytes message{static_cast<std::uint8_t>(type)};
    EXPECT_EQ(DecodeDcep(message).has_value(), type == 0x02) << type;
    Bytes open = kBrowserOpen;
    open[1] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(DecodeDcep(open).has_value(), (type & 0x7f) <= 2) << type;
  }
}

TEST(DcepTest, LimitsLabelAndProtocol) {
  DcepOpen open;
  open.label = std::string(kMaxLabelLength, 'x');
  EXPECT_TRUE(EncodeDcepOpen(open).has_value());
  open.label += 'x';
  EXPECT_EQ(EncodeDcepOpen(open).error().code, Errc::kLimitExceeded);
  open.label.clear();
  open.protocol = std::string(kMaxLabelLength + 1, 'x');
  EXPECT_EQ(EncodeDcepOpen(open).error().code, Errc::kLimitExceeded);

  // The same from the other end: well-formed, but too long.
  Bytes message(12 + 257, 'x');
  message[0] = 3;
  message[1] = 0;
  message[8] = 0x01;
  message[9] = 0x01;
  message[10] = message[11] = 0;
  EXPECT_TRUE(DecodeDcep(message).has_value());
  EXPECT_EQ(DecodeDcep(message, 256).error().code, Errc::kLimitExceeded);
  std::swap(message[8], message[10]);
  std::swap(message[9], message[11]);
  EXPECT_EQ(DecodeDcep(message, 256).error().code, Errc::kLimitExceeded);
}

TEST(DcepTest, LengthsThatLieAreRefused) {
  for (const std::size_t at : {8u, 9u, 10u, 11u}) {
    for (const std::uint8_t value : Bytes{0x01, 0x7f, 0xff}) {
      Bytes message = kBrowserOpen;
      message[at] = value;
      EXPECT_FALSE(DecodeDcep(message).has_value());
    }
  }
}

TEST(DcepTest, RandomBytesNeverCrash) {
  test::SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random.NextBelow(40));
    random.Fill(bytes);
    if (!bytes.empty() && i % 2 == 0) bytes[0] = 3;
    (void)DecodeDcep(bytes);
  }
}

}  // namespace
}  // namespace pairwire::sctp
