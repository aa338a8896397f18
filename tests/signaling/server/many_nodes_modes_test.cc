// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two real nodes on a real Redis: the switches of row L13, and rooms that sockets of one node
// listen to while something is told on the other.
#include <gmock/gmock.h>
#include <poll.h>

#include "tests/signaling/server/test_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/relay_node.h"
#include "tests/support/server_port.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using test::RedisServer;
using test::RelayNode;
using ::testing::HasSubstr;

void WaitReady(const RelayNode& node) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (Request(node.port(), "GET", "/readyz").status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    // Another process' state can only be asked for again and again.
    poll(nullptr, 0, 10);
  }
}

struct TwoNodes {
  explicit TwoNodes(const std::vector<std::string>& more,
                    const std::vector<std::string>& more_b = {})
      : a(redis, "a", more), b(redis, "b", more_b.empty() ? more : more_b) {
    WaitReady(a);
    WaitReady(b);
  }
  RedisServer redis;
  RelayNode a, b;
};

TEST(ManyNodesModes, AnImmediateDisplayHearsOfItsPairingFromAnotherNode) {
  TwoNodes nodes({"--connection", "immediate"});
  const Registered display = RegisterDisplay(nodes.a.port());
  WsClient waiting;
  ASSERT_EQ(waiting.ConnectWithBearer(nodes.a.port(), display.token), 101);
  ASSERT_TRUE(waiting.ReadType("welcome"));
  const Paired controller = PairController(nodes.b.port(), display.code);
  ASSERT_EQ(controller.status, 200);
  EXPECT_THAT(waiting.ReadType("pairing:ready").value_or(""), HasSubstr(controller.controller_id));
  WsClient other;
  ASSERT_EQ(other.ConnectWithBearer(nodes.b.port(), controller.token), 101);
  ASSERT_TRUE(other.ReadType("welcome"));
  ASSERT_TRUE(waiting.Send(R"({"type":"webrtc:offer","data":{"sdp":"v=0"}})"));
  EXPECT_TRUE(other.ReadType("webrtc:offer"));
}

TEST(ManyNodesModes, AnImmediateDisplayMovesWhileItWaits) {
  TwoNodes nodes({"--connection", "immediate"});
  const Registered display = RegisterDisplay(nodes.a.port());
  WsClient first;
  ASSERT_EQ(first.ConnectWithBearer(nodes.a.port(), display.token), 101);
  ASSERT_TRUE(first.ReadType("welcome"));
  first.Close();
  const Paired controller = PairController(nodes.a.port(), display.code);
  WsClient other;
  ASSERT_EQ(other.ConnectWithBearer(nodes.a.port(), controller.token), 101);
  ASSERT_TRUE(other.ReadType("welcome"));
  WsClient again;
  ASSERT_EQ(again.ConnectWithBearer(nodes.b.port(), display.token), 101);
  EXPECT_THAT(again.ReadType("user_joined").value_or(""), HasSubstr(controller.controller_id));
}

TEST(ManyNodesModes, RelayedMessagesAreAcknowledgedAndInOrder) {
  TwoNodes nodes({"--signaling", "relayed"});
  const Registered display = RegisterDisplay(nodes.a.port());
  const Paired controller = PairController(nodes.b.port(), display.code);
  WsClient one;
  WsClient two;
  ASSERT_EQ(one.ConnectWithBearer(nodes.a.port(), display.token), 101);
  ASSERT_EQ(two.ConnectWithBearer(nodes.b.port(), controller.token), 101);
  EXPECT_EQ(JsonValue(one.ReadType("welcome").value_or(""), "mode"), "relayed");
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(one.Send(R"({"type":"message:send","id":"m)" + std::to_string(i) +
                         R"(","data":{"text":"t)" + std::to_string(i) + "\"}}"));
  }
  for (int i = 0; i < 30; ++i) {
    const auto message = two.ReadType("message:received");
    ASSERT_TRUE(message);
    EXPECT_EQ(JsonValue(*message, "text"), "t" + std::to_string(i));
    EXPECT_NE(JsonValue(*message, "from"), "");
    const auto ack = one.ReadType("ack");
    ASSERT_TRUE(ack);
    EXPECT_EQ(JsonValue(*ack, "id"), "m" + std::to_string(i));
  }
  ASSERT_TRUE(two.Send(R"({"type":"webrtc:answer","id":"no","data":{}})"));
  EXPECT_EQ(JsonValue(two.ReadType("error").value_or(""), "code"), "not_supported");
}

TEST(ManyNodesModes, BothKindsAreCarried) {
  TwoNodes nodes({"--signaling", "both"});
  const Registered display = RegisterDisplay(nodes.a.port());
  const Paired controller = PairController(nodes.b.port(), display.code);
  WsClient one;
  WsClient two;
  ASSERT_EQ(one.ConnectWithBearer(nodes.a.port(), display.token), 101);
  ASSERT_EQ(two.ConnectWithBearer(nodes.b.port(), controller.token), 101);
  EXPECT_EQ(JsonValue(one.ReadType("welcome").value_or(""), "mode"), "both");
  ASSERT_TRUE(one.Send(R"({"type":"webrtc:offer","data":{"sdp":"v=0"}})"));
  ASSERT_TRUE(one.Send(R"({"type":"message:send","data":{"box":"abc"}})"));
  EXPECT_TRUE(two.ReadType("webrtc:offer"));
  EXPECT_EQ(JsonValue(two.ReadType("message:received").value_or(""), "box"), "abc");
}

// Without Redis' expired events, and no matter which node the display waits at: punctual and once.
TEST(ManyNodesModes, TheSweepAloneEndsWhatIsDue) {
  TwoNodes nodes({"--expiry", "sweep", "--session-seconds", "1"});
  const Registered display = RegisterDisplay(nodes.a.port());
  RawClient events = OpenEvents(nodes.b.port(), display);
  const std::string got = events.ReadUntil("session:terminated");
  ASSERT_FALSE(got.empty());
  std::string rest;
  EXPECT_TRUE(events.ReadToEnd(rest));
  EXPECT_EQ(rest.find("session:terminated"), std::string::npos) << rest;
  EXPECT_EQ(PairController(nodes.a.port(), display.code).status, 404);
}

TEST(ManyNodesModes, WatchersHearADisplayOfAnotherNode) {
  TwoNodes nodes({"--status"});
  const Registered display = RegisterDisplay(nodes.a.port(), R"({"displayId":"wall:{1}"})");
  const Registered watching = RegisterDisplay(nodes.b.port());
  WsClient watcher;
  ASSERT_EQ(watcher.ConnectWithBearer(nodes.b.port(), watching.token), 101);
  ASSERT_TRUE(watcher.ReadType("welcome"));
  for (const char* room : {"display:wall:{1}", "design:spring"}) {
    ASSERT_TRUE(
        watcher.Send(R"({"type":"subscribe_room","id":"s","room":")" + std::string(room) + "\"}"));
    ASSERT_TRUE(watcher.ReadType("ack"));
  }
  // A subscription is on its way to Redis while its ack is on the way here.
  nodes.redis.WaitForCli({"PUBSUB", "CHANNELS", "*spring*"},
                         [](const std::string& channels) { return !channels.empty(); });
  ASSERT_EQ(Request(nodes.a.port(), "POST", "/api/displays/wall:{1}/status",
                    R"({"status":"online","designId":"spring"})", Bearer(display.token))
                .status,
            204);
  EXPECT_EQ(JsonValue(watcher.ReadType("display:status").value_or(""), "room"), "display:wall:{1}");
  EXPECT_EQ(JsonValue(watcher.ReadType("display:status").value_or(""), "room"), "design:spring");
  EXPECT_EQ(
      JsonValue(Request(nodes.b.port(), "GET", "/api/displays/wall:{1}/status").body, "status"),
      "online");
}

TEST(ManyNodesModes, ABroadcastReachesEveryNode) {
  RedisServer redis;
  RelayNode a(redis, "a", {"--internal-listen", "127.0.0.1:0"});
  const std::uint16_t operators = test::ServerPort();
  RelayNode b(redis, "b", {"--internal-listen", "127.0.0.1:" + std::to_string(operators)});
  WaitReady(a);
  WaitReady(b);
  WsClient sockets[2];
  for (int i = 0; i < 2; ++i) {
    const std::uint16_t port = i == 0 ? a.port() : b.port();
    ASSERT_EQ(sockets[i].ConnectWithBearer(port, RegisterDisplay(port).token), 101);
    ASSERT_TRUE(sockets[i].ReadType("welcome"));
    ASSERT_TRUE(sockets[i].Send(R"({"type":"subscribe_room","id":"s","room":"design:d"})"));
    ASSERT_TRUE(sockets[i].ReadType("ack"));
  }
  redis.WaitForCli({"PUBSUB", "NUMSUB", "pw:channel:room:design%3Ad"},
                   [](const std::string& text) { return text.find('2') != std::string::npos; });
  EXPECT_EQ(Request(operators, "POST", "/broadcast",
                    R"({"room":"design:d","event":"refresh","data":{"n":1}})")
                .status,
            204);
  for (WsClient& socket : sockets) {
    EXPECT_THAT(socket.ReadType("refresh").value_or(""), HasSubstr(R"("data":{"n":1})"));
  }
  // Nobody tells the others while the bus is away, so nobody is told that it was done.
  redis.Kill();
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  int status = 0;
  while (
      (status = Request(operators, "POST", "/broadcast", R"({"room":"r","event":"e"})").status) !=
      503) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << status;
    poll(nullptr, 0, 10);
  }
}

}  // namespace
}  // namespace pairwire::server
