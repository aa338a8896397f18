// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FaultRun: what every fault test does around its fault: three relays on one Redis, pairs that talk
// through them, a pair that talks directly, and the judgement at the end.
//
//   FaultRun run({redis.Url()});
//   run.Quietly();
//   run.Fault("kill -9 of a node", [&] { run.node(1).Kill(); });
//   run.FaultOver();
//   run.Judge();
#ifndef PAIRWIRE_TESTS_FAULTS_FAULT_RUN_H_
#define PAIRWIRE_TESTS_FAULTS_FAULT_RUN_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/checker.h"
#include "tests/faults/direct_pair.h"
#include "tests/faults/relay_node.h"
#include "tests/faults/workload.h"

namespace pairwire::faults {

class FaultRun {
 public:
  static constexpr std::size_t kNodes = 3;

  // One URL for all nodes, or one for each.
  explicit FaultRun(std::vector<std::string> redis_urls);
  ~FaultRun();

  RelayNode& node(std::size_t i) { return *nodes_[i]; }
  Workload& load() { return *load_; }
  void RunFor(std::chrono::milliseconds time) { load_->RunFor(time); }

  void Fault(const std::string& what, const std::function<void()>& begin);
  // No socket is broken from here on; returns when all are there.
  void EverybodyStays();
  // Pairing has to work again from here on, at every node.
  void FaultOver();
  // Everybody comes to rest and to the end; every promise was kept, nobody lost a session, the
  // checker would have noticed, and no log shows a secret. Lateness alone, on a machine that gave
  // the relays no time, skips the test.
  void Judge();

 private:
  void Keep();
  void ExpectQuietLogs() const;

  std::vector<std::unique_ptr<RelayNode>> nodes_;
  std::unique_ptr<DirectPair> direct_;
  std::unique_ptr<Workload> load_;
  load::TimePoint next_word_{};
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_FAULT_RUN_H_
