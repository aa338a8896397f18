// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario latency: a small message goes to the passive end and comes back.
//
// Idle: the next one starts when the last one is back; --trips of them after a warm-up. With --bulk
// one starts each 5 ms for --seconds, beside a stream of 64 KiB messages that saturates another
// channel of the same connection in the same direction; the passive end then also tells how long
// the way there took (both processes read the same clock).
#include <algorithm>
#include <utility>

#include "bench/fleet.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/stream.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kLatency;

namespace {

constexpr char kProbeLabel[] = "probe";
constexpr char kBulkLabel[] = "bulk";
// What the stream leaves of the connection's buffer to the small messages.
constexpr std::size_t kKeepFree = 256 * 1024;
constexpr std::chrono::milliseconds kProbeInterval{5};
constexpr double kBulkWarmUpSeconds = 0.6;
constexpr std::size_t kMaxWarmUpTrips = 1000;

constexpr double kNsPerUs = 1e3;

void AddPercentiles(Report& report, const Samples& us) {
  report.Add("p50Us", us.Percentile(50));
  report.Add("p95Us", us.Percentile(95));
  report.Add("p99Us", us.Percentile(99));
  report.Add("maxUs", us.Max());
}

class Pinger final : public Role {
 public:
  explicit Pinger(Context& context)
      : context_(context),
        fleet_(context_),
        message_(context.options.size),
        warm_up_(std::min(kMaxWarmUpTrips, context.options.trips / 10)) {}

  void Start() override {
    PeerEnd* end = fleet_.Get(0);
    if (end == nullptr) return;
    trips_.Reserve(context_.options.trips);
    probe_ = end->connection().CreateDataChannel(kProbeLabel);
    probe_.Subscribe({.on_open = [this] { OnProbeOpen(); },
                      .on_message = [this](const Message& message) { OnEcho(message.data); },
                      .on_closed =
                          [this](const std::optional<Error>& error) {
                            context_.Fail(error.value_or(Error{Errc::kClosed, "closed"}));
                          }});
    if (context_.options.bulk) {
      bulk_.emplace(context_.network, OutletOf(end->connection().CreateDataChannel(kBulkLabel)),
                    kBulkMessageBytes, PeerSettings(context_.options).max_buffered_amount,
                    kKeepFree);
      bulk_->Subscribe(
          [this] {
            bulk_->Start();
            context_.OnLoopAfter(kBulkWarmUpSeconds, [this] { OpenWindow(); });
          },
          [this](const Error& error) { context_.Fail(error); });
    }
    end->Offer();
  }

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message)) return;
    if (message.value("do", "") == "result") FinishBulk(message);
  }

 private:
  void OnProbeOpen() {
    if (!context_.options.bulk) Ping(NowNanoseconds());
  }

  // `nanoseconds`: when the trip begins.
  void Ping(std::int64_t nanoseconds) {
    next_.nanoseconds = nanoseconds;
    WriteStamp(next_, message_);
    const auto sent = probe_.Send(message_);
    if (!sent) return context_.Fail(sent.error());
    ++next_.number;
  }

  void OnEcho(ByteSpan data) {
    const std::int64_t now = NowNanoseconds();
    const auto stamp = ReadStamp(data, message_.size());
    if (!stamp) return context_.Fail(stamp.error());
    if (const auto entered = echoes_.Enter(stamp->number); !entered) {
      return context_.Fail(entered.error());
    }
    const double us = static_cast<double>(now - stamp->nanoseconds) / kNsPerUs;
    if (context_.options.bulk) {
      trips_.Add(us);
      return TellWhenAllAreBack();
    }
    if (echoes_.count() == warm_up_) meter_.Restart();
    if (echoes_.count() > warm_up_) trips_.Add(us);
    if (trips_.count() < context_.options.trips) return Ping(NowNanoseconds());
    Report report = NewReport(context_.options);
    report.Add("trips", static_cast<double>(trips_.count()));
    AddPercentiles(report, trips_);
    const Spent spent = meter_.SinceStart();
    report.Add("activeCpuMicrosecondsPerTrip",
               spent.cpu_seconds * 1e6 / static_cast<double>(trips_.count()));
    report.Add("activeWaitPercent", 100 * spent.wait_seconds / spent.seconds);
    context_.conductor.Finish(std::move(report));
  }

  void OpenWindow() {
    context_.wire.Send({{"do", "open"}});
    meter_.Restart();
    window_end_ =
        Conductor::Clock::now() + std::chrono::duration_cast<Conductor::Clock::duration>(
                                      std::chrono::duration<double>(context_.options.seconds));
    PingAt(Conductor::Clock::now() + kProbeInterval);
  }

  // The main thread keeps the beat and says when a trip begins, so that a trip's wait for a busy
  // loop counts, and a late one does not put off the next.
  void PingAt(Conductor::Clock::time_point when) {
    if (when >= window_end_) return context_.OnLoopAt(when, [this] { CloseWindow(); });
    context_.conductor.At(when, [this, when] {
      context_.network.Post([this, now = NowNanoseconds()] { Ping(now); });
      PingAt(when + kProbeInterval);
    });
  }

  void CloseWindow() {
    stopped_ = true;
    spent_ = meter_.SinceStart();
    context_.wire.Send({{"do", "close"}});
    bulk_->Stop();
    TellWhenAllAreBack();
  }

  void TellWhenAllAreBack() {
    if (stopped_ && echoes_.count() == next_.number) context_.wire.Send({{"do", "tell"}});
  }

  void FinishBulk(const Json& result) {
    Report report = NewReport(context_.options);
    report.Add("bulk", 1);
    report.Add("seconds", result.value("seconds", 0.0));
    report.Add("trips", static_cast<double>(trips_.count()));
    AddPercentiles(report, trips_);
    for (const char* name :
         {"oneWayP50Us", "oneWayP95Us", "oneWayP99Us", "oneWayMaxUs", "megabytesPerSecond"}) {
      report.Add(name, result.value(name, 0.0));
    }
    const Spent other = SpentFromJson(result);
    report.Add("senderWaitPercent", 100 * spent_.wait_seconds / spent_.seconds);
    if (context_.options.processes == 2) {
      report.Add("receiverWaitPercent", 100 * other.wait_seconds / other.seconds);
    }
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  Fleet fleet_;
  DataChannel probe_;
  std::optional<StreamSender> bulk_;
  Bytes message_;
  const std::size_t warm_up_;
  Stamp next_;
  Ledger echoes_{/*in_order=*/true};
  Samples trips_;
  Meter meter_;
  Spent spent_;
  Conductor::Clock::time_point window_end_{};
  bool stopped_ = false;
};

class Echo final : public Role {
 public:
  explicit Echo(Context& context)
      : context_(context),
        fleet_(context_, [this](std::size_t, DataChannel channel) { Receive(std::move(channel)); }),
        stream_(kBulkMessageBytes, /*reliable=*/true) {}

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message)) return;
    const std::string what = message.value("do", "");
    if (what == "open") stream_.OpenWindow();
    if (what == "close") window_ = stream_.CloseWindow();
    if (what == "tell") Tell();
  }

 private:
  void Receive(DataChannel channel) {
    if (channel.label() == kBulkLabel) {
      bulk_ = std::move(channel);
      bulk_.Subscribe({.on_message = [this](const Message& message) {
        const auto stamp = stream_.OnMessage(message.data);
        if (!stamp) context_.Fail(stamp.error());
      }});
      return;
    }
    probe_ = std::move(channel);
    probe_.Subscribe({.on_message = [this](const Message& message) {
      if (context_.options.bulk) {
        const std::int64_t now = NowNanoseconds();
        const auto stamp = ReadStamp(message.data, context_.options.size);
        if (!stamp) return context_.Fail(stamp.error());
        one_way_.Add(static_cast<double>(now - stamp->nanoseconds) / kNsPerUs);
      }
      const auto sent = probe_.Send(message.data);
      if (!sent) context_.Fail(sent.error());
    }});
  }

  void Tell() {
    Json result = ToJson(window_.spent);
    result["do"] = "result";
    result["megabytesPerSecond"] =
        static_cast<double>(window_.messages * kBulkMessageBytes) / window_.spent.seconds / 1e6;
    result["oneWayP50Us"] = one_way_.Percentile(50);
    result["oneWayP95Us"] = one_way_.Percentile(95);
    result["oneWayP99Us"] = one_way_.Percentile(99);
    result["oneWayMaxUs"] = one_way_.Max();
    context_.wire.Send(std::move(result));
  }

  Context context_;
  Fleet fleet_;
  StreamReceiver stream_;
  DataChannel probe_;
  DataChannel bulk_;
  Samples one_way_;
  Window window_;
};

template <typename T>
std::unique_ptr<Role> Make(Context& context) {
  return std::make_unique<T>(context);
}

// A trip may take a millisecond on a very slow machine.
std::chrono::seconds Allowance(const Options& options) {
  return std::chrono::seconds(30 + options.trips / 1000);
}

}  // namespace

const Scenario kLatency = {.name = "latency",
                           .summary = "round trip of a 64-byte message, idle or beside --bulk",
                           .default_size = 64,
                           .default_seconds = 5,
                           .allowance = Allowance,
                           .make_active = Make<Pinger>,
                           .make_passive = Make<Echo>};

}  // namespace pairwire::bench
