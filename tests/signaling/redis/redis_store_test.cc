// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is the Redis store's own: keys and their terms, messages that were missed, scripts that were
// lost, nodes that die, rates and cache, the rights that a user of Redis needs.
#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "tests/contract/store_contract.h"
#include "tests/signaling/redis/redis_store_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis::testing {
namespace {

using relay::Joined;
using relay::RecordingNode;
using relay::StoreResult;
using relay::TimePoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = relay::NodeMessage::Kind;
using namespace std::chrono_literals;

TEST(RedisKeys, IdsAreEncoded) {
  EXPECT_EQ(EncodeId("Az09_.~-"), "Az09_.~-");
  EXPECT_EQ(EncodeId("room: {x}%\xC3"), "room%3A%20%7Bx%7D%25%C3");
}

TEST(RedisKeys, ACodeLeadsToTheShardOfItsSession) {
  const RedisKeys keys("pw:", true);
  ASSERT_EQ(keys.shards(), kClusterShards);
  EXPECT_EQ(keys.Prefix(7), "pw:{07}:");
  EXPECT_EQ(keys.ShardWithPrefix("pw:{15}:"), 15u);
  EXPECT_EQ(keys.ShardWithPrefix("pw:{16}:"), std::nullopt);
  std::uint64_t random = 88'172'645'463'325'252U;
  for (int i = 0; i < 1000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    const std::size_t shard = static_cast<std::size_t>(i) % keys.shards();
    const std::string draw = keys.Draw(random, shard);
    ASSERT_EQ(draw.size(), 9u);
    for (const std::size_t length : {4u, 5u, 6u, 9u}) {
      EXPECT_EQ(keys.ShardOfCode(draw.substr(9 - length)), shard);
    }
  }
  EXPECT_EQ(RedisKeys("pw:", false).Draw(1'234'567'891'234U, 0), "567891234");
}

TEST(RedisFields, NetstringsAreReadToTheirEndOrNotAtAll) {
  EXPECT_THAT(*ParseNetstrings("3:a:c0:2:xy"), ElementsAre("a:c", "", "xy"));
  EXPECT_THAT(*ParseNetstrings(""), IsEmpty());
  for (const char* wrong : {"3", ":", "x:a", "-1:a", "4:abc", "3:abc1", "99999999999999999999:a",
                            "18446744073709551615:a"}) {
    EXPECT_FALSE(ParseNetstrings(wrong)) << wrong;
  }
}

TEST(RedisFields, StrangeAnswersAreNoValues) {
  Reply text;
  text.type = Reply::Type::kString;
  text.text = "x";
  FieldReader number({text});
  EXPECT_EQ(number.Number(), 0u);
  EXPECT_FALSE(number.ok());
  FieldReader list({text});
  EXPECT_TRUE(list.List().AtEnd());
  EXPECT_FALSE(list.ok());
  FieldReader hash({text});
  EXPECT_EQ(hash.Hash(), std::nullopt);
  EXPECT_FALSE(hash.ok());
  FieldReader role({text});
  role.Role();
  EXPECT_FALSE(role.ok());
  FieldReader nothing(std::vector<Reply>{});
  EXPECT_EQ(nothing.Text(), "");
  EXPECT_FALSE(nothing.ok());
}

// A node with its own connections to one server.
class Node {
 public:
  Node(const std::string& url, const std::string& id, RedisBackendOptions options = {})
      : id_(id), backend_(url, std::move(options)) {
    backend_->store().Subscribe(id, told);
    EXPECT_TRUE(backend_.Start());
  }
  ~Node() { backend_->store().Unsubscribe(id_); }
  TestBackend& operator*() { return backend_; }
  RedisBackend* operator->() { return &*backend_; }
  RedisStore& store() { return backend_->store(); }

  static relay::TokenHash Hash(const std::string& name) {
    relay::TokenHash hash{};
    std::copy_n(name.begin(), std::min(name.size(), hash.size()), hash.begin());
    return hash;
  }
  std::string Register(const std::string& session, int places = 1) {
    relay::NewSession asked;
    asked.session_id = session;
    asked.member_id = "d-" + session;
    asked.display_id = "display";
    asked.name = "secret name";
    asked.token_hash = Hash("d-" + session);
    asked.max_controllers = places;
    asked.waiting_ttl = 600s;
    for (std::size_t i = 0; i < asked.draws.size(); ++i) asked.draws[i] = draw_ += 7919;
    const auto registered = backend_.Ask<relay::Registered>(
        [&](auto reply) { store().RegisterSession(asked, now, std::move(reply)); });
    EXPECT_TRUE(registered.has_value());
    return registered ? registered->code : "";
  }
  StoreResult<relay::Claimed> Claim(const std::string& code, const std::string& member) {
    relay::Claim claim;
    claim.code = code;
    claim.member_id = member;
    claim.token_hash = Hash(member);
    claim.ready_data = "{}";
    claim.left_notice = "left " + member;
    claim.join_within = 60s;
    return backend_.Ask<relay::Claimed>(
        [&](auto reply) { store().ClaimCode(claim, now, std::move(reply)); });
  }
  StoreResult<relay::OpenedEvents> Listen(const std::string& session) {
    return backend_.Ask<relay::OpenedEvents>([&](auto reply) {
      store().OpenEvents(session, Hash("d-" + session), id_, 0, now, std::move(reply));
    });
  }
  StoreResult<Joined> Join(const std::string& session, const std::string& member) {
    relay::JoinRequest join;
    join.session_id = session;
    join.member_id = member;
    join.node_id = id_;
    join.resume_hash = Hash("resume");
    join.joined_notice = "joined " + member;
    join.left_notice = "left " + member;
    return backend_.Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  }
  StoreResult<bool> Leave(const std::string& session, const std::string& member,
                          std::uint64_t epoch) {
    return backend_.Ask<bool>([&](auto reply) {
      store().Leave({session, member, epoch, 5s, {{"1.1", "tail"}}, {}}, now, std::move(reply));
    });
  }
  StoreResult<relay::Routed> Route(const std::string& session, const std::string& from,
                                   const std::string& text) {
    return backend_.Ask<relay::Routed>([&](auto reply) {
      store().Route({session, from, "", text}, now, std::move(reply));
    });
  }
  bool Announce(std::uint64_t incarnation) {
    relay::NodeInfo info;
    info.node_id = id_;
    info.incarnation = incarnation;
    info.url = "http://" + id_;
    info.load = 0.25;
    return backend_
        .Ask<bool>(
            [&](auto reply) { backend_->parts().registry.Announce(info, 3s, std::move(reply)); })
        .value_or(false);
  }
  std::vector<std::string> Nodes() {
    auto list = backend_.Ask<std::vector<relay::NodeInfo>>(
        [&](auto reply) { backend_->parts().registry.List(std::move(reply)); });
    std::vector<std::string> ids;
    for (const relay::NodeInfo& info : list.value_or(std::vector<relay::NodeInfo>())) {
      ids.push_back(info.node_id + "." + std::to_string(info.incarnation) + " " + info.url);
    }
    return ids;
  }
  relay::DueReport Due() {
    relay::DueReport sum;
    for (bool more = true; more;) {
      const auto report = backend_.Ask<relay::DueReport>(
          [&](auto reply) { store().ClaimDue(now, 100, std::move(reply)); });
      if (!report) break;
      sum.departed_members += report->departed_members;
      sum.departed_nodes += report->departed_nodes;
      sum.ended_sessions += report->ended_sessions;
      sum.expired_sessions += report->expired_sessions;
      more = report->more;
    }
    return sum;
  }
  std::vector<relay::LoggedEvent> Log(const std::string& after, std::size_t limit) {
    return backend_
        .Ask<std::vector<relay::LoggedEvent>>(
            [&](auto reply) { backend_->parts().events.Read(after, limit, std::move(reply)); })
        .value_or(std::vector<relay::LoggedEvent>());
  }

  RecordingNode told;
  TimePoint now = TimePoint{} + std::chrono::hours(500'000);

 private:
  const std::string id_;
  std::uint64_t draw_ = 4242;
  TestBackend backend_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class RedisStoreTest : public ::testing::Test {
 protected:
  RedisStoreTest() { server_.Cli({"FLUSHALL"}); }
  static test::RedisServer& server_;
  const std::string url_ = "redis://" + server_.Address();
  TimePoint clock_ = TimePoint{} + std::chrono::hours(500'000);
  RedisBackendOptions Virtual() {
    RedisBackendOptions options;
    options.scripts.clock = [this] { return clock_; };
    return options;
  }
};

test::RedisServer& Server() {
  static test::RedisServer server;
  return server;
}
test::RedisServer& RedisStoreTest::server_ = Server();

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
                    "swept|node:a)"))
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

TEST_F(RedisStoreTest, ADeadNodesMembersLeaveOnceEach) {
  Node a(url_, "a", Virtual());
  Node b(url_, "b", Virtual());
  ASSERT_TRUE(a.Announce(1));
  ASSERT_TRUE(b.Announce(2));
  EXPECT_THAT(a.Nodes(), ElementsAre("a.1 http://a", "b.2 http://b"));
  const int kSessions = 100;  // more than one piece of work
  for (int i = 0; i < kSessions; ++i) {
    const std::string s = "s" + std::to_string(i);
    const std::string c = "c" + std::to_string(i);
    ASSERT_TRUE(a.Claim(a.Register(s), c));
    ASSERT_TRUE(a.Join(s, "d-" + s));
    ASSERT_TRUE(b.Join(s, c));
  }
  a.now += 2s;
  clock_ = a.now;
  ASSERT_TRUE(a.Announce(1));
  a.now += 1s;
  clock_ = b.now = a.now;
  const relay::DueReport dead = a.Due();
  EXPECT_EQ(dead.departed_nodes, 1u);
  EXPECT_EQ(dead.departed_members, 0u);
  EXPECT_THAT(a.Nodes(), ElementsAre("a.1 http://a"));
  a.now += 2s;
  clock_ = a.now;
  ASSERT_TRUE(a.Announce(1));
  // One of them finds its way to the other node.
  const auto back = a.Join("s7", "c7");
  EXPECT_TRUE(back->rejoined);
  EXPECT_EQ(back->previous, relay::Place{});
  a.now += 3s;
  clock_ = a.now;
  ASSERT_TRUE(a.Announce(1));
  relay::DueReport left = a.Due();
  EXPECT_EQ(left.departed_members, static_cast<std::size_t>(kSessions) - 1);
  EXPECT_EQ(left.ended_sessions, static_cast<std::size_t>(kSessions) - 1);
  left = b.Due();
  EXPECT_EQ(left.departed_members + left.departed_nodes, 0u);
}

TEST_F(RedisStoreTest, ANodeThatComesBackUnderItsNameIsNew) {
  Node a(url_, "a", Virtual());
  ASSERT_TRUE(a.Announce(1));
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE(a.Announce(2));
  // This one's client was quicker than whoever clears up.
  ASSERT_TRUE(a.Join("s", "c"));
  EXPECT_EQ(a.Due().departed_nodes, 0u);
  EXPECT_TRUE(a.Route("s", "c", "x")->kept) << "the display's socket died with the run before";
  EXPECT_EQ(a.Route("s", "d-s", "x")->place, (relay::Place{"a", 2}));
}

TEST_F(RedisStoreTest, AWithdrawnNodeIsGoneAtOnce) {
  Node a(url_, "a", Virtual());
  ASSERT_TRUE(a.Announce(1));
  a->parts().registry.Withdraw("a");
  (*a).Settle();
  EXPECT_THAT(a.Nodes(), IsEmpty());
  EXPECT_EQ(a.Due().departed_nodes, 1u);
  EXPECT_EQ(server_.Cli({"EXISTS", "pw:node:a"}), "0");
}

TEST_F(RedisStoreTest, EveryStepIsLoggedWithoutASecret) {
  Node a(url_, "a", Virtual());
  ASSERT_TRUE(a.Announce(1));
  const std::string code = a.Register("s");
  ASSERT_TRUE(a.Claim(code, "c"));
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE(a.Leave("s", "c", 1));
  a.now += 5s;
  ASSERT_EQ(a.Due().ended_sessions, 1u);
  const auto events = a.Log("", 100);
  std::vector<std::string> types;
  for (const relay::LoggedEvent& event : events) types.push_back(event.type);
  EXPECT_THAT(types,
              ElementsAre("node_up", "session_registered", "code_claimed", "member_joined",
                          "member_disconnecting", "node_down", "member_left", "session_ended"));
  EXPECT_EQ(events[3].session_id, "s");
  EXPECT_EQ(events[3].member_id, "c");
  EXPECT_EQ(events[3].role, "controller");
  EXPECT_EQ(events[3].node_id, "a");
  EXPECT_EQ(events[7].reason, "user_left");
  EXPECT_EQ(events[7].at, a.now);
  // In pieces it is the same.
  std::vector<std::string> again;
  for (std::string after; again.size() < types.size();) {
    const auto piece = a.Log(after, 3);
    ASSERT_FALSE(piece.empty());
    for (const relay::LoggedEvent& event : piece) again.push_back(event.type);
    after = piece.back().cursor;
  }
  EXPECT_EQ(again, types);
  EXPECT_THAT(a.Log(events.back().cursor, 10), IsEmpty());
  EXPECT_THAT(a.Log("nonsense", 1), SizeIs(1));
  const std::string all = server_.Cli({"XRANGE", "pw:events", "-", "+"});
  for (const std::string& secret : {std::string("secret name"), std::string("tail")}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
  const auto lines = Lines(all);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), code), 0);
}

TEST_F(RedisStoreTest, RatesAreSharedAndExact) {
  Node a(url_, "a", Virtual());
  Node b(url_, "b", Virtual());
  using Mode = relay::RateQuery::Mode;
  const auto check = [](Node& node, std::vector<relay::RateQuery> queries) {
    return (*node)
        .Ask<relay::RateAnswer>(
            [&](auto reply) { node->parts().rates.Check(queries, node.now, std::move(reply)); })
        .value();
  };
  const relay::RateLimit limit{2, 5};
  const auto query = [&](Mode mode, double cost = 1, const std::string& key = "1.2.3.4") {
    return relay::RateQuery{"pair", key, limit, cost, mode};
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(check(i % 2 == 0 ? a : b, {query(Mode::kTake)}).allowed);
  auto refused = check(b, {query(Mode::kTake)});
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 500ms);
  EXPECT_FALSE(check(a, {query(Mode::kPeek)}).allowed);
  EXPECT_TRUE(check(a, {query(Mode::kPeek, 1, "other")}).allowed);
  // When one refuses, none takes anything.
  EXPECT_FALSE(check(a, {query(Mode::kTake, 5, "other"), query(Mode::kTake)}).allowed);
  EXPECT_TRUE(check(a, {query(Mode::kTake, 5, "other")}).allowed);
  a.now += 500ms;
  EXPECT_TRUE(check(a, {query(Mode::kTake)}).allowed);
  EXPECT_FALSE(check(a, {query(Mode::kTake)}).allowed);
  EXPECT_TRUE(check(a, {query(Mode::kGiveBack)}).allowed);
  EXPECT_TRUE(check(a, {query(Mode::kTake)}).allowed);
  EXPECT_TRUE(check(a, {query(Mode::kCharge, 2)}).allowed);
  EXPECT_EQ(check(a, {query(Mode::kTake)}).retry_after, 1500ms);
  a.now += 1h;
  EXPECT_TRUE(check(a, {query(Mode::kTake, 5)}).allowed);
  EXPECT_FALSE(check(a, {query(Mode::kTake, 6, "too much at once")}).allowed);
  EXPECT_FALSE(check(a, {{"pair", "never", {0, 1}, 2, Mode::kTake}}).allowed);
  EXPECT_TRUE(check(a, {}).allowed);
}

TEST_F(RedisStoreTest, ValuesAndIndexesEnd) {
  Node a(url_, "a", Virtual());
  relay::Cache& cache = a->parts().cache;
  const auto put = [&](const std::string& field, const std::string& value, std::size_t max) {
    return (*a).Ask<bool>(
        [&](auto reply) { cache.PutInIndex("i:{x}", field, value, 10s, max, std::move(reply)); });
  };
  const auto read = [&] {
    return (*a)
        .Ask<relay::Cache::Fields>([&](auto reply) { cache.ReadIndex("i:{x}", std::move(reply)); })
        .value();
  };
  using Field = std::pair<std::string, std::string>;
  EXPECT_EQ(put("b", "1", 2), true);
  clock_ += 5s;
  EXPECT_EQ(put("a", "2", 2), true);
  EXPECT_EQ(put("c", "3", 2), false);
  EXPECT_EQ(put("b", "4", 2), true);
  EXPECT_THAT(read(), ElementsAre(Field("a", "2"), Field("b", "4")));
  clock_ += 10s;
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_EQ(put("c", "3", 1), true);
  EXPECT_EQ(put(std::string(relay::kMaxCacheKeyBytes + 1, 'x'), "", 1),
            StoreResult<bool>(tl::unexpected(relay::StoreError::kFull)));

  const auto get = [&](const std::string& key) {
    return (*a)
        .Ask<std::optional<std::string>>([&](auto reply) { cache.Get(key, std::move(reply)); })
        .value();
  };
  const auto keep = [&](const std::string& value, std::chrono::milliseconds ttl) {
    return (*a).Ask<bool>([&](auto reply) { cache.Put("k", value, ttl, std::move(reply)); });
  };
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_EQ(keep(std::string("x\0\r\n", 4), 60s), true);
  EXPECT_EQ(get("k"), std::string("x\0\r\n", 4));
  EXPECT_FALSE(keep(std::string(relay::kMaxCacheValueBytes + 1, 'x'), 1s));
  EXPECT_EQ(keep("y", 50ms), true);
  EXPECT_TRUE((*a).RunUntil([&] { return server_.Cli({"EXISTS", "pw:cache:k"}) == "0"; }));
  EXPECT_EQ(get("k"), std::nullopt);
}

class Frames final : public relay::NodeBusHandler {
 public:
  void OnFrames(std::string_view bytes) override { frames.emplace_back(bytes); }
  void OnTopic(std::string_view topic, std::string_view payload) override {
    topics.push_back(std::string(topic) + "=" + std::string(payload));
  }
  void OnBusState(bool is_up) override { up = is_up; }
  std::vector<std::string> frames, topics;
  bool up = false;
};

TEST_F(RedisStoreTest, TheBusCarriesFramesAndTopics) {
  Frames at_a;
  Frames at_b;
  TestBackend a(url_);
  TestBackend b(url_);
  relay::NodeBus& bus = a->parts().bus;
  bus.Attach("a", at_a);
  bus.Subscribe("a", "room: 1");
  b->parts().bus.Attach("b", at_b);
  b->parts().bus.Subscribe("b", "room: 1");
  b->parts().bus.Subscribe("b", "room: 1");
  ASSERT_TRUE(a.Start());
  ASSERT_TRUE(b.Start());
  EXPECT_TRUE(at_a.up);
  std::vector<std::optional<int>> heard;
  const auto send = [&](const std::string& to, std::string bytes) {
    bus.SendToNode("a", to, std::move(bytes), [&](std::optional<int> n) { heard.push_back(n); });
  };
  send("b", std::string("\0first", 6));
  send("b", "second");
  send("nobody", "x");
  send("b", std::string(relay::NodeBus::kMaxPayloadBytes + 1, 'x'));
  bus.Publish("room: 1", "hello");
  bus.Publish("room: 2", "unheard");
  EXPECT_TRUE(heard.empty()) << "never inside the call";
  ASSERT_TRUE(a.RunUntil([&] { return heard.size() == 4 && !at_a.topics.empty(); }));
  EXPECT_EQ(std::count(heard.begin(), heard.end(), std::optional<int>(1)), 2);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), std::optional<int>(0)), 1);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), std::nullopt), 1);
  ASSERT_TRUE(b.RunUntil([&] { return !at_b.topics.empty(); }));
  EXPECT_THAT(at_b.frames, ElementsAre(std::string("\0first", 6), "second"));
  EXPECT_THAT(at_b.topics, ElementsAre("room: 1=hello"));
  // Counted: one of two goes, and it is still heard.
  b->parts().bus.Unsubscribe("b", "room: 1");
  b.Settle();
  bus.Publish("room: 1", "again");
  a.Settle();
  ASSERT_TRUE(b.RunUntil([&] { return at_b.topics.size() == 2; }));
  bus.Detach("a");
  b->parts().bus.Detach("b");
  send("b", "from nobody");
  a.Settle();
  EXPECT_EQ(heard.size(), 4u);
}

// The rights that docs and examples give the relay's user of Redis.
TEST_F(RedisStoreTest, TheAclListSuffices) {
  test::RedisServer server;
  const auto list = Lines(server.Cli({"ACL",
                                      "SETUSER",
                                      "relay",
                                      "on",
                                      ">pass",
                                      "~pw:*",
                                      "resetchannels",
                                      "&pw:*",
                                      "&__keyevent@*",
                                      "+eval",
                                      "+evalsha",
                                      "+script|load",
                                      "+time",
                                      "+get",
                                      "+set",
                                      "+del",
                                      "+exists",
                                      "+incr",
                                      "+pexpire",
                                      "+pttl",
                                      "+rename",
                                      "+hset",
                                      "+hget",
                                      "+hgetall",
                                      "+hdel",
                                      "+hincrby",
                                      "+hvals",
                                      "+sadd",
                                      "+srem",
                                      "+spop",
                                      "+scard",
                                      "+zadd",
                                      "+zrem",
                                      "+zcard",
                                      "+zscore",
                                      "+zrangebyscore",
                                      "+zremrangebyscore",
                                      "+rpush",
                                      "+lrange",
                                      "+llen",
                                      "+ltrim",
                                      "+lrem",
                                      "+xadd",
                                      "+xrange",
                                      "+publish",
                                      "+subscribe",
                                      "+unsubscribe",
                                      "+ping",
                                      "+auth",
                                      "+select",
                                      "+client|setname",
                                      "+role"}));
  ASSERT_THAT(list, ElementsAre("OK"));
  Node a("redis://relay:pass@" + server.Address(), "a", Virtual());
  ASSERT_TRUE(a.Announce(1));
  ASSERT_TRUE(a.Announce(2));
  const std::string code = a.Register("s");
  ASSERT_TRUE(a.Claim(code, "c"));
  ASSERT_TRUE(a.Join("s", "d-s"));
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE(a.Announce(3));
  ASSERT_TRUE(a.Leave("s", "c", 1));
  ASSERT_TRUE(a.Route("s", "d-s", "x"));
  ASSERT_TRUE(a.Join("s", "c"));
  ASSERT_TRUE((*a).Ask<std::size_t>([&](auto reply) {
    a.store().Heartbeat({{"s", "c"}}, a.now, std::move(reply));
  }));
  ASSERT_TRUE((*a).Ask<relay::Member>(
      [&](auto reply) { a.store().FindMember("s", Node::Hash("c"), a.now, std::move(reply)); }));
  ASSERT_TRUE((*a).Ask<relay::OpenedEvents>([&](auto reply) {
    a.store().OpenEvents("s", Node::Hash("d-s"), "b", 0, a.now, std::move(reply));
  }));
  ASSERT_TRUE((*a).Ask<relay::Member>([&](auto reply) {
    a.store().Terminate("s", Node::Hash("c"), "ended", a.now, std::move(reply));
  }));
  a.now += 30min;
  clock_ = a.now;
  EXPECT_EQ(a.Due().departed_nodes, 1u);
  EXPECT_THAT(a.Nodes(), IsEmpty());
  EXPECT_THAT(a.Log("", 100), ::testing::Not(IsEmpty()));
  relay::Backend parts = a->parts();
  using Mode = relay::RateQuery::Mode;
  ASSERT_TRUE((*a).Ask<relay::RateAnswer>([&](auto reply) {
    parts.rates.Check(
        {{"pair", "k", {1, 1}, 1, Mode::kTake}, {"pair", "l", {1, 1}, 1, Mode::kGiveBack}}, a.now,
        std::move(reply));
  }));
  ASSERT_TRUE((*a).Ask<bool>([&](auto reply) { parts.cache.Put("k", "v", 1s, std::move(reply)); }));
  ASSERT_TRUE((*a).Ask<bool>(
      [&](auto reply) { parts.cache.PutInIndex("i", "f", "v", 1s, 5, std::move(reply)); }));
  clock_ += 2s;
  ASSERT_TRUE((*a).Ask<bool>(
      [&](auto reply) { parts.cache.PutInIndex("i", "g", "v", 1s, 5, std::move(reply)); }));
  ASSERT_TRUE((*a).Ask<relay::Cache::Fields>(
      [&](auto reply) { parts.cache.ReadIndex("i", std::move(reply)); }));
  EXPECT_EQ(server.Cli({"ACL", "LOG"}), "");
}

}  // namespace
}  // namespace pairwire::redis::testing
