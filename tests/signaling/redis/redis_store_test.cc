// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is the Redis store's own: keys and their terms, messages that were missed, scripts and data
// that were lost.
#include "tests/signaling/redis/redis_store_node.h"

namespace pairwire::redis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(RedisStoreTest, EveryKeyHasATermAndNothingIsLeftAfterTheEnd) {
  Node a(url_, "a", Virtual());
  const std::string code = a.Register("s");
  EXPECT_TRUE(a.Announce(1));
  ASSERT_TRUE(a.Claim(code, "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE(a.Leave("s", "c", 1));
  ASSERT_TRUE(a.Route("s", "d-s", "kept")->kept);
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE(a.Leave("s", "c", 2));
  const auto keys = Lines(server_.Cli({"KEYS", "*"}));
  for (const std::string& wanted : std::vector<std::string>{
           "pw:session:s", "pw:members:s", "pw:member:s:c", "pw:log:s", "pw:kept:s:c",
           "pw:code:" + code, "pw:codes:4", "pw:room:s:nodes", "pw:user:d-s:node",
           "pw:presence:s:d-s", "pw:disconnecting:c", "pw:due", "pw:node:a:members", "pw:inbox:a",
           "pw:nodes", "pw:events"}) {
    EXPECT_TRUE(std::find(keys.begin(), keys.end(), wanted) != keys.end()) << wanted;
  }
  for (const std::string& key : keys) {
    EXPECT_GT(std::stoll(server_.Cli({"PTTL", key})), 0) << key;
  }
  // The code is in its own key alone, secrets and texts are nowhere but where they must be.
  a.now += 5s;
  clock_ = a.now;
  EXPECT_EQ(a.Due().ended_sessions, 1u);
  a.now += 30s;
  a.Due();
  for (const std::string& key : Lines(server_.Cli({"KEYS", "*"}))) {
    EXPECT_THAT(key,
                ::testing::MatchesRegex(
                    "pw:(store|node|nodes|events|inbox:a|inbox:a:n|resting|code:[0-9]+|codes:4|due|"
                    "swept|node:a|given_up:a)"))
        << key;
  }
  EXPECT_EQ(a.store().Sizes().sessions, 0u);
}

TEST_F(RedisStoreTest, TermsAreRenewedBySignsOfLife) {
  Node a(url_, "a");
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "c"));
  for (const char* key : {"pw:session:s", "pw:member:s:c", "pw:presence:s:c", "pw:user:c:node"}) {
    EXPECT_EQ(server_.Cli({"PEXPIRE", key, "20000"}), "1") << key;
  }
  const auto known = (*a).Ask<std::size_t>([&](auto reply) {
    a.store().Heartbeat({{"s", "c"}, {"s", "x"}}, a.now, std::move(reply));
  });
  EXPECT_EQ(known, 1u);
  const std::vector<relay::Touch> many(relay::kMaxTouches + 1, {"s", "c"});
  EXPECT_EQ((*a).Ask<std::size_t>(
                [&](auto reply) { a.store().Heartbeat(many, a.now, std::move(reply)); }),
            relay::kMaxTouches);
  EXPECT_GT(std::stoll(server_.Cli({"PTTL", "pw:session:s"})), 200'000);
  EXPECT_GT(std::stoll(server_.Cli({"PTTL", "pw:member:s:c"})), 200'000);
  EXPECT_GT(std::stoll(server_.Cli({"PTTL", "pw:user:c:node"})), 200'000);
  EXPECT_GT(std::stoll(server_.Cli({"PTTL", "pw:presence:s:c"})), 25'000);
}

TEST_F(RedisStoreTest, ByItsOwnClockTheServerEndsASessionOnce) {
  Node a(url_, "a");
  Node b(url_, "b");
  relay::NewSession asked;
  asked.session_id = "s";
  asked.member_id = "d";
  asked.waiting_ttl = 300ms;
  asked.draws.fill(1);
  ASSERT_TRUE((*a).Ask<relay::Registered>([&](auto reply) {
    // This node's clock is wrong by an hour, and nobody minds.
    a.store().RegisterSession(asked, a.now - 1h, std::move(reply));
  }));
  std::size_t expired = 0;
  for (int i = 0; i < 100 && expired == 0; ++i) {
    expired += a.Due().expired_sessions;
    expired += b.Due().expired_sessions;
    (void)net::testing::RunUntil(
        (*a).loop(), [end = (*a).loop().Now() + 10ms, &a] { return (*a).loop().Now() >= end; });
  }
  EXPECT_EQ(expired, 1u);
  EXPECT_EQ(a.Due().expired_sessions + b.Due().expired_sessions, 0u);
}

TEST_F(RedisStoreTest, MessagesComeAsTheyArePublished) {
  Node a(url_, "a");
  Node b(url_, "b");
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  const std::size_t read = a.store().gaps();
  ASSERT_TRUE(b.Join("s", "c"));
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kDeliver) == 1; }));
  EXPECT_THAT(a.told.messages.back().text, "joined c");
  EXPECT_LE(a.store().gaps(), read + 1) << "only the first one of all, whose number is new";
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(b.Join("s", "c"));
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kPlaced) == 21; }));
  EXPECT_LE(a.store().gaps(), read + 1);
}

TEST_F(RedisStoreTest, WhatWasMissedIsToldOnceInOrder) {
  Node a(url_, "a");
  Node b(url_, "b");
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(b.Join("s", "c"));
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kPlaced) == 5; }));
  // All connections go; before `a` is back, `b` has done more than one read takes.
  server_.Cli({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  server_.Cli({"CLIENT", "KILL", "TYPE", "pubsub"});
  ASSERT_TRUE((*b).RunUntil([&] { return !b.told.up; }));
  ASSERT_TRUE((*b).RunUntil([&] { return b.told.up; }));
  constexpr int kMissed = static_cast<int>(RedisInbox::kReadAtOnce) + 50;
  for (int i = 0; i < kMissed; ++i) ASSERT_TRUE(b.Join("s", "c"));
  ASSERT_TRUE((*a).RunUntil([&] { return !a.told.up; }));
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.up; }));
  EXPECT_EQ(a.told.Count(Kind::kPlaced), 5u + kMissed) << "told before it says up";
  ASSERT_TRUE(b.Join("s", "c"));
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kPlaced) == 6u + kMissed; }));
  std::uint64_t epoch = 0;
  for (const relay::NodeMessage& message : a.told.messages) {
    if (message.kind != Kind::kPlaced) continue;
    EXPECT_EQ(message.place.epoch, ++epoch);
  }
}

TEST_F(RedisStoreTest, ASweepFindsWhatTheChannelLost) {
  Node a(url_, "a");
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  // Its channel is taken from it without a word, as when a Cluster's bus drops something.
  a->client().Unsubscribe(a->keys().InboxChannel("a"));
  Node b(url_, "b");
  (*a).Settle();
  ASSERT_TRUE(b.Join("s", "c"));
  a.Due();
  a.Due();
  EXPECT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kDeliver) == 1; }));
  EXPECT_TRUE(a->client().Subscribe(a->keys().InboxChannel("a")));
}

TEST_F(RedisStoreTest, HostileMessagesAreIgnored) {
  Node a(url_, "a");
  Node b(url_, "b");
  for (const char* payload : {"", "x", "3:pw:", "3:pw:1:x", "3:pw:3:999", "3:xx:1:1",
                              "3:pw:20:184467440737095516167:deliver"}) {
    server_.Cli({"PUBLISH", "pw:channel:inbox:a", payload});
    server_.Cli({"PUBLISH", "pw:channel:room:unknown", payload});
  }
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  ASSERT_TRUE(b.Join("s", "c"));
  EXPECT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kDeliver) == 1; }));
}

TEST_F(RedisStoreTest, LostScriptsAreSentAgain) {
  Node a(url_, "a");
  server_.Cli({"SCRIPT", "FLUSH"});
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "c"));
}

TEST_F(RedisStoreTest, SaysWhenRedisIsGoneAndBack) {
  test::RedisServer server;
  Node a("redis://" + server.Address(), "a");
  EXPECT_TRUE(a.told.up);
  EXPECT_TRUE(a->health().up);
  server.Kill();
  ASSERT_TRUE((*a).RunUntil([&] { return !a.told.up; }));
  EXPECT_FALSE(a->health().up);
  EXPECT_THAT(a->health().reason, HasSubstr("127.0.0.1"));
  const auto refused = a.Route("s", "d", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), relay::StoreError::kUnavailable);
  server.Start();
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.up; }));
  EXPECT_NE(a.Register("s"), "");
}

TEST_F(RedisStoreTest, AnEmptyRedisGetsBackWhatItsNodesKnow) {
  test::RedisServer server;
  Node a("redis://" + server.Address(), "a");
  Node b("redis://" + server.Address(), "b");
  ASSERT_TRUE(a.Announce(1));
  ASSERT_TRUE(b.Announce(2));
  const std::string waiting = a.Register("waiting");
  ASSERT_TRUE(a.Listen("waiting"));
  // One whose display listens at one node, and whose members are at both.
  const std::string paired = a.Register("paired");
  ASSERT_TRUE(a.Listen("paired"));
  ASSERT_TRUE(b.Claim(paired, "c"));
  ASSERT_TRUE(a.Join("paired", "d-paired"));
  ASSERT_TRUE(b.Join("paired", "c"));
  ASSERT_TRUE(b.Join("paired", "c"));
  // And one that ended: it stays so.
  a.Register("over");
  ASSERT_TRUE(a.Listen("over"));
  ASSERT_TRUE((*a).Ask<relay::Member>([&](auto reply) {
    a.store().Terminate("over", Node::Hash("d-over"), "ended", a.now, std::move(reply));
  }));
  (*a).Settle();
  (*b).Settle();
  server.Kill();
  ASSERT_TRUE((*a).RunUntil([&] { return !a.told.up; }));
  ASSERT_TRUE((*b).RunUntil([&] { return !b.told.up; }));
  server.Start();
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.up; }));
  EXPECT_EQ(a.Claim(waiting, "early").error(), relay::StoreError::kNotFound)
      << "another node may know that its place is taken";
  ASSERT_TRUE((*b).RunUntil([&] { return b.told.up; }));
  ASSERT_TRUE(a.Announce(1));
  ASSERT_TRUE(b.Announce(2));

  EXPECT_EQ(a.Route("paired", "d-paired", "x")->place, (relay::Place{"b", 2}));
  EXPECT_EQ(b.Route("paired", "c", "x")->place, (relay::Place{"a", 1}));
  EXPECT_EQ(a.Listen("paired")->events.size(), 1u);
  // Of what is not there yet nobody can say that it is gone, nor that nobody is there.
  EXPECT_EQ(a.Listen("over").error(), relay::StoreError::kUnavailable);
  EXPECT_EQ(a.Join("over", "d-over").error(), relay::StoreError::kUnavailable);
  EXPECT_EQ(a.Route("over", "d-over", "x").error(), relay::StoreError::kUnavailable);
  EXPECT_EQ(a.Leave("over", "d-over", 1).error(), relay::StoreError::kUnavailable);
  ASSERT_TRUE(b.Leave("paired", "c", 2));
  EXPECT_EQ(a.Route("paired", "d-paired", "x").error(), relay::StoreError::kUnavailable);
  EXPECT_EQ(server.Cli({"DEL", "pw:restoring"}), "1");
  EXPECT_TRUE(a.Route("paired", "d-paired", "x")->kept);
  EXPECT_EQ(a.Listen("over").error(), relay::StoreError::kNotFound);
  a.Due();
  EXPECT_EQ(a.store().Sizes().waiting, 1u);
  EXPECT_EQ(a.store().Sizes().sessions, 2u);
  for (const std::string& key : Lines(server.Cli({"KEYS", "*"}))) {
    EXPECT_GT(std::stoll(server.Cli({"PTTL", key})), 0) << key;
  }
  a.told.Take();
  ASSERT_TRUE((*b).RunUntil([&] { return b.Claim(waiting, "late").has_value(); }));
  EXPECT_EQ(b.Claim(paired, "another").error(), relay::StoreError::kNotFound);
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.Count(Kind::kEvent) == 1; }));
  EXPECT_EQ(a.Due().departed_members, 0u);
}

TEST_F(RedisStoreTest, ANodeThatDiedWithRedisIsStillMissed) {
  test::RedisServer server;
  Node a("redis://" + server.Address(), "a", Virtual());
  ASSERT_TRUE(a.Announce(1));
  {
    Node b("redis://" + server.Address(), "b", Virtual());
    ASSERT_TRUE(b.Announce(2));
    ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
    ASSERT_TRUE(a.Join("s", "d-s"));
    ASSERT_TRUE(b.Join("s", "c"));
    (*a).Settle();
  }
  server.Kill();
  ASSERT_TRUE((*a).RunUntil([&] { return !a.told.up; }));
  server.Start();
  ASSERT_TRUE((*a).RunUntil([&] { return a.told.up; }));
  ASSERT_TRUE(a.Announce(1));
  EXPECT_EQ(a.Due().departed_members, 0u);
  EXPECT_EQ(a.Route("s", "d-s", "x")->place, (relay::Place{"b", 1}));
  clock_ += 5s;
  a.now = clock_;
  ASSERT_TRUE(a.Announce(1));
  EXPECT_EQ(a.Due().departed_members, 0u);
  // Its term is of real time.
  EXPECT_EQ(server.Cli({"DEL", "pw:restoring"}), "1");
  EXPECT_TRUE(a.Route("s", "d-s", "x")->kept);
  clock_ += 5s;
  a.now = clock_;
  ASSERT_TRUE(a.Announce(1));
  EXPECT_EQ(a.Due().ended_sessions, 1u);
}

TEST_F(RedisStoreTest, StopAnswersWhatWasAskedAndComesBackToNobody) {
  Node a(url_, "a");
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    a.store().Route({"s", "d", "", "x"}, a.now, [&](StoreResult<relay::Routed>) { ++answered; });
  }
  bool stopped = false;
  a->Stop([&] {
    stopped = true;
    EXPECT_EQ(answered, 100);
  });
  EXPECT_FALSE(stopped);
  EXPECT_TRUE((*a).RunUntil([&] { return stopped; }));
  a.store().Route({"s", "d", "", "x"}, a.now, [](StoreResult<relay::Routed>) { FAIL(); });
  net::testing::RunUntilIdle((*a).loop());
}

TEST_F(RedisStoreTest, StopEndsWithoutAServerToo) {
  TestBackend backend("redis://127.0.0.1:1");
  backend->Start();
  bool stopped = false;
  backend->Stop([&] { stopped = true; });
  EXPECT_TRUE(backend.RunUntil([&] { return stopped; }));
}

}  // namespace
}  // namespace pairwire::redis::testing
