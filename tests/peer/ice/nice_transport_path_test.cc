// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What NiceTransport makes of a path once it works: consent over UDP and TCP, a peer that dies,
// freezes and comes back; lite ends; TCP alone; names for addresses.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "peer/base/timer.h"
#include "peer/ice/candidate.h"
#include "peer/ice/nice_transport.h"
#include "peer/ice/stun_message.h"
#include "tests/peer/ice/ice_fixture.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The other end's socket, played by the test.
class UdpSocket {
 public:
  UdpSocket() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    const timeval deadline{.tv_sec = 10, .tv_usec = 0};
    EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline), 0);
  }
  ~UdpSocket() { close(fd_); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  std::uint16_t port() const { return port_; }

  bool HasPacket() const {
    pollfd readable{fd_, POLLIN, 0};
    return poll(&readable, 1, 0) == 1;
  }

  Bytes Receive() {
    Bytes packet(1500);
    const ssize_t size = recv(fd_, packet.data(), packet.size(), 0);
    EXPECT_GT(size, 0) << "nothing came";
    packet.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return packet;
  }

 private:
  const int fd_;
  std::uint16_t port_ = 0;
};

class NiceTransportPathTest : public IceTest {
 protected:
  virtual NiceTransportOptions UdpOptions() const { return LoopbackOptions(); }

  static NiceTransportOptions TcpOptions() {
    NiceTransportOptions options = LoopbackOptions();
    options.ice_tcp = true;
    options.ice_udp = false;
    return options;
  }

  Stats StatsOf(End& end) {
    Stats stats;
    On([&] { stats = end.transport->stats(); });
    return stats;
  }

  bool WaitForResponses(End& end, std::uint64_t count) {
    return WaitForLoop([&, count] { return end.transport->stats().responses_received >= count; });
  }

  std::string ReasonOf(End& end) {
    std::string reason;
    On([&] { reason = end.transport->failure_reason(); });
    return reason;
  }

  void ConnectAndTalk(End& a, End& b, Role role_a = Role::kControlling,
                      Role role_b = Role::kControlled) {
    Wire(a, b);
    Start(a, b, role_a, role_b);
    ASSERT_TRUE(WaitForCompleted(a, b));
    EXPECT_TRUE(Send(a, Packet(100, 1)));
    EXPECT_TRUE(Send(b, Packet(200, 2)));
    EXPECT_TRUE(WaitForPackets(a, 1));
    EXPECT_TRUE(WaitForPackets(b, 1));
  }
};

// Past libnice and through it.
class NiceTransportEitherWayTest : public NiceTransportPathTest,
                                   public ::testing::WithParamInterface<bool> {
 protected:
  NiceTransportOptions UdpOptions() const override {
    NiceTransportOptions options = LoopbackOptions();
    options.fast_path = GetParam();
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(FastPath, NiceTransportEitherWayTest, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "On" : "Off"; });

TEST_P(NiceTransportEitherWayTest, ConsentIsAnsweredOverUdp) {
  End& a = Make(UdpOptions());
  End& b = Make(UdpOptions());
  ConnectAndTalk(a, b);
  for (End* end : {&a, &b}) {
    ASSERT_TRUE(WaitForResponses(*end, 1));
    const Stats stats = StatsOf(*end);
    ASSERT_TRUE(stats.current_round_trip_time);
    EXPECT_GT(stats.current_round_trip_time->count(), 0);
    EXPECT_GE(stats.consent_requests_sent, stats.responses_received);
    EXPECT_EQ(stats.local_candidates.size(), 1U);
    EXPECT_EQ(stats.remote_candidates.size(), 1U);
    EXPECT_TRUE(stats.selected);
    EXPECT_GE(stats.selected_pair_changes, 1U);
    EXPECT_EQ(stats.bytes_sent + stats.bytes_received, 300U);
    EXPECT_EQ(end->seen.Get().states.back(), State::kCompleted);
  }
}

// Aggressive nomination takes a round trip less, and must stay when there is TCP, which libnice
// itself would give it up for.
TEST_F(NiceTransportPathTest, EveryCheckNominatesBesideTcpCandidatesToo) {
  for (const bool tcp_first : {true, false}) {
    SCOPED_TRACE(tcp_first);
    UdpSocket peer;
    NiceTransportOptions options = LoopbackOptions();
    options.ice_tcp = true;
    End& end = Make(options);
    const std::string udp =
        "candidate:1 1 udp 2130706431 127.0.0.1 " + std::to_string(peer.port()) + " typ host";
    const std::string tcp = "candidate:2 1 tcp 1010827775 127.0.0.1 " +
                            std::to_string(peer.port()) + " typ host tcptype passive";
    const auto give = [&](const std::string& line) {
      On([&] { EXPECT_TRUE(end.Call([&](auto& t) { return t.AddRemoteCandidate(line); })); });
    };
    On([&] {
      end.Call([](auto& t) { t.SetRole(Role::kControlling); });
      EXPECT_TRUE(end.Call([](auto& t) { return t.Gather(); }));
      EXPECT_TRUE(end.Call([](auto& t) {
        return t.SetRemoteCredentials({"ufragofpeer", "passwordofpeerpasswordofpeer"});
      }));
    });
    if (tcp_first) give(tcp);
    give(udp);
    const Bytes check = peer.Receive();  // from now on checks are under way
    if (!tcp_first) give(tcp);

    const auto message = StunMessage::Parse(check);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type(), StunType::kBindingRequest);
    constexpr auto kUseCandidate = static_cast<StunAttribute>(0x0025);
    EXPECT_TRUE(message->Find(kUseCandidate));
    EXPECT_EQ(StatsOf(end).remote_candidates.size(), 2U) << "libnice took both";
  }
}

// The loop itself looks shortly before Ta is over, so a slow machine changes nothing.
TEST_F(NiceTransportPathTest, TheFirstCheckDoesNotWaitForTa) {
  const UdpSocket peer;
  NiceTransportOptions options = LoopbackOptions();
  options.pacing = milliseconds(1000);
  End& end = Make(options);
  std::unique_ptr<Timer> timer;
  test::Watched<std::optional<bool>> checked;
  On([&] {
    end.Call([](auto& t) { t.SetRole(Role::kControlling); });
    EXPECT_TRUE(end.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(end.Call([](auto& t) {
      return t.SetRemoteCredentials({"ufragofpeer", "passwordofpeerpasswordofpeer"});
    }));
    timer = std::make_unique<Timer>(loop_, [&] { checked.Set(peer.HasPacket()); });
    timer->Start(milliseconds(900));
    EXPECT_TRUE(end.Call([&](auto& t) {
      return t.AddRemoteCandidate("candidate:1 1 udp 2130706431 127.0.0.1 " +
                                  std::to_string(peer.port()) + " typ host");
    }));
  });
  EXPECT_TRUE(checked.WaitUntil([](const auto& seen) { return seen.has_value(); }));
  EXPECT_EQ(checked.Get(), true);
  On([&] { timer.reset(); });
}

TEST_F(NiceTransportPathTest, TcpAloneConnectsAndIsAsked) {
  for (const auto& [role_a, role_b] : {std::pair(Role::kControlling, Role::kControlled),
                                       std::pair(Role::kControlling, Role::kControlling),
                                       std::pair(Role::kControlled, Role::kControlled)}) {
    End& a = Make(TcpOptions());
    End& b = Make(TcpOptions());
    ConnectAndTalk(a, b, role_a, role_b);
    EXPECT_NE(a.seen.Get().pairs.back().local.find(" TCP "), std::string::npos);
    std::string paths;
    for (End* end : {&a, &b}) {
      for (const CandidatePair& pair : end->seen.Get().pairs) {
        paths += pair.local + " -> " + pair.remote + '\n';
      }
    }
    EXPECT_TRUE(WaitForResponses(a, 1)) << paths;
    EXPECT_TRUE(WaitForResponses(b, 1)) << paths;
  }
}

// The answer has to be found among what else arrives. As much is under way as the receiving socket
// holds, never more: what a kernel drops from a full socket is nobody's fault here.
TEST_P(NiceTransportEitherWayTest, ConsentIsAnsweredUnderLoad) {
  constexpr std::uint64_t kUnderWay = 32;
  for (const bool tcp : {false, true}) {
    NiceTransportOptions options = tcp ? TcpOptions() : UdpOptions();
    End& a = Make(options);
    End& b = Make(options);
    ConnectAndTalk(a, b);
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::unique_ptr<Timer> flood;
    On([&] {
      a.keep_packets = false;
      a.on_packet = [&](ByteSpan) { ++received; };
      flood = std::make_unique<Timer>(loop_, [&] {
        while (sent - received < kUnderWay) {
          b.Call([](auto& t) { return t.Send(Packet(1200)); });
          ++sent;
        }
        flood->Start({});
      });
      flood->Start({});
    });
    EXPECT_TRUE(WaitForResponses(a, 2));
    On([&] { flood.reset(); });
    const Stats stats = StatsOf(a);
    // Each request was answered on its first try, or nearly.
    EXPECT_LE(stats.consent_requests_sent, stats.responses_received + 4) << (tcp ? "TCP" : "UDP");
    On([&] {
      EXPECT_GT(received, 100 * kUnderWay) << "that was no load";
      a.Destroy();
      b.Destroy();
    });
  }
}

TEST_P(NiceTransportEitherWayTest, DeadPeerIsDisconnectedThenFailed) {
  NiceTransportOptions options = UdpOptions();
  options.disconnected_timeout = milliseconds(500);
  options.consent_timeout = milliseconds(10'000);
  End& a = Make(options);
  End& b = Make(UdpOptions());
  ConnectAndTalk(a, b);
  On([&] { b.Destroy(); });
  ASSERT_TRUE(WaitForState(a, State::kDisconnected));
  EXPECT_TRUE(Send(a, Packet(10))) << "it may come back";
  EXPECT_EQ(ReasonOf(a), "");
  ASSERT_TRUE(WaitForState(a, State::kFailed));
  EXPECT_FALSE(Send(a, Packet(10))) << "RFC 7675: stop sending";
  EXPECT_EQ(ReasonOf(a), "the other end stopped answering 10 s ago");
  EXPECT_EQ(a.seen.Get().states.back(), State::kFailed);
}

// The other end's loop stands still for some seconds: nothing is received, then everything.
TEST_P(NiceTransportEitherWayTest, FrozenPeerComesBack) {
  AsioLoop other_loop("ice-frozen");
  ASSERT_TRUE(other_loop.Start());
  std::unique_ptr<IceRuntime> other_runtime;
  std::unique_ptr<End> b;
  NiceTransportOptions options = UdpOptions();
  options.disconnected_timeout = milliseconds(500);
  End& a = Make(options);
  const Credentials a_credentials = a.transport->local_credentials();
  Credentials b_credentials;
  const auto on_other = [&](auto f) { ASSERT_TRUE(RunAndWait(other_loop, Task(std::move(f)))); };
  on_other([&] {
    other_runtime = std::make_unique<IceRuntime>(other_loop);
    b = std::make_unique<End>(*other_runtime, UdpOptions());
    b_credentials = b->transport->local_credentials();
    b->on_candidate = [&](const std::string& line) {
      loop_.Post(
          [&, line] { EXPECT_TRUE(a.Call([&](auto& t) { return t.AddRemoteCandidate(line); })); });
    };
    EXPECT_TRUE(b->Call([&](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(b->Call([&](auto& t) { return t.SetRemoteCredentials(a_credentials); }));
  });
  On([&] {
    a.Call([](auto& t) { t.SetRole(Role::kControlling); });
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(a.Call([&](auto& t) { return t.SetRemoteCredentials(b_credentials); }));
  });
  ASSERT_TRUE(WaitForCompleted(a, *b));

  test::Watched<bool> thaw(false);
  other_loop.Post([&] { EXPECT_TRUE(thaw.WaitFor(true)); });
  EXPECT_TRUE(WaitForState(a, State::kDisconnected));
  thaw.Set(true);
  EXPECT_TRUE(a.seen.WaitUntil([](const End::Seen& s) {
    return s.states.back() == State::kCompleted && s.Has(State::kDisconnected);
  }));
  on_other([&] {
    b.reset();
    other_runtime.reset();
  });
  other_loop.Stop();
}

TEST_P(NiceTransportEitherWayTest, LiteWithFull) {
  for (const bool tcp : {false, true}) {
    for (const bool lite_is_told_to_control : {false, true}) {
      NiceTransportOptions options = tcp ? TcpOptions() : UdpOptions();
      End& full = Make(options);
      options.lite = true;
      options.disconnected_timeout = milliseconds(400);
      options.consent_timeout = milliseconds(9'000);
      End& lite = Make(options);
      ConnectAndTalk(full, lite, Role::kControlling,
                     lite_is_told_to_control ? Role::kControlling : Role::kControlled);
      EXPECT_TRUE(WaitForResponses(full, 1));
      EXPECT_EQ(StatsOf(lite).consent_requests_sent, 0U);
      if (tcp || lite_is_told_to_control) continue;
      On([&] { full.Destroy(); });
      EXPECT_TRUE(WaitForState(lite, State::kDisconnected));
      EXPECT_TRUE(WaitForState(lite, State::kFailed));
    }
  }
}

// A lite end's idle path stays up for as long as the full one asks.
TEST_F(NiceTransportPathTest, LiteSeesRequests) {
  NiceTransportOptions options = LoopbackOptions();
  End& full = Make(options);
  options.lite = true;
  options.consent_timeout = milliseconds(7'500);
  End& lite = Make(options);
  ConnectAndTalk(full, lite);
  Let(milliseconds(9'000));
  EXPECT_FALSE(lite.seen.Get().Has(State::kFailed));
}

class FakeNames final : public NameResolver, public NamePublisher {
 public:
  explicit FakeNames(Loop& loop) : loop_(loop) {}

  void Resolve(const std::string& name,
               std::function<void(std::optional<std::string>)> done) override {
    ++lookups;
    loop_.Post([this, name, done = std::move(done)] {
      const auto it = by_name.find(name);
      done(it == by_name.end() ? std::nullopt : std::optional(it->second));
    });
  }

  std::optional<std::string> Publish(const std::string& address) override {
    if (refuse) return std::nullopt;
    const std::string name = "name-" + std::to_string(by_name.size()) + ".local";
    by_name[name] = address;
    return name;
  }

  std::map<std::string, std::string> by_name;
  int lookups = 0;
  bool refuse = false;

 private:
  Loop& loop_;
};

TEST_F(NiceTransportPathTest, NamesArePublishedAndResolved) {
  FakeNames names(loop_);
  NiceTransportOptions options = LoopbackOptions();
  options.resolver = &names;
  options.publisher = &names;
  End& a = Make(options);
  End& b = Make(options);
  ConnectAndTalk(a, b);
  for (End* end : {&a, &b}) {
    for (const std::string& line : end->seen.Get().candidates) {
      EXPECT_EQ(line.find("127.0.0.1"), std::string::npos) << line;
      EXPECT_NE(line.find(".local "), std::string::npos) << line;
    }
  }
  EXPECT_GE(names.lookups, 1);
}

TEST_F(NiceTransportPathTest, NoNameNoCandidate) {
  FakeNames names(loop_);
  names.refuse = true;
  NiceTransportOptions options = LoopbackOptions();
  options.publisher = &names;
  End& a = Make(options);
  On([&] { EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); })); });
  ASSERT_TRUE(a.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  EXPECT_TRUE(a.seen.Get().candidates.empty());
}

TEST_F(NiceTransportPathTest, LookupsAreBoundedAndMayEndAfterUs) {
  FakeNames names(loop_);
  names.by_name["bad.local"] = "224.0.0.1";  // who answers is not trusted either
  NiceTransportOptions options = LoopbackOptions();
  options.resolver = &names;
  End& a = Make(options);
  On([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(a.Call([&](auto& t) {
        return t.AddRemoteCandidate("candidate:1 1 udp 5 bad.local 9 typ host");
      }));
    }
  });
  EXPECT_EQ(names.lookups, static_cast<int>(NiceTransport::kMaxNameLookups));
  std::uint64_t ignored = 0;
  On([&] { ignored = a.transport->counters().candidates_ignored; });
  EXPECT_EQ(ignored, 20U);
  On([&] {
    End end(*runtime_, options);
    EXPECT_TRUE(end.Call(
        [](auto& t) { return t.AddRemoteCandidate("candidate:1 1 udp 5 bad.local 9 typ host"); }));
  });
  On([] {});
}

TEST_F(NiceTransportPathTest, FailureNamesItsCause) {
  NiceTransportOptions options = LoopbackOptions();
  options.patience = milliseconds(100);
  options.connecting_idle_timeout = milliseconds(50);
  options.stun_transmissions = 1;
  const auto reason_with = [&](const std::string& candidate) {
    End& end = Make(options);
    On([&] {
      EXPECT_TRUE(end.Call([](auto& t) { return t.Gather(); }));
      EXPECT_TRUE(end.Call([](auto& t) {
        return t.SetRemoteCredentials({"abcd", "aPassword+of/22+chars++"});
      }));
      if (!candidate.empty()) {
        EXPECT_TRUE(end.Call([&](auto& t) { return t.AddRemoteCandidate(candidate); }));
      }
      end.Call([](auto& t) { t.SetRemoteCandidatesDone(); });
    });
    EXPECT_TRUE(WaitForState(end, State::kFailed));
    return ReasonOf(end);
  };
  EXPECT_EQ(reason_with(""), "the other end sent no candidate");
  EXPECT_EQ(reason_with("candidate:1 1 udp 5 some.local 9 typ host"),
            "the other end sent no candidate that can be used here");
  EXPECT_EQ(reason_with("candidate:1 1 udp 5 127.0.0.1 9 typ host"), "no pair of candidates works");
}

TEST_F(NiceTransportPathTest, InterfacesCanBeChosen) {
  NiceTransportOptions options = LoopbackOptions();
  options.bind_addresses.clear();
  options.interfaces = {"l*"};
  End& a = Make(options);
  End& b = Make(options);
  ConnectAndTalk(a, b);
  EXPECT_NE(a.seen.Get().candidates[0].find(" 127."), std::string::npos);
  options.excluded_interfaces = {"lo"};
  End& none = Make(options);
  On([&] {
    const auto gathered = none.Call([](auto& t) { return t.Gather(); });
    ASSERT_FALSE(gathered);
    EXPECT_EQ(gathered.error().code, Errc::kSystem);
  });
}

}  // namespace
}  // namespace pairwire::ice
