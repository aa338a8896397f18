// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/process_metrics.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

namespace pairwire {
namespace {

// The next word, taken off the front of `text`.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> NumberOf(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::string Slurp(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::optional<std::chrono::nanoseconds> ParseProcessTime(std::string_view stat,
                                                         std::int64_t ticks_per_second) {
  // The name, field 2, stands in parentheses and may hold blanks and parentheses itself.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = 3; field < 14; ++field) TakeWord(stat);
  const auto user = NumberOf(TakeWord(stat));
  const auto system = NumberOf(TakeWord(stat));
  // A century of ticks: more is not a time, and would overflow below.
  constexpr std::uint64_t kMostTicks = 1'000'000'000'000;
  if (!user || !system || *user > kMostTicks || *system > kMostTicks) return std::nullopt;
  const auto ticks = static_cast<std::int64_t>(*user + *system);
  return std::chrono::seconds(ticks / ticks_per_second) +
         std::chrono::nanoseconds(ticks % ticks_per_second * 1'000'000'000 / ticks_per_second);
}

std::optional<std::uint64_t> ParseResidentBytes(std::string_view statm, std::uint64_t page_bytes) {
  TakeWord(statm);  // all of it, mapped or not
  const auto pages = NumberOf(TakeWord(statm));
  if (!pages || page_bytes == 0 ||
      *pages > std::numeric_limits<std::uint64_t>::max() / page_bytes) {
    return std::nullopt;
  }
  return *pages * page_bytes;
}

ProcessMeter::Source ProcessMeter::Self() {
  return {[] { return Slurp("/proc/self/stat"); }, [] { return Slurp("/proc/self/statm"); },
          static_cast<std::int64_t>(sysconf(_SC_CLK_TCK)),
          static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

void ProcessMeter::Sample(Loop::TimePoint now, events::Metrics& out) {
  if (const auto cpu = ParseProcessTime(source_.stat(), source_.ticks_per_second)) {
    const auto before = std::exchange(before_, Before{now, *cpu});
    if (before && now > before->when && *cpu >= before->cpu) {
      const std::chrono::duration<double> took = now - before->when;
      const std::chrono::duration<double> used = *cpu - before->cpu;
      out.cpu_percent = 100 * used.count() / took.count();
    }
  }
  if (const auto bytes = ParseResidentBytes(source_.statm(), source_.page_bytes)) {
    out.memory_mb = static_cast<double>(*bytes) / 1e6;
  }
}

}  // namespace pairwire
