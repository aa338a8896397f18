// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The fast path of NiceTransport over real sockets: that it is taken and left, whom it hears, and
// that consent, pair changes and closing go on as without it.
#include "peer/ice/fast_path.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/ice/candidate.h"
#include "peer/ice/nice_transport.h"
#include "peer/ice/stun_message.h"
#include "peer/udp/port_split.h"
#include "tests/peer/ice/ice_fixture.h"
#include "tests/peer/ice/port_sender.h"
#include "tests/peer/udp/raw_socket.h"
#include "tests/support/fd_count.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FastPathTest : public IceTest {
 protected:
  static NiceTransportOptions SlowOptions() {
    NiceTransportOptions options = LoopbackOptions();
    options.fast_path = false;
    return options;
  }

  void Connect(End& a, End& b) {
    Wire(a, b);
    Start(a, b);
    ASSERT_TRUE(WaitForCompleted(a, b));
  }

  NiceTransport::Counters CountersOf(End& end) {
    NiceTransport::Counters counters;
    On([&] { counters = end.transport->counters(); });
    return counters;
  }

  static int PortOf(End& end) { return ParseCandidate(end.seen.Get().candidates.at(0))->port; }

  static std::size_t SizeOfLast(End& end) { return end.seen.Get().packets.back().size(); }
};

TEST_F(FastPathTest, IsTakenByADirectPairAndHasTheSameStatistics) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    for (const bool fast : {true, false}) {
      NiceTransportOptions options = fast ? LoopbackOptions() : SlowOptions();
      options.bind_addresses = {address};
      End& a = Make(options);
      End& b = Make(options);
      Connect(a, b);
      On([&] {
        for (int i = 0; i < 50; ++i) a.Call([](auto& t) { EXPECT_TRUE(t.Send(Packet(1000))); });
      });
      ASSERT_TRUE(WaitForPackets(b, 50)) << address << fast;
      EXPECT_TRUE(Send(b, Packet(70)));
      ASSERT_TRUE(WaitForPackets(a, 1));
      const auto from = CountersOf(a);
      const auto to = CountersOf(b);
      EXPECT_EQ(from.packets_sent, 50U);
      EXPECT_EQ(from.bytes_sent, 50'000U);
      EXPECT_EQ(to.packets_received, 50U);
      EXPECT_EQ(to.bytes_received, 50'000U);
      EXPECT_EQ(from.fast_packets_sent, fast ? 50U : 0U);
      EXPECT_EQ(to.fast_packets_received, fast ? 50U : 0U);
      EXPECT_EQ(from.packets_received, 1U);
    }
  }
}

// Each end decides for itself.
TEST_F(FastPathTest, OneEndAloneMayHaveIt) {
  End& a = Make();
  End& b = Make(SlowOptions());
  Connect(a, b);
  EXPECT_TRUE(Send(a, Packet(100)));
  EXPECT_TRUE(Send(b, Packet(200)));
  ASSERT_TRUE(WaitForPackets(a, 1));
  ASSERT_TRUE(WaitForPackets(b, 1));
  EXPECT_EQ(CountersOf(a).fast_packets_received, 1U);
  EXPECT_EQ(CountersOf(b).fast_packets_received, 0U);
}

TEST_F(FastPathTest, EachOffloadMayBeMissing) {
  for (const udp::TwinOptions offloads :
       {udp::TwinOptions{.segments = false}, udp::TwinOptions{.glued = false},
        udp::TwinOptions{.segments = false, .glued = false, .send_many = false}}) {
    NiceTransportOptions options = LoopbackOptions();
    options.fast_path_options = offloads;
    End& a = Make(options);
    End& b = Make();
    Connect(a, b);
    On([&] {
      for (int i = 0; i < 60; ++i) {
        a.Call([](auto& t) { t.Send(Packet(900)); });
        b.Call([](auto& t) { t.Send(Packet(900)); });
      }
    });
    EXPECT_TRUE(WaitForPackets(a, 60));
    EXPECT_TRUE(WaitForPackets(b, 60));
    EXPECT_EQ(CountersOf(a).fast_packets_received, 60U);
  }
}

TEST_F(FastPathTest, TcpAndRelayOnlyGoThroughLibnice) {
  NiceTransportOptions options = LoopbackOptions();
  options.ice_tcp = true;
  options.ice_udp = false;
  End& a = Make(options);
  End& b = Make(options);
  Connect(a, b);
  EXPECT_TRUE(Send(a, Packet(100)));
  ASSERT_TRUE(WaitForPackets(b, 1));
  EXPECT_EQ(CountersOf(a).fast_packets_sent, 0U);
}

TEST_F(FastPathTest, StrangersAreNotHeardAndDoNotHinder) {
  End& a = Make();
  End& b = Make();
  Connect(a, b);
  const PortSender stranger("127.0.0.1", 0);
  const PortSender elsewhere("127.0.0.9", PortOf(b));
  for (int i = 0; i < 300; ++i) {
    stranger.Send(Packet(50), PortOf(a));
    elsewhere.Send(Packet(51), PortOf(a));
    if (i % 50 != 0) continue;
    EXPECT_TRUE(Send(b, Packet(99)));
  }
  EXPECT_TRUE(Send(b, Packet(98)));
  ASSERT_TRUE(WaitForPackets(a, 7));
  for (const Bytes& packet : a.seen.Get().packets) EXPECT_GE(packet.size(), 98U);
  EXPECT_EQ(CountersOf(a).strangers_refused, 600U);
}

// The kernel sees the first byte of a super-packet; what a receiving network card glued behind it
// comes along.
TEST_F(FastPathTest, AConsentRequestGluedToDtlsIsAnswered) {
  End& a = Make();
  End& b = Make();
  Connect(a, b);
  const Credentials local = a.transport->local_credentials();
  const Credentials remote = b.transport->local_credentials();
  // As the other end: from its port.
  const PortSender as_b("127.0.0.1", PortOf(b));
  const auto glued = [&](const std::string& password) {
    StunBuilder check(StunType::kBindingRequest, {1, 2, 3});
    check.AddText(StunAttribute::kUsername, local.ufrag + ":" + remote.ufrag)
        .AddU32(StunAttribute::kPriority, 1)
        .AddU64(StunAttribute::kIceControlled, 1)
        .AddIntegrity(AsBytes(password))
        .AddFingerprint();
    Bytes bytes = Packet(200);
    bytes.insert(bytes.end(), check.bytes().begin(), check.bytes().end());
    return bytes;
  };
  as_b.Send(glued(local.password), PortOf(a), 200);
  ASSERT_TRUE(WaitForPackets(a, 1));
  EXPECT_EQ(SizeOfLast(a), 200U);
  EXPECT_TRUE(WaitForLoop([&] { return a.transport->counters().checks_answered == 1; }));
  // Not one of somebody who does not know the password.
  as_b.Send(glued("not the password at all"), PortOf(a), 200);
  ASSERT_TRUE(WaitForPackets(a, 2));
  EXPECT_TRUE(WaitForLoop([&] { return a.transport->counters().packets_dropped == 1; }));
  EXPECT_EQ(CountersOf(a).checks_answered, 1U);
}

// A FastPath alone, on two shared ports, as libnice's sockets would be.
class FastPathAlone : public IceTest, public FastPathSink {
 protected:
  void LookForChecks() override { ++looks; }
  void OnFastPackets(std::span<const ByteSpan> packets) override {
    received.Update([&](std::vector<std::size_t>& sizes) {
      for (const ByteSpan packet : packets) sizes.push_back(packet.size());
    });
    if (on_packets) on_packets();
  }
  void OnFastStray(ByteSpan, const udp::SocketAddress&, bool) override {}
  void OnFastSendFailed() override {}
  void OnFastTooLarge(std::size_t) override {}

  bool WaitForReceived(std::size_t count) {
    return received.WaitUntil([&](const auto& sizes) { return sizes.size() >= count; });
  }

  std::unique_ptr<FastPath> Open() {
    return std::make_unique<FastPath>(loop_, runtime_->udp_buffers(), *this);
  }

  test::Watched<std::vector<std::size_t>> received;
  std::function<void()> on_packets;
  int looks = 0;
};

TEST_F(FastPathAlone, APairChangeLosesNothing) {
  const udp::RawSocket first;
  const udp::RawSocket second;
  const udp::RawSocket other;
  const udp::RawSocket other_later;
  ASSERT_TRUE(udp::ShareUdpPort(first.fd()));
  ASSERT_TRUE(udp::ShareUdpPort(second.fd()));
  const DirectPath before{first.fd(), other.address()};
  const DirectPath after{second.fd(), other_later.address()};
  std::unique_ptr<FastPath> path;
  std::size_t sent = 0;
  const auto send = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++sent) EXPECT_TRUE(path->Send(Packet(100 + sent)));
  };
  On([&] {
    path = Open();
    EXPECT_FALSE(path->active());
    path->Select(before);
    EXPECT_TRUE(path->active());
    send(10);
    // Gathered, not sent yet.
    path->Select(after);
    send(10);
    path->Select(before);
    send(10);
    path->Select(after);
  });
  // Each leaves over the pair that was selected when it was sent.
  for (const std::size_t size : std::initializer_list<std::size_t>{100, 120}) {
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(other.Receive()->size(), size + i);
  }
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(other_later.Receive()->size(), 110 + i);
  // The other end goes on with the old pair for a while, or is early with the new one.
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(other.SendTo(first.address(), Packet(60)));
    EXPECT_TRUE(other_later.SendTo(second.address(), Packet(60)));
    EXPECT_TRUE(other_later.SendTo(first.address(), Packet(60)));
    EXPECT_TRUE(other.SendTo(second.address(), Packet(60)));
  }
  EXPECT_TRUE(WaitForReceived(40));
  // A relayed pair: nothing is sent here any more, what comes is still heard.
  On([&] {
    path->Select(std::nullopt);
    EXPECT_FALSE(path->active());
  });
  EXPECT_TRUE(other.SendTo(second.address(), Packet(60)));
  EXPECT_TRUE(WaitForReceived(41));
  On([&] {
    EXPECT_EQ(looks, 0);
    EXPECT_EQ(path->counters().packets_sent, 30U);
    EXPECT_EQ(path->counters().refused, 0U);
    path.reset();
  });
}

// More sockets than twins: the one that was left longest ago is libnice's alone again.
TEST_F(FastPathAlone, KeepsTwoTwinsAndItsCountersBeyondThem) {
  const auto before = test::OpenFdCount();
  std::vector<std::unique_ptr<udp::RawSocket>> sockets;
  const udp::RawSocket other;
  std::unique_ptr<FastPath> path;
  for (int i = 0; i < 4; ++i) {
    sockets.push_back(std::make_unique<udp::RawSocket>());
    ASSERT_TRUE(udp::ShareUdpPort(sockets.back()->fd()));
    On([&] {
      if (path == nullptr) path = Open();
      path->Select(DirectPath{sockets.back()->fd(), other.address()});
      EXPECT_TRUE(path->Send(Packet(50)));
    });
  }
  EXPECT_EQ(test::OpenFdCount(), before + 5 + FastPath::kMaxTwins);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(other.Receive());
    EXPECT_TRUE(other.SendTo(sockets[static_cast<std::size_t>(i)]->address(), Packet(50)));
  }
  EXPECT_TRUE(sockets[0]->Receive());
  EXPECT_TRUE(sockets[1]->Receive());
  EXPECT_TRUE(WaitForReceived(2));
  On([&] {
    EXPECT_EQ(path->counters().packets_sent, 4U);
    path.reset();
  });
}

TEST_F(FastPathAlone, TrustsWhoPassedACheckAndForgetsTheOldest) {
  const udp::RawSocket first;
  const udp::RawSocket selected;
  const udp::RawSocket checked;
  ASSERT_TRUE(udp::ShareUdpPort(first.fd()));
  std::unique_ptr<FastPath> path;
  On([&] {
    path = Open();
    path->Select(DirectPath{first.fd(), selected.address()});
  });
  EXPECT_TRUE(checked.SendTo(first.address(), Packet(70)));
  EXPECT_TRUE(WaitForLoop([&] { return looks == 1; })) << "its check may wait to be read";
  On([&] { path->Trust(checked.address()); });
  EXPECT_TRUE(checked.SendTo(first.address(), Packet(71)));
  EXPECT_TRUE(selected.SendTo(first.address(), Packet(72)));
  EXPECT_TRUE(WaitForReceived(2));
  EXPECT_EQ(received.Get(), (std::vector<std::size_t>{71, 72}));
  On([&] {
    // All open at once: a closed one's port may come again.
    std::vector<std::unique_ptr<udp::RawSocket>> others;
    while (others.size() < FastPath::kMaxTrusted) {
      others.push_back(std::make_unique<udp::RawSocket>());
      path->Trust(others.back()->address());
    }
    EXPECT_FALSE(path->Trusts(checked.address()));
  });
  EXPECT_TRUE(selected.SendTo(first.address(), Packet(73)));
  EXPECT_TRUE(WaitForReceived(3)) << "the selected one is not among those that are forgotten";
  On([&] { path.reset(); });
}

TEST_F(FastPathAlone, MayBeDestroyedInItsCallback) {
  const udp::RawSocket first;
  const udp::RawSocket other;
  ASSERT_TRUE(udp::ShareUdpPort(first.fd()));
  std::unique_ptr<FastPath> path;
  On([&] {
    path = Open();
    path->Select(DirectPath{first.fd(), other.address()});
    on_packets = [&] {
      path->Send(Packet(50));
      path.reset();
    };
  });
  EXPECT_TRUE(other.SendGlued(first.address(), Packet(500), 100));
  EXPECT_TRUE(WaitForReceived(1));
  EXPECT_TRUE(other.Receive());
}

TEST_F(FastPathTest, ADirectConnectionHasOneMoreDescriptorAndGivesItBack) {
  const auto count = [&](bool fast, std::size_t& gathered, std::size_t& connected) {
    const auto before = test::OpenFdCount();
    End& a = Make(fast ? LoopbackOptions() : SlowOptions());
    End& b = Make(fast ? LoopbackOptions() : SlowOptions());
    Wire(a, b);
    On([&] {
      EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
      EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
      a.Call([](auto& t) { t.SetRole(Role::kControlling); });
      gathered = test::OpenFdCount() - before;
      GiveCredentials(a, b);
      GiveCredentials(b, a);
    });
    EXPECT_TRUE(WaitForCompleted(a, b));
    On([&] { connected = test::OpenFdCount() - before; });
    On([&] {
      a.Destroy();
      b.Destroy();
    });
    EXPECT_TRUE(WaitForLoop([&] { return runtime_->dying() == 0; }));
    return test::OpenFdCount() - before;
  };
  std::size_t slow_gathered = 0;
  std::size_t slow_connected = 0;
  count(false, slow_gathered, slow_connected);  // also opens what a process has once
  EXPECT_EQ(count(false, slow_gathered, slow_connected), 0U);
  std::size_t gathered = 0;
  std::size_t connected = 0;
  EXPECT_EQ(count(true, gathered, connected), 0U);
  EXPECT_EQ(gathered, slow_gathered) << "nothing for sockets that may never be used";
  EXPECT_EQ(connected, slow_connected + 2);
}

// Ten seconds of as much as the machine gives, both ways; consent is two or three rounds of it.
TEST_F(FastPathTest, ConsentLivesThroughSaturation) {
  NiceTransportOptions options = LoopbackOptions();
  options.consent_timeout = seconds(8);
  options.disconnected_timeout = seconds(2);
  End& a = Make(options);
  End& b = Make(options);
  Connect(a, b);
  std::unique_ptr<Timer> flood;
  On([&] {
    a.keep_packets = b.keep_packets = false;
    flood = std::make_unique<Timer>(loop_, [&] {
      const Bytes packet = Packet(1200);
      for (End* end : {&a, &b}) {
        for (int i = 0; i < 108; ++i) end->Call([&](auto& t) { t.Send(packet); });
      }
      flood->Start({});
    });
    flood->Start({});
  });
  Let(seconds(10));
  On([&] { flood.reset(); });
  for (End* end : {&a, &b}) {
    EXPECT_FALSE(end->seen.Get().Has(State::kDisconnected));
    EXPECT_EQ(end->seen.Get().states.back(), State::kCompleted);
    On([&] {
      const Stats stats = end->transport->stats();
      EXPECT_GE(stats.responses_received, 2U);
      EXPECT_LE(stats.consent_requests_sent, stats.responses_received + 1);
      EXPECT_GT(stats.packets_received, stats.packets_sent / 2);
      std::printf("%.1f million packets received in 10 s, %.2f sent; %llu consent requests\n",
                  static_cast<double>(stats.packets_received) / 1e6,
                  static_cast<double>(stats.packets_sent) / 1e6,
                  static_cast<unsigned long long>(stats.consent_requests_sent));
    });
  }
}

// After consent is lost nothing leaves and nothing is delivered any more, also not past libnice.
TEST_F(FastPathTest, WithoutConsentItIsSilent) {
  NiceTransportOptions options = LoopbackOptions();
  options.consent_timeout = milliseconds(1'500);
  End& a = Make(options);
  End& b = Make();
  Connect(a, b);
  On([&] { b.Destroy(); });
  ASSERT_TRUE(WaitForState(a, State::kFailed));
  const auto sent = CountersOf(a).packets_sent;
  EXPECT_FALSE(Send(a, Packet(100)));
  EXPECT_EQ(CountersOf(a).packets_sent, sent);
}

}  // namespace
}  // namespace pairwire::ice
