// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Life and death: the runtime, destruction at each step and inside each event, packets and timers
// for what is gone, many associations one after the other.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sctp/sctp_pair.h"
#include "tests/support/sanitizers.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::ManualLoop;
using test::SctpPair;

TEST(UsrsctpRuntimeTest, AsManyAsThereAreCopies) {
  ManualLoop loop;
  {
    std::vector<std::unique_ptr<UsrsctpRuntime>> all;
    for (std::size_t i = 0; i < UsrsctpLibraries().size(); ++i) {
      auto runtime = UsrsctpRuntime::Create(loop);
      ASSERT_TRUE(runtime.has_value());
      for (const auto& other : all) EXPECT_NE(&other->library(), &(*runtime)->library());
      all.push_back(std::move(*runtime));
    }
    EXPECT_EQ(UsrsctpRuntime::Create(loop).error().code, Errc::kInvalidState);
    all.front().reset();
    EXPECT_TRUE(UsrsctpRuntime::Create(loop).has_value()) << "that one's copy is free again";
  }
  EXPECT_TRUE(UsrsctpRuntime::Create(loop).has_value());
}

TEST(UsrsctpRuntimeTest, TicksOnlyWhileAnAssociationLives) {
  ManualLoop loop;
  auto runtime = UsrsctpRuntime::Create(loop).value();
  EXPECT_FALSE(loop.NextTimer().has_value());
  {
    test::SctpEnd end(*runtime, {}, [](ByteSpan) {});
    EXPECT_EQ(runtime->endpoint_count(), 1u);
    EXPECT_EQ(loop.NextTimer(), loop.Now() + 10ms);
    loop.AdvanceBy(1s);
    EXPECT_TRUE(loop.NextTimer().has_value());
  }
  EXPECT_EQ(runtime->endpoint_count(), 0u);
  EXPECT_FALSE(loop.NextTimer().has_value());
}

TEST(UsrsctpRuntimeTest, ALateTickCountsTheTimeThatPassed) {
  SctpPair pair;
  pair.path.SetDown(true);
  pair.StartConnecting();
  pair.loop.RunUntilIdle();
  const std::size_t first = pair.a.packets;
  EXPECT_EQ(first, 1u);
  pair.loop.JumpBy(600ms);  // one late tick, past the 500 ms of the first INIT
  pair.loop.AdvanceBy(20ms);
  EXPECT_EQ(pair.a.packets, 2u);
}

TEST(UsrsctpRuntimeTest, FinishesRightAfterBusyAssociationsWentAway) {
  for (int i = 0; i < 5; ++i) {
    SctpPair pair({.delay = 10ms});
    pair.Connect();
    ASSERT_TRUE(pair.a.Send(0, Bytes(200'000)).has_value());
    pair.loop.AdvanceBy(12ms);
  }  // with packets in flight and timers running
  ManualLoop loop;
  EXPECT_TRUE(UsrsctpRuntime::Create(loop).has_value());
}

// Everything an association does, in steps.
void RunScenario(SctpPair& pair, int destroy_at_step) {
  int step = 0;
  const auto maybe_destroy = [&] {
    if (step++ == destroy_at_step) pair.a.association.reset();
    return pair.a.association != nullptr;
  };
  if (!maybe_destroy()) return;
  (void)pair.a.association->Connect(0);
  (void)pair.b.association->Connect(0);
  for (int i = 0; i < 8; ++i) {
    if (!maybe_destroy()) break;
    pair.loop.Step();
  }
  pair.loop.AdvanceBy(100ms);
  for (int i = 0; i < 3 && pair.a.association && pair.b.association; ++i) {
    (void)pair.a.Send(1, Bytes(3000));
    (void)pair.a.Send(1, Bytes(30));
    (void)pair.b.Send(1, Bytes(5000));
    if (!maybe_destroy()) break;
    pair.loop.Step();
    if (!maybe_destroy()) break;
    pair.loop.AdvanceBy(30ms);
  }
  if (pair.a.association) {
    (void)pair.a.association->ResetStreams(std::vector{StreamId{1}});
    (void)pair.a.Send(500, Bytes(10));
    if (!maybe_destroy()) return;
    pair.loop.Step();
    if (!maybe_destroy()) return;
    pair.loop.AdvanceBy(100ms);
  }
  if (pair.a.association) {
    pair.a.association->Close();
    if (!maybe_destroy()) return;
    pair.loop.Step();
    if (!maybe_destroy()) return;
  }
  pair.loop.AdvanceBy(1s);
}

TEST(UsrsctpLifetimeTest, MayBeDestroyedAtEachStep) {
  for (int step = 0; step < 20; ++step) {
    SctpPair pair({.delay = 3ms});
    RunScenario(pair, step);
    const int events = pair.a.events;
    pair.loop.AdvanceBy(5s);  // late packets and timers find nobody
    if (pair.a.association == nullptr) {
      EXPECT_EQ(pair.a.events, events);
    }
  }
}

TEST(UsrsctpLifetimeTest, MayBeDestroyedInsideEachEvent) {
  int events = 0;
  {
    SctpPair pair({.delay = 3ms});
    RunScenario(pair, -1);
    events = pair.a.events;
    EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
  }
  ASSERT_GT(events, 6);
  for (int at = 1; at <= events; ++at) {
    SctpPair pair({.delay = 3ms});
    pair.a.hook = [&](int event) {
      EXPECT_LE(event, at) << "an event after destruction";
      if (event == at) pair.a.association.reset();
    };
    RunScenario(pair, -1);
    pair.loop.AdvanceBy(1s);
  }
}

TEST(UsrsctpLifetimeTest, StalePacketsFindNobody) {
  SctpPair pair;
  std::vector<Bytes> packets;
  pair.a.capture = [&](ByteSpan packet) { packets.emplace_back(packet.begin(), packet.end()); };
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, Bytes(2000)).has_value());
  pair.loop.AdvanceBy(1s);
  const auto id = UsrsctpRuntime::EndpointId{1};
  pair.b.association.reset();
  const std::size_t sent = pair.b.packets;
  for (const Bytes& packet : packets) {
    for (std::uintptr_t i = 0; i < 2000; ++i) {
      if (i % 100 == 0) pair.runtime->Input(UsrsctpRuntime::EndpointId{i}, packet);
    }
    pair.runtime->Input(id, packet);
  }
  pair.loop.AdvanceBy(1s);
  EXPECT_EQ(pair.b.packets, sent);
}

std::size_t ResidentKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoul(line.substr(6));
  }
  return 0;
}

TEST(UsrsctpLifetimeTest, TwoHundredAssociationsLeaveNothingBehind) {
  const auto live = [](int count, SctpPair& pair) {
    for (int i = 0; i < count; ++i) {
      test::SctpEnd* const ends[] = {&pair.a, &pair.b};
      for (test::SctpEnd* const end : ends) {
        end->association =
            std::make_unique<UsrsctpAssociation>(*pair.runtime, UsrsctpAssociationOptions{}, *end);
        end->messages.clear();
      }
      pair.Connect();
      ASSERT_TRUE(pair.a.Send(0, Bytes(10'000)).has_value());
      ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
      if (i % 2 == 0) {
        pair.a.association->Close();
        pair.loop.AdvanceBy(100ms);
      }
      pair.a.association.reset();
      pair.b.association.reset();
      EXPECT_EQ(pair.runtime->endpoint_count(), 0u);
    }
  };
  SctpPair pair;
  live(50, pair);
  const std::size_t before = ResidentKilobytes();
  live(200, pair);
  // An association is some 40 KB: 200 that leaked would be 8 MB.
  if (!pairwire::test::kAddressSanitizer) {
    EXPECT_LT(ResidentKilobytes(), before + 4'000);
  }
}

}  // namespace
}  // namespace pairwire::sctp
