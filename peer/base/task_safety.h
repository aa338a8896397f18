// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TaskSafety: makes posted work a no-op once its owner is gone. A member of the owner, declared
// last so that it goes first. Owner and tasks live on one loop: no atomics.
//
//   loop_.Post(safety_.Wrap([this] { Continue(); }));
#ifndef PAIRWIRE_PEER_BASE_TASK_SAFETY_H_
#define PAIRWIRE_PEER_BASE_TASK_SAFETY_H_

#include <memory>
#include <utility>

namespace pairwire {

class TaskSafety {
 public:
  TaskSafety() : alive_(std::make_shared<bool>(true)) {}
  ~TaskSafety() { *alive_ = false; }

  TaskSafety(const TaskSafety&) = delete;
  TaskSafety& operator=(const TaskSafety&) = delete;

  template <typename F>
  auto Wrap(F function) const {
    return [alive = alive_, function = std::move(function)]() mutable {
      if (*alive) function();
    };
  }

  // For code that calls out and must know whether it survived the call:
  //   const auto alive = safety_.Watch();  events_.On…();  if (!*alive) return;
  std::shared_ptr<const bool> Watch() const { return alive_; }

 private:
  std::shared_ptr<bool> alive_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_TASK_SAFETY_H_
