// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The memory store in the contract suite.
#include "signaling/store/memory_store.h"
#include "tests/contract/manual_executor.h"
#include "tests/contract/store_contract.h"

namespace pairwire::relay {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  explicit MemoryUnderTest(std::size_t max_sessions)
      : store_(
            executor_, [] { return TimePoint{} + std::chrono::hours(500'000); },
            Options(max_sessions)) {}
  Store& store() override { return store_; }
  EventLog& events() override { return store_.events(); }
  Registry& registry() override { return store_.registry(); }
  void Settle() override { executor_.Drain(); }

 private:
  static MemoryStoreOptions Options(std::size_t max_sessions) {
    MemoryStoreOptions options;
    options.max_sessions = max_sessions;
    options.max_meets = 4 * max_sessions;
    return options;
  }

  ManualExecutor executor_;
  MemoryStore store_;
};

StoreParam Memory() {
  return {"memory",
          [](std::size_t max_sessions) { return std::make_unique<MemoryUnderTest>(max_sessions); }};
}

std::string NameOf(const testing::TestParamInfo<StoreParam>& param) { return param.param.name; }

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(Memory()), NameOf);
INSTANTIATE_TEST_SUITE_P(Memory, Meet, testing::Values(Memory()), NameOf);

}  // namespace
}  // namespace pairwire::relay
