// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Redis store in the contract suite, on one server and on a Cluster, by the suite's own clock.
#include "tests/contract/store_contract.h"
#include "tests/signaling/redis/redis_store_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::relay {
namespace {

class RedisUnderTest final : public StoreUnderTest {
 public:
  RedisUnderTest(const std::string& url, std::size_t max_sessions, const std::string& prefix)
      : backend_(url, Options(max_sessions, prefix)) {
    EXPECT_TRUE(backend_.Start());
  }
  Store& store() override { return backend_->store(); }
  EventLog& events() override { return backend_->parts().events; }
  Registry& registry() override { return backend_->parts().registry; }
  void Settle() override { backend_.Settle(); }

 private:
  static redis::RedisBackendOptions Options(std::size_t max_sessions, const std::string& prefix) {
    redis::RedisBackendOptions options;
    options.prefix = prefix;
    options.scripts.max_sessions = max_sessions;
    options.scripts.max_meets = 4 * max_sessions;
    options.scripts.clock = [] { return TimePoint{} + std::chrono::hours(500'000); };
    return options;
  }

  redis::testing::TestBackend backend_;
};

// One server for all cases of a process; each begins with nothing in it.
std::unique_ptr<StoreUnderTest> OnOneServer(std::size_t max_sessions) {
  static test::RedisServer server;
  EXPECT_EQ(server.Cli({"FLUSHALL"}), "OK");
  return std::make_unique<RedisUnderTest>("redis://" + server.Address(), max_sessions, "pw:");
}

// Three masters; what was there is left to its terms, so each case has a prefix of its own.
std::unique_ptr<StoreUnderTest> OnACluster(std::size_t max_sessions) {
  static test::RedisCluster cluster;
  static int cases = 0;
  const std::string prefix = "case" + std::to_string(++cases) + ":";
  return std::make_unique<RedisUnderTest>(cluster.Url(), max_sessions, prefix);
}

std::string NameOf(const testing::TestParamInfo<StoreParam>& param) { return param.param.name; }

INSTANTIATE_TEST_SUITE_P(Redis, StoreContract, testing::Values(StoreParam{"redis", OnOneServer}),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(RedisCluster, StoreContract,
                         testing::Values(StoreParam{"cluster", OnACluster, true}), NameOf);
INSTANTIATE_TEST_SUITE_P(Redis, Meet, testing::Values(StoreParam{"redis", OnOneServer}), NameOf);
INSTANTIATE_TEST_SUITE_P(RedisCluster, Meet,
                         testing::Values(StoreParam{"cluster", OnACluster, true}), NameOf);

}  // namespace
}  // namespace pairwire::relay
