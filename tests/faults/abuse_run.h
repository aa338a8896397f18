// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// AbuseRun: one relay with its default limits, some honest pairs that talk through it, and an
// attacker on a thread of its own meanwhile. The honest ones lose nothing and the relay's memory
// stays within a bound. How fast it was is printed, as a machine that is busy makes everything
// slow: for the clients, and beside it by the relay's own clock and the processor time that it
// took.
#ifndef PAIRWIRE_TESTS_FAULTS_ABUSE_RUN_H_
#define PAIRWIRE_TESTS_FAULTS_ABUSE_RUN_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "signaling/load/options.h"
#include "signaling/load/signal_run.h"
#include "signaling/load/stage.h"
#include "tests/support/child_process.h"

namespace pairwire::faults {

class AbuseRun {
 public:
  // `more`: options of the relay.
  explicit AbuseRun(std::vector<std::string> more = {});
  ~AbuseRun();

  // Runs on the attacker's thread until `stop`; it may end earlier.
  using Attack = std::function<void(const std::atomic<bool>& stop)>;
  // The honest pairs talk for three seconds without it and for three seconds under it. `bytes`: so
  // much more than before the relay may hold at its worst.
  void Under(const Attack& attack, std::size_t bytes);

  // No log may show it.
  void KeepSecret(std::string secret) { secrets_.push_back(std::move(secret)); }

  const load::Target& target() const { return stage_->target(0); }
  load::Stage& stage() { return *stage_; }

 private:
  // What the relay says of its turns, in /metrics: how many lasted up to so many milliseconds.
  using Turns = std::map<double, double>;
  Turns ReadTurns();
  // The slowest of a hundred, in milliseconds.
  double Talk(const char* when);

  std::unique_ptr<test::ChildProcess> relay_;
  load::Options options_;
  std::unique_ptr<load::Stage> stage_;
  std::unique_ptr<load::SignalRun> honest_;
  std::vector<std::string> secrets_;
};

// A plain TCP connection to the relay, for what no proper client does. Blocks for at most a second.
class RawPeer {
 public:
  // `receive_buffer`: of the kernel; 0: as usual.
  explicit RawPeer(const load::Target& target, int receive_buffer = 0);
  ~RawPeer();
  RawPeer(RawPeer&& other) noexcept;
  RawPeer& operator=(RawPeer&&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False when the other side is gone, or does not take it.
  bool Send(std::string_view bytes) const;
  // Reads what is there; false at the end.
  bool Skim() const;
  // Up to the end of a response's head; false when there is none.
  bool ReadHead() const;

 private:
  int fd_ = -1;
};

// The opening handshake of a WebSocket with that token.
std::string UpgradeText(const load::Target& target, const std::string& token);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_ABUSE_RUN_H_
