// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Priorities, interleaving (RFC 8260) and large messages over real associations on simulated paths.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
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
using pairwire::test::SimLink;
using test::RandomBytes;
using test::RealMuxPair;
using test::SctpPair;

constexpr std::size_t kMany = 200'000'000;

const SimLink::Options kTenMegabits{
    .delay = 10ms, .rate_bps = 10'000'000, .queue_limit_bytes = 64 * 1024};

// Bytes that arrived on each of `a`'s channels.
class Arrivals {
 public:
  explicit Arrivals(RealMuxPair& pair) {
    pair.b.keep_log = false;
    pair.b.hook = [this, &pair](int) {
      for (const auto& message : pair.b.messages) {
        bytes_[pair.b.incoming_options[message.id].label] += message.data.size();
      }
      pair.b.messages.clear();
    };
  }
  std::size_t operator[](const std::string& label) { return bytes_[label]; }

 private:
  std::map<std::string, std::size_t> bytes_;
};

// Keeps every channel supplied.
void Fill(RealMuxPair& pair, const std::vector<ChannelId>& ids, std::size_t size) {
  for (const ChannelId id : ids) {
    while (pair.a.mux->buffered_amount(id) < 512 * 1024) {
      ASSERT_TRUE(pair.a.mux->Send(id, Bytes(size), false));
    }
  }
}

TEST(ChannelMuxInterleavingTest, SharesOfANarrowPathFollowThePriorities) {
  for (const bool interleaving : {true, false}) {
    for (const std::size_t size : {1'000u, 16'000u}) {
      SCOPED_TRACE(std::to_string(interleaving) + " " + std::to_string(size));
      RealMuxPair pair(kTenMegabits, {.max_buffered_amount = kMany},
                       {.interleaving = interleaving});
      const auto ids = pair.Connect({{.label = "very-low", .priority = 128},
                                     {.label = "low", .priority = 256},
                                     {.label = "high", .priority = 1024}});
      Arrivals arrived(pair);
      for (int i = 0; i < 200; ++i) {
        Fill(pair, ids, size);
        pair.loop.RunFor(50ms);
      }
      const auto base = static_cast<double>(arrived["very-low"]);
      EXPECT_NEAR(static_cast<double>(arrived["low"]) / base, 2.0, 0.4);
      EXPECT_NEAR(static_cast<double>(arrived["high"]) / base, 8.0, 1.6);
      // And the path is full: 10 s of 10 Mbit/s.
      EXPECT_GT(arrived["very-low"] + arrived["low"] + arrived["high"], 10'500'000u);
    }
  }
}

enum class How { kWhole, kInterleaved, kInParts };

// How late messages of 64 bytes come, one each 50 ms, while one of `size` is under way; sorted.
std::vector<Loop::Duration> BesideALargeMessage(How how, std::size_t size, bool ordered = true) {
  UsrsctpAssociationOptions sctp{.max_message_size = size,
                                 .interleaving = how == How::kInterleaved};
  RealMuxPair pair({.delay = 5ms, .rate_bps = 100'000'000, .queue_limit_bytes = 128 * 1024},
                   {.max_buffered_amount = kMany}, sctp);
  pair.ours = how == How::kInParts;
  const auto ids = pair.Connect({{.label = "bulk", .ordered = ordered}, {.label = "small"}});
  bool done = false;
  std::vector<Loop::Duration> lateness;
  Loop::TimePoint sent_at{};
  bool waiting = false;
  pair.b.hook = [&](int) {
    for (const auto& message : pair.b.messages) {
      if (message.data.size() == size) done = true;
      if (message.data.size() != 64) continue;
      waiting = false;
      lateness.push_back(pair.loop.Now() - sent_at);
    }
    pair.b.messages.clear();
  };
  EXPECT_TRUE(pair.a.mux->Send(ids[0], Bytes(size), false));
  while (!done) {
    pair.loop.RunFor(50ms);
    if (waiting || done) continue;
    waiting = true;
    sent_at = pair.loop.Now();
    EXPECT_TRUE(pair.a.mux->Send(ids[1], Bytes(64), false));
  }
  std::sort(lateness.begin(), lateness.end());
  return lateness;
}

// The path's own queue is 10 ms, and as much again waits before it; at worst a small message is
// lost and repeated.
void ExpectSoon(const std::vector<Loop::Duration>& late, const char* how) {
  ASSERT_GT(late.size(), 50u);
  EXPECT_LT(late[late.size() / 2], 60ms);
  EXPECT_LT(late[late.size() * 95 / 100], 120ms);
  EXPECT_LT(late.back(), 500ms);
  const auto in_ms = [](Loop::Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  GTEST_LOG_(INFO) << how << ": 64 bytes beside 50 MB on 100 Mbit/s: p50 "
                   << in_ms(late[late.size() / 2]) << ", p95 "
                   << in_ms(late[late.size() * 95 / 100]) << ", worst " << in_ms(late.back())
                   << " ms";
}

TEST(ChannelMuxInterleavingTest, ALargeMessageHoldsUpNoSmallOne) {
  ExpectSoon(BesideALargeMessage(How::kInterleaved, 50'000'000), "interleaved");
  ExpectSoon(BesideALargeMessage(How::kInParts, 50'000'000), "in parts");
  ExpectSoon(BesideALargeMessage(How::kInParts, 50'000'000, false), "in parts, unordered channel");
  // What the documentation says of ends that do neither.
  EXPECT_GT(BesideALargeMessage(How::kWhole, 50'000'000).back(), 3s);
}

TEST(ChannelMuxInterleavingTest, OneEndWithoutItIsEnough) {
  for (const bool a_has_it : {true, false}) {
    RealMuxPair pair({.delay = 5ms, .loss = 0.01});
    pair.sctp_a.interleaving = a_has_it;
    pair.sctp_b.interleaving = !a_has_it;
    const auto ids = pair.Connect({{.label = "one"}, {.label = "two"}});
    EXPECT_FALSE(pair.a.mux->stats().association->interleaving);
    EXPECT_FALSE(pair.b.mux->stats().association->interleaving);
    for (int i = 0; i < 5; ++i) {
      for (const ChannelId id : ids) {
        ASSERT_TRUE(pair.a.mux->Send(id, Bytes(200'000, static_cast<std::uint8_t>(i)), false));
      }
      ASSERT_TRUE(pair.b.mux->Send(pair.b.incoming[0], Bytes(250'000), false));
    }
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.b.messages.size() == 10 && pair.a.messages.size() == 5; }));
    for (const auto& message : pair.b.messages) EXPECT_EQ(message.data.size(), 200'000u);
  }
}

// Both ways, all sizes, ordered and not, under weather: each once, whole, in order where promised.
TEST(ChannelMuxInterleavingTest, EveryMessageArrivesOnceAndWhole) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SeededRandom random(seed);
    const bool interleaving = seed % 2 == 0;
    RealMuxPair pair({.delay = 10ms,
                      .jitter = 2ms,
                      .loss = 0.01 * static_cast<double>(seed % 3),
                      .reorder = 0.01,
                      .duplicate = 0.01,
                      .rate_bps = 100'000'000,
                      .seed = seed},
                     {.max_buffered_amount = kMany},
                     {.max_message_size = 1024 * 1024, .interleaving = interleaving});
    std::vector<ChannelOptions> options;
    for (int i = 0; i < 12; ++i) {
      options.push_back({.label = std::to_string(i),
                         .ordered = i % 2 == 0,
                         .priority = static_cast<std::uint16_t>(128 << (i % 4))});
    }
    const auto ids = pair.Connect(options);
    EXPECT_EQ(pair.a.mux->stats().association->interleaving, interleaving);
    std::map<std::string, std::vector<std::string>> sent;
    std::size_t count = 0;
    for (int round = 0; round < 8; ++round) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::size_t size = std::size_t{1} << random.NextBelow(21);
        const Bytes message =
            RandomBytes(size - random.NextBelow(size), random.NextBelow(1u << 30));
        ASSERT_TRUE(pair.a.mux->Send(ids[i], message, false));
        sent[options[i].label].push_back(std::string(AsText(message)));
        ++count;
      }
      pair.loop.RunFor(std::chrono::milliseconds(random.NextBelow(100)));
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == count; }))
        << pair.b.messages.size() << " of " << count << " buffered "
        << pair.a.mux->total_buffered_amount() << " " << pair.a.closed.size()
        << pair.b.closed.size() << ToString(pair.a.error) << ToString(pair.b.error) << " rwnd "
        << pair.a.mux->stats().association->receiver_window << " chunks "
        << pair.a.mux->stats().association->unacknowledged_chunks;
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
  }
}

// What usrsctp cannot forget with I-DATA (usrsctp_association.cc) must not add up: far more than
// the receive window is lost, and the association goes on.
TEST(ChannelMuxInterleavingTest, GivenUpMessagesDoNotCloseTheWindow) {
  for (const bool ordered : {true, false}) {
    for (const std::size_t size : {900u, 16'000u, 150'000u}) {
      SCOPED_TRACE(std::to_string(ordered) + " " + std::to_string(size));
      RealMuxPair pair({.delay = 5ms, .loss = 0.04, .rate_bps = 200'000'000},
                       {.max_buffered_amount = 2'000'000},
                       {.max_message_size = 256 * 1024, .interleaving = true});
      const auto ids = pair.Connect({{.label = "limited", .ordered = ordered, .max_retransmits = 0},
                                     {.label = "timed", .ordered = ordered, .max_life_time = 20ms},
                                     {.label = "reliable"}});
      Arrivals arrived(pair);
      const std::size_t rounds = std::max<std::size_t>(8'000'000 / size, 200);
      for (std::size_t i = 0; i < rounds; ++i) {
        for (const ChannelId id : {ids[0], ids[1]}) {
          (void)pair.a.mux->Send(id, Bytes(size), false);
        }
        if (i % 8 == 0) pair.loop.RunFor(20ms);
      }
      ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }));
      EXPECT_GT(arrived["limited"], 0u);
      EXPECT_GT(arrived["timed"], 0u);
      for (const ChannelId id : ids) {
        ASSERT_TRUE(pair.a.mux->Send(id, Bytes(200'000), false));
      }
      const std::size_t before = arrived["reliable"];
      ASSERT_TRUE(pair.RunUntil([&] { return arrived["reliable"] == before + 200'000; }, 30s));
      EXPECT_TRUE(pair.b.closed.empty());
    }
  }
}

TEST(ChannelMuxInterleavingTest, AMessageOfManyMegabytesNeedsNoSuchBuffer) {
  constexpr std::size_t kSize = 30'000'000;
  for (const bool interleaving : {true, false}) {
    RealMuxPair pair({.delay = 1ms}, {.max_buffered_amount = kMany},
                     {.max_message_size = kSize, .interleaving = interleaving});
    const auto ids = pair.Connect({{.label = "x"}});
    const auto shared = std::make_shared<const Bytes>(RandomBytes(kSize, 1));
    Payload payload(shared);
    ASSERT_TRUE(pair.a.mux->SendOwned(ids[0], payload, false));
    std::size_t most = 0;
    ASSERT_TRUE(pair.RunUntil([&] {
      most = std::max(most, pair.a.mux->stats().association->unacknowledged_bytes);
      return !pair.b.messages.empty();
    }));
    EXPECT_LE(most, UsrsctpAssociationOptions{}.send_buffer);
    EXPECT_TRUE(pair.b.messages[0].data == AsText(*shared));
    const auto refused = pair.a.mux->Send(ids[0], Bytes(kSize + 1), false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kMessageTooLarge);
  }
}

TEST(ChannelMuxInterleavingTest, LargeMessagesSideBySideAllArrive) {
  for (const std::size_t size : {4'000'000u, 1'000'000u, 240'000u}) {
    for (const double loss : {0.0, 0.005}) {
      SCOPED_TRACE(std::to_string(size) + " " + std::to_string(loss));
      RealMuxPair pair({.delay = 2ms, .loss = loss}, {.max_buffered_amount = kMany},
                       {.max_message_size = 40'000'000, .max_reassembly = 48'000'000});
      const auto ids = pair.Connect({{.label = "0"},
                                     {.label = "1", .ordered = false},
                                     {.label = "2"},
                                     {.label = "3", .ordered = false}});
      for (int i = 0; i < 2; ++i) {
        for (const ChannelId id : ids) {
          ASSERT_TRUE(pair.a.mux->Send(id, Bytes(size, static_cast<std::uint8_t>(i)), false));
        }
      }
      ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 8; }))
          << pair.b.messages.size() << " arrived, " << pair.a.mux->total_buffered_amount()
          << " bytes are left";
    }
  }
}

// --- What a hostile or a strange other end may do
// ------------------------------------------------------------------

// All at one time, so that none ends before others have room.
TEST(ChannelMuxInterleavingTest, ManyHalfMessagesFillNoWindow) {
  UsrsctpAssociationOptions options{.max_message_size = 1024 * 1024,
                                    .interleaving = true,
                                    .max_reassembly = 64 * 1024 * 1024,
                                    .send_buffer = 64 * 1024 * 1024,
                                    .receive_buffer = 512 * 1024};
  SctpPair pair({.delay = 1ms}, options);
  pair.Connect();
  pair.b.keep_messages = false;
  constexpr std::size_t kStreams = 200;
  constexpr std::size_t kSize = 60'000;
  // usrsctp itself sends a chunk of each in turn.
  for (std::uint16_t stream = 0; stream < kStreams; ++stream) {
    ASSERT_TRUE(pair.a.Send(stream, Bytes(kSize)));
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == kStreams * kSize; }))
      << pair.b.received_bytes;
}

TEST(ChannelMuxInterleavingTest, BeginningTooMuchEndsTheAssociation) {
  UsrsctpAssociationOptions options{.max_message_size = 1024 * 1024,
                                    .interleaving = true,
                                    .max_reassembly = 3 * 1024 * 1024,
                                    .send_buffer = 64 * 1024 * 1024};
  SctpPair pair({.delay = 1ms}, options);
  pair.Connect();
  for (int round = 0; round < 100 && !pair.b.over(); ++round) {
    for (std::uint16_t stream = 0; stream < 8; ++stream) {
      const auto sent =
          pair.a.association->SendPiece(StreamId{stream}, Ppid::kBinary, Bytes(8'000), false, {});
      if (sent) pair.a.accepted_bytes += *sent;
    }
    pair.loop.RunFor(5ms);
  }
  ASSERT_TRUE(pair.b.over());
  EXPECT_EQ(pair.b.error.code, Errc::kLimitExceeded);
}

}  // namespace
}  // namespace pairwire::sctp
