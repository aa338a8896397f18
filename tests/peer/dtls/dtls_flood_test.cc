// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Somebody who keeps at it: floods, forged alerts and hellos, replays, handshakes that never end.
// What they cost us, in time, memory and answers, and that the right peer gets through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "peer/dtls/handshake_budget.h"
#include "peer/dtls/record_filter.h"
#include "tests/peer/dtls/meeting.h"
#include "tests/peer/dtls/openssl_memory.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::dtls::test {
namespace {

using testing::HasSubstr;

Bytes FatalAlert(std::uint8_t description = 40) {
  return MakeRecord(kAlertType, 0, 9, {2, description});
}

// ---- Hellos that cannot be used

// The version that a ClientHello asks for stands behind the two headers.
constexpr std::size_t kHelloVersionAt = kRecordHeaderSize + kFragmentHeaderSize;

Bytes HelloOf(Pair& pair) {
  EXPECT_TRUE(pair.StartClient());
  return pair.client.sent.front();
}

bool AnsweredHandshake(const Endpoint& end) {
  return std::any_of(end.sent.begin(), end.sent.end(),
                     [](const Bytes& packet) { return packet[0] == kHandshakeType; });
}

TEST(DtlsFlood, ABadHelloDoesNotSpoilTheGoodOne) {
  int refused = 0;
  int answered = 0;
  pairwire::test::SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    Pair pair;
    ASSERT_TRUE(pair.StartServer());
    Bytes bad = HelloOf(pair);
    for (int change = 0; change < 3; ++change) {
      const auto length = static_cast<std::uint32_t>(bad.size() - kHelloVersionAt);
      bad[kHelloVersionAt + random.NextBelow(length)] ^=
          static_cast<std::uint8_t>(1 + random.NextBelow(255));
    }
    pair.server.Receive(bad);
    ASSERT_EQ(pair.server.state(), State::kConnecting);
    // Some are as good as any other hello, and who comes first is served first: the right one then
    // finds another hello's answer. Only a cookie would help, and that costs a round trip.
    if (AnsweredHandshake(pair.server)) {
      ++answered;
      continue;
    }
    ++refused;
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 1s)) << i << pair.Describe();
    pair.loop.AdvanceBy(5s);  // no grace is left over
    EXPECT_TRUE(pair.BothAre(State::kConnected));
  }
  std::cout << refused << " hellos refused, " << answered << " taken for good\n";
  EXPECT_GT(refused, 20);
}

TEST(DtlsFlood, HellosOfAlternatingVersions) {
  Pair pair;
  pair.path().SetDown(true);
  const Bytes hello = HelloOf(pair);
  ASSERT_TRUE(pair.StartServer());
  std::size_t received = 0;
  for (int i = 0; i < 100; ++i) {
    for (const std::uint8_t record_version : Bytes{0xff, 0xfd}) {
      for (const std::uint8_t hello_version : Bytes{0xff, 0xfe}) {
        Bytes packet = hello;
        packet[2] = record_version;
        packet[kHelloVersionAt + 1] = hello_version;
        pair.server.Receive(packet);
        received += packet.size();
      }
    }
  }
  EXPECT_EQ(pair.server.state(), State::kConnecting);
  EXPECT_FALSE(AnsweredHandshake(pair.server));
  std::size_t sent = 0;
  for (const Bytes& packet : pair.server.sent) sent += packet.size();
  EXPECT_LE(pair.server.sent.size(), HandshakeBudget::kRecords);
  EXPECT_LT(sent * 10, received);
  // The right client comes when it is over.
  pair.path().SetDown(false);
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 2s)) << pair.Describe();
}

TEST(DtlsFlood, AnUnusableHelloIsBelievedWhenNoOtherComes) {
  Pair pair;
  pair.path().SetDown(true);
  Bytes bad = HelloOf(pair);
  bad[kHelloVersionAt + 1] = 0xff;  // DTLS 1.0
  ASSERT_TRUE(pair.StartServer());
  for (int i = 0; i < 40; ++i) {  // more of them do not prolong it
    pair.server.Receive(bad);
    pair.loop.AdvanceBy(70ms);
  }
  EXPECT_EQ(pair.server.state(), State::kConnecting);
  pair.loop.AdvanceBy(200ms);
  EXPECT_EQ(pair.server.state(), State::kFailed);
  EXPECT_EQ(pair.server.error.code, Errc::kDtlsFailed);
  EXPECT_THAT(pair.server.error.detail, HasSubstr("unsupported protocol"));
}

TEST(DtlsFlood, RepeatedHellosAreNotAmplified) {
  Pair pair;
  pair.path().SetDown(true);
  const Bytes hello = HelloOf(pair);
  ASSERT_TRUE(pair.StartServer());
  for (int i = 0; i < 10'000; ++i) pair.server.Receive(hello);
  EXPECT_EQ(pair.server.sent.size(), 1U);
  // One that never goes on gets the flight again by the timer, not more often.
  pair.loop.AdvanceBy(16s);
  EXPECT_EQ(pair.server.state(), State::kFailed);
  EXPECT_LE(pair.server.sent.size(), 13U);
}

// ---- Alerts in the clear

TEST(DtlsFlood, OneForgedAlertEndsNoHandshakeOfAnyLength) {
  for (const auto delay : {1ms, 10ms, 100ms, 250ms}) {
    for (int step = 0; step < 5; ++step) {
      Pair pair({.delay = delay});
      pair.Start();
      for (int i = 0; i < step; ++i) pair.loop.AdvanceBy(delay);
      for (Endpoint* end : {&pair.client, &pair.server}) end->Receive(FatalAlert());
      EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 5s))
          << delay.count() << " ms, step " << step << ": " << pair.Describe();
      pair.loop.AdvanceBy(5s);
      EXPECT_TRUE(pair.BothAre(State::kConnected));
    }
  }
}

TEST(DtlsFlood, AServerThatWaitsForItsClientKnowsNoAlerts) {
  Pair pair;
  ASSERT_TRUE(pair.StartServer());
  pair.server.Receive(FatalAlert());
  pair.loop.AdvanceBy(10s);
  EXPECT_EQ(pair.server.state(), State::kConnecting);
  ASSERT_TRUE(pair.StartClient());
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 1s)) << pair.Describe();
}

TEST(DtlsFlood, WhoeverWasCaughtForgingIsBelievedLess) {
  Pair pair;
  pair.Start();
  pair.client.Receive(FatalAlert());
  pair.loop.AdvanceBy(20ms);  // the server's flight is here: the alert was not its
  ASSERT_EQ(pair.client.sent.size(), 2U);
  pair.path().SetDown(true);
  pair.client.Receive(FatalAlert());
  pair.loop.AdvanceBy(1'400ms);
  EXPECT_EQ(pair.client.state(), State::kConnecting);
  pair.path().SetDown(false);
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 5s)) << pair.Describe();
}

// Seeds of loss with an alert each 50 ms at both ends; every handshake must survive.
TEST(DtlsFlood, ForgedAlertsOnALossyPath) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t seed = pairwire::test::Seed(500 + i);
    PAIRWIRE_TRACE_SEED(seed);
    Pair pair({.delay = 50ms, .loss = 0.1, .seed = seed});
    pair.Start();
    for (int turn = 0; turn < 200 && !pair.BothAre(State::kConnected); ++turn) {
      pair.loop.AdvanceBy(50ms);
      for (Endpoint* end : {&pair.client, &pair.server}) end->Receive(FatalAlert());
    }
    EXPECT_TRUE(pair.BothAre(State::kConnected)) << pair.Describe();
  }
}

// The other side of it: a true alert is believed within a second, in both roles.
void ExpectBothKnowSoon(Endpoint& checks, Endpoint& refused, Pair& pair,
                        Loop::Duration limit = 1s) {
  const auto begin = pair.loop.Now();
  ASSERT_TRUE(pair.RunUntilBothAre(State::kFailed)) << pair.Describe();
  EXPECT_LE(pair.loop.Now() - begin, limit);
  EXPECT_EQ(checks.error.code, Errc::kFingerprintMismatch);
  EXPECT_EQ(refused.error.code, Errc::kDtlsFailed);
  EXPECT_THAT(refused.error.detail, HasSubstr("bad certificate"));
}

TEST(DtlsFlood, ARefusedServerKnowsWithinASecond) {
  Pair pair;
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(pair.client.transport().Start(Role::kClient, {NewCertificate().fingerprint()}));
  ExpectBothKnowSoon(pair.client, pair.server, pair);
}

TEST(DtlsFlood, ARefusedClientKnowsWithinASecond) {
  Pair pair;
  ASSERT_TRUE(pair.server.transport().Start(Role::kServer, {NewCertificate().fingerprint()}));
  ASSERT_TRUE(pair.StartClient());
  ExpectBothKnowSoon(pair.server, pair.client, pair);
}

TEST(DtlsFlood, TheAlertIsSentMoreThanOnce) {
  for (const bool client_checks : {true, false}) {
    Pair pair;
    Endpoint& checks = client_checks ? pair.client : pair.server;
    Endpoint& refused = client_checks ? pair.server : pair.client;
    int alerts = 0;
    pair.pass = [&](int, bool, ByteSpan packet) { return packet[0] != kAlertType || ++alerts > 2; };
    if (!client_checks) {
      EXPECT_TRUE(pair.StartClient());
    }
    ASSERT_TRUE(checks.transport().Start(client_checks ? Role::kClient : Role::kServer,
                                         {NewCertificate().fingerprint()}));
    if (client_checks) {
      EXPECT_TRUE(pair.StartServer());
    }
    ExpectBothKnowSoon(checks, refused, pair);
    EXPECT_EQ(alerts, 3);
  }
}

// ---- Replays

TEST(DtlsFlood, ReplaysChangeNothing) {
  Pair pair;
  pair.Connect();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.client.transport().Send(AsBytes("to the server")));
    ASSERT_TRUE(pair.server.transport().Send(AsBytes("to the client")));
  }
  pair.Settle();
  const std::vector<Bytes> of_client = pair.client.sent;
  const std::vector<Bytes> of_server = pair.server.sent;
  for (int round = 0; round < 3; ++round) {
    for (const Bytes& packet : of_client) pair.server.Receive(packet);
    for (const Bytes& packet : of_server) pair.client.Receive(packet);
    // And each end's own, sent back to it.
    for (const Bytes& packet : of_client) pair.client.Receive(packet);
    for (const Bytes& packet : of_server) pair.server.Receive(packet);
  }
  pair.Settle();
  EXPECT_TRUE(pair.BothAre(State::kConnected));
  EXPECT_EQ(pair.client.data.size(), 5U);
  EXPECT_EQ(pair.server.data.size(), 5U);
  EXPECT_EQ(pair.client.sent.size(), of_client.size());  // nothing was answered
  EXPECT_EQ(pair.server.sent.size(), of_server.size());
}

TEST(DtlsFlood, PacketsOfAnotherSessionChangeNothing) {
  Pair other;
  other.Connect();
  ASSERT_TRUE(other.client.transport().Send(AsBytes("other")));
  other.client.transport().Close();
  for (int step = 1; step < 5; ++step) {
    Pair pair;
    pair.Start();
    for (int i = 0; i < step; ++i) pair.loop.AdvanceBy(10ms);
    // Not the other's plain flights: those are forged handshake messages, see above.
    for (const Bytes& packet : other.client.sent) {
      if (packet[3] != 0 || packet[4] != 0) pair.server.Receive(packet);
    }
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 1s)) << pair.Describe();
    EXPECT_EQ(pair.server.data_bytes(), 0U);
  }
}

TEST(DtlsFlood, ClosingIsSaidOnceAndAnsweredOnce) {
  for (const bool at_once : {false, true}) {
    Pair pair;
    pair.Connect();
    const int before = pair.carried;
    pair.client.transport().Close();
    if (at_once) pair.server.transport().Close();
    const Bytes close_notify = pair.client.sent.back();
    pair.Settle();
    for (int i = 0; i < 100; ++i) pair.server.Receive(close_notify);
    for (int i = 0; i < 100; ++i) pair.client.Receive(pair.server.sent.back());
    pair.Settle();
    EXPECT_TRUE(pair.BothAre(State::kClosed));
    EXPECT_EQ(pair.carried, before + 2);
  }
}

// ---- Cost

TEST(DtlsFlood, TheBudgetFillsAgain) {
  const Loop::TimePoint start{};
  HandshakeBudget budget(start);
  int taken = 0;
  while (budget.Take(100, start)) ++taken;
  EXPECT_EQ(taken, 128);
  EXPECT_FALSE(budget.Take(100, start + 9ms));
  EXPECT_TRUE(budget.Take(100, start + 19ms));
  EXPECT_FALSE(budget.Take(100, start + 19ms));
  taken = 0;
  while (budget.Take(16'384, start + 1h)) ++taken;
  EXPECT_EQ(taken, 8);  // 128 KiB
  EXPECT_TRUE(budget.Take(16'384, start + 1h + 250ms));
}

// Everything at once for the whole of a handshake that never ends.
TEST(DtlsFlood, TimeAndMemoryOfAFlood) {
  if (!OpenSslMemory::counted())
    GTEST_SKIP() << "OpenSSL allocated before this program could count";
  Pair().Connect();
  for (const bool after_hello : {false, true}) {
    Pair pair;
    pair.path().SetDown(true);
    Bytes hello = HelloOf(pair);
    ASSERT_TRUE(pair.StartServer());
    if (after_hello) pair.server.Receive(hello);
    const std::size_t before = OpenSslMemory::live();
    std::size_t most = before;
    pairwire::test::SeededRandom random(11);
    constexpr int kPackets = 150'000;
    const std::clock_t begin = std::clock();
    int i = 0;
    for (; i < kPackets && pair.server.state() == State::kConnecting; ++i) {
      const auto number = static_cast<std::uint64_t>(i);
      switch (i % 5) {
        case 0:
          hello[kHelloVersionAt + 1] = static_cast<std::uint8_t>(0xfe + random.NextBelow(2));
          pair.server.Receive(hello);
          break;
        case 1:
          pair.server.Receive(MakeRecord(
              kHandshakeType, 0, number,
              MakeFragment(11, kMaxHandshakeMessage, 1 + number % 10,
                           random.NextBelow(kMaxHandshakeMessage - 1'100), 1'100, Bytes(1'100))));
          break;
        case 2:
          pair.server.Receive(MakeRecord(kHandshakeType, 1, number, Bytes(1'100)));
          break;
        case 3:
          pair.server.Receive(MakeRecord(kApplicationDataType, 1, number, Bytes(1'100)));
          break;
        default:
          pair.server.Receive(FatalAlert());
      }
      if (i % 10 == 0) pair.loop.AdvanceBy(1ms);
      most = std::max(most, OpenSslMemory::live());
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    pair.loop.AdvanceBy(20s);
    EXPECT_EQ(pair.server.state(), State::kFailed);
    std::cout << "flood " << (after_hello ? "after" : "before")
              << " the hello: " << (most - before) / 1024 << " KiB, " << seconds * 1e6 / i
              << " us a packet, " << pair.server.sent.size() << " packets in answer\n";
    EXPECT_LT(most, before + 160 * 1024);
    EXPECT_LT(pair.server.sent.size(), 1'000U);
    EXPECT_EQ(pair.server.data_bytes(), 0U);
  }
}

}  // namespace
}  // namespace pairwire::dtls::test
