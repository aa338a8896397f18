// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Task: a move-only callable without arguments, as loops queue them. std::function would ask that
// what it captures can be copied (C++23 has std::move_only_function).
#ifndef PAIRWIRE_PEER_BASE_TASK_H_
#define PAIRWIRE_PEER_BASE_TASK_H_

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace pairwire {

class Task {
 public:
  Task() = default;

  template <typename F>
  requires(!std::same_as<std::remove_cvref_t<F>, Task> && std::invocable<std::decay_t<F>&>)
      Task(F&& function)  // NOLINT(google-explicit-constructor): lambdas are passed as they are
      : callable_(std::make_unique<Callable<std::decay_t<F>>>(std::forward<F>(function))) {}

  explicit operator bool() const { return callable_ != nullptr; }

  void operator()() { callable_->Run(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void Run() = 0;
  };
  template <typename F>
  struct Callable final : Base {
    explicit Callable(F function) : function_(std::move(function)) {}
    void Run() override { function_(); }
    F function_;
  };

  std::unique_ptr<Base> callable_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_TASK_H_
