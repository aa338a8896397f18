// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LoopKept: a handle's hold on its core, which lives on a Network's loop: the loop's timer queue
// owns the core, so that it goes with the loop at the latest; the handle only asks it to stop.
//
// `Core` has Begin(), after which it may call back, and Stop(), after which it does not.
#ifndef PAIRWIRE_PEER_SESSION_LOOP_KEPT_H_
#define PAIRWIRE_PEER_SESSION_LOOP_KEPT_H_

#include <pairwire/network.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "peer/connection/network_access.h"
#include "peer/connection/network_core.h"

namespace pairwire {

template <typename Core>
class LoopKept {
 public:
  // `make(AsioLoop&)` gives the core as a shared pointer. Both run on the loop, and it waits.
  // False: the network is closing.
  template <typename F>
  bool Start(Network& network, F make) {
    return Start(NetworkAccess::LinkOf(network), std::move(make));
  }
  template <typename F>
  bool Start(std::shared_ptr<LoopLink> link, F make) {
    link_ = std::move(link);
    return link_->RunAndWait([&](NetworkCore& network) {
      AsioLoop& loop = network.loop();
      const std::shared_ptr<Core> core = make(loop);
      // Far enough never to come: what matters is that the loop's timer queue owns the core.
      constexpr std::chrono::hours kTenYears{24 * 365 * 10};
      keeper_ = loop.ScheduleAt(loop.Now() + kTenYears, [core] {});
      loop_ = &loop;
      core_ = core;
      loop.Post([weak = core_] {
        if (const auto begun = weak.lock()) begun->Begin();
      });
    });
  }

  // Runs `function(Core&)` on the loop and waits; false when there is no core any more.
  template <typename F>
  bool Run(F function) const {
    bool ran = false;
    link_->RunAndWait([&](NetworkCore&) {
      if (const auto core = core_.lock()) {
        function(*core);
        ran = true;
      }
    });
    return ran;
  }

  // The same without waiting.
  template <typename F>
  void Post(F function) const {
    link_->Post([weak = core_, function = std::move(function)](NetworkCore&) mutable {
      if (const auto core = weak.lock()) function(*core);
    });
  }

  // Stops the core with `stop(Core&)` and lets it go once nothing of it runs.
  template <typename F>
  void Release(F stop) {
    Run([&](Core& core) {
      stop(core);
      loop_->Post([kept = core_.lock()] {});
      loop_->CancelTimer(std::exchange(keeper_, 0));
    });
  }

  // As Release, for a core that has something left to do: `stop(Core&, std::function<void()>
  // done)`; the core stays until `done` was called.
  template <typename F>
  void ReleaseWhenDone(F stop) {
    Run([&](Core& core) {
      stop(core, std::function<void()>([loop = loop_, keeper = keeper_, weak = core_] {
             // Not kept by its own calls: a loop that ends takes it away all the same.
             if (auto kept = weak.lock()) loop->Post([kept = std::move(kept)] {});
             loop->CancelTimer(keeper);
           }));
    });
  }

  bool OnLoop() const { return link_->IsCurrent(); }

 private:
  std::shared_ptr<LoopLink> link_;
  AsioLoop* loop_ = nullptr;  // used on the loop only
  TimerId keeper_ = 0;
  std::weak_ptr<Core> core_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_LOOP_KEPT_H_
