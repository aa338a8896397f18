// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/state_gate.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "peer/delivery/state_table.h"
#include "peer/delivery/stream_queue.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {
namespace {

using delivery::FrameType;
using delivery::StateSender;
using delivery::StreamSender;
using delivery::ValueKind;

// Near the bounds of keys and bytes, whatever waits when: what the gate takes is taken behind it,
// and the values there are those that were set last.
TEST(StateGate, WhatItTakesIsTakenBehindIt) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom random(seed);
    StateGate gate;
    StateSender sender;
    std::map<std::string, std::size_t> values;  // cleared: none
    std::map<std::string, std::size_t> behind;
    int refused = 0;
    for (int step = 0; step < 2000; ++step) {
      const std::string key = "key" + std::to_string(random.NextBelow(200));
      if (random.NextBelow(4) == 0) {
        ASSERT_TRUE(gate.Clear(key));
        values.erase(key);
      } else {
        const Bytes value(random.NextBelow(3) == 0 ? random.NextBelow(10) : 16 * 1024, 7);
        if (gate.Set(key, ValueKind::kBinary, value)) {
          values[key] = value.size();
        } else {
          ++refused;
        }
      }
      if (random.NextBelow(20) != 0) continue;
      for (const auto& change : gate.Drain().changes) {
        if (change.cleared) {
          ASSERT_TRUE(sender.Clear(change.key)) << seed;
          behind.erase(change.key);
        } else {
          ASSERT_TRUE(sender.Set(change.key, change.kind, change.value)) << seed;
          behind[change.key] = change.value.size();
        }
      }
      ASSERT_EQ(behind, values) << seed;
    }
    EXPECT_GT(refused, 0) << "the bound was never reached";
  }
}

TEST(StateGate, KeysAreBounded) {
  StateGate gate;
  StateSender sender;
  for (std::size_t i = 0; i < delivery::kMaxStateKeys; ++i) {
    ASSERT_TRUE(gate.Set(std::to_string(i), ValueKind::kText, {}));
  }
  EXPECT_EQ(gate.Set("one more", ValueKind::kText, {}).error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(gate.Set("7", ValueKind::kText, {}));
  // Cleared ones count.
  EXPECT_TRUE(gate.Clear("7"));
  EXPECT_EQ(gate.Set("one more", ValueKind::kText, {}).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(gate.Drain().changes.size(), delivery::kMaxStateKeys - 1) << "nobody heard of 7";
  EXPECT_TRUE(gate.Drain().changes.empty());
}

TEST(StateGate, TheLoopIsToldOnce) {
  StateGate gate;
  EXPECT_TRUE(gate.Set("k", ValueKind::kText, AsBytes("a")).value());
  EXPECT_FALSE(gate.Set("k", ValueKind::kText, AsBytes("b")).value());
  EXPECT_FALSE(gate.SendStream(FrameType::kStreamText, AsBytes("f")).value());
  const auto waiting = gate.Drain();
  ASSERT_EQ(waiting.changes.size(), 1u);
  EXPECT_EQ(AsText(waiting.changes[0].value), "b");
  ASSERT_EQ(waiting.frames.size(), 1u);
  EXPECT_TRUE(gate.SendStream(FrameType::kStreamText, AsBytes("f")).value());
}

TEST(StateGate, OfStreamsTheNewestWait) {
  StateGate gate;
  for (std::size_t i = 0; i < StreamSender::kMaxFrames + 5; ++i) {
    ASSERT_TRUE(gate.SendStream(FrameType::kStreamText, AsBytes(std::to_string(i))));
  }
  EXPECT_EQ(gate.dropped(), 5u);
  EXPECT_EQ(AsText(gate.Drain().frames.front().bytes), "5");
  const Bytes large(60 * 1024, 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(gate.SendStream(FrameType::kStreamBinary, large));
  EXPECT_EQ(gate.Drain().frames.size(), StreamSender::kMaxBytes / large.size());
}

TEST(StateGate, RefusesWhatTheSessionWould) {
  StateGate gate;
  gate.SetOverRelay(true);
  EXPECT_EQ(gate.SendStream(FrameType::kStreamText, {}).error().code, Errc::kUnsupported);
  EXPECT_TRUE(gate.Set("k", ValueKind::kText, {}));
  gate.SetOverRelay(false);
  EXPECT_TRUE(gate.SendStream(FrameType::kStreamText, {}));
  gate.Close();
  EXPECT_EQ(gate.SendStream(FrameType::kStreamText, {}).error().code, Errc::kClosed);
  EXPECT_EQ(gate.Set("k", ValueKind::kText, {}).error().code, Errc::kClosed);
  EXPECT_EQ(gate.Clear("k").error().code, Errc::kClosed);
}

}  // namespace
}  // namespace pairwire::test
