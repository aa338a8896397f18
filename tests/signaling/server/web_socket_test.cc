// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The WebSocket side of the relay: who gets in, and what happens to frames and messages that are
// not right (RFC 6455).
#include <gtest/gtest.h>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// A relay with one display and its controller.
struct Pair {
  explicit Pair(const ServerConfig& config = TestConfig()) : relay(config) {
    display = RegisterDisplay(relay.port());
    controller = PairController(relay.port(), display.code);
  }
  TestRelay relay;
  Registered display;
  Paired controller;
};

// The close code of the server's close frame at the end of what a client by hand received; 0
// without one.
int CloseCodeOf(RawClient& client) {
  std::string all;
  client.ReadToEnd(all);
  const std::size_t frame = all.rfind('\x88');
  if (frame == std::string::npos || all.size() < frame + 4) return 0;
  return static_cast<unsigned char>(all[frame + 2]) * 256 +
         static_cast<unsigned char>(all[frame + 3]);
}

TEST(WebSocketTest, TokenInEachOfTheThreePlaces) {
  Pair pair;
  const std::string& token = pair.display.token;
  for (const WsClient::Options& options :
       {WsClient::Options{Bearer(token), "pairwire.v1"},
        WsClient::Options{{}, "pairwire.v1, pairwire.token." + token},
        WsClient::Options{
            {{"Cookie", "x=y; access_token=" + token}, {"Origin", "http://relay.test"}},
            "pairwire.v1"}}) {
    WsClient client;
    EXPECT_EQ(client.Connect(pair.relay.port(), options), 101) << client.refusal().body;
    EXPECT_EQ(client.chosen_subprotocol(), "pairwire.v1");
    EXPECT_TRUE(client.ReadType("welcome"));
    client.Close();
  }
}

// Also what comes in the same turn of the relay in which it opened the socket. Many rounds, as when
// that is so is the kernel's business.
TEST(WebSocketTest, WhatComesRightBehindTheUpgradeIsHeard) {
  Pair pair;
  for (int round = 0; round < 200; ++round) {
    WsClient client;
    ASSERT_EQ(client.Connect(pair.relay.port(), {Bearer(pair.display.token), "pairwire.v1"}), 101);
    ASSERT_TRUE(client.Send(R"({"type":"heartbeat","id":"first"})"));
    ASSERT_TRUE(client.ReadType("ack")) << "round " << round;
    client.Close();
  }
}

TEST(WebSocketTest, RefusedBeforeTheUpgrade) {
  Pair pair;
  const std::uint16_t port = pair.relay.port();
  const std::string& token = pair.display.token;
  const auto status = [&](const WsClient::Options& options) {
    WsClient client;
    return client.Connect(port, options);
  };
  EXPECT_EQ(status({{}, "pairwire.v1"}), 401);
  EXPECT_EQ(status({Bearer("wrong"), "pairwire.v1"}), 401);
  EXPECT_EQ(status({Bearer(token + "x"), "pairwire.v1"}), 401);
  EXPECT_EQ(status({{}, "pairwire.v1, pairwire.token."}), 401);
  EXPECT_EQ(status({Bearer(token), ""}), 400);
  EXPECT_EQ(status({Bearer(token), "pairwire.v2"}), 400);
  Headers foreign = Bearer(token);
  foreign.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(status({foreign, "pairwire.v1"}), 403);
  Headers own = Bearer(token);
  own.emplace_back("Origin", "http://relay.test");
  EXPECT_EQ(status({own, "pairwire.v1"}), 101);
  EXPECT_EQ(Request(port, "GET", "/ws", {}, Bearer(token)).status, 400);
  EXPECT_EQ(Request(port, "POST", "/ws", "{}").status, 405);

  const Response problem = Request(port, "GET", "/ws", {},
                                   {{"Upgrade", "websocket"},
                                    {"Connection", "Upgrade"},
                                    {"Sec-WebSocket-Version", "13"},
                                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                    {"Sec-WebSocket-Protocol", "pairwire.v1"}});
  EXPECT_EQ(problem.status, 401);
  EXPECT_EQ(JsonValue(problem.body, "code"), "unauthorized");
  // The connection is still good for HTTP afterwards; an old version of the protocol is told ours.
  const Response version = Request(
      port, "GET", "/ws", {},
      {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "8"}});
  EXPECT_EQ(version.status, 400);
  EXPECT_EQ(version.Header("Sec-WebSocket-Version"), "13");
}

TEST(WebSocketTest, WhoSpeaksAtOnceIsHeard) {
  Pair pair;
  for (int i = 0; i < 40; ++i) {
    WsClient client;
    ASSERT_EQ(client.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
    ASSERT_TRUE(client.Send(R"({"type":"heartbeat","id":"first"})"));
    ASSERT_TRUE(client.ReadType("ack")) << i;
  }
}

TEST(WebSocketTest, ListedOriginGetsIn) {
  ServerConfig config = TestConfig();
  config.origins = {"https://app.example"};
  Pair pair(config);
  Headers headers = Bearer(pair.display.token);
  headers.emplace_back("Origin", "https://app.example");
  WsClient client;
  EXPECT_EQ(client.Connect(pair.relay.port(), {headers, "pairwire.v1"}), 101);
}

TEST(WebSocketTest, MalformedMessagesGetAnErrorAndTheSocketGoesOn) {
  Pair pair;
  WsClient client;
  ASSERT_EQ(client.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  ASSERT_TRUE(client.ReadType("welcome"));
  for (const char* text : {"", "{", "nonsense", "[]", "{}", R"({"type":1})",
                           R"({"type":"no_such_type"})", R"({"type":"a","type":"b"})",
                           R"([[[[[[[[[[[[]]]]]]]]]]]])", R"({"type":"find_match","data":{}})"}) {
    ASSERT_TRUE(client.Send(text)) << text;
    const auto error = client.ReadType("error");
    ASSERT_TRUE(error) << text;
    EXPECT_NE(error->find("\"code\""), std::string::npos) << *error;
  }
  ASSERT_TRUE(client.Send(R"({"type":"heartbeat","id":"h1"})"));
  EXPECT_TRUE(client.ReadType("ack"));
}

TEST(WebSocketTest, BinaryGetsAnErrorThenTheClose) {
  Pair pair;
  WsClient client;
  ASSERT_EQ(client.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  ASSERT_TRUE(client.ReadType("welcome"));
  ASSERT_TRUE(client.SendBinary("\x01\x02"));
  EXPECT_TRUE(client.ReadType("error"));
  EXPECT_EQ(client.ReadToClose(), 1003);
}

TEST(WebSocketTest, AMessageBeyondTheLimitGetsAnErrorThenTheClose) {
  Pair pair;
  const auto message = [](std::size_t size) {
    const std::string before = R"({"type":"webrtc:offer","id":"a","data":{"sdp":")";
    const std::string after = R"("}})";
    return before + std::string(size - before.size() - after.size(), 's') + after;
  };
  constexpr std::size_t kLimit = 64 * 1024;
  WsClient client;
  ASSERT_EQ(client.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  ASSERT_TRUE(client.ReadType("welcome"));
  ASSERT_TRUE(client.Send(message(60'000)));
  ASSERT_TRUE(client.ReadType("ack"));
  // Whole, but without room for what the relay adds: refused by the core, and the socket goes on.
  ASSERT_TRUE(client.Send(message(kLimit)));
  EXPECT_EQ(JsonValue(client.ReadType("error").value_or(""), "code"), "payload_too_large");
  ASSERT_TRUE(client.Send(R"({"type":"heartbeat","id":"b"})"));
  ASSERT_TRUE(client.ReadType("ack"));
  // One byte more is never read to its end.
  ASSERT_TRUE(client.Send(message(kLimit + 1)));
  EXPECT_EQ(JsonValue(client.ReadType("error").value_or(""), "code"), "payload_too_large");
  EXPECT_EQ(client.ReadToClose(), 1009);
}

TEST(WebSocketTest, AFrameThatClaimsToBeHugeIsRefusedEarly) {
  Pair pair;
  RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
  std::string header = "\x81\xff";
  header += std::string("\x00\x00\x7f\xff\xff\xff\xff\xff", 8) + std::string("\x01\x02\x03\x04", 4);
  ASSERT_TRUE(client.Send(header + std::string(70'000, 'x')));
  EXPECT_FALSE(client.ReadUntil("payload_too_large").empty());
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(WebSocketTest, FragmentsMakeOneMessageAndTheirSumIsBounded) {
  Pair pair;
  RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
  client.Send(ClientFrame(0x01, R"({"type":"heart)"));
  client.Send(ClientFrame(0x89, "ping between fragments"));
  client.Send(ClientFrame(0x80, R"(beat","id":"f1"})"));
  EXPECT_FALSE(client.ReadUntil(R"("type":"ack")").empty());
  client.Send(ClientFrame(0x01, std::string(40'000, 'a')));
  client.Send(ClientFrame(0x00, std::string(40'000, 'a')));
  EXPECT_FALSE(client.ReadUntil("payload_too_large").empty());
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(WebSocketTest, BrokenFramesAreAnsweredWithACloseCode) {
  struct Case {
    const char* name;
    std::string bytes;
    int code;
  };
  const Case kCases[] = {
      {"unmasked", ClientFrame(0x81, "hello", false), 1002},
      {"opcode 3", ClientFrame(0x83, "hello"), 1002},
      {"opcode 11", ClientFrame(0x8b, "hello"), 1002},
      {"reserved bit (compression was not agreed)", ClientFrame(0xc1, "hello"), 1002},
      {"fragmented ping", ClientFrame(0x09, "hello"), 1002},
      {"fragmented close", ClientFrame(0x08, "\x03\xe8"), 1002},
      {"ping of 126 bytes", ClientFrame(0x89, std::string(126, 'p')), 1002},
      {"continuation of nothing", ClientFrame(0x80, "hello"), 1002},
      {"new message inside a message", ClientFrame(0x01, "a") + ClientFrame(0x81, "b"), 1002},
      {"close of one byte", ClientFrame(0x88, "\x03"), 1002},
      {"close code 1005", ClientFrame(0x88, std::string("\x03\xed", 2)), 1002},
      {"length not in its shortest form", std::string("\x81\xfe\x00\x05\x01\x02\x03\x04hello", 13),
       1002},
      {"invalid UTF-8", ClientFrame(0x81, "{\"type\":\"\xc3\x28\"}"), 1007},
      {"overlong UTF-8", ClientFrame(0x81, "\xc0\xaf"), 1007},
      {"surrogate in UTF-8", ClientFrame(0x81, "\xed\xa0\x80"), 1007},
      {"cut-short UTF-8", ClientFrame(0x81, "\xe2\x82"), 1007},
  };
  Pair pair;
  for (const Case& c : kCases) {
    RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
    client.ReadUntil("welcome");
    ASSERT_TRUE(client.Send(c.bytes));
    client.CloseSending();
    EXPECT_EQ(CloseCodeOf(client), c.code) << c.name;
  }
  EXPECT_EQ(Request(pair.relay.port(), "GET", "/healthz").status, 200);
}

TEST(WebSocketTest, FramesCutShortAtEveryByteLeaveNothingBehind) {
  Pair pair;
  const std::string frame = ClientFrame(0x01, R"({"type":"heart)") + ClientFrame(0x89, "hi") +
                            ClientFrame(0x80, R"(beat"})") +
                            ClientFrame(0x88, std::string("\x03\xe8", 2));
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
    ASSERT_TRUE(client.Send(frame.substr(0, size)));
    if (size % 2 == 0) {
      client.Reset();
    } else {
      client.CloseSending();
      EXPECT_TRUE(client.WaitForEnd()) << size;
    }
  }
  EXPECT_TRUE(WaitForMetric(pair.relay.port(), "pairwire_connections", "kind=\"websocket\"",
                            [](double n) { return n == 0; }));
}

TEST(WebSocketTest, GarbageAfterTheUpgradeClosesIt) {
  Pair pair;
  RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
  client.Send(std::string(3000, '\xff'));
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(WebSocketTest, ASilentSocketIsGivenUp) {
  ServerConfig config = TestConfig();
  config.timeouts.ws_idle = std::chrono::milliseconds(500);
  Pair pair(config);
  // It never answers the pings that come after half of the time.
  RawClient client = UpgradeByHand(pair.relay.port(), pair.display.token);
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(WebSocketTest, AnOrderlyCloseIsAnswered) {
  Pair pair;
  WsClient client;
  ASSERT_EQ(client.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  client.Close();
  EXPECT_TRUE(WaitForMetric(pair.relay.port(), "pairwire_connections", "kind=\"websocket\"",
                            [](double n) { return n == 0; }));
}

TEST(WebSocketTest, ANewerSocketOfTheSameMemberTakesOver) {
  Pair pair;
  WsClient older;
  WsClient newer;
  ASSERT_EQ(older.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  ASSERT_TRUE(older.ReadType("welcome"));
  ASSERT_EQ(newer.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
  EXPECT_TRUE(newer.ReadType("welcome"));
  EXPECT_EQ(older.ReadToClose(), 4001);
}

TEST(WebSocketTest, BytesSentAheadOfTheUpgradeAreRefused) {
  Pair pair;
  RawClient client(pair.relay.port());
  client.Send(RequestText("GET", "/ws", {},
                          {{"Upgrade", "websocket"},
                           {"Connection", "Upgrade"},
                           {"Sec-WebSocket-Version", "13"},
                           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                           {"Sec-WebSocket-Protocol", "pairwire.v1"},
                           {"Authorization", "Bearer " + pair.display.token}}) +
              ClientFrame(0x81, "early"));
  EXPECT_EQ(client.ReadResponse().status, 400);
}

TEST(WebSocketTest, ASlowReaderIsClosedAndTheOthersAreNot) {
  ServerConfig config = TestConfig();
  config.limits.queue_bytes = 128 * 1024;
  config.timeouts.linger = std::chrono::milliseconds(200);
  Pair pair(config);
  // A client with a small window that reads nothing after its welcome.
  RawClient slow(pair.relay.port(), 4096);
  slow.Send(RequestText("GET", "/ws", {},
                        {{"Upgrade", "websocket"},
                         {"Connection", "Upgrade"},
                         {"Sec-WebSocket-Version", "13"},
                         {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                         {"Sec-WebSocket-Protocol", "pairwire.v1"},
                         {"Authorization", "Bearer " + pair.controller.token}}));
  ASSERT_FALSE(slow.ReadUntil("welcome").empty());
  const std::string message =
      R"({"type":"webrtc:offer","data":{"sdp":")" + std::string(60'000, 's') + R"("}})";
  double closed = 0;
  for (int round = 0; round < 20 && closed < 1; ++round) {
    // Within one socket's byte rate; a new socket starts with a full allowance.
    WsClient display;
    ASSERT_EQ(display.ConnectWithBearer(pair.relay.port(), pair.display.token), 101);
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(display.Send(message));
    ASSERT_TRUE(display.Send(R"({"type":"heartbeat","id":"last"})"));
    ASSERT_TRUE(display.ReadType("ack")) << "the sender must not be held up";
    display.Close();
    closed = Metric(pair.relay.port(), "pairwire_slow_consumers_total", "kind=\"websocket\"");
  }
  EXPECT_GE(closed, 1);
}

}  // namespace
}  // namespace pairwire::server
