// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a user asked pairwire-load for. Every count and every time has a bound: a run ends, whatever
// the relay does.
#ifndef PAIRWIRE_SIGNALING_LOAD_OPTIONS_H_
#define PAIRWIRE_SIGNALING_LOAD_OPTIONS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pairwire::load {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

inline constexpr std::size_t kMaxDisplays = 100'000;
inline constexpr std::size_t kMaxPairs = 20'000;
inline constexpr std::size_t kMaxProcesses = 32;
inline constexpr std::size_t kMaxWindow = 256;
inline constexpr double kMaxRate = 1e6;
inline constexpr std::size_t kMinMessageBytes = 160;
inline constexpr std::size_t kMaxMessageBytes = 60'000;

enum class ScenarioName { kWaiting, kPairing, kSignaling, kStatus, kExpiry, kSuite };
// What a waiting display holds. kWs is the immediate mode of row L13.
enum class Transport { kSse, kPoll, kWs };
enum class Part { kBoth, kThroughput, kLatency };

struct Options {
  ScenarioName scenario = ScenarioName::kWaiting;
  std::string scenario_text;
  bool json = false;
  std::vector<std::string> relays;
  std::vector<pid_t> relay_pids;  // in the order of the relays; may be fewer
  // Nodes of the same relay that no load goes to.
  std::vector<pid_t> bystander_pids;
  pid_t redis_pid = 0;       // 0: none
  double seconds = 0;        // of the measured part; the scenario's default when not given
  std::size_t displays = 0;  // the same
  std::size_t pairs = 16;
  std::size_t window = 4;
  double rate = 200;      // pairings or messages a second
  std::size_t meets = 0;  // pairing: names of each display, instead of a code; 0: codes
  std::size_t size = 300;
  bool ack = false;
  Part part = Part::kBoth;
  Transport transport = Transport::kSse;
  bool pair_all = false;
  std::size_t processes = 1;  // waiting: that share the displays
  bool as_many = false;       // waiting: less than asked for where the system's limit says so
  std::size_t others = 0;     // expiry: sessions that stay
  bool judge_times = true;    // suite: row H10's bars
  std::size_t sources = 16;
  std::optional<int> cpu;
  double deadline_seconds = 0;  // of the whole run
};

// The options, or the code to exit with at once: after --help, or after wrong usage, of which one
// line on stderr tells.
std::variant<Options, int> ParseOptions(int argc, char** argv);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_OPTIONS_H_
