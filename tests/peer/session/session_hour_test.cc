// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An hour of virtual time with no relay anywhere: a session whose path is up needs none, so no
// message comes later than its path takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>

#include "tests/peer/session/sim_session.h"

namespace pairwire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SessionHour, NoMessageIsLateWithoutARelay) {
  constexpr milliseconds kDelay{20};
  constexpr milliseconds kJitter{5};
  SimNetwork network;
  SimSession::Weather weather;
  weather.to_display.delay = weather.to_controller.delay = kDelay;
  weather.to_display.jitter = weather.to_controller.jitter = kJitter;
  weather.to_display.seed = 1;
  weather.to_controller.seed = 2;
  weather.drift_ppm = 40;
  SimSession sim(network, weather);
  Session controller = sim.TakeController();
  network.loop().RunFor(seconds(1));
  const std::array<Session*, 2> ends = {&sim.display(), &controller};

  std::array<std::map<MessageId, Loop::TimePoint>, 2> sent;  // by the end that sent it
  std::array<std::size_t, 2> arrived{};
  std::array<bool, 2> closed{};
  Loop::Duration latest{0};
  for (const std::size_t end : {0U, 1U}) {
    SessionEvents on;
    on.on_message = [&, from = 1 - end](const Command& command) {
      latest = std::max(latest, network.loop().Now() - sent[from].at(command.id));
      ++arrived[from];
    };
    on.on_closed = [&closed, end](const ClosedReport&) { closed[end] = true; };
    ends[end]->Subscribe(std::move(on));
  }
  network.loop().RunUntilIdle();
  // One a second; every tenth minute none for a minute, as displays have quiet times.
  constexpr int kSeconds = 3600;
  for (int second = 0; second < kSeconds; ++second) {
    for (const std::size_t end : {0U, 1U}) {
      if (second / 60 % 10 == 9) continue;
      const auto id = ends[end]->Send("tick");
      ASSERT_TRUE(id) << ToString(id.error());
      sent[end][*id] = network.loop().Now();
    }
    network.loop().RunFor(seconds(1));
  }
  for (const std::size_t end : {0U, 1U}) {
    EXPECT_EQ(arrived[end], static_cast<std::size_t>(kSeconds * 9 / 10));
    EXPECT_FALSE(closed[end]);
    EXPECT_EQ(ends[end]->state(), SessionState::kConnected);
  }
  // A message may wait for the one before it, which had more of the jitter; no more than that.
  EXPECT_LE(latest, kDelay + kJitter + milliseconds(1));
  std::printf("%zu messages, latest %.3f ms after it was sent\n", arrived[0] + arrived[1],
              std::chrono::duration<double, std::milli>(latest).count());
  controller = Session();
  sim.Close();
  network.loop().RunFor(seconds(20));
}

}  // namespace
}  // namespace pairwire::test
