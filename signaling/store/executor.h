// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Executor: the one thing a store needs of its surroundings, to answer later instead of inside a
// call. The server posts to its Asio thread; tests drain a queue by hand.
#ifndef PAIRWIRE_SIGNALING_STORE_EXECUTOR_H_
#define PAIRWIRE_SIGNALING_STORE_EXECUTOR_H_

#include <functional>

namespace pairwire::relay {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` on the relay's thread, in the order of the calls, never from inside Post.
  virtual void Post(std::function<void()> task) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_EXECUTOR_H_
