// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What connections hold: many idle ones, and many that came and went.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tests/peer/connection/peer_pair.h"
#include "tests/support/fd_count.h"
#include "tests/support/sanitizers.h"

namespace pairwire::test {
namespace {

constexpr std::size_t kKiB = 1024;

bool Sanitized() { return kAddressSanitizer || kThreadSanitizer; }

// 0 when the system does not tell.
std::size_t ResidentBytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    std::size_t kilobytes = 0;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * kKiB;
  }
  return 0;
}

// What malloc gave and has not got back.
std::size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Connected {
  explicit Connected(Network& network) : pair(network) {
    at_a.Assign(pair.a().pc.CreateDataChannel("x"));
  }
  bool Open() {
    pair.Negotiate();
    at_b = pair.b().WaitIncoming("x");
    return at_b != nullptr && at_a.WaitOpen() && at_b->WaitOpen();
  }

  PeerPair pair;
  RecordedChannel at_a;
  RecordedChannel* at_b = nullptr;
};

TEST(MemoryTest, AnIdlePeer) {
  if (Sanitized()) GTEST_SKIP() << "a sanitizer's own memory would be counted";
  const auto network = MakeNetwork();
  ASSERT_TRUE(network);
  constexpr std::size_t kPairs = 100;
  std::vector<std::unique_ptr<Connected>> pairs;
  const auto add = [&] {
    pairs.push_back(std::make_unique<Connected>(*network));
    ASSERT_TRUE(pairs.back()->Open());
    ASSERT_TRUE(pairs.back()->at_a.channel().Send("one message").has_value());
    ASSERT_TRUE(pairs.back()->at_b->WaitMessages(1));
  };
  add();  // what is there once: GLib's types, OpenSSL's tables, buffers of the loop
  const std::size_t before = ResidentBytes();
  ASSERT_NE(before, 0U);
  for (std::size_t i = 0; i < kPairs; ++i) add();
  const std::size_t each = (ResidentBytes() - before) / (2 * kPairs);
  std::cout << each / kKiB << " KiB of resident memory for each idle peer\n";
  EXPECT_LT(each, 115 * kKiB);
}

// Opens a connection, uses it, closes it, so many times.
void Cycle(Network& network, int times) {
  const std::string message(10'000, 'x');
  for (int cycle = 0; cycle < times; ++cycle) {
    Connected connected(network);
    ASSERT_TRUE(connected.Open());
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(connected.at_a.channel().Send(message).has_value());
      ASSERT_TRUE(connected.at_b->channel().Send(message).has_value());
    }
    ASSERT_TRUE(connected.at_a.WaitMessages(20));
    ASSERT_TRUE(connected.at_b->WaitMessages(20));
    connected.pair.a().pc.Close();
    ASSERT_TRUE(connected.pair.a().WaitState(PeerConnectionState::kClosed));
    ASSERT_TRUE(connected.pair.b().WaitState(PeerConnectionState::kClosed));
  }
}

TEST(MemoryTest, ConnectSendCloseLeavesNothing) {
  if (Sanitized()) GTEST_SKIP() << "a sanitizer's own memory would be counted";
  constexpr int kWarmUp = 60;
  constexpr int kCycles = 300;
  // Each time without the Network, so that nothing closes in the background while it is counted.
  const auto run = [](int times) {
    const auto network = MakeNetwork();
    ASSERT_TRUE(network);
    Cycle(*network, times);
  };
  run(kWarmUp);
  const std::size_t descriptors = OpenFdCount();
  const auto heap = static_cast<long>(HeapBytes());
  const auto resident = static_cast<long>(ResidentBytes());
  run(kCycles);
  const long heap_growth = static_cast<long>(HeapBytes()) - heap;
  const long resident_growth = static_cast<long>(ResidentBytes()) - resident;
  std::cout << "after " << kCycles << " connections: heap " << heap_growth << ", resident "
            << resident_growth << " bytes more\n";
  EXPECT_EQ(OpenFdCount(), descriptors);
  EXPECT_LT(heap_growth, 200 * kCycles);
  // The pages that malloc holds differ by some hundreds of KiB from run to run.
  EXPECT_LT(resident_growth, 2048 * static_cast<long>(kKiB));
}

}  // namespace
}  // namespace pairwire::test
