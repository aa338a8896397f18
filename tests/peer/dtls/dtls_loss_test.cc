// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Handshakes over bad paths. OpenSSL's retransmission runs on the loop's clock, so the weather is
// simulated in no time.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "tests/peer/dtls/dtls_pair.h"
#include "tests/support/seed_trace.h"

namespace pairwire::dtls::test {
namespace {

class LoseOne : public testing::TestWithParam<std::size_t> {};

TEST_P(LoseOne, EachDatagramInTurn) {
  const std::size_t mtu = GetParam();
  int datagrams = 0;
  {
    Pair pair({.delay = 10ms}, {.mtu = mtu});
    pair.Connect();
    datagrams = pair.carried;
  }
  EXPECT_GE(datagrams, 4);
  for (int lost = 0; lost < datagrams; ++lost) {
    Pair pair({.delay = 10ms}, {.mtu = mtu});
    pair.pass = [&](int number, bool, ByteSpan) { return number != lost; };
    pair.Start();
    const auto begin = pair.loop.Now();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << lost << ": " << pair.Describe();
    // 40 ms of good path, one timer of 100 ms, and at most a round trip of repetition.
    EXPECT_LE(pair.loop.Now() - begin, 170ms) << lost;
  }
}

INSTANTIATE_TEST_SUITE_P(WholeFlights, LoseOne, testing::Values(1200));
INSTANTIATE_TEST_SUITE_P(Fragments, LoseOne, testing::Values(400));

TEST(DtlsLoss, ThirtyPercent) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t seed = pairwire::test::Seed(100 + i);
    PAIRWIRE_TRACE_SEED(seed);
    Pair pair({.delay = 10ms, .loss = 0.3, .seed = seed});
    pair.Start();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  }
}

TEST(DtlsLoss, ReorderedAndDoubledFragments) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t seed = pairwire::test::Seed(200 + i);
    PAIRWIRE_TRACE_SEED(seed);
    Pair pair({.delay = 10ms, .reorder = 0.5, .reorder_by = 3ms, .duplicate = 0.5, .seed = seed},
              {.mtu = 400});
    pair.Start();
    const auto begin = pair.loop.Now();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
    // Nothing is lost, so hardly anything needs the timer.
    EXPECT_LE(pair.loop.Now() - begin, 400ms);
  }
}

TEST(DtlsLoss, EverythingAtOnce) {
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::uint64_t seed = pairwire::test::Seed(300 + i);
    PAIRWIRE_TRACE_SEED(seed);
    Pair pair({.delay = 30ms,
               .jitter = 20ms,
               .loss = 0.1,
               .reorder = 0.3,
               .reorder_by = 15ms,
               .duplicate = 0.3,
               .seed = seed},
              {.mtu = 576});
    pair.Start();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  }
}

// 30 % of each way lost, half of the rest out of order or twice, at each mtu: how long it takes.
class BadWeather : public testing::TestWithParam<std::size_t> {};

TEST_P(BadWeather, TwentySeeds) {
  std::vector<std::int64_t> times;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t seed = pairwire::test::Seed(400 + i);
    PAIRWIRE_TRACE_SEED(seed);
    Pair pair({.delay = 20ms,
               .jitter = 5ms,
               .loss = 0.3,
               .reorder = 0.3,
               .reorder_by = 15ms,
               .duplicate = 0.2,
               .mtu = GetParam(),
               .seed = seed},
              {.mtu = GetParam()});
    pair.Start();
    const auto begin = pair.loop.Now();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 15s)) << pair.Describe();
    times.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(pair.loop.Now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  std::cout << "mtu " << GetParam() << ": median " << times[10] << " ms, worst " << times[19]
            << " ms\n";
  EXPECT_LE(times[10], 3'000);
}

INSTANTIATE_TEST_SUITE_P(Mtus, BadWeather, testing::Values(400, 576, 800, 1200));

TEST(DtlsLoss, DataBeforeTheLastFlightWaits) {
  // The server's first data overtakes its last flight: kept until the client is connected.
  Pair pair;
  Bytes last_flight;
  pair.pass = [&](int number, bool, ByteSpan packet) {
    if (number != 3) return true;
    last_flight.assign(packet.begin(), packet.end());
    return false;
  };
  pair.server.on_state = [&](State state) {
    if (state != State::kConnected) return;
    for (const char* text : {"one", "two", "three"}) {
      EXPECT_TRUE(pair.server.transport().Send(AsBytes(text)).has_value());
    }
  };
  pair.Start();
  pair.loop.AdvanceBy(45ms);
  ASSERT_FALSE(last_flight.empty());
  EXPECT_EQ(pair.client.state(), State::kConnecting);
  EXPECT_EQ(pair.client.data.size(), 0U);
  pair.client.Receive(last_flight);
  EXPECT_EQ(pair.client.state(), State::kConnected);
  ASSERT_EQ(pair.client.data.size(), 3U);
  EXPECT_EQ(AsText(pair.client.data[0]), "one");
  EXPECT_EQ(AsText(pair.client.data[2]), "three");
}

TEST(DtlsLoss, WaitingDataIsBounded) {
  Pair pair;
  Bytes last_flight;
  pair.pass = [&](int number, bool, ByteSpan packet) {
    if (number != 3) return true;
    last_flight.assign(packet.begin(), packet.end());
    return false;
  };
  pair.server.on_state = [&](State state) {
    if (state != State::kConnected) return;
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(pair.server.transport().Send(Bytes(10)).has_value());
  };
  pair.Start();
  pair.loop.AdvanceBy(45ms);
  pair.client.Receive(last_flight);
  EXPECT_EQ(pair.client.data.size(), 16U);
}

TEST(DtlsLoss, DataInTheDatagramOfTheLastFlight) {
  Pair pair;
  Bytes last_flight;
  bool glued = false;
  pair.pass = [&](int number, bool, ByteSpan packet) {
    if (number < 3) return true;
    if (number == 3) {
      last_flight.assign(packet.begin(), packet.end());
      return false;
    }
    // The data record that follows travels behind it in one datagram, then in front of it.
    Bytes datagram = last_flight;
    datagram.insert(datagram.end(), packet.begin(), packet.end());
    glued = true;
    pair.path().b_to_a().Send(datagram);
    return false;
  };
  pair.server.on_state = [&](State state) {
    if (state == State::kConnected) (void)pair.server.transport().Send(AsBytes("first"));
  };
  pair.client.on_state = [&](State) { EXPECT_EQ(pair.client.data.size(), 0U); };
  pair.Start();
  ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  EXPECT_TRUE(glued);
  ASSERT_EQ(pair.client.data.size(), 1U);
  EXPECT_EQ(AsText(pair.client.data[0]), "first");
}

TEST(DtlsLoss, TheServerRepeatsItsLastFlight) {
  // Lost three times: each time the client's Finished comes again and the server, connected long
  // since, answers.
  Pair pair;
  int lost = 0;
  pair.pass = [&](int number, bool from_client, ByteSpan) {
    if (from_client || number < 3 || lost == 3) return true;
    ++lost;
    return false;
  };
  pair.Start();
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  EXPECT_EQ(lost, 3);
}

}  // namespace
}  // namespace pairwire::dtls::test
