// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// expiry: codes that nobody uses, and how late their displays hear that they are over. The first
// relay gives them out, with a short `--session-seconds`; their displays wait at all relays. Other
// sessions, which stay, can stand beside them: the last relay's, with a long one.
#include <algorithm>
#include <optional>

#include "signaling/load/crowd.h"
#include "signaling/load/histogram.h"
#include "signaling/load/scenarios.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/time.h"

namespace pairwire::load {
namespace {

using WallClock = std::chrono::system_clock;

// After the last is over: whoever hears it twice hears it soon.
constexpr std::chrono::seconds kSecondHearing{2};
// How long after its time one is waited for.
constexpr std::chrono::seconds kPatience{30};
// The relay tells the time in milliseconds, cut off.
constexpr std::chrono::milliseconds kRounding{2};

class ExpiryRun {
 public:
  explicit ExpiryRun(Stage& stage) : stage_(stage), streams_(stage) {
    streams_.SetOnEvent([this](std::size_t display, std::string_view type, std::string_view) {
      if (type == protocol::kSessionTerminated) Hear(display);
    });
  }

  // `count` codes, `rate` a second, so that they end as they came.
  Result<void> Register(std::size_t count) {
    displays_.resize(count);
    ends_.resize(count);
    heard_.resize(count);
    start_ = Clock::now();
    SendDue();
    const auto limit = FromSeconds(stage_.options().seconds) + std::chrono::seconds(15);
    stage_.RunUntil([&] { return answered_ == count || error_; }, limit);
    if (error_) return tl::unexpected<Error>(*error_);
    if (answered_ < count) return Fail(Errc::kTimedOut, "the relay does not answer registrations");
    return {};
  }

  // Each at the next relay in turn, not where it registered.
  Result<void> Listen() {
    for (std::size_t i = 0; i < displays_.size(); ++i) {
      displays_[i].relay = (i + 1) % stage_.relay_count();
    }
    if (auto opened = streams_.Open(displays_); !opened) return opened;
    if (heard_count_ > 0 || WallClock::now() > *std::min_element(ends_.begin(), ends_.end())) {
      return Fail(Errc::kInvalidArgument,
                  "the first code was over before all displays waited: start the first relay with "
                  "a larger --session-seconds, or ask for a shorter --seconds");
    }
    return {};
  }

  void WaitForEnds() {
    const auto last = *std::max_element(ends_.begin(), ends_.end());
    stage_.RunUntil([&] { return heard_count_ == displays_.size(); },
                    last - WallClock::now() + kPatience);
    stage_.RunFor(kSecondHearing);
    streams_.CloseAll();
  }

  void AddTo(Report& report) const {
    report.Add("terminated", static_cast<double>(heard_count_));
    report.Add("lateP50Ms", late_.PercentileMs(50));
    report.Add("lateP99Ms", late_.PercentileMs(99));
    report.Add("lateMaxMs", late_.PercentileMs(100));
  }
  std::string Complaint() const {
    const auto number = [](std::size_t n) { return std::to_string(n); };
    if (heard_count_ < displays_.size()) {
      return number(displays_.size() - heard_count_) + " displays did not hear session:terminated";
    }
    if (doubled_ > 0) return number(doubled_) + " displays heard it twice";
    return early_ > 0 ? number(early_) + " displays heard it before its time" : std::string();
  }

 private:
  void SendDue() {
    const auto due = [this](std::size_t i) {
      return start_ + FromSeconds(static_cast<double>(i) / stage_.options().rate);
    };
    for (; sent_ < displays_.size() && due(sent_) <= Clock::now(); ++sent_) {
      stage_.pool(0).Send(Stage::RegisterCall("{}"), [this, i = sent_](const Response& response) {
        ++answered_;
        Take(i, response);
      });
    }
    if (sent_ < displays_.size()) stage_.reactor().At(due(sent_), [this] { SendDue(); });
  }

  void Take(std::size_t i, const Response& response) {
    auto display = Stage::ReadDisplay(response, stage_.target(0));
    const auto parsed = protocol::ParseRegisterResponse(response.body);
    const auto end = parsed ? protocol::ParseTime(parsed->expires_at) : std::nullopt;
    if (!display || !end) {
      if (!error_) {
        error_ = display ? Error{Errc::kParseError, "the relay does not tell when a code is over"}
                         : display.error();
      }
      return;
    }
    displays_[i] = std::move(*display);
    ends_[i] = *end;
  }

  void Hear(std::size_t display) {
    if (heard_[display]) {
      ++doubled_;
      return;
    }
    heard_[display] = true;
    ++heard_count_;
    const auto late = WallClock::now() - ends_[display];
    if (late < -kRounding) ++early_;
    late_.Add(std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(late),
                       std::chrono::nanoseconds(0)));
  }

  Stage& stage_;
  std::vector<Display> displays_;
  std::vector<WallClock::time_point> ends_;
  std::vector<bool> heard_;
  StreamCrowd streams_;
  TimePoint start_{};
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  std::optional<Error> error_;
  std::size_t heard_count_ = 0;
  std::size_t doubled_ = 0;
  std::size_t early_ = 0;
  Histogram late_;
};

}  // namespace

Result<Report> RunExpiry(Stage& stage) {
  const Options& options = stage.options();
  const auto count = static_cast<std::size_t>(std::max(1.0, options.rate * options.seconds));
  if (count > kMaxDisplays) {
    return Fail(Errc::kInvalidArgument,
                "--rate times --seconds is more than " + std::to_string(kMaxDisplays));
  }
  if (options.others > 0 && stage.relay_count() < 2) {
    return Fail(Errc::kInvalidArgument,
                "--others needs a second --relay with a long --session-seconds");
  }
  auto others = stage.RegisterAt(stage.relay_count() - 1, options.others);
  if (!others) return tl::unexpected<Error>(others.error());
  Report report;
  report.Add("scenario", "expiry");
  report.Add("displays", static_cast<double>(count));
  report.Add("others", static_cast<double>(others->size()));
  ExpiryRun run(stage);
  if (auto registered = run.Register(count); !registered) {
    return tl::unexpected<Error>(registered.error());
  }
  if (auto listening = run.Listen(); !listening) return tl::unexpected<Error>(listening.error());
  const Spent from = stage.Now();
  run.WaitForEnds();
  const Spent to = stage.Now();
  run.AddTo(report);
  stage.AddCpuPer(report, "Expiry", static_cast<double>(count), from, to);
  if (const std::string complaint = run.Complaint(); !complaint.empty()) {
    report.SetFailed(complaint);
  }
  if (const std::size_t ended = stage.End(*others); ended < others->size()) {
    report.SetFailed(std::to_string(others->size() - ended) + " of the others could not be ended");
  }
  return report;
}

}  // namespace pairwire::load
