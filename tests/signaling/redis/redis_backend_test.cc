// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What stands beside the Redis store: nodes that die, the event log, rates, cache, bus, and the
// rights that all of it needs.
#include "tests/signaling/redis/redis_store_node.h"

namespace pairwire::redis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

TEST_F(RedisStoreTest, ANodeThatWasGivenUpIsToldOnce) {
  Node a(url_, "a", Virtual());
  Node b(url_, "b", Virtual());
  ASSERT_TRUE(b.Announce(2));
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(b.Join("s", "c"));
  clock_ += 3s;
  a.now = b.now = clock_;
  EXPECT_EQ(a.Due().departed_nodes, 1u);
  // It was cut off only.
  EXPECT_FALSE(b.Announce(2));
  EXPECT_TRUE(b.Announce(2));
  // Nobody was there when it was given up once more, and the next run is another one.
  clock_ += 3s;
  a.now = b.now = clock_;
  EXPECT_EQ(a.Due().departed_nodes, 1u);
  EXPECT_TRUE(b.Announce(2));
  ASSERT_TRUE(b.Join("s", "c"));
  clock_ += 3s;
  a.now = b.now = clock_;
  EXPECT_EQ(a.Due().departed_nodes, 1u);
  EXPECT_TRUE(b.Announce(3));
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

TEST_F(RedisStoreTest, NobodyIsGivenUpForATimeInWhichRedisWasAway) {
  Node a(url_, "a", Virtual());
  Node b(url_, "b", Virtual());
  ASSERT_TRUE(b.Announce(2));
  ASSERT_TRUE(a.Claim(a.Register("s"), "c"));
  ASSERT_TRUE(b.Join("s", "c"));
  EXPECT_EQ(a.Due().departed_nodes, 0u);
  clock_ += 30s;
  a.now = clock_;
  // As if the last sweep had been before a long stop.
  ASSERT_EQ(server_.Cli({"SET", "pw:swept", "1"}), "OK");
  EXPECT_EQ(a.Due().departed_nodes, 0u);
  EXPECT_EQ(a.Route("s", "d-s", "x")->place, (relay::Place{"b", 1}));
  EXPECT_GT(std::stoll(server_.Cli({"PTTL", "pw:grace"})), 0);
  ASSERT_EQ(server_.Cli({"DEL", "pw:grace"}), "1");
  clock_ += 1s;
  a.now = clock_;
  EXPECT_EQ(a.Due().departed_nodes, 1u);
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
  refused = check(a, {query(Mode::kTake, 5, "other"), query(Mode::kTake), query(Mode::kPeek)});
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.refused, 6u) << "the second and the third";
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

// The rights that docs/relay.md gives the relay's user of Redis.
constexpr const char* kRights =
    "on >pass ~pw:* resetchannels &pw:* &__keyevent@* +eval +evalsha +script|load +time "
    "+get +set +del +exists +incr +pexpire +pttl +rename +hset +hget +hgetall +hdel "
    "+hincrby +hvals +sadd +srem +spop +scard +zadd +zrem +zcard +zscore +zrangebyscore "
    "+zremrangebyscore +rpush +lrange +llen +ltrim +lrem +xadd +xrange +publish "
    "+subscribe +unsubscribe +ping +auth +select +client|setname +client|reply +role";

std::string SetUser(const test::RedisServer& server, const std::string& more = "") {
  std::vector<std::string> words = {"ACL", "SETUSER", "relay"};
  std::istringstream rights(kRights + more);
  for (std::string word; rights >> word;) words.push_back(word);
  return server.Cli(words);
}

TEST_F(RedisStoreTest, TheAclListSuffices) {
  test::RedisServer server;
  ASSERT_EQ(SetUser(server), "OK");
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

TEST(RedisClusterRights, SufficeWithTwoMore) {
  test::RedisCluster cluster;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    ASSERT_EQ(SetUser(cluster.server(i), " +cluster|slots +asking"), "OK");
  }
  const std::string scheme = "redis+cluster://";
  Node a(scheme + "relay:pass@" + cluster.Url().substr(scheme.size()), "a");
  ASSERT_TRUE(a.Announce(1));
  for (int i = 0; i < 20; ++i) {
    const std::string s = "s" + std::to_string(i);
    ASSERT_TRUE(a.Claim(a.Register(s), "c" + s));
    ASSERT_TRUE(a.Join(s, "c" + s));
  }
  a.Due();
  EXPECT_EQ(a.store().Sizes().sessions, 20u);
  EXPECT_THAT(a.Log("", 100), SizeIs(61));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    EXPECT_EQ(cluster.server(i).Cli({"ACL", "LOG"}), "");
  }
}

}  // namespace
}  // namespace pairwire::redis::testing
