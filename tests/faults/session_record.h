// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionRecord: what one pairwire-session-peer prints, line by line, as events for the checker of
// sessions; and HistoryOf, the records of two ends put together by the clock that they share. It
// knows no process: lines come from its owner.
#ifndef PAIRWIRE_TESTS_FAULTS_SESSION_RECORD_H_
#define PAIRWIRE_TESTS_FAULTS_SESSION_RECORD_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/peer/delivery/session_history.h"

namespace pairwire::faults {

class SessionRecord {
 public:
  struct Entry {
    std::int64_t at_ns = 0;  // the machine's monotonic clock
    test::Event event;
  };
  // The session was without its path: from the first word of it to being connected again.
  struct Outage {
    std::int64_t began_ns = 0;
    std::int64_t over_ns = 0;  // 0: still
  };

  // 0: display, 1: controller.
  explicit SessionRecord(int which) : which_(which) {}

  // False: not a line of pairwire-session-peer.
  bool Take(const std::string& line);

  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<Outage>& outages() const { return outages_; }
  const std::string& code() const { return code_; }
  bool connected() const { return state_ == "connected"; }
  const std::string& state() const { return state_; }
  bool closed() const { return closed_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t acked() const { return acked_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t refused() const { return refused_; }
  // The newest of each key: set here, shown here.
  const std::map<std::uint64_t, std::uint64_t>& set() const { return set_; }
  const std::map<std::uint64_t, std::uint64_t>& shown() const { return shown_; }
  // Of the last `send` that is done; 0: none.
  std::uint64_t last_seed() const { return last_seed_; }
  std::size_t reports() const { return reports_; }
  // What it said at its last report: unacknowledged, both ends included; 0, 0: none.
  const std::optional<Entry>& pending() const { return pending_; }
  const std::string& last_error() const { return last_error_; }
  std::size_t cuts() const { return cuts_; }
  // When the last cut was over: that of links at once, that of a path after its time.
  std::int64_t cut_over_ns() const { return cut_over_ns_; }
  // How often it cut at which type of frame; by CutKind.
  using Cuts = std::array<std::size_t, 3>;
  const std::map<std::uint8_t, Cuts>& cuts_at() const { return cuts_at_; }

 private:
  void Add(std::int64_t at, test::What what, std::uint64_t number = 0, std::uint64_t last = 0,
           std::uint64_t hash = 0, std::uint64_t link = 0);
  void TakeState(std::int64_t at, const std::string& state);

  const int which_;
  std::vector<Entry> entries_;
  std::vector<Outage> outages_;
  std::string code_;
  std::string state_;
  bool closed_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t last_seed_ = 0;
  std::size_t reports_ = 0;
  std::optional<Entry> pending_;
  std::string last_error_;
  std::size_t cuts_ = 0;
  std::int64_t cut_over_ns_ = 0;
  std::map<std::uint8_t, Cuts> cuts_at_;
  std::map<std::uint64_t, std::uint64_t> set_;
  std::map<std::uint64_t, std::uint64_t> shown_;
};

// In the order of time; `rested`: both ends were left in peace until nothing was missing.
test::History HistoryOf(const SessionRecord& display, const SessionRecord& controller, bool rested);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_SESSION_RECORD_H_
