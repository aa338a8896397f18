// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Faults of a Redis of several servers: a Sentinel makes a replica the master, a Cluster moves
// slots or loses a master.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/slot_map.h"
#include "tests/faults/fault_run.h"
#include "tests/support/redis_server.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

// What a master said yes to may not have reached its replica: nobody is absent when it dies, so
// that nothing is kept but what can be brought back.
TEST(TopologyFaultsTest, SentinelFailOver) {
  test::RedisServer master;
  test::RedisServer::Options following;
  following.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(master.port())};
  test::RedisServer replica(following);
  replica.WaitForCli({"INFO", "replication"}, [](const std::string& info) {
    return info.find("master_link_status:up") != std::string::npos;
  });
  test::RedisServer::Options watching;
  watching.sentinel = {
      "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master.port()) + " 1",
      "sentinel down-after-milliseconds mymaster 1000",
      "sentinel failover-timeout mymaster 10000",
  };
  test::RedisServer sentinel(watching);
  sentinel.WaitForCli({"SENTINEL", "REPLICAS", "mymaster"}, [](const std::string& text) {
    return text.find("role-reported\nslave") != std::string::npos &&
           text.find("master-link-status\nok") != std::string::npos;
  });
  FaultRun run({"redis+sentinel://" + sentinel.Address() + "/mymaster"});
  run.EverybodyStays();
  run.Fault("the master dies", [&] { master.Kill(); });
  const std::string successor = std::to_string(replica.port());
  std::string named;
  EXPECT_TRUE(run.load().RunUntil(
      [&, next = load::TimePoint()]() mutable {
        if (load::Clock::now() < next) return false;
        next = load::Clock::now() + 250ms;
        named = sentinel.Cli({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"});
        return named.find(successor) != std::string::npos;
      },
      20s))
      << named;
  run.FaultOver();
  run.Judge();
}

// Every slot that the relay uses moves to another master, with all that is in it.
TEST(TopologyFaultsTest, ClusterReshard) {
  test::RedisCluster cluster;
  FaultRun run({cluster.Url()});
  const redis::RedisKeys keys("pw:", true);
  run.Fault("all shards move", [] {});
  for (std::size_t shard = 0; shard < keys.shards(); ++shard) {
    const std::uint16_t slot = redis::KeySlot(keys.Prefix(shard));
    const std::size_t from = cluster.MasterOf(slot);
    const std::size_t to = (from + 1) % cluster.masters();
    cluster.BeginMove(slot, from, to);
    // Half moved, for a while.
    run.RunFor(100ms);
    for (;;) {
      const std::string found =
          cluster.server(from).Cli({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "10"});
      std::vector<std::string> words = {
          "MIGRATE", "127.0.0.1", std::to_string(cluster.server(to).port()), "", "0",
          "5000",    "KEYS"};
      const std::size_t before = words.size();
      std::istringstream lines(found);
      for (std::string key; std::getline(lines, key);) {
        if (!key.empty()) words.push_back(key);
      }
      if (words.size() == before) break;
      EXPECT_EQ(cluster.server(from).Cli(words), "OK");
    }
    cluster.EndMove(slot, to);
    run.RunFor(50ms);
  }
  run.FaultOver();
  run.Judge();
}

TEST(TopologyFaultsTest, ClusterFailOver) {
  test::RedisCluster cluster(3, 1);
  FaultRun run({cluster.Url()});
  run.EverybodyStays();
  run.Fault("a master of the Cluster dies", [&] { cluster.server(0).Kill(); });
  EXPECT_TRUE(run.load().RunUntil(
      [&, next = load::TimePoint()]() mutable {
        if (load::Clock::now() < next) return false;
        next = load::Clock::now() + 250ms;
        return cluster.server(1).Cli({"CLUSTER", "INFO"}).find("cluster_state:ok") !=
                   std::string::npos &&
               cluster.server(3).Cli({"ROLE"}).rfind("master", 0) == 0;
      },
      20s));
  run.FaultOver();
  run.Judge();
}

}  // namespace
}  // namespace pairwire::faults
