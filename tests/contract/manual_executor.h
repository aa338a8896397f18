// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An Executor that runs what was posted when the test says so.
#ifndef PAIRWIRE_TESTS_CONTRACT_MANUAL_EXECUTOR_H_
#define PAIRWIRE_TESTS_CONTRACT_MANUAL_EXECUTOR_H_

#include <deque>
#include <functional>
#include <utility>

#include "signaling/store/executor.h"

namespace pairwire::relay {

class ManualExecutor final : public Executor {
 public:
  void Post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  // Runs until nothing is left, tasks that tasks post included.
  void Drain() {
    while (RunOne()) {
    }
  }
  bool RunOne() {
    if (tasks_.empty()) return false;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  std::size_t size() const { return tasks_.size(); }

 private:
  std::deque<std::function<void()>> tasks_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_CONTRACT_MANUAL_EXECUTOR_H_
