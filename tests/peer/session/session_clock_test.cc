// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// When a session pings for its clock, and when its frames are shown.
#include "peer/session/session_clock.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "peer/session/frame_presenter.h"
#include "tests/support/manual_loop.h"

namespace pairwire::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = Loop::TimePoint;

// Pings within `duration`.
int PingsIn(SessionClock& clock, TimePoint& now, Loop::Duration duration) {
  const TimePoint end = now + duration;
  int pings = 0;
  while (clock.due() && *clock.due() < end) {
    now = std::max(now, *clock.due());
    if (clock.OnDue(now)) ++pings;
  }
  now = end;
  return pings;
}

TEST(SessionClock, PingsOftenAtFirstThenSeldom) {
  SessionClock clock;
  TimePoint now(std::chrono::hours(1));
  EXPECT_FALSE(clock.due());
  EXPECT_FALSE(clock.OnDue(now));
  clock.SetConnected(now, true);
  EXPECT_EQ(PingsIn(clock, now, milliseconds(951)), 20);
  // The last of the twenty is followed by the pause of the idle.
  EXPECT_EQ(PingsIn(clock, now, seconds(60)), 12);
  clock.SetConnected(now, false);
  EXPECT_EQ(PingsIn(clock, now, seconds(60)), 0);
}

TEST(SessionClock, PingsTwiceASecondWhileFramesGo) {
  SessionClock clock;
  TimePoint now(std::chrono::hours(1));
  clock.SetConnected(now, true);
  (void)PingsIn(clock, now, seconds(10));
  int pings = 0;
  for (int i = 0; i < 100; ++i) {
    clock.OnPresenting(now);
    pings += PingsIn(clock, now, milliseconds(100));
  }
  // 20 in the first second, then two in each of nine.
  EXPECT_GE(pings, 37);
  EXPECT_LE(pings, 39);
  // Ten seconds after the last frame it is over.
  (void)PingsIn(clock, now, seconds(11));
  EXPECT_LE(PingsIn(clock, now, seconds(60)), 12);
  // And begins anew.
  clock.OnPresenting(now);
  EXPECT_EQ(PingsIn(clock, now, milliseconds(951)), 20);
}

TEST(SessionClock, FramesWithoutALinkPingNobody) {
  SessionClock clock;
  TimePoint now(std::chrono::hours(1));
  clock.OnPresenting(now);
  EXPECT_FALSE(clock.due());
  clock.SetConnected(now, true);
  EXPECT_EQ(PingsIn(clock, now, milliseconds(951)), 20);
  EXPECT_EQ(PingsIn(clock, now, seconds(5)), 10);
}

TEST(SessionClock, KnowsTheOffsetAndRefusesNonsense) {
  SessionClock clock;
  const TimePoint now(std::chrono::hours(1));
  const auto t = static_cast<std::uint64_t>(SessionClock::Microseconds(now));
  EXPECT_FALSE(clock.At(now));
  EXPECT_FALSE(clock.round_trip());
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(clock.OnPong(now, {1, t - 1000, kMost, kMost}));
  EXPECT_FALSE(clock.OnPong(now, {1, t - 1000, 2, 1}));
  EXPECT_FALSE(clock.At(now));
  // There in 400 us, back in 600 us; theirs is 5 s ahead.
  EXPECT_TRUE(clock.OnPong(now, {1, t - 1000, t - 600 + 5'000'000, t - 600 + 5'000'000}));
  ASSERT_TRUE(clock.At(now));
  EXPECT_NEAR(static_cast<double>(clock.At(now)->offset_us), 5'000'000.0 - 100.0, 1.0);
  EXPECT_EQ(clock.At(now)->error_us, 500);
  EXPECT_EQ(clock.round_trip(), microseconds(1000));
}

class FramePresenterTest : public ::testing::Test {
 protected:
  struct Shown {
    std::uint64_t frame;
    microseconds at;
    microseconds late;
    bool operator==(const Shown&) const = default;
  };

  FramePresenterTest() { Make(); }

  void Make() {
    presenter_ = std::make_unique<FramePresenter>(
        loop_, [this] { return offset_; },
        [this](const events::AnimationFrame& frame, microseconds late) {
          shown_.push_back({frame.frame, Now(), late});
          if (on_shown_) on_shown_();
        });
  }
  microseconds Now() const { return microseconds(SessionClock::Microseconds(loop_.Now())); }
  // A frame for `at` of the reference clock.
  static events::AnimationFrame For(std::uint64_t number, std::optional<microseconds> at) {
    events::AnimationFrame frame;
    frame.frame = number;
    if (at) frame.present_at = static_cast<std::uint64_t>(at->count());
    return frame;
  }

  ManualLoop loop_;
  std::optional<std::int64_t> offset_ = 0;
  std::vector<Shown> shown_;
  std::function<void()> on_shown_;
  std::unique_ptr<FramePresenter> presenter_;
};

TEST_F(FramePresenterTest, ShowsEachAtItsMoment) {
  const microseconds start = Now();
  offset_ = 1'000'000;
  presenter_->Take(For(2, start + milliseconds(1'020)));
  presenter_->Take(For(1, start + milliseconds(1'010)));
  EXPECT_TRUE(shown_.empty());
  loop_.RunFor(seconds(1));
  EXPECT_EQ(shown_, (std::vector<Shown>{{1, start + milliseconds(10), {}},
                                        {2, start + milliseconds(20), {}}}));
}

TEST_F(FramePresenterTest, LateOnesAtOnceAndCounted) {
  const microseconds start = Now();
  presenter_->Take(For(1, start - milliseconds(5)));
  presenter_->Take(For(2, start - milliseconds(30)));
  EXPECT_EQ(shown_,
            (std::vector<Shown>{{1, start, milliseconds(5)}, {2, start, milliseconds(30)}}));
  EXPECT_EQ(presenter_->stats().late, 1u);
}

TEST_F(FramePresenterTest, WithoutAMomentOrAClockAtOnce) {
  const microseconds start = Now();
  presenter_->Take(For(1, std::nullopt));
  offset_.reset();
  presenter_->Take(For(2, start + seconds(3)));
  EXPECT_EQ(shown_, (std::vector<Shown>{{1, start, {}}, {2, start, {}}}));
}

TEST_F(FramePresenterTest, FollowsTheClock) {
  const microseconds start = Now();
  presenter_->Take(For(1, start + milliseconds(100)));
  // Theirs turns out to be 60 ms ahead.
  offset_ = 60'000;
  presenter_->OnClock();
  loop_.RunFor(seconds(1));
  EXPECT_EQ(shown_, (std::vector<Shown>{{1, start + milliseconds(40), {}}}));
  // Set back: the frame waits for as long as it takes.
  presenter_->Take(For(2, Now() + milliseconds(60) + milliseconds(10)));
  offset_ = 0;
  loop_.RunFor(seconds(1));
  ASSERT_EQ(shown_.size(), 2u);
  EXPECT_EQ(shown_[1].late, microseconds(0));
}

TEST_F(FramePresenterTest, BoundsWhatWaits) {
  const microseconds start = Now();
  presenter_->Take(For(1, start + seconds(10) + milliseconds(1)));
  for (std::uint64_t i = 0; i < 65; ++i) presenter_->Take(For(100 + i, start + seconds(1)));
  EXPECT_EQ(presenter_->stats().dropped, 2u);
  loop_.RunFor(seconds(20));
  EXPECT_EQ(shown_.size(), 64u);
  EXPECT_EQ(shown_.back().frame, 163u);
}

TEST_F(FramePresenterTest, MayGoInItsCallback) {
  on_shown_ = [this] { presenter_.reset(); };
  presenter_->Take(For(1, Now() + milliseconds(1)));
  presenter_->Take(For(2, Now() + milliseconds(1)));
  loop_.RunFor(seconds(1));
  EXPECT_EQ(shown_.size(), 1u);
  Make();
  presenter_->Take(For(3, Now() - milliseconds(1)));
  EXPECT_EQ(shown_.size(), 2u);
}

TEST_F(FramePresenterTest, ClearForgetsThem) {
  presenter_->Take(For(1, Now() + milliseconds(1)));
  presenter_->Clear();
  loop_.RunFor(seconds(1));
  EXPECT_TRUE(shown_.empty());
}

}  // namespace
}  // namespace pairwire::test
