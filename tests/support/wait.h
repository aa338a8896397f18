// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Watched: a value that other threads change and a test waits for, with a deadline and without
// polling.
//
//   test::Watched<int> count(0);
//   loop.Post([&] { count.Update([](int& n) { ++n; }); });
//   EXPECT_TRUE(count.WaitUntil([](int n) { return n == 1; }));
#ifndef PAIRWIRE_TESTS_SUPPORT_WAIT_H_
#define PAIRWIRE_TESTS_SUPPORT_WAIT_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace pairwire::test {

// Far beyond what even a loaded machine under a sanitizer needs: only a hang reaches it.
constexpr std::chrono::seconds kDeadline(30);

template <typename T>
class Watched {
 public:
  explicit Watched(T value = T()) : value_(std::move(value)) {}

  // Any thread. `change` gets a T& and runs under the lock.
  template <typename F>
  void Update(F change) {
    const std::lock_guard lock(mutex_);
    change(value_);
    changed_.notify_all();
  }

  void Set(T value) {
    Update([&](T& current) { current = std::move(value); });
  }

  T Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // True as soon as `condition(const T&)` holds, false when `deadline` passed first.
  template <typename F>
  [[nodiscard]] bool WaitUntil(F condition, std::chrono::milliseconds deadline = kDeadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, [&] { return condition(value_); });
  }

  [[nodiscard]] bool WaitFor(const T& value, std::chrono::milliseconds deadline = kDeadline) const {
    return WaitUntil([&](const T& current) { return current == value; }, deadline);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  T value_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_WAIT_H_
