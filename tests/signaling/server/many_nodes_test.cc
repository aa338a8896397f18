// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real pairwire-relay as two processes that a real Redis makes one relay.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>

#include <cstdlib>

#include "tests/signaling/server/test_client.h"
#include "tests/support/child_process.h"
#include "tests/support/redis_server.h"
#include "tests/support/relay_node.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using ::testing::HasSubstr;
using ::testing::Not;

class Node : public test::RelayNode {
 public:
  Node(const test::RedisServer& redis, const std::string& id)
      : RelayNode(redis, id, {"--drain-seconds", "0.2"}) {
    WaitReady(200);
  }
  void WaitReady(int status) const {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    int is = 0;
    while ((is = Request(port(), "GET", "/readyz").status) != status) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "/readyz says " << is;
      // Another process' state can only be asked for again and again.
      poll(nullptr, 0, 10);
    }
  }
};

std::string Offer(const std::string& id, const std::string& sdp, const std::string& to = "") {
  return R"({"type":"webrtc:offer","id":")" + id + "\"" +
         (to.empty() ? "" : R"(,"to":")" + to + "\"") + R"(,"data":{"sdp":")" + sdp + "\"}}";
}

struct Pair {
  Registered display;
  Paired controller;
  WsClient at_display, at_controller;
};

// The display is on `a`, the controller on `b`.
void Connect(Pair& pair, std::uint16_t a, std::uint16_t b) {
  pair.display = RegisterDisplay(a);
  RawClient events = OpenEvents(a, pair.display);
  pair.controller = PairController(b, pair.display.code);
  ASSERT_EQ(pair.controller.status, 200);
  ASSERT_THAT(events.ReadUntil(pair.controller.controller_id), HasSubstr("pairing:ready"));
  ASSERT_EQ(pair.at_display.ConnectWithBearer(a, pair.display.token), 101);
  ASSERT_TRUE(pair.at_display.ReadType("welcome"));
  ASSERT_EQ(pair.at_controller.ConnectWithBearer(b, pair.controller.token), 101);
}

// `count` offers, the first with the sdp "TEXT0", and as many acks, of "ID0" on; each in order.
void ExpectTextsAndAcks(WsClient& socket, int count, const std::string& text,
                        const std::string& id) {
  int texts = 0;
  int acks = 0;
  while (texts < count || acks < count) {
    const auto message = socket.Read();
    ASSERT_TRUE(message) << texts << " texts, " << acks << " acks";
    const std::string type = JsonValue(*message, "type");
    if (type == "webrtc:offer") {
      EXPECT_EQ(JsonValue(*message, "sdp"), text + std::to_string(texts++));
    } else if (type == "ack") {
      EXPECT_EQ(JsonValue(*message, "id"), id + std::to_string(acks++));
    } else {
      EXPECT_EQ(type, "user_joined") << *message;
    }
  }
}

TEST(ManyNodesTest, APairMeetsAcrossNodesAndLosesNothing) {
  test::RedisServer redis;
  Node a(redis, "a");
  Node b(redis, "b");
  Pair pair;
  ASSERT_NO_FATAL_FAILURE(Connect(pair, a.port(), b.port()));
  const auto welcome = pair.at_controller.ReadType("welcome");
  ASSERT_TRUE(welcome);
  EXPECT_EQ(JsonValue(*welcome, "nodeId"), "b");

  // Both ways, in order, each acknowledged.
  constexpr int kTexts = 40;  // fewer than are kept for a socket that is lost
  for (int i = 0; i < kTexts; ++i) {
    ASSERT_TRUE(pair.at_display.Send(Offer("o" + std::to_string(i), "v" + std::to_string(i))));
    ASSERT_TRUE(pair.at_controller.Send(Offer("a" + std::to_string(i), "w" + std::to_string(i))));
  }
  ExpectTextsAndAcks(pair.at_controller, kTexts, "v", "a");
  ExpectTextsAndAcks(pair.at_display, kTexts, "w", "o");

  // The controller's socket is lost without a word; what is sent meanwhile is there when it comes
  // back at the other node, after what it had not confirmed.
  pair.at_controller.Close();
  ASSERT_TRUE(pair.at_display.Send(Offer("late", "kept")));
  EXPECT_THAT(pair.at_display.ReadType("ack").value_or(""), HasSubstr("late"));
  WsClient again;
  ASSERT_EQ(again.ConnectWithBearer(a.port(), pair.controller.token), 101);
  const auto second = again.ReadType("welcome");
  ASSERT_TRUE(second);
  EXPECT_EQ(JsonValue(*second, "nodeId"), "a");
  ASSERT_TRUE(again.Send(R"({"type":"resume","data":{"resumeToken":")" +
                         JsonValue(*welcome, "resumeToken") + R"("}})"));
  for (;;) {
    const auto offer = again.ReadType("webrtc:offer");
    ASSERT_TRUE(offer);
    if (JsonValue(*offer, "sdp") == "kept") break;
  }
  ASSERT_TRUE(again.Send(Offer("here", "same node now")));
  EXPECT_THAT(pair.at_display.ReadType("webrtc:offer").value_or(""), HasSubstr("same node now"));

  // Either end ends it for both.
  EXPECT_EQ(Request(b.port(), "DELETE", "/api/sessions/" + pair.display.session_id, "",
                    Bearer(pair.controller.token))
                .status,
            204);
  EXPECT_TRUE(pair.at_display.ReadType("session:terminated"));
  EXPECT_TRUE(again.ReadType("session:terminated"));
}

TEST(ManyNodesTest, ADisplayWaitsAtAnyNode) {
  test::RedisServer redis;
  Node a(redis, "a");
  Node b(redis, "b");
  const Registered display = RegisterDisplay(a.port(), R"({"maxControllers":2})");
  RawClient first = OpenEvents(a.port(), display);
  RawClient second = OpenEvents(b.port(), display);
  EXPECT_TRUE(first.WaitForEnd()) << "the newest listener is the one";
  const Paired one = PairController(a.port(), display.code);
  EXPECT_FALSE(second.ReadUntil(one.controller_id).empty());
  const Paired two = PairController(b.port(), display.code);
  EXPECT_FALSE(second.ReadUntil(two.controller_id).empty());
  EXPECT_EQ(PairController(a.port(), display.code).status, 404);
  // The log is everywhere the same.
  const Response poll =
      Request(a.port(), "GET", "/api/sessions/" + display.session_id + "/poll?timeout=1&after=1",
              "", Bearer(display.token));
  EXPECT_EQ(poll.status, 200);
  EXPECT_THAT(poll.body, HasSubstr(two.controller_id));
}

std::string MeetBody(const std::string& meet) { return R"({"meet":")" + meet + "\"}"; }

TEST(ManyNodesTest, TwoEndsMeetAgainOverNodesAndALoss) {
  const std::string meet = "a-name-that-only-the-two-ends-know-aaaaaaaa";
  ASSERT_EQ(meet.size(), 43U);
  const std::string body = R"({"codeless":true,"meets":[")" + meet + "\"]}";
  test::RedisServer redis;
  Node a(redis, "a");
  Node b(redis, "b");
  EXPECT_EQ(Request(b.port(), "POST", "/api/sessions/pair", MeetBody(meet)).status, 404);
  const Registered older = RegisterDisplay(a.port(), body);
  RawClient replaced = OpenEvents(a.port(), older);
  const Registered display = RegisterDisplay(b.port(), body);
  EXPECT_THAT(replaced.ReadUntil("session:terminated"), HasSubstr("session:terminated"));
  EXPECT_TRUE(replaced.WaitForEnd());
  RawClient events = OpenEvents(b.port(), display);
  // What is there says nothing of the name itself.
  const std::string keys = redis.Cli({"KEYS", "*"});
  EXPECT_THAT(keys, HasSubstr("meet:"));
  EXPECT_THAT(keys, Not(HasSubstr(meet)));
  const std::string record = redis.Cli({"HGETALL", "pw:session:" + display.session_id});
  EXPECT_THAT(record, HasSubstr("meets"));
  EXPECT_THAT(record, Not(HasSubstr(meet)));
  redis.Kill();
  a.WaitReady(503);
  b.WaitReady(503);
  redis.Start();
  a.WaitReady(200);
  b.WaitReady(200);
  Response paired;
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while ((paired = Request(a.port(), "POST", "/api/sessions/pair", MeetBody(meet))).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << paired.body;
    poll(nullptr, 0, 50);
  }
  EXPECT_EQ(JsonValue(paired.body, "sessionId"), display.session_id);
  EXPECT_THAT(events.ReadUntil(R"("meet":0)"), HasSubstr("pairing:ready"));
}

TEST(ManyNodesTest, WithoutRedisANodeIsNotReadyAndComesBack) {
  test::RedisServer redis;
  Node a(redis, "a");
  EXPECT_NE(RegisterDisplay(a.port()).code, "");
  redis.Kill();
  a.WaitReady(503);
  EXPECT_EQ(Request(a.port(), "GET", "/healthz").status, 200);
  EXPECT_EQ(Request(a.port(), "POST", "/api/sessions/register", "{}").status, 503);
  EXPECT_EQ(PairController(a.port(), "1234").status, 503);
  redis.Start();
  a.WaitReady(200);
  EXPECT_NE(RegisterDisplay(a.port()).code, "");
}

TEST(ManyNodesTest, ARedisThatComesBackEmptyIsToldEverything) {
  test::RedisServer redis;
  Node a(redis, "a");
  Node b(redis, "b");
  Pair pair;
  ASSERT_NO_FATAL_FAILURE(Connect(pair, a.port(), b.port()));
  ASSERT_TRUE(pair.at_controller.ReadType("welcome"));
  const Registered waiting = RegisterDisplay(a.port());
  RawClient events = OpenEvents(a.port(), waiting);
  redis.Kill();
  a.WaitReady(503);
  b.WaitReady(503);
  redis.Start();
  a.WaitReady(200);
  b.WaitReady(200);
  // The sockets never noticed.
  ASSERT_TRUE(pair.at_display.Send(Offer("1", "there")));
  EXPECT_THAT(pair.at_controller.ReadType("webrtc:offer").value_or(""), HasSubstr("there"));
  ASSERT_TRUE(pair.at_controller.Send(Offer("2", "and back")));
  EXPECT_THAT(pair.at_display.ReadType("webrtc:offer").value_or(""), HasSubstr("and back"));
  // A code that was on a screen before still works.
  Paired late;
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while ((late = PairController(b.port(), waiting.code)).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << late.status;
    poll(nullptr, 0, 50);
  }
  EXPECT_FALSE(events.ReadUntil(late.controller_id).empty());
}

TEST(ManyNodesTest, TheMembersOfAKilledNodeAreSeenOffOnce) {
  test::RedisServer redis;
  Node a(redis, "a");
  auto b = std::make_unique<Node>(redis, "b");
  Pair pair;
  ASSERT_NO_FATAL_FAILURE(Connect(pair, a.port(), b->port()));
  ASSERT_TRUE(pair.at_controller.ReadType("welcome"));
  b->process().Signal(SIGKILL);
  // Its lease and the window of its members.
  EXPECT_TRUE(pair.at_display.ReadType("user_left"));
  const auto end = pair.at_display.ReadType("session:terminated");
  ASSERT_TRUE(end);
  EXPECT_EQ(JsonValue(*end, "reason"), "user_left");
}

TEST(ManyNodesTest, ADrainedNodeLeavesTheOthersInOrder) {
  test::RedisServer redis;
  Node a(redis, "a");
  Node b(redis, "b");
  Pair pair;
  ASSERT_NO_FATAL_FAILURE(Connect(pair, a.port(), b.port()));
  const auto welcome = pair.at_controller.ReadType("welcome");
  ASSERT_TRUE(welcome);
  redis.WaitForCli({"HKEYS", "pw:nodes"},
                   [](const std::string& nodes) { return nodes.find('b') != std::string::npos; });
  b.process().Signal(SIGTERM);
  EXPECT_TRUE(pair.at_controller.ReadType("server:draining"));
  EXPECT_EQ(pair.at_controller.ReadToClose(), 1001);
  EXPECT_EQ(b.process().WaitForExit(), 0);
  redis.WaitForCli({"HKEYS", "pw:nodes"}, [](const std::string& nodes) { return nodes == "a"; });
  WsClient again;
  ASSERT_EQ(again.ConnectWithBearer(a.port(), pair.controller.token), 101);
  ASSERT_TRUE(again.ReadType("welcome"));
  ASSERT_TRUE(again.Send(R"({"type":"resume","data":{"resumeToken":")" +
                         JsonValue(*welcome, "resumeToken") + R"("}})"));
  ASSERT_TRUE(pair.at_display.Send(Offer("o", "after the drain")));
  EXPECT_THAT(again.ReadType("webrtc:offer").value_or(""), HasSubstr("after the drain"));
}

}  // namespace
}  // namespace pairwire::server
