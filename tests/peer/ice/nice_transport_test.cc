// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two NiceTransports over real loopback sockets: connecting in every order, what makes it fail,
// what passes.
#include "peer/ice/nice_transport.h"

#include <cstdio>
#include <set>
#include <string>

#include "peer/ice/candidate.h"
#include "tests/peer/ice/ice_fixture.h"
#include "tests/support/log_capture.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

class NiceTransportTest : public IceTest {
 protected:
  // Packets pass in both directions.
  void ExpectTalk(End& a, End& b) {
    EXPECT_TRUE(Send(a, Packet(100, 1)));
    EXPECT_TRUE(Send(b, Packet(200, 2)));
    ASSERT_TRUE(WaitForPackets(a, 1));
    ASSERT_TRUE(WaitForPackets(b, 1));
    EXPECT_EQ(b.seen.Get().packets[0], Packet(100, 1));
    EXPECT_EQ(a.seen.Get().packets[0], Packet(200, 2));
  }

  static void ExpectOrder(const End& end) {
    const auto seen = end.seen.Get();
    const std::vector<State> expected = {State::kChecking, State::kConnected, State::kCompleted};
    EXPECT_EQ(seen.states, expected);
  }
};

TEST_F(NiceTransportTest, ConnectsInBothRoles) {
  for (const bool a_controls : {true, false}) {
    End& a = Make();
    End& b = Make();
    Wire(a, b);
    Start(a, b, a_controls ? Role::kControlling : Role::kControlled,
          a_controls ? Role::kControlled : Role::kControlling);
    ASSERT_TRUE(WaitForCompleted(a, b));
    ExpectOrder(a);
    ExpectOrder(b);
    ExpectTalk(a, b);
  }
}

TEST_F(NiceTransportTest, RoleConflictIsRepaired) {
  for (const Role role : {Role::kControlling, Role::kControlled}) {
    End& a = Make();
    End& b = Make();
    Wire(a, b);
    Start(a, b, role, role);
    ASSERT_TRUE(WaitForCompleted(a, b));
    ExpectTalk(a, b);
  }
}

TEST_F(NiceTransportTest, CandidatesAreStandardLines) {
  NiceTransportOptions options = LoopbackOptions();
  options.ice_tcp = true;
  End& a = Make(options);
  On([&] { EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); })); });
  ASSERT_TRUE(a.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  std::set<std::string> kinds;
  for (const std::string& line : a.seen.Get().candidates) {
    EXPECT_TRUE(line.starts_with("candidate:")) << line;
    EXPECT_NE(line.back(), ' ');
    const auto candidate = ParseCandidate(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(Judge(*candidate), Usability::kUsable) << line;
    EXPECT_EQ(candidate->address, "127.0.0.1");
    EXPECT_EQ(candidate->type, CandidateType::kHost);
    if (candidate->tcp_type == TcpType::kActive) {
      EXPECT_EQ(candidate->port, 9);
    }
    kinds.insert(candidate->transport_name + std::to_string(static_cast<int>(candidate->tcp_type)));
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"UDP0", "TCP1", "TCP2"}));
}

TEST_F(NiceTransportTest, CredentialsAreStrongAndDiffer) {
  End& a = Make();
  End& b = Make();
  for (const End* end : {&a, &b}) {
    const Credentials& c = end->transport->local_credentials();
    EXPECT_GE(c.ufrag.size(), 4U);
    EXPECT_GE(c.password.size(), 22U);
    EXPECT_TRUE(IsIceChars(c.ufrag + c.password));
  }
  EXPECT_NE(a.transport->local_credentials().ufrag, b.transport->local_credentials().ufrag);
  EXPECT_NE(a.transport->local_credentials().password, b.transport->local_credentials().password);
}

TEST_F(NiceTransportTest, TrickledLateCandidatesConnect) {
  End& a = Make();
  End& b = Make();
  std::vector<std::string> held;  // b's, which a gets late; a's own are lost on the way
  On([&] { b.on_candidate = [&](const std::string& line) { held.push_back(line); }; });
  Start(a, b);
  ASSERT_TRUE(b.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  EXPECT_FALSE(a.seen.Get().Has(State::kConnected));
  On([&] {
    for (const auto& line : held) {
      EXPECT_TRUE(a.Call([&](auto& t) { return t.AddRemoteCandidate(line); }));
    }
  });
  // b learns a's address from a's checks (peer reflexive).
  ASSERT_TRUE(WaitForCompleted(a, b));
  ExpectTalk(a, b);
}

TEST_F(NiceTransportTest, AnyOrderOfCallsConnects) {
  End& a = Make();
  End& b = Make();
  On([&] {
    EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
    // a is given everything before it gathers: the credentials first, b's candidates as they come.
    GiveCredentials(b, a);
    a.Call([](auto& t) { t.SetRole(Role::kControlling); });
    WireOneWay(b, a, {});
  });
  ASSERT_TRUE(b.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  On([&] {
    WireOneWay(a, b, {});
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
  });
  // b gets candidates and their end before the credentials.
  ASSERT_TRUE(a.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  On([&] { GiveCredentials(a, b); });
  ASSERT_TRUE(WaitForCompleted(a, b));
  ExpectTalk(a, b);
}

TEST_F(NiceTransportTest, RoleAfterGatheringConnectsByConflictRepair) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
    a.Call([](auto& t) { t.SetRole(Role::kControlling); });
    b.Call([](auto& t) { t.SetRole(Role::kControlled); });
    GiveCredentials(a, b);
    GiveCredentials(b, a);
  });
  ASSERT_TRUE(WaitForCompleted(a, b));
  ExpectTalk(a, b);
}

TEST_F(NiceTransportTest, ThousandPacketsEachWay) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  // In rounds that the smallest default socket buffer holds, so that nothing is lost on the way.
  constexpr std::size_t kRounds = 50;
  constexpr std::size_t kPerRound = 20;
  for (std::size_t round = 1; round <= kRounds; ++round) {
    On([&] {
      for (std::size_t i = 0; i < kPerRound; ++i) {
        EXPECT_TRUE(a.Call(
            [&](auto& t) { return t.Send(Packet(1400, static_cast<std::uint8_t>(round))); }));
        EXPECT_TRUE(
            b.Call([&](auto& t) { return t.Send(Packet(50, static_cast<std::uint8_t>(round))); }));
      }
    });
    ASSERT_TRUE(WaitForPackets(a, round * kPerRound)) << round;
    ASSERT_TRUE(WaitForPackets(b, round * kPerRound)) << round;
  }
  for (const Bytes& packet : b.seen.Get().packets) EXPECT_EQ(packet.size(), 1400U);
  On([&] {
    EXPECT_EQ(a.transport->counters().packets_sent, kRounds * kPerRound);
    EXPECT_EQ(a.transport->counters().packets_received, kRounds * kPerRound);
    EXPECT_EQ(a.transport->counters().send_errors, 0U);
  });
}

TEST_F(NiceTransportTest, SendWithoutAPairIsFalse) {
  End& a = Make();
  EXPECT_FALSE(Send(a, Packet(10)));
  On([&] { EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); })); });
  EXPECT_FALSE(Send(a, Packet(10)));
  EXPECT_FALSE(Send(a, {}));
  On([&] { EXPECT_EQ(a.transport->counters().send_would_block, 3U); });
}

TEST_F(NiceTransportTest, OnlyDtlsAndRtpArePassedOn) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  for (int first = 0; first < 256; ++first) {
    Bytes packet(32, 0);
    packet[0] = static_cast<std::uint8_t>(first);
    EXPECT_TRUE(Send(a, packet));  // one loop turn each: nothing piles up in b's socket
  }
  EXPECT_TRUE(Send(a, Packet(5000)));  // the last one
  ASSERT_TRUE(b.seen.WaitUntil(
      [](const End::Seen& s) { return !s.packets.empty() && s.packets.back().size() == 5000; }));
  const auto seen = b.seen.Get();
  ASSERT_EQ(seen.packets.size(), 44U + 64U + 1U);
  for (const Bytes& packet : seen.packets) {
    EXPECT_TRUE((packet[0] >= 20 && packet[0] <= 63) || (packet[0] >= 128 && packet[0] <= 191));
  }
  On([&] { EXPECT_EQ(b.transport->counters().packets_dropped, 256U - 44U - 64U); });
}

TEST_F(NiceTransportTest, SelectedPairIsReported) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  for (End* end : {&a, &b}) {
    const auto seen = end->seen.Get();
    ASSERT_FALSE(seen.pairs.empty());
    const CandidatePair& pair = seen.pairs.back();
    EXPECT_FALSE(pair.relayed);
    for (const std::string& line : {pair.local, pair.remote}) {
      const auto candidate = ParseCandidate(line);
      ASSERT_TRUE(candidate) << line;
      EXPECT_EQ(candidate->address, "127.0.0.1");
    }
  }
  EXPECT_EQ(ParseCandidate(a.seen.Get().pairs.back().local)->port,
            ParseCandidate(b.seen.Get().pairs.back().remote)->port);
}

TEST_F(NiceTransportTest, TcpAloneConnects) {
  NiceTransportOptions options = LoopbackOptions();
  options.ice_tcp = true;
  End& a = Make(options);
  End& b = Make(options);
  Wire(a, b, [](const std::string& line) { return line.find(" UDP ") == std::string::npos; });
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  const auto local = ParseCandidate(a.seen.Get().pairs.back().local);
  ASSERT_TRUE(local);
  EXPECT_EQ(local->transport, CandidateTransport::kTcp);
  ExpectTalk(a, b);
  // Framing keeps packet borders; more than the socket's buffer holds is refused, not queued
  // without end.
  On([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(
          a.Call([&](auto& t) { return t.Send(Packet(static_cast<std::size_t>(100 + i))); }));
    }
  });
  ASSERT_TRUE(WaitForPackets(b, 101));
  const auto packets = b.seen.Get().packets;
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(packets[i + 1].size(), 100 + i);
}

TEST_F(NiceTransportTest, ClosedTcpPairFailsAtOnce) {
  NiceTransportOptions options = LoopbackOptions();
  options.ice_tcp = true;
  End& a = Make(options);
  End& b = Make(options);
  Wire(a, b, [](const std::string& line) { return line.find(" UDP ") == std::string::npos; });
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  On([&] { b.Destroy(); });
  EXPECT_TRUE(WaitForState(a, State::kFailed));
  EXPECT_FALSE(Send(a, Packet(10)));
}

TEST_F(NiceTransportTest, TcpCandidatesAreRefusedWhenSwitchedOff) {
  End& a = Make();
  End& b = Make();
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    GiveCredentials(b, a);
    EXPECT_TRUE(a.Call([](auto& t) {
      return t.AddRemoteCandidate("candidate:1 1 TCP 9 127.0.0.1 9 typ host tcptype active");
    }));
    EXPECT_EQ(a.transport->counters().candidates_ignored, 1U);
  });
}

TEST_F(NiceTransportTest, ConnectsOverIpv6Loopback) {
  NiceTransportOptions options = LoopbackOptions();
  options.bind_addresses = {"::1"};
  End& a = Make(options);
  End& b = Make(options);
  bool have_ipv6 = false;
  On([&] {
    const auto gathered = a.Call([](auto& t) { return t.Gather(); });
    have_ipv6 = gathered.has_value();
    if (!have_ipv6) {
      EXPECT_EQ(gathered.error().code, Errc::kInvalidArgument);
      return;
    }
    b.Call([](auto& t) { t.SetRole(Role::kControlling); });
    EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
    WireOneWay(a, b, {});
    WireOneWay(b, a, {});
    GiveCredentials(a, b);
    GiveCredentials(b, a);
  });
  if (!have_ipv6) GTEST_SKIP() << "this machine has no ::1";
  ASSERT_TRUE(WaitForCompleted(a, b));
  ExpectTalk(a, b);
}

TEST_F(NiceTransportTest, MachinesOwnAddressesAreFoundWithoutLoopback) {
  NiceTransportOptions options;
  End& a = Make(options);
  bool gathered = false;
  On([&] { gathered = a.Call([](auto& t) { return t.Gather(); }).has_value(); });
  ASSERT_TRUE(gathered);
  ASSERT_TRUE(a.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  bool loopback = false;
  bool other = false;
  const auto lines = a.seen.Get().candidates;
  EXPECT_FALSE(lines.empty());
  EXPECT_LE(lines.size(), NiceTransport::kMaxRemoteCandidates);
  for (const std::string& line : lines) {
    const auto address = ParseCandidate(line)->address;
    (address.starts_with("127.") || address == "::1" ? loopback : other) = true;
  }
  EXPECT_NE(loopback, other) << "loopback only when there is nothing else";
}

// A browser that hides its addresses behind mDNS names connects all the same: its checks reach us.
TEST_F(NiceTransportTest, PeerWithHiddenAddressesConnects) {
  End& a = Make();
  End& browser = Make();
  On([&] {
    WireOneWay(a, browser, {});
    browser.on_candidate = [&](const std::string& line) {
      auto hidden = *ParseCandidate(line);
      hidden.address = "9b36eaac-bb2e-49bb-bb78-21c41c499900.local";
      EXPECT_TRUE(a.Call([&](auto& t) { return t.AddRemoteCandidate(ToString(hidden)); }));
    };
    browser.on_gathering_done = [&] { a.Call([](auto& t) { t.SetRemoteCandidatesDone(); }); };
  });
  Start(a, browser, Role::kControlled, Role::kControlling);
  ASSERT_TRUE(WaitForCompleted(a, browser));
  ExpectTalk(a, browser);
}

TEST_F(NiceTransportTest, ConnectTime) {
  std::vector<double> took;
  for (int i = 0; i < 9; ++i) {
    End& a = Make();
    End& b = Make();
    Wire(a, b);
    Loop::TimePoint start{};
    Loop::TimePoint end{};
    test::Watched<int> completed(0);
    On([&] {
      for (End* one : {&a, &b}) {
        one->on_state = [&](State state) {
          if (state != State::kCompleted) return;
          end = loop_.Now();
          completed.Update([](int& n) { ++n; });
        };
      }
      start = loop_.Now();
    });
    Start(a, b);
    ASSERT_TRUE(completed.WaitFor(2));
    On([&] { took.push_back(std::chrono::duration<double, std::milli>(end - start).count()); });
    On([&] { ends_.clear(); });
  }
  std::sort(took.begin(), took.end());
  std::printf("connected in %.1f ms (median of 9; Ta = 5 ms), best %.1f, worst %.1f\n", took[4],
              took.front(), took.back());
  RecordProperty("connect_ms", std::to_string(took[4]));
}

TEST_F(NiceTransportTest, ConnectedPairIsIdle) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  Let(milliseconds(500));  // libnice's check timer stops 50 ms after READY
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  std::uint64_t turns = 0;
  On([&] {
    before = a.transport->context_iterations() + b.transport->context_iterations();
    turns = loop_.turns();
  });
  Let(milliseconds(3000));
  On([&] {
    after = a.transport->context_iterations() + b.transport->context_iterations();
    turns = loop_.turns() - turns;
  });
  std::printf("idle for 3 s: %llu context iterations, %llu turns of the loop\n",
              static_cast<unsigned long long>(after - before),
              static_cast<unsigned long long>(turns));
  // One keep-alive check each way in 5 s, a few iterations each. A check timer left running makes
  // 1200.
  EXPECT_LE(after - before, 40U);
}

TEST_F(NiceTransportTest, LogsHoldNoSecretsAndAddressesOnlyAtDebug) {
  const test::LogCapture log(LogLevel::kInfo);
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  On([&] {
    EXPECT_FALSE(log.Contains(a.transport->local_credentials().password));
    EXPECT_FALSE(log.Contains("127.0.0.1"));
  });
}

}  // namespace
}  // namespace pairwire::ice
