// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What this process costs the machine, from /proc/self (proc(5)): processor time and memory.
// Parsers are pure; where the text comes from is handed in.
#ifndef PAIRWIRE_PEER_SESSION_PROCESS_METRICS_H_
#define PAIRWIRE_PEER_SESSION_PROCESS_METRICS_H_

#include <pairwire/events.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/loop.h"

namespace pairwire {

// /proc/self/stat: user and system time of all threads. Empty: not that, or no ticks.
std::optional<std::chrono::nanoseconds> ParseProcessTime(std::string_view stat,
                                                         std::int64_t ticks_per_second);
// /proc/self/statm: resident memory, shared pages included. Empty: not that.
std::optional<std::uint64_t> ParseResidentBytes(std::string_view statm, std::uint64_t page_bytes);

class ProcessMeter {
 public:
  struct Source {
    std::function<std::string()> stat;  // empty text: cannot be read
    std::function<std::string()> statm;
    std::int64_t ticks_per_second = 100;
    std::uint64_t page_bytes = 4096;
  };

  explicit ProcessMeter(Source source) : source_(std::move(source)) {}
  // Of this process.
  static Source Self();

  // Sets cpu_percent (of one core, since the sample before; the first has none) and memory_mb (10^6
  // bytes); leaves out what can not be read.
  void Sample(Loop::TimePoint now, events::Metrics& out);

 private:
  struct Before {
    Loop::TimePoint when;
    std::chrono::nanoseconds cpu;
  };

  const Source source_;
  std::optional<Before> before_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PROCESS_METRICS_H_
