// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Faults of the one Redis that joins the relays, and of the way to it.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/faults/fault_run.h"
#include "tests/support/redis_server.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

test::RedisServer::Options WithAJournal() {
  test::RedisServer::Options options;
  options.arguments = {"--appendonly", "yes", "--appendfsync", "always"};
  return options;
}

TEST(RedisFaultsTest, KillRedis3s) {
  test::RedisServer redis(WithAJournal());
  FaultRun run({"redis://" + redis.Address()});
  run.Fault("kill -9 of Redis", [&] { redis.Kill(); });
  run.RunFor(3s);
  redis.Start();
  run.FaultOver();
  run.Judge();
}

// Nothing was saved: the nodes bring back what they know, and what they had it keep for members
// that are away at that moment.
TEST(RedisFaultsTest, RedisEmpty) {
  test::RedisServer redis;
  FaultRun run({"redis://" + redis.Address()});
  run.Fault("Redis restarts empty", [&] { redis.Kill(); });
  run.RunFor(1s);
  redis.Start();
  run.FaultOver();
  run.Judge();
}

TEST(RedisFaultsTest, RedisStopped30s) {
  test::RedisServer redis;
  FaultRun run({"redis://" + redis.Address()});
  run.Fault("SIGSTOP of Redis", [&] { redis.Pause(); });
  run.RunFor(30s);
  redis.Resume();
  run.FaultOver();
  run.Judge();
}

TEST(RedisFaultsTest, PartitionNodeRedis) {
  test::RedisServer redis;
  ProxyThread way(redis.port());
  const std::string direct = "redis://" + redis.Address();
  FaultRun run({direct, "redis://127.0.0.1:" + std::to_string(way.port()), direct});
  run.Fault("partition of one node and Redis", [&] {
    run.load().Note(What::kCutOff, "b");
    way.Do([](test::FaultProxy& proxy) {
      proxy.Hold();
      proxy.HoldNew(true);
    });
  });
  run.RunFor(2500ms);
  way.Do([](test::FaultProxy& proxy) {
    proxy.HoldNew(false);
    proxy.Release();
  });
  run.FaultOver();
  run.load().Note(What::kBack, "b");
  run.Judge();
}

TEST(RedisFaultsTest, Delay500ms) {
  test::RedisServer redis;
  ProxyThread way(redis.port());
  const std::string direct = "redis://" + redis.Address();
  FaultRun run({direct, "redis://127.0.0.1:" + std::to_string(way.port()), direct});
  run.Fault("half a second there and back",
            [&] { way.Do([](test::FaultProxy& proxy) { proxy.SetDelay(250ms); }); });
  run.RunFor(5s);
  way.Do([](test::FaultProxy& proxy) { proxy.SetDelay(0ms); });
  run.FaultOver();
  run.Judge();
}

}  // namespace
}  // namespace pairwire::faults
