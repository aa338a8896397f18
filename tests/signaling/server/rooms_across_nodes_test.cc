// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rooms of users over two real pairwire-relay processes and a real Redis.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>

#include <cstdlib>

#include "tests/signaling/server/test_client.h"
#include "tests/signaling/server/test_users.h"
#include "tests/support/child_process.h"
#include "tests/support/redis_server.h"
#include "tests/support/relay_node.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using auth::KeyA;
using ::testing::HasSubstr;

class Node : public test::RelayNode {
 public:
  Node(const test::RedisServer& redis, const KeyFile& keys, const std::string& id)
      : RelayNode(redis, id,
                  {"--drain-seconds", "0.2", "--jwt-jwks", keys.path(), "--jwt-issuer", kIssuer,
                   "--jwt-audience", kAudience}) {
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

class RoomsAcrossNodes : public ::testing::Test {
 protected:
  // In the room; answers its resume token.
  static std::string Enter(WsClient& socket, const Node& node, const std::string& user,
                           const std::string& room) {
    EXPECT_EQ(socket.ConnectWithBearer(node.port(), UserToken(KeyA(), user)), 101);
    EXPECT_TRUE(socket.ReadType("welcome"));
    EXPECT_TRUE(socket.Send(R"({"type":"join_room","id":"j","room":")" + room + "\"}"));
    const auto welcome = socket.ReadType("welcome");
    EXPECT_TRUE(socket.ReadType("ack"));
    return welcome ? JsonValue(*welcome, "resumeToken") : "";
  }
  static std::string Offer(const std::string& to, const std::string& id, const std::string& sdp) {
    return R"({"type":"webrtc:offer","to":")" + to + R"(","id":")" + id + R"(","data":{"sdp":")" +
           sdp + "\"}}";
  }
  // The channel is a connection of its own, so a subscription takes its time.
  void WaitForListeners(const std::string& channel) const {
    redis_.WaitForCli({"PUBSUB", "NUMSUB", "pw:channel:room:" + channel},
                      [](const std::string& said) { return said.ends_with("\n1"); });
  }
  // The member of the next message of that type.
  static std::string WhoOf(WsClient& socket, const std::string& type) {
    return JsonValue(socket.ReadType(type).value_or(""), "memberId");
  }

  KeyFile keys_{"rooms_keys"};
  test::RedisServer redis_;
  Node a_{redis_, Written(), "a"};
  Node b_{redis_, Written(), "b"};

 private:
  const KeyFile& Written() {
    keys_.Write({&KeyA()});
    return keys_;
  }
};

TEST_F(RoomsAcrossNodes, UsersMeetTalkLeaveAndComeBackElsewhere) {
  WsClient ann;
  WsClient bob;
  WsClient ear;
  Enter(ear, a_, "ear", "elsewhere");
  ASSERT_TRUE(ear.Send(R"({"type":"subscribe_room","id":"s","room":"lobby: {1}"})"));
  ASSERT_TRUE(ear.ReadType("ack"));
  WaitForListeners("lobby%3A%20%7B1%7D");
  Enter(ann, a_, "ann", "lobby: {1}");
  const std::string token = Enter(bob, b_, "bob", "lobby: {1}");
  EXPECT_EQ(WhoOf(ann, "user_joined"), "bob");
  EXPECT_EQ(WhoOf(bob, "user_joined"), "ann");
  EXPECT_EQ(WhoOf(ear, "user_joined"), "ann");
  EXPECT_EQ(WhoOf(ear, "user_joined"), "bob");
  // The rows that others read.
  EXPECT_EQ(redis_.Cli({"HGET", "pw:room:lobby%3A%20%7B1%7D:nodes", "b"}), "1");
  EXPECT_EQ(redis_.Cli({"GET", "pw:user:bob:node"}), "b");
  EXPECT_EQ(redis_.Cli({"GET", "pw:presence:lobby%3A%20%7B1%7D:bob"}), "b");

  constexpr int kTexts = 40;
  for (int i = 0; i < kTexts; ++i) {
    ASSERT_TRUE(ann.Send(Offer("bob", "o" + std::to_string(i), "v" + std::to_string(i))));
  }
  for (int i = 0; i < kTexts; ++i) {
    EXPECT_EQ(JsonValue(bob.ReadType("webrtc:offer").value_or(""), "sdp"), "v" + std::to_string(i));
    EXPECT_EQ(JsonValue(ann.ReadType("ack").value_or(""), "id"), "o" + std::to_string(i));
  }

  // Lost on one node, resumed on the other: what was said meanwhile is there, and nobody noticed.
  bob.Close();
  redis_.WaitForCli({"EXISTS", "pw:disconnecting:bob"},
                    [](const std::string& there) { return there == "1"; });
  ASSERT_TRUE(ann.Send(Offer("bob", "late", "kept")));
  ASSERT_THAT(ann.ReadType("ack").value_or(""), HasSubstr("late"));
  WsClient again;
  ASSERT_EQ(again.ConnectWithBearer(a_.port(), UserToken(KeyA(), "bob")), 101);
  ASSERT_TRUE(again.ReadType("welcome"));
  ASSERT_TRUE(
      again.Send(R"({"type":"resume","id":"r","data":{"resumeToken":")" + token + R"("}})"));
  for (;;) {
    const auto offer = again.ReadType("webrtc:offer");
    ASSERT_TRUE(offer);
    if (JsonValue(*offer, "sdp") == "kept") break;
  }
  EXPECT_EQ(redis_.Cli({"EXISTS", "pw:disconnecting:bob"}), "0");

  // Left by word: told at once, and once; the room goes with its last user.
  ASSERT_TRUE(again.Send(R"({"type":"leave_room","id":"l","room":"lobby: {1}"})"));
  EXPECT_EQ(WhoOf(ann, "user_left"), "bob");
  EXPECT_EQ(WhoOf(ear, "user_left"), "bob");
  ASSERT_TRUE(ann.Send(Offer("bob", "x", "gone")));
  EXPECT_THAT(ann.ReadType("error").value_or(""), HasSubstr("unknown_target"));
  ASSERT_TRUE(ann.Send(R"({"type":"leave_room","id":"l"})"));
  EXPECT_EQ(WhoOf(ear, "user_left"), "ann");
  EXPECT_EQ(redis_.Cli({"EXISTS", "pw:session:lobby%3A%20%7B1%7D"}), "0");
}

TEST_F(RoomsAcrossNodes, ARedisThatComesBackEmptyIsToldWhoIsInARoom) {
  WsClient ann;
  WsClient bob;
  Enter(ann, a_, "ann", "r");
  Enter(bob, b_, "bob", "r");
  redis_.Kill();
  a_.WaitReady(503);
  b_.WaitReady(503);
  redis_.Start();
  a_.WaitReady(200);
  b_.WaitReady(200);
  WsClient cid;
  Enter(cid, b_, "cid", "r");
  const std::string first = WhoOf(cid, "user_joined");
  const std::string second = WhoOf(cid, "user_joined");
  EXPECT_THAT((std::vector<std::string>{first, second}),
              ::testing::UnorderedElementsAre("ann", "bob"));
  ASSERT_TRUE(cid.Send(Offer("ann", "1", "here")));
  EXPECT_THAT(ann.ReadType("webrtc:offer").value_or(""), HasSubstr("here"));
  ASSERT_TRUE(ann.Send(R"({"type":"leave_room","id":"l"})"));
  EXPECT_EQ(WhoOf(bob, "user_left"), "ann");
}

TEST_F(RoomsAcrossNodes, UsersOfAKilledNodeAreSeenOffOnce) {
  WsClient ann;
  WsClient bob;
  Enter(ann, a_, "ann", "r");
  Enter(bob, b_, "bob", "r");
  b_.process().Signal(SIGKILL);
  EXPECT_EQ(WhoOf(ann, "user_left"), "bob");
  ASSERT_TRUE(ann.Send(Offer("bob", "x", "gone")));
  EXPECT_THAT(ann.ReadType("error").value_or(""), HasSubstr("unknown_target"));
}

TEST_F(RoomsAcrossNodes, ASessionIsAnnouncedOnItsChannel) {
  const Registered display = RegisterDisplay(a_.port());
  WsClient ear;
  ASSERT_EQ(ear.ConnectWithBearer(b_.port(), UserToken(KeyA(), "ear")), 101);
  ASSERT_TRUE(
      ear.Send(R"({"type":"subscribe_room","id":"s","room":")" + display.session_id + "\"}"));
  ASSERT_TRUE(ear.ReadType("ack"));
  WaitForListeners(display.session_id);
  const Paired controller = PairController(b_.port(), display.code);
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(a_.port(), controller.token), 101);
  EXPECT_EQ(WhoOf(ear, "user_joined"), controller.controller_id);
  EXPECT_EQ(
      Request(a_.port(), "DELETE", "/api/sessions/" + display.session_id, "", Bearer(display.token))
          .status,
      204);
  const auto end = ear.ReadType("session:terminated");
  ASSERT_TRUE(end);
  EXPECT_EQ(JsonValue(*end, "room"), display.session_id);
  EXPECT_EQ(JsonValue(*end, "reason"), "ended");
}

}  // namespace
}  // namespace pairwire::server
