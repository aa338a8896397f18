// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario connect: from making both PeerConnections until the channel is open at both ends,
// with offer, answer and trickled candidates handed over in memory. One connection at a time; the
// next is made a little after the last one has closed.
#include <utility>

#include "bench/pair.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kConnect;

namespace {

constexpr double kPauseSeconds = 0.01;
constexpr double kNsPerMs = 1e6;

class Connector final : public Role {
 public:
  explicit Connector(Context& context) : context_(context) {}

  void Start() override {
    first_ = second_ = PeerSettings(context_.options);
    if (context_.options.certificates_ahead) {
      for (PeerConfiguration* configuration : {&first_, &second_}) {
        auto certificate = Certificate::Generate();
        if (!certificate) return context_.Fail(certificate.error());
        configuration->certificate = *std::move(certificate);
      }
    }
    // The first run of all loads code and makes tables; it is reported apart.
    Run();
  }

  void OnWire(const Json&) override {}

 private:
  void Run() {
    pair_ = std::make_unique<Pair>(
        PairEvents{.on_open = [this] { OnOpen(); },
                   .on_closed = [this] { context_.OnLoopAfter(kPauseSeconds, [this] { Next(); }); },
                   .on_failed = [this](const Error& error) { context_.Fail(error); }});
    meter_.Restart();
    started_ns_ = NowNanoseconds();
    pair_->Connect(context_.network, first_, second_);
  }

  void OnOpen() {
    const double ms = static_cast<double>(NowNanoseconds() - started_ns_) / kNsPerMs;
    if (first_ms_ == 0) {
      first_ms_ = ms;
    } else {
      const Spent spent = meter_.SinceStart();
      cpu_seconds_ += spent.cpu_seconds;
      wait_seconds_ += spent.wait_seconds;
      times_.Add(ms);
    }
    pair_->Close();
  }

  void Next() {
    pair_.reset();
    if (times_.count() < context_.options.runs) return Run();
    const PeerConfiguration configuration = PeerSettings(context_.options);
    Report report = NewReport(context_.options);
    report.Add("runs", static_cast<double>(times_.count()));
    report.Add("pacingMs", static_cast<double>(configuration.ice_pacing.count()));
    report.Add("p50Ms", times_.Percentile(50));
    report.Add("p95Ms", times_.Percentile(95));
    report.Add("maxMs", times_.Max());
    report.Add("firstMs", first_ms_);
    report.Add("cpuMillisecondsPerConnect",
               1e3 * cpu_seconds_ / static_cast<double>(times_.count()));
    report.Add("waitMillisecondsPerConnect",
               1e3 * wait_seconds_ / static_cast<double>(times_.count()));
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  PeerConfiguration first_;
  PeerConfiguration second_;
  std::unique_ptr<Pair> pair_;
  Samples times_;
  double first_ms_ = 0;
  std::int64_t started_ns_ = 0;
  Meter meter_;
  double cpu_seconds_ = 0;
  double wait_seconds_ = 0;
};

// A connection may take a second on a very slow machine.
std::chrono::seconds Allowance(const Options& options) {
  return std::chrono::seconds(30 + options.runs);
}

}  // namespace

const Scenario kConnect = {
    .name = "connect",
    .summary = "milliseconds from two new PeerConnections to a channel open at both ends",
    .allowance = Allowance,
    .make_active = [](Context& context) -> std::unique_ptr<Role> {
      return std::make_unique<Connector>(context);
    }};

}  // namespace pairwire::bench
