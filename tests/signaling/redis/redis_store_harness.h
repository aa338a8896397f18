// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A backend on a real Redis for tests: its loop, and the means to wait for it.
#ifndef PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_HARNESS_H_
#define PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_HARNESS_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/redis_backend.h"
#include "signaling/store/executor.h"
#include "tests/signaling/net/net_harness.h"

namespace pairwire::redis::testing {

class TestBackend final : private relay::Executor {
 public:
  explicit TestBackend(const std::string& url, RedisBackendOptions options = {}) {
    const auto parsed = ParseRedisUrl(url);
    EXPECT_TRUE(parsed.has_value()) << url;
    if (parsed) options.redis.url = *parsed;
    // Sanitizers and a busy machine are slow; what tests a stopped server sets its own.
    if (options.redis.command_timeout == RedisOptions().command_timeout) {
      options.redis.command_timeout = std::chrono::seconds(10);
    }
    auto made = RedisBackend::Make(
        loop_, resolver_, *this,
        [n = NextSeed()](std::uint64_t bound) mutable { return (bound / 2 + ++n) % bound; },
        std::move(options));
    EXPECT_TRUE(made.has_value());
    backend_ = std::move(*made);
  }
  ~TestBackend() { backend_.reset(); }

  RedisBackend& operator*() { return *backend_; }
  RedisBackend* operator->() { return backend_.get(); }
  net::EventLoop& loop() { return loop_; }

  [[nodiscard]] bool RunUntil(const std::function<bool()>& condition) {
    return net::testing::RunUntil(loop_, condition);
  }
  [[nodiscard]] bool Start() {
    backend_->Start();
    return RunUntil([this] { return backend_->store().up(); });
  }
  // Until every step is answered and every message told.
  void Settle() {
    EXPECT_TRUE(RunUntil([this] { return backend_->pending() == 0; }));
    bool told = false;
    backend_->store().CatchUp([&] { told = true; });
    EXPECT_TRUE(RunUntil([&] { return told && backend_->pending() == 0; }));
  }
  // Runs one call and gives its reply.
  template <typename T, typename Call>
  relay::StoreResult<T> Ask(Call call) {
    std::optional<relay::StoreResult<T>> answer;
    call([&](relay::StoreResult<T> result) { answer = std::move(result); });
    EXPECT_FALSE(answer.has_value()) << "answered from inside the call";
    EXPECT_TRUE(RunUntil([&] { return answer.has_value(); }));
    return answer.value_or(tl::unexpected(relay::StoreError::kUnavailable));
  }

 private:
  // Two backends draw different numbers.
  static std::uint64_t NextSeed() {
    static std::uint64_t seed = 0;
    return seed += 1'000'000;
  }
  void Post(std::function<void()> task) override { loop_.Post(std::move(task)); }

  net::EventLoop loop_;
  net::Resolver resolver_{loop_};
  std::unique_ptr<RedisBackend> backend_;
};

}  // namespace pairwire::redis::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_HARNESS_H_
