// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The envelope: fields, verbatim data, and a table of everything malformed.
#include "signaling/protocol/envelope.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

TEST(Envelope, ReadsAllFields) {
  const auto envelope = ParseEnvelope(
      R"({"data":{"a":1},"id":"7","to":"m","type":"webrtc:offer","room":"r","from":"f","more":[]})");
  ASSERT_TRUE(envelope);
  EXPECT_EQ(*envelope, (Envelope{"webrtc:offer", "m", "r", "7", "f", {R"({"a":1})"}}));
}

TEST(Envelope, PassesDataOnVerbatim) {
  // Blanks, number forms, key order, escapes: nothing is touched.
  for (const std::string data :
       {R"({})", R"({ "z" : 1.00e+2 , "a" : [ 1 , {"b": "\u00e9\n\/" } ] })",
        "{\n\t\"sdp\":\"v=0\\r\\n\"\n}", R"({"big":123456789012345678901234567890})",
        R"({"data":{"data":{}}})"}) {
    for (const std::string before : {"", R"("n":12,)", R"("s":"}{",)", R"("o":{"data":{}},)"}) {
      const std::string text = "{" + before + "\"type\":\"t\", \"data\" : " + data + " }";
      const auto envelope = ParseEnvelope(text);
      ASSERT_TRUE(envelope) << text << ": " << envelope.error().detail;
      EXPECT_EQ(envelope->data.text, data);
    }
  }
}

TEST(Envelope, RoundTrips) {
  const Envelope envelope{"chat \"x\"", "to", "room", "id-é", "from", {R"({"a": 1})"}};
  EXPECT_EQ(ParseEnvelope(ToJson(envelope)).value(), envelope);
  const Envelope bare{"heartbeat", "", "", "", "", {}};
  EXPECT_EQ(ToJson(bare), R"({"type":"heartbeat"})");
  EXPECT_EQ(ParseEnvelope(ToJson(bare)).value(), bare);
}

TEST(Envelope, RefusesTheMalformed) {
  const std::string long_id(kMaxIdBytes + 1, 'x');
  for (const std::string& text : {std::string(""),
                                  std::string("{}"),
                                  std::string(R"({"type":""})"),
                                  std::string(R"({"type":1})"),
                                  std::string(R"({"type":null})"),
                                  std::string(R"({"type":{}})"),
                                  std::string(R"({"type":["x"]})"),
                                  std::string(R"({"data":{}})"),
                                  std::string(R"({"type":"t","data":[]})"),
                                  std::string(R"({"type":"t","data":"x"})"),
                                  std::string(R"({"type":"t","data":1})"),
                                  std::string(R"({"type":"t","to":1})"),
                                  std::string(R"({"type":"t","id":{}})"),
                                  std::string(R"({"type":"t","room":true})"),
                                  std::string(R"({"type":"t","from":[]})"),
                                  std::string(R"({"type":"t","type":"t"})"),
                                  std::string(R"({"type":"t","data":{},"data":{}})"),
                                  std::string(R"({"type":"t","id":"a\nb"})"),
                                  R"({"type":")" + long_id + "\"}",
                                  R"({"type":"t","to":")" + long_id + "\"}",
                                  R"({"type":"t","id":")" + long_id + "\"}",
                                  std::string(R"([{"type":"t"}])"),
                                  std::string(R"({"type":"t"}x)")}) {
    EXPECT_FALSE(ParseEnvelope(text)) << text;
  }
}

TEST(Envelope, RefusesEveryCutShortText) {
  const std::string text = R"({"type":"webrtc:offer","id":"1","data":{"sdp":"v=0\r\n","n":[1,2]}})";
  ASSERT_TRUE(ParseEnvelope(text));
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(ParseEnvelope(std::string_view(text).substr(0, cut))) << cut;
  }
}

TEST(Envelope, HoldsTheSize) {
  const std::string frame = R"({"type":"t","data":{"x":""}})";
  std::string text = frame;
  text.insert(text.size() - 3, std::string(kMaxMessageBytes - frame.size(), 'x'));
  EXPECT_TRUE(ParseEnvelope(text));
  text.insert(text.size() - 3, "x");
  EXPECT_EQ(ParseEnvelope(text).error().code, Errc::kLimitExceeded);
}

TEST(Envelope, NullDataIsAbsent) {
  EXPECT_TRUE(ParseEnvelope(R"({"type":"t","data":null,"to":null})").value().data.empty());
}

TEST(KindOfType, KnowsTheNames) {
  EXPECT_EQ(KindOfType("webrtc:offer"), TypeKind::kWebrtc);
  EXPECT_EQ(KindOfType("webrtc:answer"), TypeKind::kWebrtc);
  EXPECT_EQ(KindOfType("webrtc:ice-candidate"), TypeKind::kWebrtc);
  EXPECT_EQ(KindOfType("heartbeat"), TypeKind::kAlive);
  EXPECT_EQ(KindOfType("resume"), TypeKind::kContinue);
  EXPECT_EQ(KindOfType("message:send"), TypeKind::kMessage);
  EXPECT_EQ(KindOfType("subscribe_room"), TypeKind::kRoom);
  EXPECT_EQ(KindOfType("unsubscribe_room"), TypeKind::kRoom);
  for (const std::string_view later :
       {"join_room", "leave_room", "chat_message", "find_match", "cancel_match",
        "sfu_get_router_capabilities", "sfu_create_transport", "sfu_connect_transport",
        "sfu_produce", "sfu_consume", "display:status"}) {
    EXPECT_EQ(KindOfType(later), TypeKind::kNotSupported) << later;
  }
  // Only the relay says these.
  for (const std::string_view ours : {"welcome", "pairing:ready", "session:terminated", "error",
                                      "ack", "user_joined", "", "webrtc:", "WEBRTC:offer"}) {
    EXPECT_EQ(KindOfType(ours), TypeKind::kUnknown) << ours;
  }
}

TEST(MayBroadcast, NotWhatLeadsAClient) {
  for (const std::string_view ours :
       {"welcome", "ack", "error", "pairing:ready", "session:terminated", "user_joined",
        "user_left", "server:draining", "webrtc:offer", "webrtc:answer", "webrtc:ice-candidate",
        "message:received", ""}) {
    EXPECT_FALSE(MayBroadcast(ours)) << ours;
  }
  EXPECT_TRUE(MayBroadcast("participants_update"));
  EXPECT_TRUE(MayBroadcast("refresh"));
}

}  // namespace
}  // namespace pairwire::protocol
