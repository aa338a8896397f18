// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairing: controllers send codes at a fixed rate, whatever the relay answers (an open loop). Times
// count from the moment in which a request was due, so that a relay that falls behind shows it.
#include <algorithm>

#include "signaling/load/crowd.h"
#include "signaling/load/histogram.h"
#include "signaling/load/scenarios.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::load {
namespace {

class PairingRun {
 public:
  PairingRun(Stage& stage, std::vector<Display> displays)
      : stage_(stage), displays_(std::move(displays)), streams_(stage), heard_(displays_.size()) {
    streams_.SetOnEvent([this](std::size_t display, std::string_view type, std::string_view data) {
      if (type != protocol::kPairingReady) return;
      if (!SaysTheName(data)) ++unnamed_;
      if (heard_[display]) {
        ++doubled_;
        return;
      }
      heard_[display] = true;
      ++ready_;
      to_event_.Add(Clock::now() - DueAt(display));
    });
  }

  Result<void> Open() { return streams_.Open(displays_); }

  void Start() {
    start_ = Clock::now() + std::chrono::milliseconds(100);
    stage_.reactor().At(DueAt(0), [this] { SendDue(); });
  }
  bool finished() const {
    return answered_ == displays_.size() && ready_ + refused_ >= displays_.size();
  }
  void Stop() { streams_.CloseAll(); }
  void End() { stage_.End(displays_); }

  void AddTo(Report& report) const {
    report.Add("pairings", static_cast<double>(displays_.size()));
    report.Add("paired", static_cast<double>(answered_ - refused_));
    report.Add("ready", static_cast<double>(ready_));
    report.Add("answerP50Ms", to_answer_.PercentileMs(50));
    report.Add("answerP99Ms", to_answer_.PercentileMs(99));
    report.Add("readyP50Ms", to_event_.PercentileMs(50));
    report.Add("readyP99Ms", to_event_.PercentileMs(99));
    report.Add("readyMaxMs", to_event_.PercentileMs(100));
  }
  std::string Complaint() const {
    const auto number = [](std::size_t n) { return std::to_string(n); };
    if (refused_ > 0) return number(refused_) + " codes were refused";
    if (ready_ < displays_.size()) {
      return number(displays_.size() - ready_) + " displays did not hear pairing:ready";
    }
    if (unnamed_ > 0) return number(unnamed_) + " displays did not hear which name it was";
    return doubled_ > 0 ? number(doubled_) + " displays heard it twice" : std::string();
  }

 private:
  TimePoint DueAt(std::size_t i) const {
    return start_ + FromSeconds(static_cast<double>(i) / stage_.options().rate);
  }

  // The last one of the registration.
  bool SaysTheName(std::string_view data) const {
    const std::size_t meets = stage_.options().meets;
    if (meets == 0) return true;
    const auto ready = protocol::ParsePairingReady({std::string(data)});
    return ready && ready->meet == meets - 1;
  }

  void SendDue() {
    const TimePoint now = Clock::now();
    for (; next_ < displays_.size() && DueAt(next_) <= now; ++next_) {
      const std::size_t i = next_;
      stage_.pool(stage_.other_relay(displays_[i].relay))
          .Send(Stage::PairCall(displays_[i]), [this, i](const Response& response) {
            ++answered_;
            if (response.status == 200) {
              to_answer_.Add(Clock::now() - DueAt(i));
            } else {
              ++refused_;
            }
          });
    }
    if (next_ < displays_.size()) stage_.reactor().At(DueAt(next_), [this] { SendDue(); });
  }

  Stage& stage_;
  std::vector<Display> displays_;
  StreamCrowd streams_;
  std::vector<bool> heard_;
  TimePoint start_{};
  std::size_t next_ = 0;
  std::size_t answered_ = 0;
  std::size_t refused_ = 0;
  std::size_t ready_ = 0;
  std::size_t doubled_ = 0;
  std::size_t unnamed_ = 0;
  Histogram to_answer_;
  Histogram to_event_;
};

}  // namespace

Result<Report> RunPairing(Stage& stage) {
  const Options& options = stage.options();
  const auto count = static_cast<std::size_t>(std::max(1.0, options.rate * options.seconds));
  if (count > kMaxDisplays) {
    return Fail(Errc::kInvalidArgument,
                "--rate times --seconds is more than " + std::to_string(kMaxDisplays));
  }
  auto displays =
      options.meets > 0 ? stage.RegisterMeets(count, options.meets) : stage.Register(count);
  if (!displays) return tl::unexpected<Error>(displays.error());
  PairingRun run(stage, std::move(*displays));
  if (auto opened = run.Open(); !opened) return tl::unexpected<Error>(opened.error());

  Report report;
  report.Add("scenario", "pairing");
  report.Add("rate", options.rate);
  if (options.meets > 0) report.Add("meets", static_cast<double>(options.meets));
  const Spent from = stage.Now();
  run.Start();
  stage.RunUntil([&] { return run.finished(); },
                 FromSeconds(options.seconds) + std::chrono::seconds(15));
  const Spent to = stage.Now();
  report.Add("seconds", Seconds(to.when - from.when));
  run.AddTo(report);
  stage.AddCpuPer(report, "Pairing", static_cast<double>(count), from, to);
  if (const std::string complaint = run.Complaint(); !complaint.empty()) {
    report.SetFailed(complaint);
  }
  run.Stop();
  run.End();
  return report;
}

}  // namespace pairwire::load
