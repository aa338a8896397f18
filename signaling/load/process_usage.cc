// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/process_usage.h"

#include <unistd.h>

#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>

namespace pairwire::load {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The next word, taken off the front of `text`.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return text = {};
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> ToNumber(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::chrono::nanoseconds> ParseStat(std::string_view stat, long ticks_per_second) {
  // The name, field 2, stands in parentheses and may hold blanks and parentheses itself.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = 3; field < 14; ++field) TakeWord(stat);
  const auto user = ToNumber(TakeWord(stat));
  const auto system = ToNumber(TakeWord(stat));
  if (!user || !system) return std::nullopt;
  const auto nanoseconds_per_tick =
      std::chrono::nanoseconds(std::chrono::seconds(1)) / ticks_per_second;
  return nanoseconds_per_tick * static_cast<std::int64_t>(*user + *system);
}

std::optional<std::uint64_t> ParseSmapsRollup(std::string_view smaps) {
  while (!smaps.empty()) {
    if (TakeWord(smaps) != "Private_Dirty:") continue;
    const auto kilobytes = ToNumber(TakeWord(smaps));
    if (!kilobytes) return std::nullopt;
    return *kilobytes * 1024;
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> CpuTimeOf(pid_t pid) {
  return ParseStat(ReadFile("/proc/" + std::to_string(pid) + "/stat"), sysconf(_SC_CLK_TCK));
}

std::optional<std::uint64_t> PrivateBytesOf(pid_t pid) {
  return ParseSmapsRollup(ReadFile("/proc/" + std::to_string(pid) + "/smaps_rollup"));
}

std::chrono::nanoseconds OwnCpuTime() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec);
}

}  // namespace pairwire::load
