// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What another process (the relay, Redis) costs: its processor time and its own memory, read from
// /proc by its id (proc(5)). Reading never disturbs it. Not here: what the relay says of itself in
// /metrics.
#ifndef PAIRWIRE_SIGNALING_LOAD_PROCESS_USAGE_H_
#define PAIRWIRE_SIGNALING_LOAD_PROCESS_USAGE_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::load {

// User and system time of all threads since the process began, in steps of the kernel's clock tick
// (10 ms): divide it by many operations. Nothing when there is no such process.
std::optional<std::chrono::nanoseconds> CpuTimeOf(pid_t pid);

// Memory that the process wrote to and shares with nobody: Private_Dirty of /proc/PID/smaps_rollup,
// in bytes. Its clean pages are not counted, as the program's own code is private only while nobody
// else runs it. Nothing when there is no such process or it is another user's.
std::optional<std::uint64_t> PrivateBytesOf(pid_t pid);

// The same of this process, to the nanosecond.
std::chrono::nanoseconds OwnCpuTime();

// The two parsers, for what the files hold. `ticks_per_second` is sysconf(_SC_CLK_TCK).
std::optional<std::chrono::nanoseconds> ParseStat(std::string_view stat, long ticks_per_second);
std::optional<std::uint64_t> ParseSmapsRollup(std::string_view smaps);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_PROCESS_USAGE_H_
