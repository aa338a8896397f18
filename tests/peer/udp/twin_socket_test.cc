// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TwinSocket on real loopback sockets: what one end gathers arrives at the other, in order and
// byte for byte, with each offload on and off; whose datagrams are taken; what an owner may do.
#include "peer/udp/twin_socket.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "peer/udp/port_split.h"
#include "tests/peer/udp/raw_socket.h"
#include "tests/support/fd_count.h"
#include "tests/support/seeded_random.h"
#include "tests/support/wait.h"

namespace pairwire::udp {
namespace {

constexpr std::uint8_t kDtls = 23;
constexpr std::uint8_t kStun = 1;

Bytes Packet(std::size_t size, std::uint32_t number = 0) {
  Bytes packet(size, static_cast<std::uint8_t>(number * 7));
  packet[0] = kDtls;
  if (size >= 5) std::memcpy(&packet[1], &number, sizeof(number));
  return packet;
}

// A port with both of its sockets, and an owner that records. Loop thread only, but for `seen`.
class Port final : public TwinSocket::Events {
 public:
  struct Seen {
    std::vector<Bytes> packets;
    std::vector<Bytes> strays;
    std::size_t largest_batch = 0;
    std::vector<std::size_t> too_large;
    std::vector<int> failures;
  };

  Port(IoLoop& loop, LoopBuffers& buffers, bool v6, TwinOptions options) : first(v6) {
    EXPECT_TRUE(ShareUdpPort(first.fd()));
    auto opened = TwinSocket::Open(loop, buffers, first.fd(), *this, options);
    EXPECT_TRUE(opened);
    if (opened) twin = std::move(*opened);
  }

  bool OnTwinSource(const SocketAddress& from) override {
    return std::find(refused.begin(), refused.end(), from) == refused.end();
  }
  void OnTwinPackets(std::span<const ByteSpan> packets) override {
    EXPECT_NE(twin, nullptr);
    seen.Update([&](Seen& s) {
      s.largest_batch = std::max(s.largest_batch, packets.size());
      for (const ByteSpan packet : packets) s.packets.emplace_back(packet.begin(), packet.end());
    });
    if (on_packets) on_packets();
  }
  void OnTwinStray(const TwinSocket&, ByteSpan packet, const SocketAddress&) override {
    EXPECT_NE(twin, nullptr);
    seen.Update([&](Seen& s) { s.strays.emplace_back(packet.begin(), packet.end()); });
    if (on_stray) on_stray();
  }
  void OnTwinSendFailed(int error) override {
    seen.Update([&](Seen& s) { s.failures.push_back(error); });
    if (on_failure) on_failure();
  }
  void OnTwinTooLarge(std::size_t bytes) override {
    seen.Update([&](Seen& s) { s.too_large.push_back(bytes); });
  }

  RawSocket first;
  test::Watched<Seen> seen;
  std::vector<SocketAddress> refused;
  std::function<void()> on_packets;
  std::function<void()> on_stray;
  std::function<void()> on_failure;
  std::unique_ptr<TwinSocket> twin;
};

class TwinSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fds_before_ = test::OpenFdCount();
    loop_ = std::make_unique<AsioLoop>("twin-test");
    ASSERT_TRUE(loop_->Start());
    On([this] { buffers_ = std::make_unique<LoopBuffers>(*loop_); });
  }

  void TearDown() override {
    On([this] {
      ports_.clear();
      buffers_.reset();
    });
    loop_.reset();
    EXPECT_EQ(test::OpenFdCount(), fds_before_);
  }

  template <typename F>
  void On(F f) {
    ASSERT_TRUE(RunAndWait(*loop_, Task(std::move(f))));
  }

  Port& Make(bool v6 = false, TwinOptions options = {}) {
    On([&] { ports_.push_back(std::make_unique<Port>(*loop_, *buffers_, v6, options)); });
    return *ports_.back();
  }

  static bool WaitForPackets(Port& port, std::size_t count) {
    return port.seen.WaitUntil([&](const Port::Seen& s) { return s.packets.size() >= count; });
  }

  std::size_t fds_before_ = 0;
  std::unique_ptr<AsioLoop> loop_;
  std::unique_ptr<LoopBuffers> buffers_;
  std::vector<std::unique_ptr<Port>> ports_;
};

struct Way {
  const char* name;
  bool v6;
  TwinOptions options;
};

class TwinSocketWayTest : public TwinSocketTest, public ::testing::WithParamInterface<Way> {};

INSTANTIATE_TEST_SUITE_P(
    Ways, TwinSocketWayTest,
    ::testing::Values(
        Way{"Ipv4", false, {}}, Way{"Ipv6", true, {}},
        Way{"NoSegments", false, {.segments = false}}, Way{"NotGlued", false, {.glued = false}},
        Way{"OneByOne", false, {.segments = false, .glued = false, .send_many = false}}),
    [](const auto& way) { return way.param.name; });

TEST_P(TwinSocketWayTest, WhatIsGatheredArrivesInOrderByteForByte) {
  Port& a = Make(GetParam().v6, GetParam().options);
  Port& b = Make(GetParam().v6, GetParam().options);
  test::SeededRandom random(20);
  std::vector<Bytes> sent;
  std::uint32_t number = 0;
  for (int turn = 0; turn < 60; ++turn) {
    // Runs of equal sizes, as SCTP makes them, and odd ones between.
    std::vector<Bytes> now;
    while (now.size() < 60) {
      const auto size = static_cast<std::size_t>(1 + random.NextBelow(1472));
      const auto run = random.NextBelow(4) == 0 ? random.NextBelow(40) : 1;
      for (std::uint64_t i = 0; i <= run; ++i) now.push_back(Packet(size, number++));
    }
    sent.insert(sent.end(), now.begin(), now.end());
    On([&] {
      for (const Bytes& packet : now) EXPECT_TRUE(a.twin->Send(b.first.address(), packet));
    });
    ASSERT_TRUE(WaitForPackets(b, sent.size())) << turn;
  }
  EXPECT_EQ(b.seen.Get().packets, sent);
  On([&] {
    const SendCounters& out = a.twin->sent();
    const ReceiveCounters& in = b.twin->received();
    EXPECT_EQ(out.packets, sent.size());
    EXPECT_EQ(in.packets, sent.size());
    EXPECT_EQ(out.bytes, in.bytes);
    EXPECT_EQ(in.strays + in.refused + in.truncated + out.full + out.failed, 0U);
    if (!GetParam().options.send_many) {
      EXPECT_EQ(out.calls, out.packets);
    } else {
      EXPECT_LT(out.calls, 200U);
    }
  });
}

TEST_F(TwinSocketTest, OneCallMovesTwoFullGroups) {
  Port& a = Make();
  Port& b = Make();
  On([&] {
    for (std::uint32_t i = 0; i < 108; ++i) a.twin->Send(b.first.address(), Packet(1200, i));
  });
  ASSERT_TRUE(WaitForPackets(b, 108));
  On([&] {
    EXPECT_EQ(a.twin->sent().calls, 1U);
    EXPECT_LE(b.twin->received().reads, 2U);
    EXPECT_TRUE(a.twin->segments());
    EXPECT_TRUE(b.twin->glued());
  });
  EXPECT_GE(b.seen.Get().largest_batch, 54U);
}

TEST_F(TwinSocketTest, StunGoesToTheFirstSocketAndAlsoWhenItIsGluedIn) {
  Port& port = Make();
  const RawSocket other;
  ASSERT_TRUE(other.SendTo(port.first.address(), Bytes(20, kStun)));
  ASSERT_TRUE(other.SendTo(port.first.address(), Packet(100)));
  ASSERT_TRUE(WaitForPackets(port, 1));
  EXPECT_EQ(port.first.Receive(), Bytes(20, kStun));
  // DTLS in front: the kernel sees only that, and the STUN message ends up here.
  Bytes glued = Packet(200, 1);
  const Bytes second = Packet(200, 2);
  glued.insert(glued.end(), second.begin(), second.end());
  glued.insert(glued.end(), 60, kStun);
  ASSERT_TRUE(other.SendGlued(port.first.address(), glued, 200));
  ASSERT_TRUE(WaitForPackets(port, 3));
  EXPECT_TRUE(port.seen.WaitUntil([](const Port::Seen& s) { return s.strays.size() == 1; }));
  EXPECT_EQ(port.seen.Get().strays.front(), Bytes(60, kStun));
  EXPECT_EQ(port.seen.Get().packets.back(), second);
  // STUN in front: the first socket gets both, one by one.
  Bytes behind(200, kStun);
  behind.insert(behind.end(), second.begin(), second.end());
  ASSERT_TRUE(other.SendGlued(port.first.address(), behind, 200));
  EXPECT_EQ(port.first.Receive(), Bytes(200, kStun));
  EXPECT_EQ(port.first.Receive(), second);
}

TEST_F(TwinSocketTest, RefusedAddressesAreCountedAndNotHeard) {
  Port& port = Make();
  const RawSocket friendly;
  const RawSocket stranger;
  On([&] { port.refused = {stranger.address()}; });
  ASSERT_TRUE(stranger.SendTo(port.first.address(), Packet(100, 1)));
  ASSERT_TRUE(friendly.SendTo(port.first.address(), Packet(100, 2)));
  ASSERT_TRUE(stranger.SendGlued(port.first.address(), Packet(400, 3), 100));
  ASSERT_TRUE(friendly.SendTo(port.first.address(), Packet(100, 4)));
  ASSERT_TRUE(WaitForPackets(port, 2));
  EXPECT_EQ(port.seen.Get().packets, (std::vector<Bytes>{Packet(100, 2), Packet(100, 4)}));
  On([&] { EXPECT_EQ(port.twin->received().refused, 2U); });
}

TEST_F(TwinSocketTest, ABatchIsBounded) {
  Port& port = Make();
  const RawSocket other;
  // Read at once: more datagrams than a batch takes. 24 bytes of each matter; a small receive
  // buffer holds them all only when they come glued.
  On([&] {
    for (int i = 0; i < 16; ++i) {
      Bytes glued;
      for (int k = 0; k < 64; ++k) glued.insert(glued.end(), {kDtls, 0, 0, 0});
      glued.insert(glued.end(), {kDtls});
      EXPECT_TRUE(other.SendGlued(port.first.address(), glued, 4));
    }
  });
  ASSERT_TRUE(WaitForPackets(port, 16 * 65));
  EXPECT_EQ(port.seen.Get().largest_batch, TwinSocket::kMaxBatch);
}

TEST_F(TwinSocketTest, TheOwnerMayDestroyItInEachCallback) {
  const RawSocket other;
  Bytes glued = Packet(200, 1);
  glued.insert(glued.end(), 60, kStun);
  glued.resize(200 + 60);
  for (const bool stray : {false, true}) {
    Port& port = Make();
    test::Watched<bool> gone(false);
    On([&] {
      (stray ? port.on_stray : port.on_packets) = [&] {
        // What was gathered before still leaves.
        port.twin->Send(other.address(), Packet(50));
        port.twin.reset();
        gone.Set(true);
      };
    });
    ASSERT_TRUE(other.SendGlued(port.first.address(), glued, 200));
    ASSERT_TRUE(gone.WaitFor(true));
    EXPECT_EQ(other.Receive(), Packet(50));
    // From now on the first socket gets everything.
    ASSERT_TRUE(other.SendTo(port.first.address(), Packet(70)));
    EXPECT_EQ(port.first.Receive(), Packet(70));
  }
}

TEST_F(TwinSocketTest, ADeadRouteIsToldFromTheLoopsFrameAndTheOwnerMayDestroyItThere) {
  Port& port = Make();
  test::Watched<bool> gone(false);
  // From a loopback address nothing outside of this machine can be reached.
  sockaddr_in far{};
  far.sin_family = AF_INET;
  far.sin_port = htons(9);
  far.sin_addr.s_addr = htonl(0xc0000201);  // 192.0.2.1
  const auto to = SocketAddress::From(reinterpret_cast<const sockaddr*>(&far), sizeof(far));
  On([&] {
    port.on_failure = [&] {
      port.twin.reset();
      gone.Set(true);
    };
    for (int i = 0; i < 5; ++i) port.twin->Send(*to, Packet(100));
    buffers_->wire.Flush();
    EXPECT_TRUE(port.seen.Get().failures.empty());
    EXPECT_EQ(port.twin->sent().failed, 5U);
  });
  ASSERT_TRUE(gone.WaitFor(true));
  EXPECT_EQ(port.seen.Get().failures.size(), 1U);
}

// In a network namespace of its own, whose loopback carries 1400 bytes.
TEST_F(TwinSocketTest, WhatThePathDoesNotCarryArrivesInFragmentsAndIsTold) {
  bool isolated = false;
  On([&] {
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
    if (unshare(CLONE_NEWNET) != 0) return;
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_flags = IFF_UP;
    isolated = ioctl(control, SIOCSIFFLAGS, &request) == 0;
    request.ifr_mtu = 1400;
    isolated = isolated && ioctl(control, SIOCSIFMTU, &request) == 0;
    close(control);
  });
  if (!isolated) GTEST_SKIP() << "needs root, for a network namespace of its own";
  Port& a = Make();
  Port& b = Make();
  On([&] {
    for (std::uint32_t i = 0; i < 20; ++i) {
      a.twin->Send(b.first.address(), Packet(i % 10 < 5 ? 1372 : 1450, i));
    }
  });
  ASSERT_TRUE(WaitForPackets(b, 20));
  EXPECT_TRUE(a.seen.WaitUntil([](const Port::Seen& s) { return !s.too_large.empty(); }));
  EXPECT_EQ(a.seen.Get().too_large.front(), 1450U);
  On([&] {
    EXPECT_EQ(a.twin->sent().too_large, 10U);
    EXPECT_EQ(a.twin->sent().packets, 20U);
    EXPECT_TRUE(a.twin->segments());
  });
}

}  // namespace
}  // namespace pairwire::udp
