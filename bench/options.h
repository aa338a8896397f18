// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a user asked pairwire-bench for. Plain values; the command line is read in options.cc, and
// what concerns the library's own switches is applied in peer_settings.h.
#ifndef PAIRWIRE_BENCH_OPTIONS_H_
#define PAIRWIRE_BENCH_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

namespace pairwire::bench {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// The number and the time of a message stand at its beginning (payload.h).
inline constexpr std::size_t kMinMessageBytes = 16;
inline constexpr std::size_t kMaxMessageBytes = 64 * 1024 * 1024;
// The most that a Session takes as one command.
inline constexpr std::size_t kMaxCommandBytes = 262'124;
inline constexpr std::size_t kMaxPairs = 10'000;
inline constexpr std::size_t kMaxNetworks = 16;
// The messages of the stream of --bulk.
inline constexpr std::size_t kBulkMessageBytes = 64 * 1024;
// The least --buffer beside --bulk, whose stream leaves some of it to the small messages.
inline constexpr std::size_t kMinBulkBuffer = 1024 * 1024;

struct Scenario;

struct Options {
  const Scenario* scenario = nullptr;  // never null once parsed
  bool json = false;
  double seconds = 0;       // of the measured part
  std::size_t size = 0;     // bytes of a message
  int processes = 2;        // 1: both ends on one loop
  bool unreliable = false;  // unordered, maxRetransmits 0
  bool session = false;     // throughput, messages: commands of a Session
  bool bulk = false;        // latency: beside a saturating stream
  std::size_t trips = 10'000;
  std::size_t runs = 50;
  std::size_t pairs = 0;
  std::size_t networks = 2;  // loops
  bool certificates_ahead = false;
  // For the whole run; empty: the scenario's allowance beside the measured part.
  std::optional<double> deadline_seconds;
  // max_buffered_amount of a sending connection; a sender goes on at half of it. 0: the default.
  std::size_t buffer = 0;

  // Passed through to the library; empty leaves its default.
  std::optional<bool> fast_path;
  std::optional<std::chrono::microseconds> spin;
  std::optional<std::chrono::milliseconds> pacing;

  // The other process's end of the socket between the two; not for users. Set: this is the second
  // process.
  std::optional<int> link_fd;
};

// The options, or the code to exit with at once: after --help, or after wrong usage, of which one
// line on stderr tells.
std::variant<Options, int> ParseOptions(int argc, char** argv);

// One line on stderr that says what to do; returns kExitUsage.
int WrongUsage(const std::string& what);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_OPTIONS_H_
