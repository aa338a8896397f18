// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A group of 16 whole sessions on virtual time: displays with clocks of their own, over paths of 5
// to 50 ms with 5 ms of jitter. What they show at which moment is exact here.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <vector>

#include "peer/session/group_core.h"
#include "tests/peer/session/sim_session.h"

namespace pairwire::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kDisplays = 16;
constexpr milliseconds kFrameEvery{40};  // 25 a second

class GroupScenario : public ::testing::Test {
 protected:
  struct Shown {
    microseconds at{};  // of the controller's clock, exactly
    microseconds late{};
  };

  GroupScenario() {
    GroupEvents on;
    on.on_acked_by_all = [this](MessageId id, const std::vector<MemberId>& missing) {
      by_all_[id] = missing;
    };
    core_ = GroupCore::Make(network_.loop(), {}, std::move(on));
    SeededRandom random(7);
    for (std::size_t i = 0; i < kDisplays; ++i) {
      SimSession::Weather weather;
      weather.to_display.delay = milliseconds(5 + 3 * i);  // 5 to 50 ms
      weather.to_display.jitter = milliseconds(5);
      weather.to_display.seed = 2 * i + 1;
      weather.to_controller = weather.to_display;
      weather.to_controller.seed = 2 * i + 2;
      weather.ahead = microseconds(std::llround(random.NextUnit() * 1e12));
      weather.drift_ppm = random.NextUnit() * 100 - 50;
      sessions_.push_back(std::make_unique<SimSession>(network_, weather));
    }
    network_.loop().RunFor(seconds(2));
    for (std::size_t i = 0; i < kDisplays; ++i) {
      SessionEvents on_display;
      on_display.on_frame = [this, i](const events::AnimationFrame& frame, microseconds late) {
        shown_[frame.frame][i] = {Now(), late};
      };
      on_display.on_message = [this, i](const Command& command) { ++got_[command.id][i]; };
      sessions_[i]->display().Subscribe(std::move(on_display));
      const auto added = core_->Add(sessions_[i]->TakeController());
      EXPECT_TRUE(added) << ToString(added.error());
    }
    network_.loop().RunUntilIdle();
  }

  ~GroupScenario() override {
    core_->Stop();
    for (const auto& session : sessions_) session->Close();
    network_.loop().RunFor(seconds(20));
  }

  microseconds Now() {
    return std::chrono::duration_cast<microseconds>(network_.loop().Now().time_since_epoch());
  }

  void Present(int frames) {
    for (int i = 0; i < frames; ++i) {
      events::AnimationFrame frame;
      frame.frame = ++frame_;
      const auto moment = core_->Present(frame);
      ASSERT_TRUE(moment) << ToString(moment.error());
      moments_[frame_] = microseconds(*moment);
      network_.loop().RunFor(kFrameEvery);
    }
  }

  // How far apart the first and the last of these displays showed a frame, at most.
  microseconds WorstSpread(std::size_t first_display) const {
    microseconds worst{0};
    for (const auto& [frame, shown] : shown_) {
      microseconds earliest = microseconds::max();
      microseconds latest = microseconds::min();
      for (const auto& [display, when] : shown) {
        if (display < first_display) continue;
        earliest = std::min(earliest, when.at);
        latest = std::max(latest, when.at);
      }
      if (latest >= earliest) worst = std::max(worst, latest - earliest);
    }
    return worst;
  }

  SimNetwork network_;
  std::vector<std::unique_ptr<SimSession>> sessions_;
  std::shared_ptr<GroupCore> core_;
  std::uint64_t frame_ = 0;
  std::map<std::uint64_t, microseconds> moments_;
  std::map<std::uint64_t, std::map<std::size_t, Shown>> shown_;
  std::map<MessageId, std::map<std::size_t, int>> got_;
  std::map<MessageId, std::vector<MemberId>> by_all_;
};

TEST_F(GroupScenario, FramesWithinTwoMilliseconds) {
  constexpr int kFrames = 25 * 90;  // longer than the clock's window
  Present(kFrames);
  network_.loop().RunFor(seconds(1));
  ASSERT_EQ(shown_.size(), static_cast<std::size_t>(kFrames));
  for (const auto& [frame, shown] : shown_) {
    ASSERT_EQ(shown.size(), kDisplays) << "frame " << frame;
    for (const auto& [display, when] : shown) {
      ASSERT_LE(std::chrono::abs(when.at - moments_[frame]), milliseconds(2))
          << "frame " << frame << " on display " << display;
      ASSERT_LE(when.late, milliseconds(2)) << "frame " << frame << " on display " << display;
    }
  }
  RecordProperty("worst_spread_us", static_cast<int>(WorstSpread(0).count()));
  std::printf("frames %d, displays %zu, first to last %lld us at most\n", kFrames, kDisplays,
              static_cast<long long>(WorstSpread(0).count()));
  EXPECT_LE(WorstSpread(0), milliseconds(2));
  for (const GroupMember& member : core_->Members()) {
    ASSERT_TRUE(member.clock) << member.id;
    EXPECT_LT(member.clock->error_us, 60'000) << "half of the way there and back";
  }
}

TEST_F(GroupScenario, AFrozenDisplayChangesNothing) {
  Present(25);
  // The first stands still for 8 s: less than the session takes for a quiet path.
  const auto before = Now();
  sessions_[0]->FreezeDisplay(true);
  std::vector<MessageId> sent;
  for (int i = 0; i < 8; ++i) {
    const auto id = core_->Send(group::MessageKind::kText, AsBytes("step"));
    ASSERT_TRUE(id);
    sent.push_back(*id);
    Present(25);
  }
  network_.loop().RunFor(milliseconds(500));  // the last frames' moments
  ASSERT_GE(Now() - before, seconds(8));
  for (const auto& [frame, shown] : shown_) {
    for (std::size_t i = 1; i < kDisplays; ++i) {
      ASSERT_TRUE(shown.contains(i)) << "frame " << frame << " on display " << i;
      ASSERT_LE(std::chrono::abs(shown.at(i).at - moments_[frame]), milliseconds(2))
          << "frame " << frame << " on display " << i;
    }
  }
  for (const MessageId id : sent) EXPECT_EQ(got_[id].size(), kDisplays - 1) << id;
  EXPECT_TRUE(by_all_.empty()) << "a member that is in step is waited for";
  for (const GroupMember& member : core_->Members()) {
    EXPECT_EQ(member.acked, member.id == 1 ? 0 : sent.back()) << member.id;
  }
  // Nor is anything late because of it afterwards.
  sessions_[0]->FreezeDisplay(false);
  shown_.clear();
  Present(50);
  network_.loop().RunFor(seconds(1));
  ASSERT_FALSE(shown_.empty());
  EXPECT_LE(WorstSpread(1), milliseconds(2));
}

}  // namespace
}  // namespace pairwire::test
