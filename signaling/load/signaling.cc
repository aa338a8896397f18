// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// signaling: what a relay carries from member to member. First as much as it can (a closed loop:
// each message that arrives is followed by the next), which says what one costs; then at a fixed
// rate (an open loop), which alone says how long one takes, as a closed loop waits with the relay.
#include "signaling/load/scenarios.h"
#include "signaling/load/signal_run.h"

namespace pairwire::load {
namespace {

constexpr std::chrono::milliseconds kWarmUp{1000};

void AddThroughput(Stage& stage, SignalRun& run, Report& report) {
  const Options& options = stage.options();
  run.RunClosed(options.window, kWarmUp);
  if (!run.Complaint().empty()) return;
  run.Clear();
  const Spent from = stage.Now();
  run.RunClosed(options.window, FromSeconds(options.seconds));
  const Spent to = stage.Now();
  const auto received = static_cast<double>(run.tally().received);
  report.Add("messages", received);
  report.Add("messagesPerSecond", received / Seconds(to.when - from.when));
  stage.AddCpuPer(report, "Message", received, from, to);
  report.Add("loadedP50Us", run.tally().from_send.PercentileUs(50));
  report.Add("loadedP99Us", run.tally().from_send.PercentileUs(99));
}

void AddLatency(Stage& stage, SignalRun& run, Report& report) {
  const Options& options = stage.options();
  run.RunOpen(options.rate, kWarmUp);
  if (!run.Complaint().empty()) return;
  run.Clear();
  const Spent from = stage.Now();
  run.RunOpen(options.rate, FromSeconds(options.seconds));
  const Spent to = stage.Now();
  const SignalRun::Tally& tally = run.tally();
  report.Add("rate", options.rate);
  report.Add("p50Us", tally.from_send.PercentileUs(50));
  report.Add("p90Us", tally.from_send.PercentileUs(90));
  report.Add("p99Us", tally.from_send.PercentileUs(99));
  report.Add("maxUs", tally.from_send.PercentileUs(100));
  report.Add("scheduledP50Us", tally.from_schedule.PercentileUs(50));
  report.Add("scheduledP99Us", tally.from_schedule.PercentileUs(99));
  stage.AddCpuPer(report, "ColdMessage", static_cast<double>(tally.received), from, to);
}

}  // namespace

Result<Report> RunSignaling(Stage& stage) {
  const Options& options = stage.options();
  Report report;
  report.Add("scenario", "signaling");
  report.Add("pairs", static_cast<double>(options.pairs));
  report.Add("size", static_cast<double>(options.size));
  report.Add("seconds", options.seconds);
  const auto base_bytes = stage.RelayBytes();
  SignalRun run(stage, options.pairs, options.size, options.ack);
  if (auto joined = run.Join(); !joined) return tl::unexpected<Error>(joined.error());
  const auto joined_bytes = stage.RelayBytes();
  const auto members = static_cast<double>(run.members());
  if (base_bytes && joined_bytes) {
    report.Add("bytesPerMember", (*joined_bytes - *base_bytes) / members);
  }
  if (options.part != Part::kLatency) {
    report.Add("window", static_cast<double>(options.window));
    AddThroughput(stage, run, report);
    if (const std::string complaint = run.Complaint(); !complaint.empty()) {
      report.SetFailed(complaint);
    }
    run.Clear();
  }
  if (options.part != Part::kThroughput && !report.failed()) {
    AddLatency(stage, run, report);
    if (const std::string complaint = run.Complaint(); !complaint.empty()) {
      report.SetFailed(complaint);
    }
  }
  if (const auto used_bytes = stage.RelayBytes(); used_bytes && base_bytes) {
    report.Add("bytesPerMemberAfter", (*used_bytes - *base_bytes) / members);
  }
  run.End();
  return report;
}

}  // namespace pairwire::load
