// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/sentinel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/signaling/redis/redis_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis {
namespace {

using test::RedisServer;
using testing::BulkText;
using ::testing::HasSubstr;
using testing::ListText;
using testing::ScriptedServer;
using testing::TestClient;

// A master with a replica, and a Sentinel that watches over them.
class Sentinel : public testing::RedisTest {
 protected:
  void SetUp() override {
    master_ = std::make_unique<RedisServer>();
    RedisServer::Options replica;
    replica.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(master_->port())};
    replica_ = std::make_unique<RedisServer>(replica);
    replica_->WaitForCli({"INFO", "replication"}, [](const std::string& info) {
      return info.find("master_link_status:up") != std::string::npos;
    });
    RedisServer::Options sentinel;
    sentinel.sentinel = {
        "requirepass watch",
        "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master_->port()) + " 1",
        "sentinel down-after-milliseconds mymaster 1000",
        "sentinel failover-timeout mymaster 10000",
    };
    sentinel.cli_arguments = {"-a", "watch", "--no-auth-warning"};
    sentinel_ = std::make_unique<RedisServer>(sentinel);
    // Nobody can follow the master that the Sentinel does not know.
    sentinel_->WaitForCli({"SENTINEL", "REPLICAS", "mymaster"}, [](const std::string& text) {
      return text.find("role-reported\nslave") != std::string::npos &&
             text.find("master-link-status\nok") != std::string::npos;
    });
  }

  std::string Url(const std::string& before = "", const std::string& name = "mymaster") const {
    return "redis+sentinel://" + before + sentinel_->Address() + "/" + name +
           "?sentinel_password=watch";
  }

  std::unique_ptr<RedisServer> master_, replica_, sentinel_;
};

TEST_F(Sentinel, FindsTheMaster) {
  TestClient client(loop_, resolver_, Url());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.Text({"SET", "a", "1"}), "OK");
  EXPECT_EQ(master_->Cli({"GET", "a"}), "1");
}

TEST_F(Sentinel, AsksTheNextWhenOneIsDead) {
  std::string dead;
  {
    ScriptedServer gone(loop_, [](const Args&) { return std::nullopt; });
    dead = gone.Address();
  }
  TestClient client(loop_, resolver_, Url(dead + ","));
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client->health().last_error, "") << "in the same attempt";
  EXPECT_EQ(client.Text({"SET", "a", "1"}), "OK");
}

TEST_F(Sentinel, SaysThatItDoesNotKnowTheName) {
  TestClient client(loop_, resolver_, Url("", "other"));
  client->Start();
  ASSERT_TRUE(RunUntil([&] { return !client->health().last_error.empty(); }));
  EXPECT_THAT(client->health().last_error, HasSubstr("other"));
}

TEST_F(Sentinel, FollowsAFailOver) {
  TestClient client(loop_, resolver_, Url());
  ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(sentinel_->Cli({"SENTINEL", "FAILOVER", "mymaster"}), "OK");
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.Text({"SET", "after", "1"}), "OK");
  EXPECT_EQ(replica_->Cli({"GET", "after"}), "1");
  EXPECT_EQ(client.Text({"PUBLISH", "room", "x"}), "1");
}

TEST_F(Sentinel, FollowsAfterTheMasterDied) {
  TestClient client(loop_, resolver_, Url());
  ASSERT_TRUE(client.WaitUp());
  master_->Kill();
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.Text({"SET", "after", "1"}), "OK");
  EXPECT_EQ(replica_->Cli({"GET", "after"}), "1");
}

TEST_F(Sentinel, RefusesAReplicaThatSaysMaster) {
  // A Sentinel that is behind: it names the replica, twice.
  int asked = 0;
  ScriptedServer sentinel(loop_, [&](const Args& args) -> std::optional<std::string> {
    if (args.front() != "SENTINEL") return "-ERR unknown command\r\n";
    const RedisServer& named = ++asked <= 2 ? *replica_ : *master_;
    return ListText({BulkText("127.0.0.1"), BulkText(std::to_string(named.port()))});
  });
  TestClient client(loop_, resolver_, "redis+sentinel://" + sentinel.Address() + "/mymaster");
  client->Start();
  ASSERT_TRUE(RunUntil([&] { return asked == 2; }));
  EXPECT_FALSE(client->up());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(asked, 3);
  EXPECT_THAT(client->health().last_error, HasSubstr("replica"));
  EXPECT_EQ(client.Text({"SET", "a", "1"}), "OK");
}

}  // namespace
}  // namespace pairwire::redis
