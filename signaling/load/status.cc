// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// status: what displays tell of themselves over HTTP, and who reads it (row H3): heartbeats, POST
// and GET of a display's status, GET of a design's. As much as the relay does, some at a time. A
// relay that serves no status answers 404; the heartbeats are measured all the same.
#include <array>

#include "signaling/load/histogram.h"
#include "signaling/load/scenarios.h"

namespace pairwire::load {
namespace {

constexpr std::string_view kDesign = "load-design";
constexpr std::string_view kStatusBody =
    R"({"status":"online","metrics":{"fps":59.9,"cpuPercent":12,"memoryMb":180,"latencyMs":8},)"
    R"("designId":"load-design"})";

// One kind of call, made again and again for display after display.
class CallRun {
 public:
  using MakeRequest = std::function<Request(const Display&)>;

  CallRun(Stage& stage, const std::vector<Display>& displays, MakeRequest make)
      : stage_(stage), displays_(displays), make_(std::move(make)) {}

  void Run(std::chrono::nanoseconds duration) {
    constexpr std::size_t kUnderWay = 16;
    running_ = true;
    for (std::size_t i = 0; i < kUnderWay; ++i) Next();
    stage_.RunFor(duration);
    running_ = false;
    // Each call has a deadline of its own, so this ends.
    stage_.reactor().RunUntil([this] { return answered_ == sent_; }, TimePoint::max());
  }

  std::size_t answered() const { return answered_; }
  std::size_t refused() const { return refused_; }
  const Histogram& times() const { return times_; }

 private:
  void Next() {
    if (!running_) return;
    const Display& display = displays_[sent_++ % displays_.size()];
    const TimePoint sent_at = Clock::now();
    stage_.pool(display.relay).Send(make_(display), [this, sent_at](const Response& response) {
      ++answered_;
      if (!response.ok()) ++refused_;
      times_.Add(Clock::now() - sent_at);
      if (response.status != 0) Next();
    });
  }

  Stage& stage_;
  const std::vector<Display>& displays_;
  const MakeRequest make_;
  bool running_ = false;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  std::size_t refused_ = 0;
  Histogram times_;
};

struct Kind {
  const char* name;
  CallRun::MakeRequest make;
};

}  // namespace

Result<Report> RunStatus(Stage& stage) {
  const Options& options = stage.options();
  auto displays = stage.Register(options.displays, R"({"designId":"load-design"})");
  if (!displays) return tl::unexpected<Error>(displays.error());

  const auto path = [](const Display& display, std::string_view end) {
    return "/api/displays/" + display.display_id + std::string(end);
  };
  const std::array<Kind, 4> kinds = {{
      {"heartbeat",
       [&](const Display& display) {
         return Request{"POST", path(display, "/heartbeat"), display.token, {}, {}};
       }},
      {"setStatus",
       [&](const Display& display) {
         return Request{
             "POST", path(display, "/status"), display.token, std::string(kStatusBody), {}};
       }},
      {"getStatus",
       [&](const Display& display) {
         return Request{"GET", path(display, "/status"), {}, {}, {}};
       }},
      {"getDesign",
       [&](const Display&) {
         return Request{"GET", "/api/designs/" + std::string(kDesign) + "/status", {}, {}, {}};
       }},
  }};

  Report report;
  report.Add("scenario", "status");
  report.Add("displays", static_cast<double>(options.displays));
  report.Add("seconds", options.seconds);
  const Response first = stage.Call(0, kinds[1].make(displays->front()));
  const bool served = first.status != 404;
  report.Add("statusCalls", served ? "served" : "not served");
  const std::size_t count = served ? kinds.size() : 1;
  const auto duration = FromSeconds(options.seconds / static_cast<double>(count));
  for (std::size_t i = 0; i < count; ++i) {
    CallRun run(stage, *displays, kinds[i].make);
    const Spent from = stage.Now();
    run.Run(duration);
    const Spent to = stage.Now();
    const std::string name = kinds[i].name;
    const auto answered = static_cast<double>(run.answered());
    report.Add(name + "PerSecond", answered / Seconds(to.when - from.when));
    report.Add(name + "P50Ms", run.times().PercentileMs(50));
    report.Add(name + "P99Ms", run.times().PercentileMs(99));
    stage.AddCpuPer(report, name, answered, from, to);
    if (run.refused() > 0 || run.answered() == 0) {
      report.SetFailed(std::to_string(run.refused()) + " of " + std::to_string(run.answered()) +
                       " calls of " + name + " failed");
    }
  }
  stage.End(*displays);
  return report;
}

}  // namespace pairwire::load
