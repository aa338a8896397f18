// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayMonitor: measures once a second, has a StatusPublisher judge, and a StatusReporter tell
// the relay over HTTP.
#include <pairwire/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/session/loop_kept.h"
#include "peer/session/process_metrics.h"
#include "peer/session/status_publisher.h"
#include "peer/session/status_reporter.h"
#include "signaling/client/status_call.h"
#include "signaling/protocol/limits.h"

namespace pairwire {
namespace {

constexpr std::chrono::seconds kMeasureEvery{1};
// As the event has it (docs/events.md).
constexpr std::size_t kMaxReasonBytes = 256;

// Written by the thread that draws, read by the loop.
struct FrameTally {
  std::atomic<std::uint64_t> shown{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> worst_late_us{0};

  void Shown(std::chrono::microseconds lateness) {
    shown.fetch_add(1, std::memory_order_relaxed);
    if (lateness <= kLateFrame) return;
    late.fetch_add(1, std::memory_order_relaxed);
    const auto now = static_cast<std::uint64_t>(lateness.count());
    std::uint64_t worst = worst_late_us.load(std::memory_order_relaxed);
    while (now > worst &&
           !worst_late_us.compare_exchange_weak(worst, now, std::memory_order_relaxed)) {
    }
  }
};

class HttpReporterCalls final : public ReporterCalls {
 public:
  HttpReporterCalls(AsioLoop& loop, RelayUrl url) : endpoint_(loop, std::move(url)) {}

  void Register(const protocol::RegisterRequest& request, Registered done) override {
    register_ = RegisterDisplay(endpoint_, request, std::move(done));
  }
  void Status(const std::string& display_id, const std::string& token,
              const events::DisplayStatus& status, Told done) override {
    status_ = TellStatus(endpoint_, display_id, token, status, std::move(done));
  }
  void Heartbeat(const std::string& display_id, const std::string& token, Told done) override {
    heartbeat_ = TellHeartbeat(endpoint_, display_id, token, std::move(done));
  }
  void End(const std::string& session_id, const std::string& token,
           std::function<void()> done) override {
    end_ = EndRelaySession(endpoint_, session_id, token, std::move(done));
  }

 private:
  RelayEndpoint endpoint_;
  std::unique_ptr<HttpCall> register_;
  std::unique_ptr<HttpCall> status_;
  std::unique_ptr<HttpCall> heartbeat_;
  std::unique_ptr<HttpCall> end_;
};

class MonitorCore {
 public:
  MonitorCore(AsioLoop& loop, std::optional<RelayUrl> relay, MonitorOptions options,
              MonitorEvents events, std::shared_ptr<FrameTally> frames)
      : loop_(loop),
        options_(std::move(options)),
        events_(std::move(events)),
        frames_(std::move(frames)),
        meter_(ProcessMeter::Self()),
        publisher_(options_.design_id),
        timer_(loop, [this] { Tick(); }) {
    if (relay) calls_.emplace(loop, std::move(*relay));
  }

  void Begin() {
    if (stopped_) return;
    Tick();
    if (stopped_ || !calls_) return;
    StatusReporter::Events on;
    on.on_reporting = [this](const std::string& id) {
      const auto on_reporting = events_.on_reporting;
      if (on_reporting) on_reporting(id);
    };
    on.on_error = [this](const Error& error) {
      const auto on_error = events_.on_error;
      if (on_error) on_error(error);
    };
    reporter_.emplace(loop_, random_, *calls_,
                      StatusReporter::Options{options_.display_id, options_.design_id},
                      std::move(on));
    reporter_->Set(publisher_.status());
  }

  void Stop(std::function<void()> done) {
    stopped_ = true;
    events_ = {};
    timer_.Stop();
    if (reporter_) {
      reporter_->Stop(std::move(done));
    } else {
      done();
    }
  }

  void SetPresenting(bool presenting) { measured_.presenting = presenting; }
  void SetRelayed(bool relayed) { measured_.relayed = relayed; }
  void SetLatency(std::chrono::microseconds round_trip) {
    measured_.metrics.latency_ms.reset();
    if (round_trip.count() > 0) {
      measured_.metrics.latency_ms = static_cast<double>(round_trip.count()) / 1000;
    }
  }
  void SetStep(const events::DisplayLifecycle& step) {
    if (step_ == step || stopped_) return;
    step_ = step;
    Tell(step);
  }

  std::vector<Event> Current() const {
    std::vector<Event> current = {publisher_.status(), publisher_.health()};
    if (step_) current.emplace_back(*step_);
    return current;
  }

 private:
  void Tick() {
    timer_.Start(kMeasureEvery);
    StatusPublisher::Measured measured = measured_;
    measured.counts = NewFrames();
    const std::uint64_t worst = frames_->worst_late_us.exchange(0, std::memory_order_relaxed);
    if (worst > 0) measured.worst_late_us = worst;
    meter_.Sample(loop_.Now(), measured.metrics);
    const std::vector<Event> news = publisher_.Tick(loop_.Now(), measured);
    if (reporter_) reporter_->Set(publisher_.status());
    const auto alive = safety_.Watch();
    for (const Event& event : news) {
      Tell(event);
      if (!*alive) return;
    }
  }

  FrameCounts NewFrames() {
    const FrameCounts all = {frames_->shown.load(std::memory_order_relaxed),
                             frames_->late.load(std::memory_order_relaxed),
                             frames_->dropped.load(std::memory_order_relaxed)};
    const FrameCounts before = std::exchange(counted_, all);
    return {all.shown - before.shown, all.late - before.late, all.dropped - before.dropped};
  }

  void Tell(const Event& event) {
    const auto on_event = events_.on_event;
    if (on_event) on_event(event);
  }

  AsioLoop& loop_;
  const MonitorOptions options_;
  MonitorEvents events_;
  const std::shared_ptr<FrameTally> frames_;
  FrameCounts counted_;
  bool stopped_ = false;
  SystemRandom random_;
  ProcessMeter meter_;
  StatusPublisher publisher_;
  StatusPublisher::Measured measured_;
  std::optional<events::DisplayLifecycle> step_;
  std::optional<HttpReporterCalls> calls_;
  std::optional<StatusReporter> reporter_;
  Timer timer_;
  TaskSafety safety_;
};

}  // namespace

struct DisplayMonitor::Impl {
  LoopKept<MonitorCore> kept;
  std::shared_ptr<FrameTally> frames = std::make_shared<FrameTally>();
};

Result<DisplayMonitor> DisplayMonitor::Create(Network& network, MonitorOptions options,
                                              MonitorEvents events) {
  std::optional<RelayUrl> relay;
  if (!options.relay_url.empty()) {
    Result<RelayUrl> url = ParseRelayUrl(options.relay_url);
    if (!url) return tl::unexpected(std::move(url.error()));
    relay = std::move(*url);
  }
  if (options.display_id.size() > protocol::kMaxIdBytes ||
      options.design_id.size() > protocol::kMaxIdBytes) {
    return Fail(Errc::kInvalidArgument, "an id of a display or a design has at most 64 bytes");
  }
  auto impl = std::make_shared<Impl>();
  const bool ran = impl->kept.Start(network, [&](AsioLoop& loop) {
    return std::make_shared<MonitorCore>(loop, std::move(relay), std::move(options),
                                         std::move(events), impl->frames);
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  return DisplayMonitor(std::move(impl));
}

DisplayMonitor::DisplayMonitor() = default;
DisplayMonitor::DisplayMonitor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
DisplayMonitor::DisplayMonitor(DisplayMonitor&&) noexcept = default;

DisplayMonitor& DisplayMonitor::operator=(DisplayMonitor&& other) noexcept {
  DisplayMonitor old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

DisplayMonitor::~DisplayMonitor() {
  if (!impl_) return;
  // So that a program may end right after.
  constexpr std::chrono::milliseconds kPatience{500};
  auto left = std::make_shared<std::promise<void>>();
  const std::future<void> told = left->get_future();
  impl_->kept.ReleaseWhenDone([&](MonitorCore& core, std::function<void()> done) {
    core.Stop([left = std::move(left), done = std::move(done)] {
      done();
      left->set_value();
    });
  });
  left.reset();  // The Network was gone before: there is nothing to wait for.
  if (!impl_->kept.OnLoop()) told.wait_for(kPatience);
}

void DisplayMonitor::FrameShown(std::chrono::microseconds late) {
  if (impl_) impl_->frames->Shown(late);
}

void DisplayMonitor::FrameDropped() {
  if (impl_) impl_->frames->dropped.fetch_add(1, std::memory_order_relaxed);
}

void DisplayMonitor::SetPresenting(bool presenting) {
  if (impl_) impl_->kept.Post([presenting](MonitorCore& core) { core.SetPresenting(presenting); });
}

void DisplayMonitor::SetPath(const SessionPath& path) {
  if (!impl_) return;
  impl_->kept.Post([relayed = path.relayed](MonitorCore& core) { core.SetRelayed(relayed); });
}

void DisplayMonitor::SetLatency(std::chrono::microseconds round_trip) {
  if (impl_) impl_->kept.Post([round_trip](MonitorCore& core) { core.SetLatency(round_trip); });
}

void DisplayMonitor::SetStep(events::LifecycleStep step, std::string reason) {
  if (!impl_) return;
  events::DisplayLifecycle lifecycle;
  lifecycle.step = step;
  if (reason.size() > kMaxReasonBytes) {
    std::size_t end = kMaxReasonBytes;  // not inside a character
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
    reason.resize(end);
  }
  if (!reason.empty()) lifecycle.reason = std::move(reason);
  impl_->kept.Post([lifecycle](MonitorCore& core) { core.SetStep(lifecycle); });
}

std::vector<Event> DisplayMonitor::Current() const {
  std::vector<Event> current;
  if (impl_) impl_->kept.Run([&](MonitorCore& core) { current = core.Current(); });
  return current;
}

}  // namespace pairwire
