// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two ends of ours on paths whose MTU is large, small, or changes while data is under way.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "sctp/chunks.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::ReceivedMessage;
using test::SctpPair;
using test::SimLink;

const UsrsctpAssociationOptions kOurs{.largest_packet_size = PathMtu::kLargest,
                                      .peer_burst = kMaxBurst};

// Messages of mixed sizes, as fast as they are taken.
struct Sender {
  explicit Sender(SctpPair& pair_in) : pair(pair_in) {}

  void RunFor(Loop::Duration time) {
    const auto end = pair.loop.Now() + time;
    while (pair.loop.Now() < end) {
      while (pair.a.unacknowledged < 300'000 && sent.size() < 4000) {
        Bytes next = RandomBytes(1 + sent.size() * 7919 % 9000, sent.size());
        if (!pair.a.Send(2, next)) break;
        sent.push_back({StreamId{2}, Ppid::kBinary, std::move(next)});
      }
      pair.loop.RunFor(1ms);
      ASSERT_FALSE(pair.a.over() || pair.b.over()) << pair.a.error.detail << pair.b.error.detail;
    }
  }
  void Finish() {
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }, 120s))
        << pair.b.messages.size() << " of " << sent.size();
    EXPECT_TRUE(pair.b.messages == sent) << "each once, in order";
    EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 10s));
  }

  SctpPair& pair;
  std::vector<ReceivedMessage> sent;
};

SimLink::Options Weather(std::size_t mtu) {
  return {.delay = 10ms, .rate_bps = 16'000'000, .mtu = mtu};
}

std::size_t SizeOf(const test::SctpEnd& end) { return end.association->stats().max_packet_size; }

TEST(UsrsctpPathMtuTest, AWidePathCarriesFullPacketsWithinARoundTrip) {
  UsrsctpAssociationOptions options = kOurs;
  options.interleaving = false;  // its chunk headers are larger
  SctpPair pair({.delay = 10ms}, options);
  pair.Connect();
  pair.loop.RunFor(25ms);
  EXPECT_EQ(SizeOf(pair.a), PathMtu::kLargest);
  EXPECT_EQ(SizeOf(pair.b), PathMtu::kLargest);
  pair.a.largest_packet = 0;
  std::size_t packets = pair.a.packets;
  ASSERT_TRUE(pair.a.Send(0, Bytes(140'400)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == 140'400; }));
  EXPECT_EQ(pair.a.largest_packet, 1432u);
  EXPECT_EQ(pair.a.packets - packets, 100u) << "1404 bytes each";
}

TEST(UsrsctpPathMtuTest, ANarrowPathNeverLosesDataToItsMtu) {
  SctpPair pair(Weather(1160), kOurs);
  pair.Connect();
  Sender sender(pair);
  sender.RunFor(8s);
  sender.Finish();
  EXPECT_EQ(SizeOf(pair.a), 1160u);
  // Three attempts of four probes each, from each end.
  EXPECT_LE(pair.path.a_to_b().counters().dropped_mtu, 12u);
  EXPECT_LE(pair.path.b_to_a().counters().dropped_mtu, 12u);
  EXPECT_TRUE(pair.a.stalls.empty());
}

TEST(UsrsctpPathMtuTest, PathsInBetweenGetWhatTheyCarry) {
  SctpPair pair(Weather(1420), kOurs);
  pair.Connect();
  pair.loop.RunFor(100ms);
  EXPECT_EQ(SizeOf(pair.a), 1412u);
  EXPECT_EQ(SizeOf(pair.b), 1412u);
  Sender sender(pair);
  sender.RunFor(1s);
  sender.Finish();
}

// A tunnel that comes between: large packets vanish, and those that have been sent can not be made
// smaller by SCTP.
TEST(UsrsctpPathMtuTest, AMtuThatFallsWhileDataIsUnderWayIsSurvived) {
  for (const std::size_t mtu : {std::size_t{1400}, std::size_t{1160}}) {
    SctpPair pair(Weather(1500), kOurs);
    pair.Connect();
    Sender sender(pair);
    sender.RunFor(1s);
    ASSERT_EQ(SizeOf(pair.a), 1432u);
    pair.path.a_to_b().SetOptions(Weather(mtu));
    pair.path.b_to_a().SetOptions(Weather(mtu));
    const std::size_t before = pair.b.messages.size();
    sender.RunFor(4s);
    EXPECT_GT(pair.b.messages.size(), before + 200);
    EXPECT_EQ(SizeOf(pair.a), mtu == 1400 ? 1352u : 1160u);
    sender.Finish();
    EXPECT_TRUE(pair.a.stalls.empty());

    // And back.
    pair.path.a_to_b().SetOptions(Weather(1500));
    pair.path.b_to_a().SetOptions(Weather(1500));
    pair.loop.RunFor(11min);
    EXPECT_EQ(SizeOf(pair.a), 1432u);
  }
}

TEST(UsrsctpPathMtuTest, APathChangeStartsAtTheBaseAndLosesNothing) {
  SctpPair pair(Weather(1500), kOurs);
  pair.Connect();
  Sender sender(pair);
  sender.RunFor(1s);
  ASSERT_EQ(SizeOf(pair.a), 1432u);
  // What is under way in large chunks must pass, too.
  pair.path.a_to_b().SetOptions(Weather(1200));
  pair.path.b_to_a().SetOptions(Weather(1200));
  pair.a.association->OnPathChanged();
  pair.b.association->OnPathChanged();
  EXPECT_EQ(SizeOf(pair.a), 1160u);
  const std::size_t before = pair.b.messages.size();
  sender.RunFor(1500ms);
  EXPECT_GT(pair.b.messages.size(), before + 100) << "without a pause";
  sender.Finish();
}

TEST(UsrsctpPathMtuTest, ARefusalOfTheSystemIsHeeded) {
  SctpPair pair({.delay = 10ms}, kOurs);
  pair.Connect();
  pair.loop.RunFor(1s);
  ASSERT_EQ(SizeOf(pair.a), 1432u);
  pair.a.association->OnPacketTooLarge(1432);
  EXPECT_EQ(SizeOf(pair.a), 1160u);
}

TEST(UsrsctpPathMtuTest, AnOutageIsNotTakenForASmallMtu) {
  SctpPair pair(Weather(1500), kOurs);
  pair.Connect();
  Sender sender(pair);
  sender.RunFor(1s);
  pair.path.SetDown(true);
  sender.RunFor(20s);
  EXPECT_EQ(SizeOf(pair.a), 1160u) << "careful";
  pair.path.SetDown(false);
  sender.RunFor(20s);
  EXPECT_EQ(SizeOf(pair.a), 1432u);
  sender.Finish();
}

TEST(UsrsctpPathMtuTest, AStrangerIsNotProbed) {
  SctpPair pair({.delay = 10ms});
  pair.a.capture = [](ByteSpan packet) {
    ForEachChunk(packet, [](ByteSpan chunk) { EXPECT_NE(chunk[0], kPadChunk); });
  };
  pair.Connect();
  pair.loop.RunFor(30min);
  EXPECT_EQ(SizeOf(pair.a), 1160u);
}

// A slow reader is no reason to doubt the path.
TEST(UsrsctpPathMtuTest, AClosedWindowLeavesTheSizeAlone) {
  UsrsctpAssociationOptions options = kOurs;
  options.receive_buffer = 128 * 1024;
  SctpPair pair(Weather(1500), options);
  pair.Connect();
  pair.loop.RunFor(1s);
  pair.b.association->PauseReceiving();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(10'000)).has_value());
  pair.loop.RunFor(5s);
  const std::size_t packets = pair.a.packets;
  pair.loop.RunFor(20s);
  EXPECT_EQ(SizeOf(pair.a), 1432u);
  EXPECT_LE(pair.a.packets - packets, 60u) << "window probes and heartbeats";
  pair.b.association->ResumeReceiving();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 30s));
}

}  // namespace
}  // namespace pairwire::sctp
