// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Concurrent load: for a minute everything at once. Displays wait and beat, others come, are
// paired, and go, and pairs signal at a fixed rate. Each of these is an operation; all must
// succeed.
#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/load/crowd.h"
#include "signaling/load/signal_run.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

constexpr double kVisitsPerSecond = 20;
constexpr std::size_t kSignalPairs = 8;
constexpr std::chrono::seconds kBeat{10};  // what a relay asks of displays
constexpr std::chrono::seconds kVisitDeadline{10};

// Displays that come, wait, are paired, and go:
//   register -> listen -> pair -> pairing:ready -> DELETE -> session:terminated
class Visits final : private EventStream::Events {
 public:
  explicit Visits(Stage& stage) : stage_(stage) {}
  ~Visits() {
    stage_.reactor().Cancel(next_);
    for (const auto& [id, visit] : visits_) stage_.reactor().Cancel(visit.deadline);
  }

  void Start(TimePoint end) {
    end_ = end;
    Begin();
  }
  bool finished() {
    Sweep();
    return Clock::now() >= end_ && visits_.empty();
  }
  std::size_t begun() const { return begun_; }
  std::size_t succeeded() const { return succeeded_; }

 private:
  enum class Step { kRegistering, kOpening, kPairing, kEnding };
  struct Visit {
    Step step = Step::kRegistering;
    Display display;
    std::unique_ptr<EventStream> stream;
    Reactor::Timer deadline;
  };

  void Begin() {
    Sweep();
    const TimePoint now = Clock::now();
    if (now >= end_) return;
    const std::size_t id = begun_++;
    Visit& visit = visits_[id];
    visit.deadline = stage_.reactor().At(now + kVisitDeadline, [this, id] { Drop(id); });
    const std::size_t relay = id % stage_.relay_count();
    stage_.pool(relay).Send(Stage::RegisterCall("{}"), [this, id, relay](const Response& response) {
      OnRegistered(id, relay, response);
    });
    next_ = stage_.reactor().At(now + FromSeconds(1 / kVisitsPerSecond), [this] { Begin(); });
  }

  Visit* Find(std::size_t id) {
    const auto found = visits_.find(id);
    return found == visits_.end() ? nullptr : &found->second;
  }
  // Not from inside a call of the visit's stream.
  void Drop(std::size_t id) {
    const auto found = visits_.find(id);
    if (found == visits_.end()) return;
    stage_.reactor().Cancel(found->second.deadline);
    visits_.erase(found);
  }
  void DropLater(std::size_t id) { leaving_.push_back(id); }
  void Sweep() {
    for (const std::size_t id : std::exchange(leaving_, {})) Drop(id);
  }

  void OnRegistered(std::size_t id, std::size_t relay, const Response& response) {
    Visit* const visit = Find(id);
    if (visit == nullptr) return;
    auto display = Stage::ReadDisplay(response, stage_.target(relay));
    if (!display) return Drop(id);
    visit->display = std::move(*display);
    visit->display.relay = relay;
    visit->step = Step::kOpening;
    visit->stream = std::make_unique<EventStream>(stage_.reactor(),
                                                  static_cast<EventStream::Events&>(*this), id);
    if (!visit->stream->Listen(stage_.target(relay), stage_.source(relay, id),
                               visit->display.events_path, visit->display.token)) {
      Drop(id);
    }
  }

  void OnStreamOpen(EventStream& stream, int status) override {
    Visit* const visit = Find(stream.tag());
    if (visit == nullptr || status != 200) return;
    visit->step = Step::kPairing;
    const std::size_t id = stream.tag();
    stage_.pool(stage_.other_relay(visit->display.relay))
        .Send(Stage::PairCall(visit->display), [this, id](const Response& response) {
          if (response.status != 200) Drop(id);
        });
  }

  void OnEvent(EventStream& stream, std::string_view type, std::string_view /*data*/) override {
    const std::size_t id = stream.tag();
    Visit* const visit = Find(id);
    if (visit == nullptr) return;
    if (visit->step == Step::kPairing && type == protocol::kPairingReady) {
      visit->step = Step::kEnding;
      const Display& display = visit->display;
      stage_.pool(display.relay)
          .Send({"DELETE", "/api/sessions/" + display.session_id, display.token, {}, {}},
                [](const Response&) {});
      return;
    }
    if (visit->step == Step::kEnding && type == protocol::kSessionTerminated) ++succeeded_;
    visit->stream->Leave();
    DropLater(id);
  }

  void OnStreamEnded(EventStream& stream) override { DropLater(stream.tag()); }

  Stage& stage_;
  TimePoint end_{};
  Reactor::Timer next_{};
  std::unordered_map<std::size_t, Visit> visits_;
  std::vector<std::size_t> leaving_;
  std::size_t begun_ = 0;
  std::size_t succeeded_ = 0;
};

// Displays that wait all the time and beat, each every ten seconds.
class Sitters {
 public:
  explicit Sitters(Stage& stage) : stage_(stage), streams_(stage) {}
  ~Sitters() { stage_.reactor().Cancel(next_); }

  Result<void> Sit() {
    auto displays = stage_.Register(stage_.options().displays);
    if (!displays) return tl::unexpected<Error>(displays.error());
    displays_ = std::move(*displays);
    return streams_.Open(displays_);
  }
  void Start(TimePoint end) {
    end_ = end;
    Beat();
  }
  bool finished() const { return Clock::now() >= end_ && answered_ == beats_; }
  void Leave() {
    streams_.CloseAll();
    stage_.End(displays_);
  }

  std::size_t beats() const { return beats_; }
  std::size_t good_beats() const { return good_; }
  std::size_t count() const { return displays_.size(); }
  std::size_t listening() const { return streams_.listening(); }

 private:
  void Beat() {
    const TimePoint now = Clock::now();
    if (now >= end_) return;
    const Display& display = displays_[beats_++ % displays_.size()];
    stage_.pool(display.relay)
        .Send({"POST", "/api/displays/" + display.display_id + "/heartbeat", display.token, {}, {}},
              [this](const Response& response) {
                ++answered_;
                if (response.ok()) ++good_;
              });
    next_ = stage_.reactor().At(now + std::chrono::nanoseconds(kBeat) / displays_.size(),
                                [this] { Beat(); });
  }

  Stage& stage_;
  std::vector<Display> displays_;
  StreamCrowd streams_;
  TimePoint end_{};
  Reactor::Timer next_{};
  std::size_t beats_ = 0;
  std::size_t answered_ = 0;
  std::size_t good_ = 0;
};

}  // namespace

void CheckUnderLoad(Stage& stage, Checks& checks) {
  const Options& options = stage.options();
  const auto duration = FromSeconds(options.seconds);
  Visits visits(stage);
  Sitters sitters(stage);
  SignalRun signals(stage, kSignalPairs, options.size, /*ack=*/true);
  if (!checks.Expect(sitters.Sit().has_value(), "displays wait")) return;
  if (!checks.Expect(signals.Join().has_value(), "controllers and displays join")) return;
  const Spent from = stage.Now();
  const TimePoint end = Clock::now() + duration;
  visits.Start(end);
  sitters.Start(end);
  signals.RunOpen(options.rate, duration);
  stage.RunUntil([&] { return visits.finished() && sitters.finished(); },
                 HttpPool::kDeadline + kVisitDeadline);
  const Spent to = stage.Now();

  const SignalRun::Tally& tally = signals.tally();
  const std::size_t operations = visits.begun() + sitters.beats() + tally.sent;
  checks.Count(visits.begun(), visits.succeeded(), "a display comes, is paired, and goes");
  checks.Count(sitters.beats(), sitters.good_beats(), "a heartbeat is answered");
  checks.Count(tally.sent, std::min(tally.received, tally.sent), "a message arrives");
  checks.Count(tally.sent, std::min(tally.acked, tally.sent), "a message is acknowledged");
  checks.Count(sitters.count(), sitters.listening(), "a waiting display still waits");
  checks.Expect(signals.Complaint().empty(), "messages come once and in order");
  // Row H10: below 500 ms on average at more than 100 messages a second.
  checks.Expect(!options.judge_times || tally.from_schedule.PercentileMs(99) <= 500,
                "99 % of messages within 500 ms");
  checks.Note(std::to_string(operations) + " operations");
  checks.Note("message p99 " + std::to_string(static_cast<int>(tally.from_send.PercentileUs(99))) +
              " us");
  const auto percent = stage.RelayCpuPercent(from, to);
  for (const double of_one : percent) {
    checks.Note("relay " + std::to_string(static_cast<int>(of_one + 0.5)) + " % CPU");
  }
  signals.End();
  sitters.Leave();
}

}  // namespace pairwire::load
