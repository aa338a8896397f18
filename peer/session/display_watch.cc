// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayWatch: a WatchChoice that has a StatusCore poll while the session is silent.
#include <pairwire/status.h>

#include <memory>
#include <utility>

#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/session/loop_kept.h"
#include "peer/session/status_core.h"
#include "peer/session/watch_choice.h"

namespace pairwire {
namespace {

class WatchCore {
 public:
  WatchCore(AsioLoop& loop, CheckedStatus checked,
            std::function<void(const DisplayReport&)> on_change)
      : loop_(loop),
        on_change_(std::move(on_change)),
        choice_(checked.options.display_ids.front()),
        quiet_timer_(loop, [this] { Update(); }),
        relay_(loop, std::move(checked), EventsOfRelay()) {}

  void Begin() {
    begun_ = true;
    relay_.Begin();
    Update();
  }
  std::unique_ptr<FileReplacer> Stop() {
    stopped_ = true;
    quiet_timer_.Stop();
    return relay_.Stop();
  }

  void OnEvent(const Event& event) {
    if (choice_.OnEvent(loop_.Now(), event)) Update();
  }
  void OnState(SessionState state) {
    choice_.OnState(state);
    Update();
  }
  DisplayReport Now() const { return choice_.Report(loop_.Now()); }

 private:
  StatusEvents EventsOfRelay() {
    StatusEvents on;
    on.on_report = [this](const DisplayReport& report) {
      choice_.OnRelay(report, loop_.Now());
      Update();
    };
    return on;
  }

  void Update() {
    if (!begun_ || stopped_) return;
    const auto live_until = choice_.LiveUntil(loop_.Now());
    relay_.Poll(!live_until);
    if (live_until) {
      quiet_timer_.StartAt(*live_until);
    } else {
      quiet_timer_.Stop();
    }
    DisplayReport report = Now();
    DisplayReport timeless = report;
    timeless.age.reset();
    if (told_ == timeless) return;
    told_ = std::move(timeless);
    const auto on_change = on_change_;
    if (on_change) on_change(report);
  }

  AsioLoop& loop_;
  const std::function<void(const DisplayReport&)> on_change_;
  bool begun_ = false;
  bool stopped_ = false;
  WatchChoice choice_;
  std::optional<DisplayReport> told_;  // without its age
  Timer quiet_timer_;
  StatusCore relay_;
};

}  // namespace

struct DisplayWatch::Impl {
  LoopKept<WatchCore> kept;
  std::string display_id;
};

Result<DisplayWatch> DisplayWatch::Create(Network& network, DisplayWatchOptions options,
                                          std::function<void(const DisplayReport&)> on_change) {
  StatusOptions status;
  status.relay_url = std::move(options.relay_url);
  status.display_ids = {options.display_id};
  status.file = std::move(options.file);
  status.interval = options.interval;
  Result<CheckedStatus> checked = CheckStatusOptions(std::move(status));
  if (!checked) return tl::unexpected(std::move(checked.error()));
  auto impl = std::make_shared<Impl>();
  impl->display_id = std::move(options.display_id);
  const bool ran = impl->kept.Start(network, [&](AsioLoop& loop) {
    return std::make_shared<WatchCore>(loop, std::move(*checked), std::move(on_change));
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  return DisplayWatch(std::move(impl));
}

DisplayWatch::DisplayWatch() = default;
DisplayWatch::DisplayWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
DisplayWatch::DisplayWatch(DisplayWatch&&) noexcept = default;

DisplayWatch& DisplayWatch::operator=(DisplayWatch&& other) noexcept {
  DisplayWatch old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

DisplayWatch::~DisplayWatch() {
  if (!impl_) return;
  std::unique_ptr<FileReplacer> file;
  impl_->kept.Release([&](WatchCore& core) { file = core.Stop(); });
}

void DisplayWatch::OnEvent(const Event& event) {
  if (impl_) impl_->kept.Post([event](WatchCore& core) { core.OnEvent(event); });
}

void DisplayWatch::OnState(SessionState state) {
  if (impl_) impl_->kept.Post([state](WatchCore& core) { core.OnState(state); });
}

DisplayReport DisplayWatch::Now() const {
  DisplayReport report;
  if (!impl_) return report;
  report.display_id = impl_->display_id;
  impl_->kept.Run([&](WatchCore& core) { report = core.Now(); });
  return report;
}

}  // namespace pairwire
