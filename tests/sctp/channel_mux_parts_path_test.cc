// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Large messages in parts (sctp/message_parts.h) over real associations and simulated weather.
// What they do for small ones beside them: channel_mux_interleaving_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "tests/sctp/real_mux_pair.h"
#include "tests/sctp/sctp_pair.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::SeededRandom;
using test::RandomBytes;
using test::RealMuxPair;

constexpr std::size_t kMany = 200'000'000;

struct OwnPair : RealMuxPair {
  explicit OwnPair(const pairwire::test::SimLink::Options& weather,
                   UsrsctpAssociationOptions sctp = {})
      : RealMuxPair(weather, {.max_buffered_amount = kMany}, sctp) {
    ours = true;
  }
};

// All sizes, ordered and not, under weather: each once, whole, in order where promised.
TEST(ChannelMuxPartsPathTest, EveryMessageArrivesOnceAndWhole) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SeededRandom random(seed);
    OwnPair pair({.delay = 10ms,
                  .jitter = 2ms,
                  .loss = 0.01 * static_cast<double>(seed % 4),
                  .reorder = 0.01,
                  .duplicate = 0.01,
                  .rate_bps = 100'000'000,
                  .seed = seed},
                 {.max_message_size = 2 * 1024 * 1024, .max_reassembly = 0});
    std::vector<ChannelOptions> options;
    for (int i = 0; i < 10; ++i) {
      options.push_back({.label = std::to_string(i),
                         .ordered = i % 2 == 0,
                         .priority = static_cast<std::uint16_t>(128 << (i % 4))});
    }
    const auto ids = pair.Connect(options);
    std::map<std::string, std::vector<std::string>> sent;
    std::size_t count = 0;
    for (int round = 0; round < 8; ++round) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::size_t most = std::size_t{1} << random.NextBelow(22);
        const Bytes message =
            RandomBytes(most - random.NextBelow(most), random.NextBelow(1u << 30));
        ASSERT_TRUE(pair.a.mux->Send(ids[i], message, random.Chance(0.5)));
        sent[options[i].label].push_back(std::string(AsText(message)));
        ++count;
      }
      pair.loop.RunFor(std::chrono::milliseconds(random.NextBelow(100)));
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == count; }))
        << pair.b.messages.size() << " of " << count << ", " << pair.a.mux->total_buffered_amount()
        << " left; " << ToString(pair.a.error) << ToString(pair.b.error);
    std::map<std::string, std::vector<std::string>> received;
    for (auto& message : pair.b.messages) {
      received[pair.b.incoming_options[message.id].label].push_back(std::move(message.data));
    }
    for (auto& [label, messages] : sent) {
      if (std::stoi(label) % 2 == 1) {
        std::sort(messages.begin(), messages.end());
        std::sort(received[label].begin(), received[label].end());
      }
      EXPECT_TRUE(received[label] == messages) << "channel " << label;
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }));
    for (const ChannelId id : ids) EXPECT_EQ(pair.a.mux->buffered_amount(id), 0u);
    EXPECT_TRUE(pair.b.closed.empty());
  }
}

// A lost packet keeps one message unfinished while others go on; what the other end holds stays
// within its bound all the same, and nobody starves.
TEST(ChannelMuxPartsPathTest, ManyLargeMessagesKeepTheBoundOfTheOtherEnd) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    PAIRWIRE_TRACE_SEED(seed);
    OwnPair pair({.delay = 30ms, .loss = 0.05, .rate_bps = 200'000'000, .seed = seed},
                 {.max_message_size = 3'000'000, .max_reassembly = 0});
    pair.b.keep_log = false;
    std::vector<ChannelOptions> options(10);
    for (std::size_t i = 0; i < options.size(); ++i) options[i].ordered = i % 2 == 0;
    const auto ids = pair.Connect(options);
    const std::vector<std::size_t> sizes = {3'000'000, 900'000, 200'000, 1'500'000, 70'000};
    std::size_t count = 0;
    for (int round = 0; round < 4; ++round) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::size_t size = sizes[(i + static_cast<std::size_t>(round)) % sizes.size()];
        ASSERT_TRUE(pair.a.mux->Send(ids[i], Bytes(size), false));
        ++count;
      }
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == count; }, 600s))
        << pair.b.messages.size() << " of " << count << " " << ToString(pair.b.error);
  }
}

// One channel that is never silent, and others that want to begin.
TEST(ChannelMuxPartsPathTest, LargeMessagesShareThePathByPriority) {
  OwnPair pair({.delay = 10ms, .rate_bps = 100'000'000, .queue_limit_bytes = 256 * 1024},
               {.max_message_size = 3'000'000});
  const auto ids = pair.Connect({{.label = "low", .priority = 256},
                                 {.label = "high", .priority = 1024},
                                 {.label = "loose", .ordered = false, .priority = 256}});
  pair.b.keep_log = false;
  std::map<std::string, std::size_t> arrived;
  pair.b.hook = [&](int) {
    for (const auto& message : pair.b.messages) {
      arrived[pair.b.incoming_options[message.id].label] += message.data.size();
    }
    pair.b.messages.clear();
  };
  const auto shared = std::make_shared<const Bytes>(300'000);
  for (int i = 0; i < 400; ++i) {
    for (const ChannelId id : ids) {
      while (pair.a.mux->buffered_amount(id) < 1'000'000) {
        Payload payload(shared);
        ASSERT_TRUE(pair.a.mux->SendOwned(id, payload, false));
      }
    }
    pair.loop.RunFor(25ms);
  }
  const auto low = static_cast<double>(arrived["low"]);
  EXPECT_NEAR(static_cast<double>(arrived["high"]) / low, 4.0, 0.8);
  EXPECT_NEAR(static_cast<double>(arrived["loose"]) / low, 1.0, 0.2);
  // And the path is full: 10 s of 100 Mbit/s.
  EXPECT_GT(arrived["low"] + arrived["high"] + arrived["loose"], 105'000'000u);
}

TEST(ChannelMuxPartsPathTest, CloseInTheMidstDeliversTheMessage) {
  OwnPair pair({.delay = 5ms, .loss = 0.01, .rate_bps = 100'000'000},
               {.max_message_size = 10'000'000});
  const auto ids = pair.Connect({{.label = "x"}, {.label = "y"}});
  for (const ChannelId id : ids) ASSERT_TRUE(pair.a.mux->Send(id, Bytes(10'000'000), false));
  pair.loop.RunFor(100ms);
  pair.a.mux->Close(ids[0]);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 2; }));
  ASSERT_TRUE(
      pair.RunUntil([&] { return pair.a.closed.size() == 1 && pair.b.closed.size() == 1; }));
  EXPECT_FALSE(pair.a.closed[ids[0]]);
}

// The receiver closes in the midst of a message: what was accepted still goes out, to nobody; both
// ends free all, and the stream's next channel begins anew.
TEST(ChannelMuxPartsPathTest, TheOtherEndsCloseInTheMidstFreesAll) {
  OwnPair pair({.delay = 5ms, .rate_bps = 100'000'000}, {.max_message_size = 10'000'000});
  const auto ids = pair.Connect({{.label = "x"}});
  ASSERT_TRUE(pair.a.mux->Send(ids[0], Bytes(10'000'000), false));
  pair.loop.RunFor(100ms);
  pair.b.mux->Close(pair.b.incoming[0]);
  ASSERT_TRUE(
      pair.RunUntil([&] { return pair.a.closed.size() == 1 && pair.b.closed.size() == 1; }));
  EXPECT_EQ(pair.a.mux->total_buffered_amount(), 0u);
  EXPECT_TRUE(pair.b.messages.empty());
  const ChannelId next = pair.a.mux->Open({.label = "next"}).value();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 2; }));
  ASSERT_TRUE(pair.a.mux->Send(next, Bytes(10'000'000), false));
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
  EXPECT_EQ(pair.b.messages[0].data.size(), 10'000'000u);
}

// No more streams can be had while something is sent: a message that has begun waits for them, too.
TEST(ChannelMuxPartsPathTest, StreamsAreAddedInTheMidstOfAMessage) {
  OwnPair pair({.delay = 5ms, .rate_bps = 100'000'000, .queue_limit_bytes = 128 * 1024},
               {.outgoing_streams = 16, .max_message_size = 6'500'000});
  const auto ids = pair.Connect({{.label = "x"}});
  ASSERT_TRUE(pair.a.mux->Send(ids[0], Bytes(6'500'000), false));
  pair.loop.RunFor(100ms);
  const ChannelOptions high{.label = "high", .negotiated = true, .id = 900};
  const ChannelId above = pair.a.mux->Open(high).value();
  ASSERT_TRUE(pair.b.mux->Open(high).has_value());
  ASSERT_TRUE(pair.a.mux->Send(above, Bytes(64), false));
  const auto start = pair.loop.Now();
  ASSERT_TRUE(pair.RunUntil([&] { return !pair.b.messages.empty(); }));
  EXPECT_EQ(pair.b.messages[0].data.size(), 64u);
  EXPECT_LT(pair.loop.Now() - start, 200ms);  // the large one takes 400 ms more
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 2; }));
}

}  // namespace
}  // namespace pairwire::sctp
