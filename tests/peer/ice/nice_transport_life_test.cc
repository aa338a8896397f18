// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The end of NiceTransports: destroyed at every step and in every event, by the hundred, together
// with their runtime, and under hostile datagrams.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <random>

#include "peer/ice/candidate.h"
#include "peer/ice/nice_transport.h"
#include "tests/peer/ice/ice_fixture.h"
#include "tests/support/fd_count.h"
#include "tests/support/sanitizers.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

std::size_t ThreadCount() {
  const std::filesystem::directory_iterator begin("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

class NiceTransportLifeTest : public IceTest {
 protected:
  bool WaitForNoneDying() {
    return WaitForLoop([this] { return runtime_->dying() == 0; });
  }

  // Both echo what they get, up to a few packets, once connected.
  static void Chatter(End& end) {
    end.on_state = [&end](State state) {
      if (state != State::kCompleted || end.transport == nullptr) return;
      end.Call([](auto& t) { return t.Send(Packet(64)); });
    };
    end.on_packet = [&end, left = 3](ByteSpan packet) mutable {
      if (left-- == 0) return;
      const Bytes copy(packet.begin(), packet.end());
      end.Call([&](auto& t) { return t.Send(copy); });
    };
  }
};

TEST_F(NiceTransportLifeTest, DestroyedAfterEachCall) {
  for (int step = 0; step <= 7; ++step) {
    End& a = Make();
    End& b = Make();
    On([&] {
      const auto destroy_at = [&](int here) {
        if (step == here) a.Destroy();
        return step == here;
      };
      GiveCredentials(a, b);
      EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
      if (destroy_at(0)) return;
      a.Call([](auto& t) { t.SetRole(Role::kControlling); });
      if (destroy_at(1)) return;
      EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
      if (destroy_at(2)) return;
      GiveCredentials(b, a);
      if (destroy_at(3)) return;
      EXPECT_TRUE(a.Call([](auto& t) {
        return t.AddRemoteCandidate("candidate:1 1 UDP 5 127.0.0.1 9 typ host");
      }));
      if (destroy_at(4)) return;
      a.Call([](auto& t) { t.SetRemoteCandidatesDone(); });
      if (destroy_at(5)) return;
      EXPECT_FALSE(a.Call([](auto& t) { return t.Send(Packet(10)); }));
      if (destroy_at(6)) return;
    });
    On([&] { a.Destroy(); });
    EXPECT_TRUE(WaitForNoneDying()) << step;
  }
}

// One more event each time, until a whole life with packets has passed.
TEST_F(NiceTransportLifeTest, DestroyedInsideEveryEvent) {
  for (const bool tcp : {false, true}) {
    int event = 0;
    for (bool whole_life = false; !whole_life; ++event) {
      ASSERT_LT(event, 100);
      NiceTransportOptions options = LoopbackOptions();
      options.ice_tcp = tcp;
      End& a = Make(options);
      End& b = Make(options);
      Wire(a, b, [tcp](const std::string& line) {
        return !tcp || line.find(" UDP ") == std::string::npos;
      });
      On([&] {
        Chatter(a);
        Chatter(b);
        a.destroy_in_event = event;
      });
      Start(a, b);
      ASSERT_TRUE(WaitForLoop([&] {
        whole_life = a.transport != nullptr && a.seen.Get().packets.size() >= 4;
        return whole_life || a.transport == nullptr;
      }));
      On([&] {
        a.Destroy();
        b.Destroy();
      });
      ASSERT_TRUE(WaitForNoneDying());
    }
    EXPECT_GE(event, 10);  // candidates, done, three states, a pair, packets
  }
}

// While packets wait in the socket: libnice goes on reading after the first one's handler destroyed
// us.
TEST_F(NiceTransportLifeTest, DestroyedInAPacketWithMoreWaiting) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  On([&] {
    b.on_packet = [&](ByteSpan) { b.Destroy(); };
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(a.Call([](auto& t) { return t.Send(Packet(100)); }));
    }
  });
  EXPECT_TRUE(WaitForNoneDying());
  EXPECT_TRUE(WaitForPackets(b, 1));
  EXPECT_EQ(b.seen.Get().packets.size(), 1U);
}

TEST_F(NiceTransportLifeTest, NothingLeaks) {
  const auto round = [this](int pairs) {
    for (int i = 0; i < pairs; ++i) {
      NiceTransportOptions options = LoopbackOptions();
      options.ice_tcp = i % 2 == 0;
      End& a = Make(options);
      End& b = Make(options);
      Wire(a, b);
      Start(a, b);
      if (i % 10 == 0) {
        ASSERT_TRUE(WaitForCompleted(a, b));
      }
      On([&] { ends_.clear(); });
    }
    EXPECT_TRUE(WaitForNoneDying());
  };
  round(1);  // what GLib allocates once per process
  const std::size_t descriptors = test::OpenFdCount();
  const std::size_t threads = ThreadCount();
  round(100);
  EXPECT_EQ(test::OpenFdCount(), descriptors);
  EXPECT_EQ(ThreadCount(), threads);
}

TEST_F(NiceTransportLifeTest, RuntimeGoesWithAgentsStillClosing) {
  End& first = Make();  // what GLib allocates once per process
  On([&] { EXPECT_TRUE(first.Call([](auto& t) { return t.Gather(); })); });
  On([&] { ends_.clear(); });
  ASSERT_TRUE(WaitForNoneDying());
  const std::size_t descriptors = test::OpenFdCount();
  for (int i = 0; i < 20; ++i) {
    End& end = Make();
    On([&] { EXPECT_TRUE(end.Call([](auto& t) { return t.Gather(); })); });
  }
  On([&] {
    for (auto& end : ends_) end->Destroy();
    EXPECT_EQ(runtime_->dying(), 20U);
    runtime_.reset();
    EXPECT_EQ(test::OpenFdCount(), descriptors);
    runtime_ = std::make_unique<IceRuntime>(loop_);
  });
}

TEST_F(NiceTransportLifeTest, RuntimeGoesAfterTheLoopStopped) {
  AsioLoop loop("ice-test-2");
  ASSERT_TRUE(loop.Start());
  std::unique_ptr<IceRuntime> runtime;
  std::vector<std::unique_ptr<End>> ends;
  ASSERT_TRUE(RunAndWait(loop, [&] {
    runtime = std::make_unique<IceRuntime>(loop);
    for (int i = 0; i < 5; ++i) {
      ends.push_back(std::make_unique<End>(*runtime, LoopbackOptions()));
      EXPECT_TRUE(ends.back()->Call([](auto& t) { return t.Gather(); }));
    }
  }));
  loop.Stop();
  ends.clear();
  EXPECT_EQ(runtime->dying(), 5U);
  runtime.reset();
}

TEST_F(NiceTransportLifeTest, NoDescriptorLeftIsAnError) {
  if (test::kAddressSanitizer) {
    GTEST_SKIP()
        << "UBSan asks through a pipe whether an object is readable, and takes no for an answer";
  }
  // GLib and libnice end the process, or leave half an agent, when they get none.
  for (std::size_t spare = 0; spare < 4; ++spare) {
    End& end = Make();
    On([&] {
      rlimit limit{};
      ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
      rlimit low = limit;
      low.rlim_cur = 200;
      ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
      std::vector<int> taken;
      for (int fd = dup(0); fd >= 0; fd = dup(0)) taken.push_back(fd);
      for (std::size_t i = 0; i < spare && !taken.empty(); ++i) {
        close(taken.back());
        taken.pop_back();
      }
      const auto gathered = end.Call([](auto& t) { return t.Gather(); });
      for (const int fd : taken) close(fd);
      ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
      ASSERT_FALSE(gathered) << spare;
      EXPECT_EQ(gathered.error().code, Errc::kSystem) << gathered.error().detail;
    });
  }
}

// ---- hostile datagrams ----

class RawSocket {
 public:
  RawSocket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = To(0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawSocket() { close(fd_); }

  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  void Send(const Bytes& bytes, int port) const {
    const sockaddr_in address = To(port);
    sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
           sizeof address);
  }
  Bytes Receive() const {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, 20'000) != 1) return {};
    Bytes bytes(2000);
    const auto size = recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }

 private:
  static sockaddr_in To(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  int fd_;
};

TEST_F(NiceTransportLifeTest, HostileDatagramsDoNoHarm) {
  End& a = Make();
  End& b = Make();
  Wire(a, b);
  RawSocket attacker;
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    GiveCredentials(b, a);
    const std::string line =
        "candidate:66 1 UDP 100 127.0.0.1 " + std::to_string(attacker.port()) + " typ host";
    EXPECT_TRUE(a.Call([&](auto& t) { return t.AddRemoteCandidate(line); }));
  });
  ASSERT_TRUE(a.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  const int target = ParseCandidate(a.seen.Get().candidates.at(0))->port;

  // A real check of a's, which goes back cut short at every length, with each byte changed, and
  // whole.
  const Bytes check = attacker.Receive();
  ASSERT_GT(check.size(), 20U);
  // Only now, or a's pair with b could be nominated before the attacker's had its turn.
  On([&] { EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); })); });
  std::mt19937 random(20261121);
  const auto settle = [&] { On([] {}); };  // so that the socket's buffer does not overflow
  for (std::size_t size = 0; size <= check.size(); ++size) {
    attacker.Send(Bytes(check.begin(), check.begin() + static_cast<std::ptrdiff_t>(size)), target);
    if (size % 16 == 0) settle();
  }
  for (std::size_t i = 0; i < check.size(); ++i) {
    for (const int value : {0x00, 0xff, 0x01, 0x80}) {
      Bytes changed = check;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ value);
      attacker.Send(changed, target);
      changed[0] = 1;  // as a response
      attacker.Send(changed, target);
    }
    settle();
  }
  for (int i = 0; i < 2000; ++i) {
    Bytes noise(random() % 300);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    if (i % 3 == 0 && noise.size() >= 20) {
      std::copy_n(check.begin(), 8,
                  noise.begin());  // a STUN header that promises check.size() bytes
    }
    if (i % 3 == 1 && !noise.empty()) noise[0] = 22;  // DTLS of a stranger
    attacker.Send(noise, target);
    if (i % 32 == 0) settle();
  }
  EXPECT_TRUE(a.seen.Get().packets.empty()) << "from a source that passed no check";

  // And now the real peer.
  On([&] {
    a.Call([](auto& t) { t.SetRole(Role::kControlling); });
    for (const std::string& line : a.seen.Get().candidates) {
      EXPECT_TRUE(b.Call([&](auto& t) { return t.AddRemoteCandidate(line); }));
    }
    GiveCredentials(a, b);
  });
  ASSERT_TRUE(WaitForCompleted(a, b));
  EXPECT_TRUE(Send(b, Packet(99)));
  ASSERT_TRUE(WaitForPackets(a, 1));
  for (int i = 0; i < 100; ++i) attacker.Send(Packet(50), target);
  EXPECT_TRUE(Send(b, Packet(98)));
  ASSERT_TRUE(WaitForPackets(a, 2));
  EXPECT_EQ(a.seen.Get().packets[1].size(), 98U);
}

}  // namespace
}  // namespace pairwire::ice
