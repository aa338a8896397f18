// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a display measures and says of itself, the reports to the relay on a virtual clock, and
// which word counts for who watches it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/session/display_health.h"
#include "peer/session/process_metrics.h"
#include "peer/session/status_publisher.h"
#include "peer/session/status_reporter.h"
#include "peer/session/watch_choice.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using events::DisplayState;
using test::ManualLoop;
using test::SeededRandom;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// ---- process_metrics.h

constexpr char kStat[] =
    "42 (a) (name) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 3 0 12345 1000 200 "
    "18446744073709551615 1 1";

TEST(ProcessMetrics, ReadsTimeAndMemory) {
  EXPECT_EQ(ParseProcessTime(kStat, 100), 3s);
  EXPECT_EQ(ParseProcessTime(kStat, 1000), 300ms);
  EXPECT_EQ(ParseResidentBytes("1000 250 80 1 0 500 0\n", 4096), 250U * 4096);
}

TEST(ProcessMetrics, RefusesWhatIsCutShortOrNotNumbers) {
  const std::string stat = kStat;
  // Up to the blank before field 15 there is no system time.
  for (std::size_t size = 0; size <= stat.find(" 50 7"); ++size) {
    EXPECT_FALSE(ParseProcessTime(std::string_view(stat).substr(0, size), 100)) << size;
  }
  EXPECT_FALSE(ParseProcessTime(kStat, 0));
  EXPECT_FALSE(ParseProcessTime("1 (a) S 1 1 1 1 1 1 1 1 1 1 -1 5", 100));
  EXPECT_FALSE(ParseProcessTime("1 (a) S 1 1 1 1 1 1 1 1 1 1 18446744073709551615 5", 100));
  for (const char* statm : {"", "1000", "1000 x", "1000 -1", "1000 18446744073709551615"}) {
    EXPECT_FALSE(ParseResidentBytes(statm, 4096)) << statm;
  }
}

TEST(ProcessMetrics, PerCentSinceTheSampleBefore) {
  std::string stat = "1 (a) S 1 1 1 1 1 1 1 1 1 1 100 0";
  ProcessMeter meter({[&] { return stat; }, [] { return std::string("9 1000 3"); }, 100, 1000});
  const Loop::TimePoint start{100s};
  events::Metrics first;
  meter.Sample(start, first);
  EXPECT_FALSE(first.cpu_percent);
  EXPECT_EQ(first.memory_mb, 1.0);
  stat = "1 (a) S 1 1 1 1 1 1 1 1 1 1 150 50";  // a second of time in half a second: two threads
  events::Metrics second;
  meter.Sample(start + 500ms, second);
  EXPECT_EQ(second.cpu_percent, 200);
  stat = "gone";
  events::Metrics third;
  meter.Sample(start + 1s, third);
  EXPECT_FALSE(third.cpu_percent);
}

TEST(ProcessMetrics, OfThisProcess) {
  ProcessMeter meter(ProcessMeter::Self());
  events::Metrics metrics;
  meter.Sample(Loop::TimePoint{1s}, metrics);
  ASSERT_TRUE(metrics.memory_mb);
  EXPECT_GT(*metrics.memory_mb, 0.1);
}

// ---- display_health.h

DisplayHealth::Verdict Second(DisplayHealth& health, std::uint64_t shown, std::uint64_t late = 0,
                              std::uint64_t dropped = 0, bool presenting = false) {
  return health.Tick(1s, {shown, late, dropped}, presenting, false);
}

TEST(DisplayHealth, BelowHalfOfTheLastMinutesMedianIsDegraded) {
  DisplayHealth health;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Second(health, 60).state, DisplayState::kOnline);
  EXPECT_EQ(Second(health, 30).state, DisplayState::kOnline) << "half is not below half";
  EXPECT_EQ(Second(health, 29).state, DisplayState::kDegraded);
  EXPECT_EQ(Second(health, 60).state, DisplayState::kOnline);
  // What was slow for more than half a minute is the new usual.
  int degraded = 0;
  for (int i = 0; i < 70; ++i) degraded += Second(health, 20).state == DisplayState::kDegraded;
  EXPECT_GT(degraded, 15);
  EXPECT_LT(degraded, 40);
  EXPECT_EQ(Second(health, 20).state, DisplayState::kOnline);
}

TEST(DisplayHealth, TheRateIsThatOfTheTimeThatPassed) {
  DisplayHealth health;
  EXPECT_EQ(health.Tick(2s, {60, 0, 0}, false, false).fps, 30);
}

TEST(DisplayHealth, SecondsWithoutAFrameDoNotCountUnlessSomeAreDue) {
  DisplayHealth health;
  for (int i = 0; i < 20; ++i) Second(health, 60);
  const auto idle = Second(health, 0);
  EXPECT_EQ(idle.state, DisplayState::kOnline);
  EXPECT_FALSE(idle.fps);
  // Another animation, with another rate.
  EXPECT_EQ(Second(health, 10).state, DisplayState::kOnline);

  DisplayHealth presenting;
  for (int i = 0; i < 20; ++i) Second(presenting, 60, 0, 0, true);
  const auto stuck = Second(presenting, 0, 0, 0, true);
  EXPECT_EQ(stuck.state, DisplayState::kDegraded);
  EXPECT_EQ(stuck.fps, 0);
}

TEST(DisplayHealth, MoreThanFivePerCentLateIsDegraded) {
  DisplayHealth health;
  for (int i = 0; i < 10; ++i) Second(health, 100);
  EXPECT_EQ(Second(health, 100, 50).state, DisplayState::kOnline) << "50 of 1,000";
  EXPECT_EQ(Second(health, 100, 1).state, DisplayState::kDegraded) << "51 of 1,000";
  // Forgotten after ten seconds.
  for (int i = 0; i < 10; ++i) Second(health, 100);
  EXPECT_EQ(Second(health, 100).state, DisplayState::kOnline);
  EXPECT_EQ(Second(health, 40, 0, 60).state, DisplayState::kDegraded)
      << "dropped is later than late";
}

TEST(DisplayHealth, ARelayedPathIsDegraded) {
  DisplayHealth health;
  EXPECT_EQ(health.Tick(1s, {}, false, true).state, DisplayState::kDegraded);
  EXPECT_EQ(health.Tick(1s, {}, false, false).state, DisplayState::kOnline);
}

// ---- status_publisher.h

std::vector<std::string> NamesOf(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.emplace_back(NameOf(event));
  return names;
}

TEST(StatusPublisher, TellsWhatChangedAndElseEveryTenSeconds) {
  StatusPublisher publisher("spring");
  StatusPublisher::Measured measured;
  measured.metrics.cpu_percent = 3.2;
  measured.metrics.memory_mb = 120.4;
  Loop::TimePoint now{1000s};
  EXPECT_THAT(NamesOf(publisher.Tick(now, measured)),
              ElementsAre("display:status", "display:health"));
  EXPECT_EQ(publisher.status().design_id, "spring");
  EXPECT_EQ(publisher.status().metrics->cpu_percent, 3);
  for (int second = 1; second < 10; ++second) {
    measured.metrics.cpu_percent = 3.2 + 0.02 * second;  // noise
    EXPECT_THAT(publisher.Tick(now + second * 1s, measured), IsEmpty()) << second;
  }
  EXPECT_THAT(publisher.Tick(now + 10s, measured), SizeIs(2));
  measured.counts.shown = 60;
  EXPECT_THAT(publisher.Tick(now + 11s, measured), SizeIs(2));
  EXPECT_EQ(publisher.health().frames_shown, 60U);
  EXPECT_EQ(publisher.status().metrics->fps, 60);
  measured.relayed = true;
  EXPECT_THAT(publisher.Tick(now + 12s, measured), SizeIs(2));
  EXPECT_EQ(publisher.status().status, DisplayState::kDegraded);
  EXPECT_EQ(publisher.why(), "the path is relayed");
  EXPECT_EQ(publisher.health().frames_shown, 120U) << "the count of all";
}

TEST(StatusPublisher, WhateverIsMeasuredMakesAnEvent) {
  StatusPublisher publisher("");
  StatusPublisher::Measured measured;
  measured.metrics = {std::nullopt, 1e12, 1e300, -5};
  measured.counts.shown = 1'000'000'000;
  for (const Event& event : publisher.Tick(Loop::TimePoint{1s}, measured)) {
    const auto json = EventToJson(event);
    EXPECT_TRUE(json) << json.error().detail;
  }
}

// ---- status_reporter.h

// A relay that answers after 20 ms as the test says.
class FakeCalls final : public ReporterCalls {
 public:
  explicit FakeCalls(ManualLoop& loop) : loop_(loop) {}

  void Register(const protocol::RegisterRequest& request, Registered done) override {
    EXPECT_TRUE(request.codeless) << "nobody is to pair with it";
    Note("register " + request.display_id);
    Later([this, request, done = std::move(done)] {
      if (away) {
        return done(tl::unexpected(RelayFailure{{Errc::kRelayUnreachable, "away"}, {}}));
      }
      protocol::RegisterResponse response;
      response.session_id = "s" + std::to_string(++registrations);
      response.display_token = "t" + std::to_string(registrations);
      response.display_id = request.display_id.empty() ? "made-by-relay" : request.display_id;
      response.expires_in = term;
      done(response);
    });
  }
  void Status(const std::string& display_id, const std::string& token,
              const events::DisplayStatus& status, Told done) override {
    Note("status " + display_id + " " + token + " " + std::string(ToString(status.status)));
    Answer(token, std::move(done));
  }
  void Heartbeat(const std::string& display_id, const std::string& token, Told done) override {
    Note("heartbeat " + display_id + " " + token);
    Answer(token, std::move(done));
  }
  void End(const std::string& session_id, const std::string& token,
           std::function<void()> done) override {
    Note("end " + session_id + " " + token);
    if (done) Later(done);
  }

  // "seconds: what" of each call.
  std::vector<std::string> Take() { return std::exchange(notes_, {}); }

  bool away = false;
  std::string refused_token;
  int registrations = 0;
  std::chrono::seconds term{300};

 private:
  void Note(const std::string& what) {
    const auto at = std::chrono::duration_cast<std::chrono::seconds>(loop_.Now() - start_);
    notes_.push_back(std::to_string(at.count()) + ": " + what);
  }
  void Later(Task task) { loop_.ScheduleAt(loop_.Now() + 20ms, std::move(task)); }
  void Answer(const std::string& token, Told done) {
    Later([this, token, done = std::move(done)] {
      if (away) {
        done(tl::unexpected(RelayFailure{{Errc::kRelayUnreachable, "away"}, {}}));
      } else if (token == refused_token) {
        done(tl::unexpected(RelayFailure{{Errc::kUnauthorized, "unknown"}, {}}));
      } else {
        done({});
      }
    });
  }

  ManualLoop& loop_;
  const Loop::TimePoint start_ = loop_.Now();
  std::vector<std::string> notes_;
};

class Reporting {
 public:
  explicit Reporting(std::string display_id = "lobby", std::chrono::seconds term = 300s) {
    calls.term = term;
    StatusReporter::Events on;
    on.on_reporting = [this](const std::string& id) { ids.push_back(id); };
    on.on_error = [this](const Error& error) { errors.push_back(error); };
    reporter.emplace(loop, random_, calls, StatusReporter::Options{std::move(display_id), "spring"},
                     std::move(on));
  }

  ManualLoop loop;
  FakeCalls calls{loop};
  std::vector<std::string> ids;
  std::vector<Error> errors;
  std::optional<StatusReporter> reporter;

 private:
  SeededRandom random_{3};
};

TEST(StatusReporter, StatusEvery30sAndAHeartbeatEvery10s) {
  Reporting reporting;
  reporting.loop.AdvanceBy(65s);
  EXPECT_THAT(
      reporting.calls.Take(),
      ElementsAre("0: register lobby", "0: status lobby t1 online", "10: heartbeat lobby t1",
                  "20: heartbeat lobby t1", "30: status lobby t1 online", "40: heartbeat lobby t1",
                  "50: heartbeat lobby t1", "60: status lobby t1 online"));
  EXPECT_THAT(reporting.ids, ElementsAre("lobby"));
}

TEST(StatusReporter, ANewStatusComesWithTheNextHeartbeat) {
  Reporting reporting;
  reporting.loop.AdvanceBy(12s);
  reporting.calls.Take();
  events::DisplayStatus status;
  status.status = DisplayState::kDegraded;
  reporting.reporter->Set(status);
  reporting.loop.AdvanceBy(30s);
  EXPECT_THAT(reporting.calls.Take(),
              ElementsAre("20: status lobby t1 degraded", "30: heartbeat lobby t1",
                          "40: heartbeat lobby t1"));
}

TEST(StatusReporter, RenewsItsToken) {
  Reporting reporting("", 100s);
  reporting.loop.AdvanceBy(74s);
  EXPECT_EQ(reporting.calls.registrations, 1);
  reporting.calls.Take();
  reporting.loop.AdvanceBy(8s);
  // At three quarters; under the name that the relay gave; the reports keep their rhythm.
  EXPECT_THAT(reporting.calls.Take(), ElementsAre("75: register made-by-relay", "75: end s1 t1",
                                                  "80: heartbeat made-by-relay t2"));
  reporting.loop.AdvanceBy(1h);
  EXPECT_EQ(reporting.calls.registrations, 1 + 3682 / 75);
  EXPECT_THAT(reporting.ids, ElementsAre("made-by-relay"));
  EXPECT_THAT(reporting.errors, IsEmpty());
}

TEST(StatusReporter, ARelayThatForgotItGetsANewRegistration) {
  Reporting reporting;
  reporting.loop.AdvanceBy(5s);
  reporting.calls.refused_token = "t1";
  reporting.loop.AdvanceBy(10s);
  const auto calls = reporting.calls.Take();
  ASSERT_THAT(calls, SizeIs(5));
  EXPECT_EQ(calls[2], "10: heartbeat lobby t1");
  EXPECT_EQ(calls[3], "10: register lobby");
  EXPECT_EQ(calls[4], "10: heartbeat lobby t2");
}

TEST(StatusReporter, ATokenThatNeverWorksIsNoFlood) {
  Reporting reporting;
  reporting.calls.refused_token = "t1";
  // Each token is refused.
  for (int i = 0; i < 600; ++i) {
    reporting.calls.refused_token = "t" + std::to_string(reporting.calls.registrations);
    reporting.loop.AdvanceBy(100ms);
    reporting.calls.refused_token = "t" + std::to_string(reporting.calls.registrations);
  }
  EXPECT_LT(reporting.calls.registrations, 30);
  EXPECT_GT(reporting.calls.registrations, 3);
}

TEST(StatusReporter, BacksOffWhileTheRelayIsAwayAndSaysItOnce) {
  Reporting reporting;
  reporting.calls.away = true;
  reporting.loop.AdvanceBy(10min);
  const auto calls = reporting.calls.Take();
  EXPECT_GT(calls.size(), 20U);  // 15 s on the average
  EXPECT_LT(calls.size(), 100U);
  EXPECT_THAT(reporting.errors, SizeIs(1));
  reporting.calls.away = false;
  reporting.loop.AdvanceBy(31s);
  EXPECT_EQ(reporting.calls.registrations, 1);
  reporting.calls.away = true;
  reporting.loop.AdvanceBy(1min);
  EXPECT_THAT(reporting.errors, SizeIs(2)) << "another outage";
}

TEST(StatusReporter, SaysThatItGoes) {
  Reporting reporting;
  reporting.loop.AdvanceBy(5s);
  reporting.calls.Take();
  bool left = false;
  reporting.reporter->Stop([&] { left = true; });
  reporting.loop.AdvanceBy(1s);
  EXPECT_TRUE(left);
  EXPECT_THAT(reporting.calls.Take(), ElementsAre("5: status lobby t1 offline", "5: end s1 t1"));
  reporting.loop.AdvanceBy(1h);
  EXPECT_THAT(reporting.calls.Take(), IsEmpty());
}

// ---- watch_choice.h

DisplayReport FromRelay(DisplayState state, StatusSource source = StatusSource::kRelay) {
  DisplayReport report;
  report.display_id = "lobby";
  report.status = state;
  report.source = source;
  report.age = 4s;
  return report;
}

events::DisplayStatus Said(DisplayState state) {
  events::DisplayStatus status;
  status.status = state;
  return status;
}

TEST(DisplayWatch, TheLivePathFirst) {
  const Loop::TimePoint now{1000s};
  WatchChoice choice("lobby");
  EXPECT_EQ(choice.Report(now).source, StatusSource::kNone);
  choice.OnRelay(FromRelay(DisplayState::kOnline), now);
  EXPECT_EQ(choice.Report(now + 1s).source, StatusSource::kRelay);
  EXPECT_EQ(choice.Report(now + 1s).age, 5s);

  choice.OnState(SessionState::kConnected);
  EXPECT_FALSE(choice.Live(now)) << "the display has not said anything";
  EXPECT_TRUE(choice.OnEvent(now + 2s, Said(DisplayState::kDegraded)));
  EXPECT_TRUE(choice.Live(now + 2s));
  EXPECT_EQ(choice.Report(now + 3s).source, StatusSource::kSession);
  EXPECT_EQ(choice.Report(now + 3s).status, DisplayState::kDegraded);
  EXPECT_EQ(choice.Report(now + 3s).age, 1s);
  EXPECT_FALSE(choice.OnEvent(now + 3s, events::ChatMessage{"hello", {}}));
}

TEST(DisplayWatch, BackToTheLivePath) {
  const Loop::TimePoint now{1000s};
  WatchChoice choice("lobby");
  choice.OnState(SessionState::kConnected);
  choice.OnEvent(now, Said(DisplayState::kOnline));
  choice.OnState(SessionState::kRecovering);
  EXPECT_TRUE(choice.Live(now + 5s)) << "quiet is not gone";
  choice.OnState(SessionState::kReconnecting);
  EXPECT_FALSE(choice.Live(now + 6s));
  EXPECT_EQ(choice.Report(now + 6s).source, StatusSource::kStale) << "until the relay was asked";
  choice.OnRelay(FromRelay(DisplayState::kOffline), now + 7s);
  EXPECT_EQ(choice.Report(now + 7s).source, StatusSource::kRelay);
  EXPECT_EQ(choice.Report(now + 7s).status, DisplayState::kOffline);
  choice.OnState(SessionState::kConnected);
  EXPECT_TRUE(choice.Live(now + 8s)) << "it was heard less than 30 s ago";
  EXPECT_EQ(choice.Report(now + 8s).source, StatusSource::kSession);
}

TEST(DisplayWatch, ThirtySecondsOfNothingEndTheLivePath) {
  const Loop::TimePoint now{1000s};
  WatchChoice choice("lobby");
  choice.OnState(SessionState::kConnected);
  choice.OnEvent(now, Said(DisplayState::kOnline));
  EXPECT_EQ(choice.LiveUntil(now), now + 30s);
  EXPECT_TRUE(choice.Live(now + 29s));
  EXPECT_FALSE(choice.Live(now + 30s));
  choice.OnEvent(now + 40s, events::DisplayHealth{});
  EXPECT_TRUE(choice.Live(now + 40s));
}

TEST(DisplayWatch, WithTheRelayAwayTheLaterWordCounts) {
  const Loop::TimePoint now{1000s};
  WatchChoice choice("lobby");
  choice.OnState(SessionState::kConnected);
  choice.OnEvent(now, Said(DisplayState::kDegraded));
  choice.OnState(SessionState::kClosed);
  DisplayReport old = FromRelay(DisplayState::kOnline, StatusSource::kStale);
  old.age = 1h;
  choice.OnRelay(old, now + 10s);
  EXPECT_EQ(choice.Report(now + 10s).status, DisplayState::kDegraded);
  EXPECT_EQ(choice.Report(now + 10s).age, 10s);
  old.age = 1s;
  choice.OnRelay(old, now + 10s);
  EXPECT_EQ(choice.Report(now + 10s).status, DisplayState::kOnline);
  EXPECT_EQ(choice.Report(now + 10s).source, StatusSource::kStale);
}

}  // namespace
}  // namespace pairwire
