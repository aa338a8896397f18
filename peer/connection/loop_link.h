// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LoopLink: the way from handles, which live on any thread and may outlive their Network, to the
// loop side. Shared by all handles of one Network; the Network cuts it when it goes, and from then
// on every call answers false.
#ifndef PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_
#define PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "peer/base/loop.h"

namespace pairwire {

class NetworkCore;

class LoopLink {
 public:
  // `thread` is the loop's.
  LoopLink(Loop& loop, NetworkCore& core, std::thread::id thread)
      : loop_(&loop), core_(&core), thread_(thread) {}

  // Runs `function(NetworkCore&)` on the loop. False, and nothing happens, when the Network is
  // gone.
  template <typename F>
  bool Post(F function) {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return false;
    loop_->Post([core = core_, function = std::move(function)]() mutable { function(*core); });
    return true;
  }

  // As Post, and waits until it ran; inline when already on the loop. False when the Network is
  // gone or goes meanwhile.
  template <typename F>
  bool RunAndWait(F function) {
    std::future<void> done;
    {
      std::unique_lock lock(mutex_);
      if (loop_ == nullptr) return false;
      if (loop_->IsCurrent()) {
        NetworkCore& core = *core_;
        lock.unlock();
        function(core);
        return true;
      }
      std::promise<void> promise;
      done = promise.get_future();
      // A loop that stops destroys the task, and with it the promise: the wait below ends either
      // way.
      loop_->Post([core = core_, &function, promise = std::move(promise)]() mutable {
        function(*core);
        promise.set_value();
      });
    }
    done.wait();
    return true;
  }

  // On the loop's thread, while there is one. Without a lock: it is asked for each message.
  bool IsCurrent() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  void Cut() {
    thread_.store({}, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
    core_ = nullptr;
  }

 private:
  mutable std::mutex mutex_;
  Loop* loop_;
  NetworkCore* core_;
  std::atomic<std::thread::id> thread_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_
