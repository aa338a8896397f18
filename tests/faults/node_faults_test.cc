// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Faults of relays: one is killed, all are restarted one after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/faults/fault_run.h"
#include "tests/support/redis_server.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

TEST(NodeFaultsTest, KillNode) {
  test::RedisServer redis;
  FaultRun run({"redis://" + redis.Address()});
  run.Fault("kill -9 of a node", [&] {
    run.load().Note(What::kNodeDied, "b");
    run.node(1).Kill();
  });
  // Longer than its lease, so that the others see it off.
  run.RunFor(4s);
  run.node(1).Start();
  run.FaultOver();
  run.Judge();
}

TEST(NodeFaultsTest, RollingRestart) {
  test::RedisServer redis;
  FaultRun run({"redis://" + redis.Address()});
  run.Fault("rolling restart", [] {});
  std::uint64_t widest = 0;
  for (std::size_t i = 0; i < FaultRun::kNodes; ++i) {
    RelayNode& node = run.node(i);
    // There is somebody to tell, and its peers know each other, so that it can name one.
    run.load().Crowd(i);
    run.RunFor(1500ms);
    const std::size_t before = run.load().history().size();
    node.Terminate();
    // From when it has heard the signal until it is gone.
    EXPECT_TRUE(run.load().RunUntil([&] { return node.Readiness() != 200; }, 10s));
    EXPECT_EQ(node.Readiness(), 503);
    std::optional<int> code;
    EXPECT_TRUE(run.load().RunUntil([&] { return (code = node.ExitCode()).has_value(); }, 20s));
    EXPECT_EQ(code, 0) << node.Log();
    // Whoever was there was told where to go, and when, one by one.
    std::vector<std::uint64_t> closed;
    std::size_t told = 0;
    for (std::size_t at = before; at < run.load().history().size(); ++at) {
      const Line& line = run.load().history()[at];
      if (line.what == What::kDraining) {
        ++told;
        EXPECT_NE(line.detail, "");
        EXPECT_NE(line.detail, node.url());
      }
      if (line.what == What::kLost && line.detail == "1001") closed.push_back(line.at);
    }
    EXPECT_GT(told, 0U);
    ASSERT_FALSE(closed.empty());
    widest = std::max(widest, closed.back() - closed.front());
    node.Start();
    EXPECT_TRUE(run.load().RunUntil([&] { return node.Readiness() == 200; }, 20s));
  }
  EXPECT_GT(widest, 200'000U) << "microseconds between the first close and the last";
  run.FaultOver();
  run.Judge();
}

}  // namespace
}  // namespace pairwire::faults
