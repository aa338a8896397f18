// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// waiting: displays that show a code and wait. How many are taken a second, what each costs the
// relay in memory, what all of them cost while nothing happens, and whether they hear it when
// something does.
#include <algorithm>
#include <optional>

#include "signaling/load/crowd.h"
#include "signaling/load/histogram.h"
#include "signaling/load/scenarios.h"
#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

// The first fifth pays for tables that grow and pages that fill: the slope over the rest is what
// one more display costs.
constexpr std::size_t kFirstPart = 5;
constexpr std::size_t kSamplePairs = 100;

// The displays of a run, with what they hold at the relay.
class Waiters final : private MemberSocket::Events {
 public:
  explicit Waiters(Stage& stage) : stage_(stage), streams_(stage), sockets_(stage, *this) {
    streams_.SetOnEvent([this](std::size_t display, std::string_view type, std::string_view) {
      Hear(display, type);
    });
  }

  Result<void> Register(std::size_t count) {
    auto more = stage_.Register(count - displays_.size());
    if (!more) return tl::unexpected<Error>(more.error());
    for (Display& display : *more) displays_.push_back(std::move(display));
    heard_.resize(count);
    return {};
  }

  Result<void> Wait() {
    switch (stage_.options().transport) {
      case Transport::kSse:
        return streams_.Open(displays_);
      case Transport::kPoll:
        for (std::size_t i = pools_.size(); i < displays_.size(); ++i) Poll(i);
        // A poll that is held is not answered; the relay has it once it has answered a later
        // request of ours.
        stage_.RunFor(std::chrono::milliseconds(500));
        return {};
      case Transport::kWs: {
        std::vector<Seat> seats;
        for (const Display& display : displays_) seats.push_back({display.relay, display.token});
        return sockets_.Join(seats);
      }
    }
    return {};
  }

  // Those that still hold what they wait on.
  std::size_t waiting() const {
    switch (stage_.options().transport) {
      case Transport::kSse:
        return streams_.listening();
      case Transport::kPoll:
        return pools_.size() - poll_failures_;
      case Transport::kWs:
        return sockets_.joined();
    }
    return 0;
  }

  // Pairs the first `count` and waits until each heard it. Times from the request to the event.
  void Pair(std::size_t count) {
    constexpr std::size_t kUnderWay = 16;
    std::size_t started = 0;
    asked_.resize(displays_.size());
    pairing_ = true;
    const auto settled = [this] { return heard_count_ + refused_; };
    while (settled() < count) {
      while (started < count && started - settled() < kUnderWay) {
        const std::size_t i = started++;
        asked_[i] = Clock::now();
        stage_.pool(stage_.other_relay(displays_[i].relay))
            .Send(Stage::PairCall(displays_[i]), [this](const Response& response) {
              if (response.status != 200) ++refused_;
            });
      }
      const std::size_t before = settled();
      if (!stage_.RunUntil([&] { return settled() > before; })) break;
    }
    pairing_ = false;
  }
  std::size_t heard() const { return heard_count_; }
  const Histogram& times() const { return times_; }

  void Leave() {
    streams_.CloseAll();
    sockets_.LeaveAll();
    pools_.clear();
  }
  void End() { stage_.End(displays_); }
  std::uint64_t comments() const { return streams_.comments(); }

 private:
  void Poll(std::size_t i) {
    if (i == pools_.size()) {
      const std::size_t relay = displays_[i].relay;
      pools_.push_back(std::make_unique<HttpPool>(stage_.reactor(), stage_.target(relay),
                                                  stage_.source(relay, i), 1));
    }
    const Display& display = displays_[i];
    pools_[i]->Send({"GET", display.poll_path + "?timeout=20", display.token, {}, {}},
                    [this, i](const Response& response) {
                      if (response.status == 204) return Poll(i);
                      if (response.status != 200) {
                        ++poll_failures_;
                      } else if (response.body.find(protocol::kPairingReady) != std::string::npos) {
                        Hear(i, protocol::kPairingReady);
                      }
                    });
  }

  void Hear(std::size_t display, std::string_view type) {
    if (!pairing_ || type != protocol::kPairingReady || heard_[display]) return;
    heard_[display] = true;
    ++heard_count_;
    times_.Add(Clock::now() - asked_[display]);
  }

  void OnJoined(MemberSocket& /*socket*/, int /*status*/) override {}
  void OnText(MemberSocket& socket, std::string_view text) override {
    if (pairing_ && text.find(protocol::kPairingReady) != std::string_view::npos) {
      Hear(socket.tag(), protocol::kPairingReady);
    }
  }
  void OnLeft(MemberSocket& /*socket*/, int /*code*/) override {}

  Stage& stage_;
  std::vector<Display> displays_;
  StreamCrowd streams_;
  SocketCrowd sockets_;
  std::vector<std::unique_ptr<HttpPool>> pools_;
  std::size_t poll_failures_ = 0;
  bool pairing_ = false;
  std::vector<bool> heard_;
  std::vector<TimePoint> asked_;
  std::size_t heard_count_ = 0;
  std::size_t refused_ = 0;
  Histogram times_;
};

const char* NameOf(Transport transport) {
  switch (transport) {
    case Transport::kSse:
      return "sse";
    case Transport::kPoll:
      return "poll";
    case Transport::kWs:
      return "ws";
  }
  return "";
}

double PerSecond(std::size_t count, const Spent& from, const Spent& to) {
  return static_cast<double>(count) / Seconds(to.when - from.when);
}

}  // namespace

Result<Report> RunWaiting(Stage& stage) {
  const Options& options = stage.options();
  const std::size_t all = options.displays;
  const std::size_t first = std::max<std::size_t>(all / kFirstPart, 1);
  const auto rest = static_cast<double>(all - first);
  Report report;
  report.Add("scenario", "waiting");
  report.Add("transport", NameOf(options.transport));
  report.Add("displays", static_cast<double>(all));

  Waiters waiters(stage);
  const auto base_bytes = stage.RelayBytes();
  if (auto done = waiters.Register(first); !done) return tl::unexpected<Error>(done.error());
  if (auto done = waiters.Wait(); !done) return tl::unexpected<Error>(done.error());
  const auto first_bytes = stage.RelayBytes();

  const Spent before_register = stage.Now();
  if (auto done = waiters.Register(all); !done) return tl::unexpected<Error>(done.error());
  const Spent registered = stage.Now();
  const auto session_bytes = stage.RelayBytes();
  const Spent before_wait = stage.Now();
  if (auto done = waiters.Wait(); !done) return tl::unexpected<Error>(done.error());
  const Spent waited = stage.Now();
  const auto all_bytes = stage.RelayBytes();
  if (rest > 0) {
    report.Add("registersPerSecond", PerSecond(all - first, before_register, registered));
    stage.AddCpuPer(report, "Register", rest, before_register, registered);
    if (options.transport != Transport::kPoll) {
      report.Add("acceptsPerSecond", PerSecond(all - first, before_wait, waited));
      stage.AddCpuPer(report, "Accept", rest, before_wait, waited);
    }
  }
  if (all_bytes && base_bytes && first_bytes && session_bytes) {
    report.Add("relayBytesBefore", *base_bytes);
    report.Add("relayBytesAll", *all_bytes);
    report.Add("bytesPerDisplay", (*all_bytes - *base_bytes) / static_cast<double>(all));
    if (rest > 0) {
      report.Add("bytesPerDisplaySlope", (*all_bytes - *first_bytes) / rest);
      report.Add("bytesPerSession", (*session_bytes - *first_bytes) / rest);
      report.Add("bytesPerStream", (*all_bytes - *session_bytes) / rest);
    }
  }

  const Spent idle_from = stage.Now();
  if (!stage.RunFor(FromSeconds(options.seconds))) {
    return Fail(Errc::kTimedOut, "the run took too long");
  }
  const Spent idle_to = stage.Now();
  report.Add("idleSeconds", Seconds(idle_to.when - idle_from.when));
  report.Add("idleCpuPercent", stage.RelayCpuPercent(idle_from, idle_to));
  if (options.transport == Transport::kSse) {
    report.Add("comments", static_cast<double>(waiters.comments()));
  }
  report.Add("waiting", static_cast<double>(waiters.waiting()));
  if (waiters.waiting() < all) report.SetFailed("some displays lost what they waited on");

  const std::size_t pairs = options.pair_all ? all : std::min(all, kSamplePairs);
  waiters.Pair(pairs);
  report.Add("paired", static_cast<double>(waiters.heard()));
  report.Add("pairP50Ms", waiters.times().PercentileMs(50));
  report.Add("pairP99Ms", waiters.times().PercentileMs(99));
  if (waiters.heard() < pairs) {
    report.SetFailed(std::to_string(pairs - waiters.heard()) +
                     " displays did not hear that they "
                     "were paired");
  }

  waiters.Leave();
  waiters.End();
  stage.RunFor(std::chrono::seconds(1));
  if (const auto after = stage.RelayBytes()) report.Add("relayBytesAfter", *after);
  return report;
}

}  // namespace pairwire::load
