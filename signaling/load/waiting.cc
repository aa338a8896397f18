// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// waiting: displays that show a code and wait. How many are taken a second, what each costs the
// relay in memory, what all of them cost while nothing happens, and whether they hear it when
// something does.
#include <algorithm>
#include <functional>
#include <optional>

#include "signaling/load/helpers.h"
#include "signaling/load/scenarios.h"
#include "signaling/load/waiters.h"

namespace pairwire::load {
namespace {

// The first fifth pays for tables that grow and pages that fill: the slope over the rest is what
// one more display costs.
constexpr std::size_t kFirstPart = 5;
constexpr std::size_t kSamplePairs = 100;
constexpr std::chrono::milliseconds kAfterTheyLeft{2500};

const char* NameOf(Transport transport) {
  switch (transport) {
    case Transport::kSse:
      return "sse";
    case Transport::kPoll:
      return "poll";
    case Transport::kWs:
      return "ws";
  }
  return "";
}

double PerSecond(std::size_t count, const Spent& from, const Spent& to) {
  return static_cast<double>(count) / Seconds(to.when - from.when);
}

}  // namespace

Result<Report> RunWaiting(Stage& stage, const Helpers& helpers) {
  const Options& options = stage.options();
  const std::size_t all = options.displays;
  const std::size_t crowd = all + helpers.displays();
  const std::size_t first = std::max<std::size_t>(all / kFirstPart, 1);
  const auto rest = static_cast<double>(all - first);
  Report report;
  report.Add("scenario", "waiting");
  report.Add("transport", NameOf(options.transport));
  report.Add("displays", static_cast<double>(crowd));
  report.Add("processes", static_cast<double>(1 + helpers.size()));

  Waiters waiters(stage);
  Helpers::Sum theirs;
  const auto all_do = [&](Helpers::Step step, const std::function<void()>& ours) {
    helpers.Begin(step);
    ours();
    theirs = helpers.Wait(stage);
    if (!theirs.failure.empty()) report.SetFailed("a helper: " + theirs.failure);
  };
  // Once they answer they have their connections, which are no part of what is measured.
  all_do(Helpers::Step::kTell, [] {});
  if (report.failed()) return Fail(Errc::kInvalidState, report.failure());
  const auto base_bytes = stage.RelayBytes();
  if (auto done = waiters.Register(first); !done) return tl::unexpected<Error>(done.error());
  if (auto done = waiters.Wait(); !done) return tl::unexpected<Error>(done.error());
  const auto first_bytes = stage.RelayBytes();

  const Spent before_register = stage.Now();
  if (auto done = waiters.Register(all); !done) return tl::unexpected<Error>(done.error());
  const Spent registered = stage.Now();
  const auto session_bytes = stage.RelayBytes();
  const Spent before_wait = stage.Now();
  if (auto done = waiters.Wait(); !done) return tl::unexpected<Error>(done.error());
  const Spent waited = stage.Now();
  const auto all_bytes = stage.RelayBytes();
  if (rest > 0) {
    report.Add("registersPerSecond", PerSecond(all - first, before_register, registered));
    stage.AddCpuPer(report, "Register", rest, before_register, registered);
    if (options.transport != Transport::kPoll) {
      report.Add("acceptsPerSecond", PerSecond(all - first, before_wait, waited));
      stage.AddCpuPer(report, "Accept", rest, before_wait, waited);
    }
  }
  if (all_bytes && first_bytes && session_bytes && rest > 0) {
    report.Add("bytesPerDisplaySlope", (*all_bytes - *first_bytes) / rest);
    report.Add("bytesPerSession", (*session_bytes - *first_bytes) / rest);
    report.Add("bytesPerStream", (*all_bytes - *session_bytes) / rest);
  }
  all_do(Helpers::Step::kWait, [] {});
  if (const auto bytes = stage.RelayBytes(); bytes && base_bytes) {
    report.Add("relayBytesBefore", *base_bytes);
    report.Add("relayBytesAll", *bytes);
    report.Add("bytesPerDisplay", (*bytes - *base_bytes) / static_cast<double>(crowd));
  }

  const Spent idle_from = stage.Now();
  if (!stage.RunFor(FromSeconds(options.seconds))) {
    return Fail(Errc::kTimedOut, "the run took too long");
  }
  const Spent idle_to = stage.Now();
  report.Add("idleSeconds", Seconds(idle_to.when - idle_from.when));
  report.Add("idleCpuPercent", stage.RelayCpuPercent(idle_from, idle_to));
  if (options.transport == Transport::kSse) {
    report.Add("comments", static_cast<double>(waiters.comments()));
  }
  all_do(Helpers::Step::kTell, [] {});
  const std::size_t waiting = waiters.waiting() + theirs.waiting;
  report.Add("waiting", static_cast<double>(waiting));
  if (waiting < crowd) report.SetFailed("some displays lost what they waited on");

  const std::size_t pairs = options.pair_all ? crowd : std::min(all, kSamplePairs);
  if (options.pair_all) {
    all_do(Helpers::Step::kPairAll, [&] { waiters.Pair(all); });
  } else {
    waiters.Pair(pairs);
  }
  const std::size_t paired = waiters.heard() + theirs.heard;
  report.Add("paired", static_cast<double>(paired));
  report.Add("pairP50Ms", waiters.times().PercentileMs(50));
  report.Add("pairP99Ms", waiters.times().PercentileMs(99));
  if (paired < pairs) {
    report.SetFailed(std::to_string(pairs - paired) +
                     " displays did not hear that they were paired");
  }

  all_do(Helpers::Step::kLeave, [&] {
    waiters.Leave();
    waiters.End();
  });
  // The relay gives memory back when a crowd has left.
  stage.RunFor(kAfterTheyLeft);
  if (const auto after = stage.RelayBytes()) report.Add("relayBytesAfter", *after);
  return report;
}

}  // namespace pairwire::load
