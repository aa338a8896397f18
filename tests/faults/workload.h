// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Workload: pairs of members that talk to each other through the relays of one run, at a steady
// rate, while the test does to the relays what it likes. Some of them lose their sockets now and
// then. What they see is written into one history.
//
// All on the calling thread; the methods that wait run the loop.
#ifndef PAIRWIRE_TESTS_FAULTS_WORKLOAD_H_
#define PAIRWIRE_TESTS_FAULTS_WORKLOAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "signaling/load/options.h"
#include "signaling/load/stage.h"
#include "tests/faults/history.h"
#include "tests/faults/member.h"
#include "tests/support/seeded_random.h"

namespace pairwire::faults {

class Workload {
 public:
  struct Options {
    std::vector<std::string> relays;  // URLs; all are up
    std::size_t pairs = 8;
    std::chrono::milliseconds send_every{100};   // each member
    std::chrono::milliseconds break_every{700};  // one member of all
    std::uint64_t seed = 1;
  };

  // Registers, pairs and joins everybody; check ok().
  explicit Workload(Options options);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // False: the relays did not let everybody in; `trouble` says why.
  bool ok() const { return trouble_.empty(); }
  const std::string& trouble() const { return trouble_; }

  void RunFor(std::chrono::milliseconds time);
  bool RunUntil(const std::function<bool()>& done, std::chrono::milliseconds limit);
  void Note(What what, std::string who = "-", std::uint64_t number = 0, std::string detail = {});
  // Called now and then while the loop runs.
  void AlsoDo(std::function<void()> task) { also_ = std::move(task); }

  // A fresh display at one relay is found by its code at another, whatever that takes: writes how
  // long it took from this call on, for every relay of `at`. False: not within 30 s.
  bool WaitForPairing(const std::vector<std::size_t>& at);
  // Sends nothing more, waits until all is answered and what was acknowledged has come.
  void Settle();
  // Ends every session; everybody hears of it. The clients' last words.
  void End();

  // A quarter of the members come to that relay.
  void Crowd(std::size_t relay);
  // No socket is broken by the workload any more.
  void StopBreaking() { breaking_ = false; }

  // The machine gave this process so little time that relays, too, must have missed their leases
  // and time-outs: what was late may have been so for that.
  bool IsStarved() const { return patient_time() * 2 < load::Clock::now() - start_; }

  std::size_t members() const { return members_.size(); }
  std::size_t live() const;
  const History& history() const { return history_; }
  // Codes and tokens of this run.
  const std::vector<std::string>& secrets() const { return secrets_; }
  load::Stage& stage() { return *stage_; }

 private:
  // How long the test's own loop could run: when the machine gives it no time, this clock stands
  // still. For how long to wait for something, not for what is judged.
  std::chrono::milliseconds patient_time() const { return kTick * ticks_; }
  void Tick();
  bool PairOnce(std::size_t at);
  void Write(Line line);
  bool IsQuiet() const;

  static constexpr std::chrono::milliseconds kTick{20};

  const Options options_;
  std::string trouble_;
  load::Options stage_options_;
  test::SeededRandom random_;
  std::unique_ptr<load::Stage> stage_;
  RunContext context_;
  std::vector<load::Display> displays_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<load::TimePoint> next_send_;
  load::TimePoint next_break_{};
  load::TimePoint start_;
  load::Reactor::Timer timer_{};
  long ticks_ = 0;
  bool sending_ = false;
  bool breaking_ = true;
  std::function<void()> also_;
  History history_;
  std::vector<std::string> secrets_;
  // Texts, by sender and number.
  using Text = std::pair<std::string, std::uint64_t>;
  std::map<Text, std::uint64_t> unanswered_;  // on which socket
  std::set<Text> acked_;                      // and not come yet
  std::set<Text> arrived_;
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_WORKLOAD_H_
