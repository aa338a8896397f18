// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenarios throughput and messages: one channel, as fast as it goes, from the active end to
// the passive one. They differ in the size of a message. With --session the messages are commands
// of a Session.
//
//   active                       passive
//   channel open, "started" ->   0.6 s of warm-up
//                        <-      "open": both read their processor clocks
//                                the measured part
//                        <-      "close": both read them again; the sender stops
//   "sent", how many     ->      waits for the rest
//                        <-      "result"
#include <utility>

#include "bench/fleet.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/session_peer.h"
#include "bench/stream.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kThroughput;
extern const Scenario kMessages;

namespace {

// Windows grow, caches fill, the path is found.
constexpr double kWarmUpSeconds = 0.6;
// Without retransmissions nobody can say what is still to come: so long without any is the end.
constexpr double kQuietSeconds = 0.3;

class Sender final : public Role {
 public:
  explicit Sender(Context& context)
      : context_(context),
        fleet_(context_),
        session_(context_, [this](Session& session) { Stream(OutletOf(session)); }) {}

  void Start() override {
    if (context_.options.session) return session_.Offer();
    PeerEnd* end = fleet_.Get(0);
    if (end == nullptr) return;
    Stream(
        OutletOf(end->connection().CreateDataChannel("stream", ChannelSettings(context_.options))));
    end->Offer();
  }

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message) || session_.OnWire(message)) return;
    const std::string what = message.value("do", "");
    if (what == "open") {
      meter_.Restart();
    } else if (what == "close") {
      spent_ = meter_.SinceStart();
      stream_->Stop();
      context_.wire.Send({{"do", "sent"}, {"count", stream_->accepted()}});
    } else if (what == "result") {
      Finish(message);
    }
  }

 private:
  void Stream(std::unique_ptr<Outlet> outlet) {
    stream_.emplace(context_.network, std::move(outlet), context_.options.size,
                    PeerSettings(context_.options).max_buffered_amount);
    stream_->Subscribe(
        [this] {
          context_.wire.Send({{"do", "started"}});
          stream_->Start();
        },
        [this](const Error& error) { context_.Fail(error); });
  }

  void Finish(const Json& result) {
    const Options& options = context_.options;
    const Spent received = SpentFromJson(result);
    const double messages = result.value("messages", 0.0);
    const double bytes = messages * static_cast<double>(options.size);
    if (messages <= 0 || received.seconds <= 0) {
      return context_.Fail({Errc::kTimedOut, "nothing arrived in the measured part"});
    }
    // In one process the sender's clock is the receiver's too.
    const double cpu = spent_.cpu_seconds + (options.processes == 2 ? received.cpu_seconds : 0);
    const auto accepted = static_cast<double>(stream_->accepted());
    Report report = NewReport(options);
    report.Add("reliable", options.unreliable ? 0 : 1);
    report.Add("session", options.session ? 1 : 0);
    report.Add("seconds", received.seconds);
    report.Add("messagesPerSecond", messages / received.seconds);
    report.Add("megabytesPerSecond", bytes / received.seconds / 1e6);
    report.Add("cpuSecondsPerGigabyte", cpu / bytes * 1e9);
    report.Add("cpuMicrosecondsPerMessage", cpu / messages * 1e6);
    report.Add("lossPercent", 100 * (1 - result.value("received", 0.0) / accepted));
    report.Add("senderCpuPercent", 100 * spent_.cpu_seconds / spent_.seconds);
    report.Add("senderWaitPercent", 100 * spent_.wait_seconds / spent_.seconds);
    if (options.processes == 2) {
      report.Add("receiverCpuPercent", 100 * received.cpu_seconds / received.seconds);
      report.Add("receiverWaitPercent", 100 * received.wait_seconds / received.seconds);
    }
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  Fleet fleet_;
  SessionPeer session_;
  std::optional<StreamSender> stream_;
  Meter meter_;
  Spent spent_;
};

class Receiver final : public Role {
 public:
  explicit Receiver(Context& context)
      : context_(context),
        fleet_(context_, [this](std::size_t, DataChannel channel) { Receive(std::move(channel)); }),
        session_(context_, [this](Session& session) { Receive(session); }),
        stream_(context.options.size, !context.options.unreliable) {}

  void OnWire(const Json& message) override {
    if (fleet_.OnWire(message) || session_.OnWire(message)) return;
    const std::string what = message.value("do", "");
    if (what == "started") {
      context_.OnLoopAfter(kWarmUpSeconds, [this] { OpenWindow(); });
    } else if (what == "sent") {
      expected_ = message.value("count", std::uint64_t{0});
      LookForTheRest();
    }
  }

 private:
  void Receive(DataChannel channel) {
    channel_ = std::move(channel);
    channel_.Subscribe({.on_message = [this](const Message& message) { Receive(message); }});
  }

  void Receive(Session& session) {
    SessionEvents on;
    on.on_message = [this](const Command& command) { Receive(command); };
    session.Subscribe(std::move(on));
  }

  void Receive(const Message& message) {
    const auto stamp = stream_.OnMessage(message.data);
    if (!stamp) return context_.Fail(stamp.error());
  }

  void OpenWindow() {
    context_.wire.Send({{"do", "open"}});
    stream_.OpenWindow();
    context_.OnLoopAfter(context_.options.seconds, [this] {
      window_ = stream_.CloseWindow();
      context_.wire.Send({{"do", "close"}});
    });
  }

  // Until all came, or, unreliable, until no more come. A reliable one that never ends meets the
  // run's deadline.
  void LookForTheRest() {
    const std::uint64_t count = stream_.count();
    const bool quiet = context_.options.unreliable && count == last_count_;
    if (count < expected_ && !quiet) {
      last_count_ = count;
      return context_.OnLoopAfter(context_.options.unreliable ? kQuietSeconds : 0.01,
                                  [this] { LookForTheRest(); });
    }
    if (count > expected_) {
      return context_.Fail({Errc::kInvalidState, "more messages came than were sent"});
    }
    Json result = ToJson(window_.spent);
    result["do"] = "result";
    result["messages"] = window_.messages;
    result["received"] = count;
    context_.wire.Send(std::move(result));
  }

  Context context_;
  Fleet fleet_;
  SessionPeer session_;
  StreamReceiver stream_;
  DataChannel channel_;
  Window window_;
  std::uint64_t expected_ = 0;
  std::uint64_t last_count_ = UINT64_MAX;
};

template <typename T>
std::unique_ptr<Role> Make(Context& context) {
  return std::make_unique<T>(context);
}

std::chrono::seconds Allowance(const Options&) { return std::chrono::seconds(30); }

}  // namespace

const Scenario kThroughput = {
    .name = "throughput",
    .summary = "received megabytes a second, 64 KiB messages, reliable and ordered",
    .default_size = 64 * 1024,
    .default_seconds = 5,
    .allowance = Allowance,
    .make_active = Make<Sender>,
    .make_passive = Make<Receiver>};

const Scenario kMessages = {.name = "messages",
                            .summary = "received messages a second, 64 bytes each",
                            .default_size = 64,
                            .default_seconds = 5,
                            .allowance = Allowance,
                            .make_active = Make<Sender>,
                            .make_passive = Make<Receiver>};

}  // namespace pairwire::bench
