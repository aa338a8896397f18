// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DirectPair: the real display and controller, connected to each other before the fault begins.
// They talk on through it: what happens to relays is nothing to them.
#ifndef PAIRWIRE_TESTS_FAULTS_DIRECT_PAIR_H_
#define PAIRWIRE_TESTS_FAULTS_DIRECT_PAIR_H_

#include <cstddef>
#include <memory>
#include <string>

#include "tests/support/child_process.h"

namespace pairwire::faults {

class DirectPair {
 public:
  // Returns when they are connected; else the test fails.
  DirectPair(const std::string& display_relay, const std::string& controller_relay);

  // That paired them.
  const std::string& code() const { return code_; }
  // One more message from the controller to the display.
  void Say();
  // Every message came, once and in order, and nobody noticed anything.
  void ExpectUntouched();

 private:
  std::unique_ptr<test::ChildProcess> display_;
  std::unique_ptr<test::ChildProcess> controller_;
  std::string code_;
  std::size_t said_ = 0;
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_DIRECT_PAIR_H_
