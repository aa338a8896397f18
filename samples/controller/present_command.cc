// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// present: frames at a steady rate to all displays, each with a moment of its own; then how far
// apart they say they showed them, by this end's clock as each of them knows it.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "samples/common/shown_mark.h"
#include "samples/controller/group_app.h"

namespace pairwire::samples {
namespace {

using Clock = std::chrono::steady_clock;

// What a display may take to say what it showed last.
constexpr std::chrono::seconds kLastReports{2};
// After a longer one (the machine slept) the frames that it missed are left out.
constexpr std::chrono::seconds kStandstill{1};
// Before the first frame: the clocks are being measured.
constexpr std::chrono::seconds kWarmUp{1};

class PresentCommand final : public GroupCommand {
 public:
  PresentCommand(CommandContext context, PresentSettings settings)
      : context_(context), settings_(settings) {}
  void Stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void Start(Group& group) override {
    displays_ = group.Members().size();
    thread_ = std::thread([this, &group] { Beat(group); });
  }

  void OnEvent(MemberId, const Event& event) override {
    const auto* const mark = std::get_if<events::SyncMark>(&event);
    if (mark == nullptr || !mark->mark.starts_with(kShownMark)) return;
    std::uint64_t frame = 0;
    const char* const begin = mark->mark.data() + kShownMark.size();
    const char* const end = mark->mark.data() + mark->mark.size();
    if (std::from_chars(begin, end, frame).ptr != end) return;
    const auto found = frames_.find(frame);
    if (found == frames_.end()) return;
    Frame& shown = found->second;
    ++shown.reports;
    shown.first = std::min(shown.first, mark->at);
    shown.last = std::max(shown.last, mark->at);
  }

 private:
  struct Frame {
    std::size_t reports = 0;
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t last = 0;
  };

  // False: there is nothing more to do.
  bool WaitUntil(Clock::time_point when) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_until(lock, when, [this] { return stopped_; });
  }

  // A thread of its own: the library has no timers for applications.
  void Beat(Group& group) {
    const auto start = Clock::now() + kWarmUp;
    const int frames = settings_.fps * settings_.seconds;
    for (int i = 0; i < frames; ++i) {
      const auto due =
          start + i * std::chrono::nanoseconds(std::chrono::seconds(1)) / settings_.fps;
      if (!WaitUntil(due)) return;
      if (Clock::now() - due > kStandstill) continue;
      context_.network.Post(
          [this, &group, i] { PresentOne(group, static_cast<std::uint64_t>(i) + 1); });
    }
    if (WaitUntil(Clock::now() + kLastReports)) {
      context_.network.Post([this] { Finish(); });
    }
  }

  void PresentOne(Group& group, std::uint64_t number) {
    events::AnimationFrame frame;
    frame.frame = number;
    frame.animation = "present";
    frame.progress = static_cast<double>(number) / (settings_.fps * settings_.seconds);
    frames_[number] = {};
    const auto moment = group.Present(std::move(frame));
    if (!moment) context_.reporter.Error(moment.error());
  }

  void Finish() {
    std::vector<std::uint64_t> spread_us;
    std::size_t reports = 0;
    for (const auto& [number, frame] : frames_) {
      reports += frame.reports;
      if (frame.reports > 1) spread_us.push_back(frame.last - frame.first);
    }
    std::sort(spread_us.begin(), spread_us.end());
    const auto at = [&](std::size_t percent) -> std::uint64_t {
      return spread_us.empty() ? 0 : spread_us[(spread_us.size() - 1) * percent / 100];
    };
    const nlohmann::ordered_json json = {
        {"event", "presented"},   {"frames", frames_.size()},     {"displays", displays_},
        {"reports", reports},     {"spreadP50Us", at(50)},        {"spreadP99Us", at(99)},
        {"spreadMaxUs", at(100)}, {"compared", spread_us.size()},
    };
    context_.reporter.Say(
        json.dump(), std::to_string(frames_.size()) + " frames to " + std::to_string(displays_) +
                         " displays, shown " + std::to_string(reports) +
                         " times; first to last display: median " + std::to_string(at(50)) +
                         " us, 99 % below " + std::to_string(at(99)) + " us, at most " +
                         std::to_string(at(100)) + " us");
    context_.main_loop.Finish(reports > 0 ? kExitDone : kExitFailed);
  }

  CommandContext context_;
  const PresentSettings settings_;
  // The Network's thread.
  std::size_t displays_ = 0;
  std::map<std::uint64_t, Frame> frames_;  // bounded by fps and seconds
  std::mutex mutex_;                       // guards stopped_
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<GroupCommand> MakePresent(CommandContext context, PresentSettings settings) {
  return std::make_unique<PresentCommand>(context, settings);
}

}  // namespace pairwire::samples
