// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A Cluster of real servers. What they do rarely is in cluster_script_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "signaling/redis/cluster_client.h"
#include "signaling/redis/slot_map.h"
#include "tests/signaling/redis/redis_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis {
namespace {

using std::chrono::milliseconds;
using test::RedisCluster;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Heard;
using testing::TestClient;

class Cluster : public testing::RedisTest {
 protected:
  // A key that the master holds at first.
  static std::string KeyOn(const RedisCluster& cluster, std::size_t master) {
    for (int i = 0;; ++i) {
      const std::string key = "key" + std::to_string(i);
      if (cluster.MasterOf(KeySlot(key)) == master) return key;
    }
  }
};

TEST_F(Cluster, SlotsAreThoseOfTheServer) {
  RedisCluster cluster(1);
  for (const std::string& key : std::vector<std::string>{"foo", "pw:{07}:session:x", "foo{}{bar}",
                                                         "foo{{bar}}zap", "a{b", ""}) {
    EXPECT_EQ(cluster.server(0).Cli({"CLUSTER", "KEYSLOT", key}), std::to_string(KeySlot(key)))
        << key;
  }
}

TEST_F(Cluster, CommandsReachTheirMaster) {
  RedisCluster cluster;
  TestClient client(loop_, resolver_, "redis+cluster://" + cluster.server(1).Address());
  EXPECT_THAT(client.Text({"GET", "a"}), HasSubstr("!")) << "not started";
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client->health().masters, 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string key = KeyOn(cluster, i);
    EXPECT_EQ(client.Text({"SET", key, "v" + std::to_string(i)}), "OK");
    EXPECT_EQ(cluster.server(i).Cli({"GET", key}), "v" + std::to_string(i));
  }
  client.Add({"GET", "a"});
  client->Stop();
  EXPECT_EQ(client.answers.size(), 1U);
  ASSERT_TRUE(client.WaitUp()) << "it may start again";
}

TEST_F(Cluster, FollowsMoved) {
  RedisCluster cluster;
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client.WaitUp());
  const std::string key = KeyOn(cluster, 0);
  const std::uint16_t slot = KeySlot(key);
  cluster.BeginMove(slot, 0, 2);
  cluster.EndMove(slot, 2);
  EXPECT_EQ(client.Text({"SET", key, "moved"}), "OK");
  EXPECT_EQ(cluster.server(2).Cli({"GET", key}), "moved");
  EXPECT_EQ(client.Text({"GET", key}), "moved");
  EXPECT_EQ(client.downs, 0);
}

TEST_F(Cluster, FollowsAsk) {
  RedisCluster cluster;
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client.WaitUp());
  const std::string key = KeyOn(cluster, 0);
  const std::string other = "{" + key + "}2";
  const std::uint16_t slot = KeySlot(key);
  ASSERT_EQ(client.Text({"SET", other, "stays"}), "OK");
  cluster.BeginMove(slot, 0, 1);
  EXPECT_EQ(client.Text({"SET", key, "ahead"}), "OK");
  EXPECT_EQ(cluster.server(1).Cli({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}), "1");
  EXPECT_EQ(client.Text({"GET", key}), "ahead");
  EXPECT_EQ(client.Text({"GET", other}), "stays") << "the map did not change";
  // Both keys are on different servers: it is told to try again until it gives up.
  EXPECT_THAT(client.Text({"MGET", key, other}), HasSubstr("TRYAGAIN"));
  cluster.server(0).Cli(
      {"MIGRATE", "127.0.0.1", std::to_string(cluster.server(1).port()), other, "0", "5000"});
  EXPECT_EQ(client.Text({"MGET", key, other}), "[2]");
  cluster.EndMove(slot, 1);
  EXPECT_EQ(client.Text({"MGET", key, other}), "[2]");
  EXPECT_EQ(client.downs, 0);
}

TEST_F(Cluster, OrderHeldThroughARedirection) {
  RedisCluster cluster;
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client.WaitUp());
  const std::string key = KeyOn(cluster, 0);
  const std::uint16_t slot = KeySlot(key);
  const auto push = [&] {
    for (int i = 0; i < 100; ++i) client.Add({"RPUSH", key, std::to_string(client.added)});
    RunFor(milliseconds(1));
    for (int i = 0; i < 100; ++i) client.Add({"RPUSH", key, std::to_string(client.added)});
  };
  // Slots move there and back under a stream of commands; nothing waits for their answers.
  for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>(0, 1), {1, 2}, {2, 0}}) {
    push();
    cluster.BeginMove(slot, from, to);
    push();
    cluster.server(from).Cli(
        {"MIGRATE", "127.0.0.1", std::to_string(cluster.server(to).port()), key, "0", "5000"});
    push();
    cluster.EndMove(slot, to);
    push();
  }
  ASSERT_TRUE(client.WaitForAnswers());
  const auto list = client.Do({"LRANGE", key, "0", "-1"});
  ASSERT_TRUE(list.has_value());
  ASSERT_EQ(list->elements.size(), client.added);
  for (std::size_t i = 0; i < client.added; ++i) {
    ASSERT_EQ(list->elements[i].text, std::to_string(i));
    ASSERT_EQ(client.answers[i], std::to_string(i + 1));
  }
}

TEST_F(Cluster, SurvivesAMasterLost) {
  RedisCluster cluster(3, 1);
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  const std::string key = KeyOn(cluster, 0);
  ASSERT_EQ(client.Text({"SET", key, "1"}), "OK");
  cluster.server(0).Kill();
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  ASSERT_TRUE(client.WaitUp(2)) << client->health().last_error;
  EXPECT_EQ(client.Text({"SET", key, "2"}), "OK");
  EXPECT_EQ(cluster.server(3).Cli({"GET", key}), "2");
  cluster.server(1).Cli({"PUBLISH", "room", "x"});
  EXPECT_TRUE(RunUntil([&] { return client.heard == std::vector<Heard>{{"room", "x"}}; }));
}

TEST_F(Cluster, OtherMastersAnswerWhileOneIsAway) {
  RedisCluster cluster;
  // The others go on although slots are without a master.
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.server(i).Cli({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  }
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client.WaitUp());
  cluster.server(2).Kill();
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  EXPECT_EQ(client.Text({"SET", KeyOn(cluster, 0), "1"}), "OK");
  EXPECT_EQ(client.Text({"SET", KeyOn(cluster, 1), "1"}), "OK");
  EXPECT_THAT(client.Text({"SET", KeyOn(cluster, 2), "1"}), HasSubstr("!"));
  EXPECT_FALSE(client->up());
}

TEST_F(Cluster, EventsFromEveryMaster) {
  RedisCluster cluster;
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.server(i).Cli({"CONFIG", "SET", "notify-keyspace-events", "Ex"});
  }
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client->SubscribeEverywhere("__keyevent@0__:expired").has_value());
  ASSERT_TRUE(client.WaitUp());
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < 3; ++i) {
    wanted.push_back(KeyOn(cluster, i));
    EXPECT_EQ(client.Text({"SET", wanted.back(), "", "PX", "20"}), "OK");
  }
  ASSERT_TRUE(RunUntil([&] { return client.heard.size() == 3; }));
  std::vector<std::string> keys;
  for (const Heard& heard : client.heard) keys.push_back(heard.payload);
  EXPECT_THAT(keys, ::testing::UnorderedElementsAreArray(wanted));
}

TEST_F(Cluster, PublishedAnywhereHeardOnce) {
  RedisCluster cluster;
  TestClient client(loop_, resolver_, cluster.Url());
  ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.server(i).Cli({"PUBLISH", "room", std::to_string(i)});
    ASSERT_TRUE(RunUntil([&] { return client.heard.size() == i + 1; }));
  }
  client->Publish("room", "own",
                  [](const Result<Reply>& reply) { EXPECT_TRUE(reply.has_value()); });
  ASSERT_TRUE(RunUntil([&] { return client.heard.size() == 4; }));
  EXPECT_THAT(client.heard, ElementsAre(Heard{"room", "0"}, Heard{"room", "1"}, Heard{"room", "2"},
                                        Heard{"room", "own"}));
}

}  // namespace
}  // namespace pairwire::redis
