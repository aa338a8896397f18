// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Stage: what every scenario stands on: the loop, the relays, the calls of the HTTP interface done
// for one or for thousands, and what the processes spent meanwhile. Its methods run the loop until
// they are done, so that a scenario reads from top to bottom.
#ifndef PAIRWIRE_SIGNALING_LOAD_STAGE_H_
#define PAIRWIRE_SIGNALING_LOAD_STAGE_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/load/connection.h"
#include "signaling/load/http_pool.h"
#include "signaling/load/options.h"
#include "signaling/load/reactor.h"
#include "signaling/load/report.h"

namespace pairwire::load {

struct Display {
  std::size_t relay = 0;  // that it registered with and waits at
  std::string session_id;
  std::string display_id;
  std::string code;
  std::string meet;  // instead of the code, when not empty
  std::string token;
  std::string events_path;
  std::string poll_path;
};

struct Controller {
  std::size_t relay = 0;  // another one than the display's, where there are several
  std::string id;
  std::string token;
};

// What the processes have spent up to a moment. Of what no id was given for there is nothing.
struct Spent {
  TimePoint when{};
  std::vector<std::chrono::nanoseconds> relays;
  std::vector<std::chrono::nanoseconds> bystanders;
  std::optional<std::chrono::nanoseconds> redis;
  std::chrono::nanoseconds own{0};
};

class Stage {
 public:
  static Result<std::unique_ptr<Stage>> Create(const Options& options);
  // So many displays can wait at once from one process: the system's limit of descriptors says so.
  static std::size_t MostDisplays(const Options& options);

  const Options& options() const { return options_; }
  Reactor& reactor() { return reactor_; }
  std::size_t relay_count() const { return targets_.size(); }
  const Target& target(std::size_t relay) const { return targets_[relay]; }
  std::size_t other_relay(std::size_t relay) const { return (relay + 1) % targets_.size(); }
  std::uint32_t source(std::size_t relay, std::size_t number) const {
    return SourceAddress(targets_[relay], number, options_.sources);
  }
  HttpPool& pool(std::size_t relay) { return *pools_[relay]; }

  // Runs the loop until `done`, at most for `limit` and never beyond the run's deadline.
  bool RunUntil(const std::function<bool()>& done,
                std::chrono::nanoseconds limit = std::chrono::seconds(30));
  // False when the run's deadline came first.
  bool RunFor(std::chrono::nanoseconds duration);

  Response Call(std::size_t relay, const Request& request);

  // `count` displays, spread over the relays. All of them or the first refusal.
  Result<std::vector<Display>> Register(std::size_t count, std::string_view body = "{}");
  // Without codes: each with `meets` names of its own, the last of which its controller knows.
  Result<std::vector<Display>> RegisterMeets(std::size_t count, std::size_t meets);
  // All at one relay.
  Result<std::vector<Display>> RegisterAt(std::size_t relay, std::size_t count);
  Result<Display> RegisterOne(std::string_view body = "{}");
  // A controller for each display, in their order.
  Result<std::vector<Controller>> Pair(const std::vector<Display>& displays);
  // DELETE of every session; how many were there to be ended.
  std::size_t End(const std::vector<Display>& displays);

  static Request RegisterCall(std::string_view body);
  static Request PairCall(const Display& display);
  static Result<Display> ReadDisplay(const Response& response, const Target& target);
  static Result<Controller> ReadController(const Response& response);

  Spent Now() const;
  // Private memory of all relays together, in bytes.
  std::optional<double> RelayBytes() const;
  // `relayCpuUsPer<what>` and the like: what each process spent between two moments, by `count`.
  void AddCpuPer(Report& report, std::string_view what, double count, const Spent& from,
                 const Spent& to) const;
  // In percent of one processor.
  std::vector<double> RelayCpuPercent(const Spent& from, const Spent& to) const;

 private:
  explicit Stage(const Options& options);
  // `body` and `relay` by the number of the display.
  Result<std::vector<Display>> RegisterWhere(std::size_t count,
                                             const std::function<std::string(std::size_t)>& body,
                                             const std::function<std::size_t(std::size_t)>& relay);
  // Each number below `count` once, some at a time; `send` hands its request in. The first error.
  Result<void> Each(std::size_t count,
                    const std::function<void(std::size_t, HttpPool::Callback)>& send,
                    const std::function<Result<void>(std::size_t, const Response&)>& take);

  const Options& options_;
  TimePoint deadline_;
  Reactor reactor_;
  std::vector<Target> targets_;
  std::vector<std::unique_ptr<HttpPool>> pools_;
};

// "" for what no problem document is; else its stable code.
std::string ProblemCodeOf(const Response& response);
double Seconds(std::chrono::nanoseconds duration);
std::chrono::nanoseconds FromSeconds(double seconds);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_STAGE_H_
