// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/message.h"

#include <gtest/gtest.h>

#include "signaling/load/options.h"
#include "signaling/protocol/envelope.h"

namespace pairwire::load {
namespace {

// What a server sees: the payload of a client's frame of less than 64 KiB.
std::string Unmask(std::string_view frame) {
  const auto first_length = static_cast<std::uint8_t>(frame[1]) & 0x7f;
  const std::size_t mask_at = first_length < 126 ? 2 : 4;
  std::string payload(frame.substr(mask_at + 4));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ frame[mask_at + i % 4]);
  }
  return payload;
}

TEST(MessageTest, HasTheSizeThatWasAskedFor) {
  for (const std::size_t size : {kMinMessageBytes, std::size_t{300}, kMaxMessageBytes}) {
    NumberedMessage message(size, /*ack=*/false);
    const std::string text = Unmask(message.Frame(1));
    EXPECT_EQ(text.size(), size);
    EXPECT_TRUE(protocol::ParseEnvelope(text).has_value());
  }
}

TEST(MessageTest, CarriesItsNumberAndTheSameAsItsId) {
  NumberedMessage message(300, /*ack=*/true, "m-7");
  for (const std::uint64_t number : {1ULL, 42ULL, 999'999'999'999ULL}) {
    const std::string text = Unmask(message.Frame(number));
    const auto envelope = protocol::ParseEnvelope(text);
    ASSERT_TRUE(envelope.has_value());
    EXPECT_EQ(envelope->to, "m-7");
    EXPECT_EQ(std::stoull(envelope->id), number);
    EXPECT_EQ(NumberIn(text), number);
  }
}

TEST(MessageTest, TheNumberIsFoundInWhatTheRelayMakesOfIt) {
  NumberedMessage message(300, /*ack=*/false);
  auto envelope = protocol::ParseEnvelope(Unmask(message.Frame(77)));
  ASSERT_TRUE(envelope.has_value());
  envelope->from = "someone";
  envelope->id = "3.77";
  EXPECT_EQ(NumberIn(protocol::ToJson(*envelope)), 77U);
  // Members in another order.
  EXPECT_EQ(NumberIn(R"({"data":)" + envelope->data.text + R"(,"type":"webrtc:ice-candidate"})"),
            77U);
}

TEST(MessageTest, OtherTextsHaveNone) {
  for (const char* text : {"", "{}", R"({"type":"ack","id":"000000000001"})",
                           R"({"type":"welcome","data":{"memberId":"m"}})", R"("seq":")",
                           R"("seq":"00000000000x"}})"}) {
    EXPECT_FALSE(NumberIn(text).has_value()) << text;
  }
  EXPECT_EQ(AckIn(R"({"type":"ack","id":"000000000012"})"), 12U);
  EXPECT_FALSE(AckIn(R"({"type":"error","id":"000000000012","data":{}})").has_value());
  EXPECT_FALSE(AckIn(R"({"type":"ack","id":"mark"})").has_value());
}

}  // namespace
}  // namespace pairwire::load
