// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The public switches of the data path: enable_fast_path on either end, and NetworkOptions::spin.
#include <gtest/gtest.h>
#include <pairwire/network.h>

#include <utility>

#include "tests/peer/connection/peer_pair.h"
#include "tests/support/fd_count.h"

namespace pairwire::test {
namespace {

// `spin` microseconds; bulk both ways. Returns how many descriptors the two connections took.
std::size_t Exchange(bool fast_a, bool fast_b, int spin) {
  auto network = Network::Create({.spin = std::chrono::microseconds(spin)});
  EXPECT_TRUE(network);
  const auto before = OpenFdCount();
  PeerConfiguration a = LoopbackConfiguration();
  PeerConfiguration b = LoopbackConfiguration();
  a.enable_fast_path = fast_a;
  b.enable_fast_path = fast_b;
  PeerPair pair(**network, a, b);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("bulk"));
  EXPECT_TRUE(pair.Connect());
  EXPECT_TRUE(at_a.WaitOpen());
  const auto taken = OpenFdCount() - before;
  RecordedChannel* at_b = pair.b().WaitIncoming("bulk");
  EXPECT_NE(at_b, nullptr);
  EXPECT_TRUE(at_b->WaitOpen());
  constexpr std::size_t kMessages = 3;
  for (std::size_t i = 0; i < kMessages; ++i) {
    EXPECT_TRUE(at_a.channel().Send(Bytes(1'000'000, 1)));
    EXPECT_TRUE(at_b->channel().Send(Bytes(1'000'000, 2)));
  }
  EXPECT_TRUE(at_a.WaitMessages(kMessages));
  EXPECT_TRUE(at_b->WaitMessages(kMessages));
  return taken;
}

TEST(FastPathSwitchTest, EachEndDecidesForItselfAndPaysOneDescriptor) {
  const auto neither = Exchange(false, false, 0);
  EXPECT_EQ(Exchange(true, false, 0), neither + 1);
  EXPECT_EQ(Exchange(false, true, 0), neither + 1);
  EXPECT_EQ(Exchange(true, true, 0), neither + 2);
}

TEST(FastPathSwitchTest, SpinningCarriesTheSame) {
  Exchange(true, true, 50);
  Exchange(false, false, 50);
}

TEST(FastPathSwitchTest, SpinIsChecked) {
  for (const int spin : {-1, 1'000'001}) {
    const auto network = Network::Create({.spin = std::chrono::microseconds(spin)});
    ASSERT_FALSE(network);
    EXPECT_EQ(network.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pairwire::test
