// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/run_and_wait.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace pairwire {
namespace {

// Shared by both threads, so that neither has to outlive the other's last touch.
struct Outcome {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  bool ran = false;
};

// What is posted. Its destructor reports too: a loop that stops destroys its tasks unrun, and the
// waiter must learn of that.
class Job {
 public:
  Job(std::shared_ptr<Outcome> outcome, Task task)
      : outcome_(std::move(outcome)), task_(std::move(task)) {}
  Job(Job&& other) noexcept = default;
  Job& operator=(Job&& other) = delete;
  ~Job() { Report(false); }

  void operator()() {
    task_();
    Report(true);
  }

 private:
  void Report(bool ran) {
    if (outcome_ == nullptr) return;  // moved from, or reported
    task_ = Task();                   // what it captured may live in the waiter's frame
    {
      const std::lock_guard lock(outcome_->mutex);
      outcome_->done = true;
      outcome_->ran = ran;
      outcome_->changed.notify_one();
    }
    outcome_.reset();
  }

  std::shared_ptr<Outcome> outcome_;
  Task task_;
};

}  // namespace

bool RunAndWait(Loop& loop, Task task) {
  if (loop.IsCurrent()) {
    task();
    return true;
  }
  const auto outcome = std::make_shared<Outcome>();
  loop.Post(Job(outcome, std::move(task)));
  std::unique_lock lock(outcome->mutex);
  outcome->changed.wait(lock, [&] { return outcome->done; });
  return outcome->ran;
}

}  // namespace pairwire
