// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LoopLink: the way from handles, which live on any thread and may outlive their Network, to the
// loop side. Shared by all handles of one Network; the Network cuts it when it goes, and from then
// on every call answers false. What lives on the loop and has handles that may outlive it hears of
// that before (AtEnd).
#ifndef PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_
#define PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

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

  // Loop only. When the Network goes, and while its connections still are, it first asks for the
  // last words: `say_goodbye` begins, and who has said it calls ForgetEnding, as does who goes by
  // itself. Whoever has not within the Network's time is told to `let_go`: nothing may be
  // registered with the loop afterwards.
  using EndingId = std::uint64_t;
  EndingId AtEnd(std::function<void()> say_goodbye, std::function<void()> let_go) {
    endings_.emplace(++last_ending_, Ending{std::move(say_goodbye), std::move(let_go)});
    return last_ending_;
  }
  void ForgetEnding(EndingId id) {
    if (endings_.erase(id) != 0 && endings_.empty() && all_said_) std::exchange(all_said_, {})();
  }

  // The Network's, on the loop. `all_said` runs when nobody has anything left to say, at once where
  // nobody has.
  void Begin(std::function<void()> all_said) {
    if (endings_.empty()) return all_said();
    all_said_ = std::move(all_said);
    std::vector<EndingId> ids;
    for (const auto& [id, ending] : endings_) ids.push_back(id);
    for (const EndingId id : ids) {
      const auto found = endings_.find(id);
      if (found == endings_.end()) continue;
      const auto say_goodbye = found->second.say_goodbye;
      say_goodbye();
    }
  }
  void End() {
    all_said_ = {};
    while (!endings_.empty()) {
      const auto let_go = std::move(endings_.begin()->second.let_go);
      endings_.erase(endings_.begin());
      let_go();
    }
  }
  // From the Network's own thread.
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
  // Loop only, and empty once that is gone.
  struct Ending {
    std::function<void()> say_goodbye;
    std::function<void()> let_go;
  };
  std::map<EndingId, Ending> endings_;
  std::function<void()> all_said_;
  EndingId last_ending_ = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_LOOP_LINK_H_
