// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How fast two associations in one thread are, per second of processor time; printed for
// information: machines and builds differ too much to assert it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>

#include "sctp/usrsctp_association.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::ManualLoop;
using test::SctpEnd;

constexpr std::size_t kBatch = 64;  // packets of one read

void Deliver(const std::deque<Bytes>& packets, UsrsctpAssociation& association) {
  for (std::size_t at = 0; at < packets.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, packets.size() - at);
    association.BeginBatch(count);
    for (std::size_t i = 0; i < count; ++i) association.ReceivePacket(packets[at + i]);
    association.EndBatch();
  }
}

// Packets go straight to the other end's queue and are handed over in batches, as a socket would.
void Measure(std::size_t message_size, std::size_t total) {
  ManualLoop loop;
  auto runtime = UsrsctpRuntime::Create(loop).value();
  std::deque<Bytes> to_a;
  std::deque<Bytes> to_b;
  const UsrsctpAssociationOptions options{.largest_packet_size = PathMtu::kLargest,
                                          .peer_burst = kMaxBurst};
  std::size_t packets = 0;  // of the sender
  SctpEnd a(*runtime, options,
            [&](ByteSpan packet) { to_b.emplace_back(packet.begin(), packet.end()); });
  SctpEnd b(*runtime, options,
            [&](ByteSpan packet) { to_a.emplace_back(packet.begin(), packet.end()); });
  a.keep_messages = b.keep_messages = false;
  const auto turn = [&] {
    std::deque<Bytes> batch;
    batch.swap(to_b);
    packets += batch.size();
    Deliver(batch, *b.association);
    batch.clear();
    batch.swap(to_a);
    Deliver(batch, *a.association);
    loop.RunUntilIdle();
  };
  ASSERT_TRUE(a.association->Connect(0).has_value());
  ASSERT_TRUE(b.association->Connect(0).has_value());
  for (int i = 0; i < 20; ++i) turn();
  ASSERT_TRUE(a.connected() && b.connected());

  const Bytes message(message_size);
  const std::clock_t start = std::clock();  // processor time: a busy machine does not spoil it
  std::size_t sent = 0;
  int idle_turns = 0;
  while (b.received_bytes < total && idle_turns < 1000) {
    for (int i = 0; i < (message_size < 1000 ? 256 : 8) && sent < total; ++i) {
      if (!a.Send(0, message)) break;
      sent += message_size;
    }
    const std::size_t before = b.received_bytes;
    turn();
    idle_turns = b.received_bytes == before ? idle_turns + 1 : 0;
    // Delayed SACKs and retransmissions need the clock.
    if (idle_turns > 2) loop.AdvanceBy(10ms);
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_GE(b.received_bytes, total);
  std::printf(
      "[   INFO   ] %zu-byte messages, both ends, per CPU second: %.0f MB, %.0f messages; %.1f "
      "bytes per packet\n",
      message_size, static_cast<double>(total) / seconds / 1e6,
      static_cast<double>(total / message_size) / seconds,
      static_cast<double>(total) / static_cast<double>(packets));
}

TEST(UsrsctpThroughputTest, LargeMessages) { Measure(65'536, 200 * 1024 * 1024); }
TEST(UsrsctpThroughputTest, MessagesOfAKibibyte) { Measure(1024, 50 * 1024 * 1024); }
TEST(UsrsctpThroughputTest, SmallMessages) { Measure(64, 10 * 1024 * 1024); }

}  // namespace
}  // namespace pairwire::sctp
