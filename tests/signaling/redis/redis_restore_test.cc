// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a Redis that lost its data had kept for members that are away: the nodes that gave it bring
// it back. Sessions themselves: redis_store_test.cc.
#include "tests/signaling/redis/redis_store_node.h"

namespace pairwire::redis::testing {
namespace {

using relay::KeptText;
using ::testing::ElementsAre;

constexpr const char* kTail = R"({"id":"1.1","type":"x","data":{}})";

class RedisRestoreTest : public ::testing::Test {
 protected:
  // The display at `a`, the controller at `b`.
  void Pair() {
    const std::string code = a_.Register("s");
    ASSERT_TRUE(a_.Listen("s"));
    ASSERT_TRUE(b_.Claim(code, "c"));
    ASSERT_TRUE(a_.Join("s", "d-s"));
    ASSERT_TRUE(b_.Join("s", "c"));
    Settle();
  }
  void Settle() {
    (*a_).Settle();
    (*b_).Settle();
  }
  bool Leave(Node& node, std::uint64_t epoch) {
    return (*node)
        .Ask<bool>([&](auto reply) {
          node.store().Leave({"s", "c", epoch, 5s, {{"1.1", kTail}}, {}}, node.now,
                             std::move(reply));
        })
        .value_or(false);
  }
  // It comes back without its data; no node has been there yet.
  void Empty() {
    // `a_` as it is: what it was not told it does not know.
    EXPECT_TRUE((*a_).RunUntil([&] { return a_->pending() == 0; }));
    (*b_).Settle();
    server_.Kill();
    for (Node* node : {&a_, &b_}) {
      ASSERT_TRUE((**node).RunUntil([&] { return !node->told.up; }));
      node->told.Take();
    }
    server_.Start();
  }
  static void ComeBack(Node& node) {
    ASSERT_TRUE((*node).RunUntil([&] { return node.told.up; }));
  }
  void AllAreBack() { EXPECT_EQ(server_.Cli({"DEL", "pw:restoring"}), "1"); }
  static std::vector<std::string> Delivered(const Node& node) {
    std::vector<std::string> texts;
    for (const relay::NodeMessage& message : node.told.messages) {
      if (message.kind == Kind::kDeliver) texts.push_back(message.text);
    }
    return texts;
  }

  test::RedisServer server_;
  const std::string url_ = "redis://" + server_.Address();
  Node a_{url_, "a"};
  Node b_{url_, "b"};
};

TEST_F(RedisRestoreTest, TailAndKeptTextsComeBackInTheirOrder) {
  for (const bool tail_first : {true, false}) {
    if (tail_first) {
      Pair();
      ASSERT_TRUE(Leave(b_, 1));
    } else {
      ASSERT_TRUE(Leave(b_, 2));
    }
    ASSERT_TRUE(a_.Route("s", "d-s", "one")->kept);
    ASSERT_TRUE(a_.Route("s", "d-s", "two")->kept);
    Settle();
    Empty();
    ComeBack(tail_first ? b_ : a_);
    // Else it would be given less than was kept for it.
    EXPECT_EQ((tail_first ? b_ : a_).Join("s", "c").error(), relay::StoreError::kUnavailable);
    ComeBack(tail_first ? a_ : b_);
    AllAreBack();
    const auto joined = b_.Join("s", "c");
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->epoch, tail_first ? 2u : 3u);
    EXPECT_THAT(joined->kept,
                ElementsAre(KeptText{"1.1", kTail}, KeptText{"", "one"}, KeptText{"", "two"}));
    Settle();
  }
}

TEST_F(RedisRestoreTest, WhatWasGivenIsNotGivenAgain) {
  Pair();
  ASSERT_TRUE(Leave(b_, 1));
  ASSERT_TRUE(a_.Route("s", "d-s", "one")->kept);
  ASSERT_EQ(b_.Join("s", "c")->kept.size(), 2u);
  Settle();
  Empty();
  ComeBack(a_);
  ComeBack(b_);
  AllAreBack();
  EXPECT_EQ(a_.Route("s", "d-s", "x")->place, (relay::Place{"b", 2}));
  ASSERT_TRUE(b_.Leave("s", "c", 2));
  EXPECT_THAT(a_.Join("s", "c")->kept, ElementsAre(KeptText{"1.1", "tail"}));
}

// Steps that come as soon as there is a server again find it empty.
TEST_F(RedisRestoreTest, NothingIsGoneBeforeItsNodeHasBroughtIt) {
  Pair();
  ASSERT_TRUE(Leave(b_, 1));
  Empty();
  int asked = 0;
  while (!b_.told.up) {
    const auto found = (*b_).Ask<relay::Member>(
        [&](auto reply) { b_.store().FindMember("s", Node::Hash("c"), b_.now, std::move(reply)); });
    ++asked;
    if (!found) {
      EXPECT_EQ(found.error(), relay::StoreError::kUnavailable);
    }
  }
  EXPECT_GT(asked, 0);
  EXPECT_TRUE((*b_).Ask<relay::Member>(
      [&](auto reply) { b_.store().FindMember("s", Node::Hash("c"), b_.now, std::move(reply)); }));
}

TEST_F(RedisRestoreTest, WhatTheServerRefusedIsTriedAgain) {
  Pair();
  Empty();
  server_.Cli({"SET", "pw:session:s", "no hash"});
  // As the relay's own clock has it ask, now and then.
  const auto ask = [&] {
    a_.store().ClaimDue(a_.now, 100, [](const StoreResult<relay::DueReport>&) {});
  };
  EXPECT_TRUE((*a_).RunUntil([&] { return a_->client().health().times_up > 1; }));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE((*a_).RunUntil([&] { return a_->pending() == 0; }));
    ask();
  }
  EXPECT_FALSE(a_.told.up);
  server_.Cli({"DEL", "pw:session:s"});
  EXPECT_TRUE((*a_).RunUntil([&] {
    ask();
    return a_.told.up;
  }));
  EXPECT_EQ(a_.Listen("s")->events.size(), 1u);
}

// All that the other node knows is that the member is still where it was.
TEST_F(RedisRestoreTest, WhoLeftIsNotThereAgain) {
  Pair();
  a_->client().Unsubscribe(a_->keys().InboxChannel("a"));
  (*a_).Settle();
  ASSERT_TRUE(Leave(b_, 1));
  Empty();
  ComeBack(a_);
  ComeBack(b_);
  AllAreBack();
  EXPECT_TRUE(a_.Route("s", "d-s", "one")->kept);
  EXPECT_THAT(a_.Join("s", "c")->kept, ElementsAre(KeptText{"1.1", kTail}, KeptText{"", "one"}));
}

TEST_F(RedisRestoreTest, WhatWasKeptBesideASocketGoesToIt) {
  const std::string code = a_.Register("s");
  ASSERT_TRUE(b_.Claim(code, "c"));
  ASSERT_TRUE(a_.Join("s", "d-s"));
  // From here on it does not hear where others are.
  a_->client().Unsubscribe(a_->keys().InboxChannel("a"));
  (*a_).Settle();
  ASSERT_TRUE(b_.Join("s", "c"));
  Empty();
  ComeBack(a_);
  AllAreBack();
  EXPECT_TRUE(a_.Route("s", "d-s", "one")->kept);
  ComeBack(b_);
  EXPECT_TRUE((*b_).RunUntil([&] { return !Delivered(b_).empty(); }));
  EXPECT_THAT(Delivered(b_), ElementsAre("one"));
  EXPECT_EQ(a_.Route("s", "d-s", "x")->place, (relay::Place{"b", 1}));
  ASSERT_TRUE(b_.Leave("s", "c", 1));
  AllAreBack();
  EXPECT_THAT(b_.Join("s", "c")->kept, ElementsAre(KeptText{"1.1", "tail"}));
}

TEST_F(RedisRestoreTest, ANodeThatIsLateBringsWhatItKeptToTheSocket) {
  Pair();
  ASSERT_TRUE(Leave(b_, 1));
  ASSERT_TRUE(a_.Route("s", "d-s", "one")->kept);
  Empty();
  ComeBack(a_);
  AllAreBack();
  EXPECT_THAT(a_.Join("s", "c")->kept, ElementsAre(KeptText{"", "one"}));
  ComeBack(b_);
  EXPECT_TRUE((*a_).RunUntil([&] { return Delivered(a_).size() == 1; }));
  // Under a number of its new socket.
  EXPECT_THAT(Delivered(a_), ElementsAre(R"({"type":"x","data":{}})"));
}

TEST_F(RedisRestoreTest, AMeetComesBackWithItsSession) {
  ASSERT_TRUE(a_.RegisterMeet("s", "x"));
  ASSERT_TRUE(a_.Listen("s"));
  Settle();
  Empty();
  ComeBack(b_);
  EXPECT_FALSE(b_.ClaimMeet("x", "c"));
  ComeBack(a_);
  // As a code, it is good once all nodes had time to bring what they know.
  server_.Cli({"HDEL", "pw:session:s", "claim_after"});
  EXPECT_EQ(b_.ClaimMeet("x", "c")->session_id, "s");
  EXPECT_EQ(a_.Listen("s")->events.back().data.text, R"({"controllerId":"c","meet":0})");
  EXPECT_FALSE(b_.ClaimMeet("x", "c2"));
}

TEST_F(RedisRestoreTest, TheYoungestHasTheNameWhoeverComesBackFirst) {
  for (const bool older_first : {true, false}) {
    const std::string older = older_first ? "older" : "older again";
    const std::string newer = older_first ? "newer" : "newer again";
    ASSERT_TRUE(a_.RegisterMeet(older, "x"));
    ASSERT_TRUE(a_.Listen(older));
    Settle();
    // It does not hear that its session was replaced.
    a_->client().Unsubscribe(a_->keys().InboxChannel("a"));
    (*a_).Settle();
    // They are told apart by the millisecond.
    const auto later = std::chrono::steady_clock::now() + 10ms;
    ASSERT_TRUE((*b_).RunUntil([&] { return std::chrono::steady_clock::now() >= later; }));
    ASSERT_EQ(b_.RegisterMeet(newer, "x")->replaced, 1u);
    ASSERT_TRUE(b_.Listen(newer));
    Empty();
    ComeBack(older_first ? a_ : b_);
    ComeBack(older_first ? b_ : a_);
    server_.Cli(
        {"HDEL", older_first ? "pw:session:newer" : "pw:session:newer%20again", "claim_after"});
    EXPECT_EQ(b_.ClaimMeet("x", "c-" + newer)->session_id, newer);
    ASSERT_TRUE(a_->client().Subscribe(a_->keys().InboxChannel("a")));
    Settle();
  }
}

// Both ends are away, and nobody has a socket any more.
TEST_F(RedisRestoreTest, ASessionOfAbsentMembersComesBack) {
  Pair();
  ASSERT_TRUE(a_.Leave("s", "d-s", 1));
  ASSERT_TRUE(Leave(b_, 1));
  Empty();
  ComeBack(a_);
  ComeBack(b_);
  AllAreBack();
  EXPECT_EQ(b_.Join("s", "d-s")->kept.size(), 1u);
  EXPECT_THAT(a_.Join("s", "c")->kept, ElementsAre(KeptText{"1.1", kTail}));
}

TEST_F(RedisRestoreTest, RemembersWithinBoundsAndForAWhile) {
  Pair();
  EXPECT_EQ(b_.store().remembered_bytes(), 0u);
  const std::string big(60 * 1024, 'x');
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string session = "s" + std::to_string(i);
    ASSERT_TRUE(b_.Claim(b_.Register(session), "c" + session));
    ASSERT_TRUE(b_.Join(session, "c" + session));
    ASSERT_TRUE((*b_).Ask<bool>([&](auto reply) {
      b_.store().Leave({session, "c" + session, 1, 5s, {{"1.1", big}}, {}}, b_.now,
                       std::move(reply));
    }));
    most = std::max(most, b_.store().remembered_bytes());
  }
  EXPECT_GT(most, Replicas::kMaxRememberedBytes - 2 * big.size());
  EXPECT_LE(most, Replicas::kMaxRememberedBytes);
  b_.now += Replicas::kRememberFor;
  b_.Due();
  EXPECT_EQ(b_.store().remembered_bytes(), 0u);
}

}  // namespace
}  // namespace pairwire::redis::testing
