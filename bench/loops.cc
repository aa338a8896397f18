// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario loops: --networks Networks in one process, and on each a pair that sends messages as
// fast as it goes, both ends on that Network's loop. What all of them receive together says what
// more loops are worth on this machine.
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bench/peer_end.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/stream.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kLoops;

namespace {

constexpr double kWarmUpSeconds = 0.6;

// One Network and its pair. But for `received`, its loop thread's.
class Lane {
 public:
  // `own`: empty for the lane on the run's Network.
  Lane(const Context& context, std::unique_ptr<Network> own)
      : context_(context),
        own_(std::move(own)),
        network_(own_ ? *own_ : context.network),
        receiver_(context.options.size, /*reliable=*/true) {}
  // What a loop uses goes after it.
  ~Lane() { own_.reset(); }

  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Any thread. `on_open` runs on the lane's loop.
  void Start(std::function<void()> on_open) {
    network_.Post([this, on_open = std::move(on_open)] { Connect(on_open); });
  }
  std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }

 private:
  PeerEndEvents EndEvents(std::unique_ptr<PeerEnd> Lane::*other) {
    return {.on_signal =
                [this, other](const Json& signal) {
                  if (auto& end = this->*other) end->OnSignal(signal);
                },
            .on_failed = [this](const Error& error) { context_.Fail(error); }};
  }

  void Connect(const std::function<void()>& on_open) {
    const PeerConfiguration settings = PeerSettings(context_.options);
    auto first = PeerEnd::Create(network_, settings, EndEvents(&Lane::second_));
    if (!first) return context_.Fail(first.error());
    first_ = *std::move(first);
    PeerEndEvents events = EndEvents(&Lane::first_);
    events.on_channel = [this](DataChannel channel) {
      channel_ = std::move(channel);
      channel_.Subscribe({.on_message = [this](const Message& message) {
        if (auto stamp = receiver_.OnMessage(message.data); !stamp) context_.Fail(stamp.error());
        received_.fetch_add(1, std::memory_order_relaxed);
      }});
    };
    auto second = PeerEnd::Create(network_, settings, std::move(events));
    if (!second) return context_.Fail(second.error());
    second_ = *std::move(second);
    stream_.emplace(network_, OutletOf(first_->connection().CreateDataChannel("loops")),
                    context_.options.size, settings.max_buffered_amount);
    stream_->Subscribe(
        [this, on_open] {
          stream_->Start();
          on_open();
        },
        [this](const Error& error) { context_.Fail(error); });
    first_->Offer();
  }

  Context context_;
  std::unique_ptr<Network> own_;
  Network& network_;
  std::unique_ptr<PeerEnd> first_;
  std::unique_ptr<PeerEnd> second_;
  DataChannel channel_;
  std::optional<StreamSender> stream_;
  StreamReceiver receiver_;
  std::atomic<std::uint64_t> received_{0};
};

class Loops final : public Role {
 public:
  explicit Loops(Context& context) : context_(context) {}

  void Start() override {
    const std::size_t count = context_.options.networks;
    for (std::size_t i = 0; i < count; ++i) {
      std::unique_ptr<Network> own;
      if (i > 0) {
        auto created = Network::Create(NetworkSettings(context_.options));
        if (!created) return context_.Fail(created.error());
        own = *std::move(created);
      }
      lanes_.push_back(std::make_unique<Lane>(context_, std::move(own)));
    }
    for (const auto& lane : lanes_) {
      lane->Start([this, count] {
        if (open_.fetch_add(1) + 1 == count) {
          context_.OnLoopAfter(kWarmUpSeconds, [this] { OpenWindow(); });
        }
      });
    }
  }

  void OnWire(const Json&) override {}

 private:
  std::uint64_t Received() const {
    std::uint64_t sum = 0;
    for (const auto& lane : lanes_) sum += lane->received();
    return sum;
  }

  void OpenWindow() {
    before_ = Received();
    meter_.Restart();
    context_.OnLoopAfter(context_.options.seconds, [this] { CloseWindow(); });
  }

  void CloseWindow() {
    const Spent spent = meter_.SinceStart();
    const auto messages = static_cast<double>(Received() - before_);
    const double bytes = messages * static_cast<double>(context_.options.size);
    Report report = NewReport(context_.options);
    report.Add("networks", static_cast<double>(lanes_.size()));
    report.Add("seconds", spent.seconds);
    report.Add("messagesPerSecond", messages / spent.seconds);
    report.Add("megabytesPerSecond", bytes / spent.seconds / 1e6);
    report.Add("cpuSecondsPerGigabyte", bytes > 0 ? spent.cpu_seconds / bytes * 1e9 : 0);
    report.Add("cpuPercent", 100 * spent.cpu_seconds / spent.seconds);
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::size_t> open_{0};
  std::uint64_t before_ = 0;
  Meter meter_;
};

}  // namespace

const Scenario kLoops = {
    .name = "loops",
    .summary = "received megabytes a second of pairs on --networks loops of one process",
    .default_size = 64 * 1024,
    .default_seconds = 5,
    .default_processes = 1,
    .allowance = [](const Options&) { return std::chrono::seconds(30); },
    .make_active = [](Context& context) -> std::unique_ptr<Role> {
      return std::make_unique<Loops>(context);
    },
};

}  // namespace pairwire::bench
