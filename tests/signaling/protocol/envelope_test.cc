// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The envelope: fields, verbatim data, and a table of everything malformed.
#include "signaling/protocol/envelope.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// Counts what this program allocates; gcc takes the pair for a mismatched one.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

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

TEST(Envelope, IsSeenInItsText) {
  const std::string text =
      R"({"type":"webrtc:offer","to":"\u006d1","id":"\u0037","data":{"a": [1]},"from":"x"})";
  EnvelopeView view;
  ASSERT_TRUE(view.Parse(text));
  EXPECT_EQ(view.type, "webrtc:offer");
  EXPECT_EQ(view.to, "m1");
  EXPECT_EQ(view.id, "7");
  EXPECT_EQ(view.from, "x");
  EXPECT_EQ(view.room, "");
  EXPECT_EQ(view.data, R"({"a": [1]})");
  EXPECT_EQ(view.data.data(), text.data() + text.find("{\"a\""));
  // Nothing is left of the text before.
  ASSERT_TRUE(view.Parse(R"({"type":"heartbeat"})"));
  EXPECT_EQ(view.to, "");
  EXPECT_EQ(view.data, "");
}

TEST(Envelope, AllFieldsMayBeEscapedAndAtTheirBound) {
  std::string escaped;
  for (std::size_t i = 0; i < kMaxIdBytes; ++i) escaped += "\\u0061";
  const std::string meant(kMaxIdBytes, 'a');
  const auto text = [](const std::string& value) {
    std::string members;
    for (const char* key : {"type", "to", "room", "id", "from"}) {
      members += (members.empty() ? "\"" : ",\"") + std::string(key) + "\":\"" + value + "\"";
    }
    return "{" + members + "}";
  };
  const std::string at_bound = text(escaped);
  EnvelopeView view;
  ASSERT_TRUE(view.Parse(at_bound));
  for (const std::string_view field : {view.type, view.to, view.room, view.id, view.from}) {
    EXPECT_EQ(field, meant);
  }
  EXPECT_FALSE(view.Parse(text(escaped + "a")));
  EXPECT_FALSE(view.Parse(text(escaped + "\\n")));
}

TEST(Envelope, AppendsWhatTheParserReads) {
  std::string text = "before ";
  AppendEnvelope(text, "3.17", "chat \"x\"", "m\\1", R"({"a": 1})");
  EXPECT_EQ(text, R"(before {"id":"3.17","type":"chat \"x\"","from":"m\\1","data":{"a": 1}})");
  EXPECT_EQ(ParseEnvelope(text.substr(7)).value(),
            (Envelope{"chat \"x\"", "", "", "3.17", "m\\1", {R"({"a": 1})"}}));
  text.clear();
  AppendEnvelope(text, "", "t", "m", "{}");
  EXPECT_EQ(text, R"({"type":"t","from":"m","data":{}})");
}

TEST(Envelope, StampsWithoutAllocating) {
  const std::string message =
      R"({"type":"webrtc:ice-candidate","to":"c-0123456789012345678901","id":"12\u0033","data":)"
      R"({"candidate":"candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host é",)"
      R"("sdpMid":"0","sdpMLineIndex":0,"n":[1.5e3,null,true,{"deep":{"er":-1}}]}})";
  std::string out;
  out.reserve(1024);
  const std::size_t before = allocations;
  EnvelopeView view;
  const bool parsed = view.Parse(message).has_value();
  AppendEnvelope(out, "1.5", view.type, "d-0123456789012345678901", view.data);
  const std::size_t after = allocations;
  EXPECT_EQ(after, before);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(view.id, "123");
  EXPECT_TRUE(ParseEnvelope(out).has_value());
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
  EXPECT_EQ(KindOfType("auth:refresh"), TypeKind::kRefresh);
  for (const char* room : {"join_room", "leave_room", "subscribe_room", "unsubscribe_room"}) {
    EXPECT_EQ(KindOfType(room), TypeKind::kRoom) << room;
  }
  for (const std::string_view later :
       {"chat_message", "find_match", "cancel_match", "sfu_get_router_capabilities",
        "sfu_create_transport", "sfu_connect_transport", "sfu_produce", "sfu_consume",
        "display:status"}) {
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
