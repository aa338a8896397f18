// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario many: --pairs connections, each with 10 messages a second, all from the active end.
// A message is due at a whole millisecond, and connections are spread evenly over the tenth of a
// second. How late a message is counts from when it was due to when the other end has it, so it
// includes a timer that is late; the processor time of both ends is divided by the messages.
#include <algorithm>
#include <utility>
#include <vector>

#include "bench/beat.h"
#include "bench/fleet.h"
#include "bench/payload.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kMany;

namespace {

constexpr std::size_t kConnecting = 8;
constexpr double kSettleSeconds = 2;
constexpr std::chrono::milliseconds kTick{1};
constexpr std::size_t kTicksPerMessage = 100;  // 10 messages a second
constexpr double kNsPerUs = 1e3;
constexpr double kLookSeconds = 0.01;

class Metronome final : public Role {
 public:
  explicit Metronome(Context& context)
      : context_(context),
        fleet_(context_),
        message_(context.options.size),
        beat_(context.options.pairs, kTicksPerMessage),
        channels_(context.options.pairs),
        next_(context.options.pairs) {}

  void Start() override {
    const std::size_t first = std::min(kConnecting, channels_.size());
    for (std::size_t i = 0; i < first; ++i) ConnectOne();
  }

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message)) return;
    const std::string what = message.value("do", "");
    if (what == "channel" && ++heard_of_ == channels_.size()) {
      context_.OnLoopAfter(kSettleSeconds, [this] { OpenWindow(); });
    }
    if (what == "result") Finish(message);
  }

 private:
  void ConnectOne() {
    const std::size_t number = connecting_++;
    PeerEnd* end = fleet_.Get(number);
    if (end == nullptr) return;
    channels_[number] = end->connection().CreateDataChannel("many");
    channels_[number].Subscribe({.on_open =
                                     [this] {
                                       if (connecting_ < channels_.size()) ConnectOne();
                                     },
                                 .on_closed =
                                     [this](const std::optional<Error>& error) {
                                       context_.Fail(error.value_or(Error{Errc::kClosed, {}}));
                                     }});
    end->Offer();
  }

  void OpenWindow() {
    context_.wire.Send({{"do", "open"}});
    meter_.Restart();
    opened_ = Conductor::Clock::now();
    last_tick_ = static_cast<std::size_t>(context_.options.seconds * 1e3);
    TickAt(1);
  }

  void TickAt(std::size_t tick) {
    // A tick on which no connection is due wakes nobody.
    while (tick <= last_tick_ && beat_.DueAt(tick).empty()) ++tick;
    if (tick > last_tick_) {
      return context_.OnLoopAt(opened_ + tick * kTick, [this] { CloseWindow(); });
    }
    // The main thread keeps the beat, so that a loop that is late is not waited for.
    context_.conductor.At(opened_ + tick * kTick, [this, tick] {
      context_.network.Post([this, tick] { SendDue(tick); });
      TickAt(tick + 1);
    });
  }

  void SendDue(std::size_t tick) {
    const auto due = (opened_ + tick * kTick).time_since_epoch();
    const Beat::Range connections = beat_.DueAt(tick);
    for (std::size_t i = connections.begin; i < connections.end; ++i) {
      WriteStamp({next_[i]++, std::chrono::nanoseconds(due).count()}, message_);
      const auto sent = channels_[i].Send(message_);
      if (!sent) return context_.Fail(sent.error());
      ++sent_;
    }
  }

  void CloseWindow() {
    spent_ = meter_.SinceStart();
    context_.wire.Send({{"do", "close"}, {"count", sent_}});
  }

  void Finish(const Json& result) {
    const Spent other =
        context_.options.processes == 2 ? SpentFromJson(result) : Spent();  // else it is the same
    const double cpu = spent_.cpu_seconds + other.cpu_seconds;
    const double wait = spent_.wait_seconds + other.wait_seconds;
    const auto sent = static_cast<double>(sent_);
    Report report = NewReport(context_.options);
    report.Add("pairs", static_cast<double>(channels_.size()));
    report.Add("seconds", context_.options.seconds);
    report.Add("messages", sent);
    report.Add("messagesPerSecond", sent / context_.options.seconds);
    for (const char* name : {"p50Us", "p95Us", "p99Us", "maxUs"}) {
      report.Add(name, result.value(name, 0.0));
    }
    report.Add("cpuMicrosecondsPerMessage", sent > 0 ? cpu * 1e6 / sent : 0);
    report.Add("cpuPercent", 100 * cpu / context_.options.seconds);
    report.Add("waitPercent", 100 * wait / context_.options.seconds);
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  Fleet fleet_;
  Bytes message_;
  const Beat beat_;
  std::vector<DataChannel> channels_;
  std::vector<std::uint64_t> next_;  // the number of each connection's next message
  std::size_t connecting_ = 0;
  std::size_t heard_of_ = 0;
  Conductor::Clock::time_point opened_{};
  std::size_t last_tick_ = 0;
  std::uint64_t sent_ = 0;
  Meter meter_;
  Spent spent_;
};

class Listener final : public Role {
 public:
  explicit Listener(Context& context)
      : context_(context),
        fleet_(context_, [this](std::size_t number,
                                DataChannel channel) { Receive(number, std::move(channel)); }),
        channels_(context.options.pairs),
        ledgers_(context.options.pairs, Ledger(/*in_order=*/true)) {}

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message)) return;
    const std::string what = message.value("do", "");
    if (what == "open") meter_.Restart();
    if (what == "close") {
      spent_ = meter_.SinceStart();
      expected_ = message.value("count", std::uint64_t{0});
      LookForTheRest();
    }
  }

 private:
  void Receive(std::size_t number, DataChannel channel) {
    if (number >= channels_.size()) return;
    channels_[number] = std::move(channel);
    channels_[number].Subscribe(
        {.on_open =
             [this] {
               context_.wire.Send({{"do", "channel"}});
             },
         .on_message = [this,
                        number](const Message& message) { OnMessage(number, message.data); }});
  }

  void OnMessage(std::size_t number, ByteSpan data) {
    const std::int64_t now = NowNanoseconds();
    const auto stamp = ReadStamp(data, context_.options.size);
    if (!stamp) return context_.Fail(stamp.error());
    const auto entered = ledgers_[number].Enter(stamp->number);
    if (!entered) return context_.Fail(entered.error());
    lateness_.Add(static_cast<double>(now - stamp->nanoseconds) / kNsPerUs);
  }

  void LookForTheRest() {
    if (lateness_.count() < expected_) {
      return context_.OnLoopAfter(kLookSeconds, [this] { LookForTheRest(); });
    }
    Json result = ToJson(spent_);
    result["do"] = "result";
    result["p50Us"] = lateness_.Percentile(50);
    result["p95Us"] = lateness_.Percentile(95);
    result["p99Us"] = lateness_.Percentile(99);
    result["maxUs"] = lateness_.Max();
    context_.wire.Send(std::move(result));
  }

  Context context_;
  Fleet fleet_;
  std::vector<DataChannel> channels_;
  std::vector<Ledger> ledgers_;
  Samples lateness_;
  std::uint64_t expected_ = 0;
  Meter meter_;
  Spent spent_;
};

std::chrono::seconds Allowance(const Options& options) {
  return std::chrono::seconds(30 + options.pairs / 10);
}

template <typename T>
std::unique_ptr<Role> Make(Context& context) {
  return std::make_unique<T>(context);
}

}  // namespace

const Scenario kMany = {
    .name = "many",
    .summary = "many connections with 10 messages a second each: are they on time",
    .default_size = 64,
    .default_seconds = 10,
    .default_pairs = 1000,
    .default_processes = 1,
    .allowance = Allowance,
    .make_active = Make<Metronome>,
    .make_passive = Make<Listener>};

}  // namespace pairwire::bench
