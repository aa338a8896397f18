// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkMonitor and ReadNetwork against the kernel, in a network of the test's own.
#include "peer/net/network_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "tests/peer/net/network_namespace.h"
#include "tests/support/child_process.h"
#include "tests/support/fd_count.h"
#include "tests/support/log_capture.h"
#include "tests/support/wait.h"

namespace pairwire::net {
namespace {

using test::Command;
using test::InNetwork;
using test::NetworkNamespace;

bool Has(const NetworkSnapshot& snapshot, const NetworkAddress& address) {
  return std::binary_search(snapshot.begin(), snapshot.end(), address);
}

struct Change {
  NetworkSnapshot before;
  NetworkSnapshot now;
};

// The monitor on a loop of its own, which is in the network that the creating thread is in.
class Monitored final : private NetworkEvents {
 public:
  Monitored() {
    EXPECT_TRUE(loop_.Start().has_value());
    OnLoop([this] {
      auto monitor = NetworkMonitor::Create(loop_, *this);
      ASSERT_TRUE(monitor.has_value()) << ToString(monitor.error());
      monitor_ = std::move(*monitor);
    });
  }
  ~Monitored() {
    OnLoop([this] { monitor_.reset(); });
  }

  void OnLoop(Task task) { ASSERT_TRUE(RunAndWait(loop_, std::move(task))); }
  // True once an event says that `address` is there, or that it is not.
  bool WaitFor(const NetworkAddress& address, bool there = true) {
    return changes_.WaitUntil([&](const std::vector<Change>& changes) {
      return !changes.empty() && Has(changes.back().now, address) == there;
    });
  }
  std::vector<Change> changes() const { return changes_.Get(); }
  AsioLoop& loop() { return loop_; }

 private:
  void OnNetworkChange(const NetworkSnapshot& before, const NetworkSnapshot& now) override {
    EXPECT_TRUE(loop_.IsCurrent());
    changes_.Update([&](std::vector<Change>& changes) { changes.push_back({before, now}); });
  }

  AsioLoop loop_{"monitor"};
  std::unique_ptr<NetworkMonitor> monitor_;
  test::Watched<std::vector<Change>> changes_;
};

TEST(ReadNetworkTest, FindsLoopbackHere) {
  const auto network = ReadNetwork();
  ASSERT_TRUE(network.has_value()) << ToString(network.error());
  EXPECT_TRUE(Has(*network, {"lo", "127.0.0.1", true}));
  EXPECT_TRUE(std::is_sorted(network->begin(), network->end()));
}

class NetworkMonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.ok()) GTEST_SKIP() << test::kNeedsRoot;
    inside_ = std::make_unique<InNetwork>(network_);
  }

  NetworkNamespace network_;
  std::unique_ptr<InNetwork> inside_;
};

TEST_F(NetworkMonitorTest, AnInterfaceComesLosesItsCarrierAndGoes) {
  Monitored monitored;
  Command({"ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"});
  Command({"ip", "address", "add", "192.0.2.7/24", "dev", "v0"});
  Command({"ip", "link", "set", "v0", "up"});
  Command({"ip", "link", "set", "v1", "up"});
  ASSERT_TRUE(monitored.WaitFor({"v0", "192.0.2.7", true}));

  Command({"ip", "link", "set", "v1", "down"});
  ASSERT_TRUE(monitored.WaitFor({"v0", "192.0.2.7", false}));
  Command({"ip", "link", "set", "v1", "up"});
  ASSERT_TRUE(monitored.WaitFor({"v0", "192.0.2.7", true}));
  Command({"ip", "link", "set", "v0", "down"});
  ASSERT_TRUE(monitored.WaitFor({"v0", "192.0.2.7", false}));

  Command({"ip", "link", "delete", "v0"});
  ASSERT_TRUE(monitored.WaitFor({"v0", "192.0.2.7", false}, false));
  const auto changes = monitored.changes();
  for (std::size_t i = 1; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].before, changes[i - 1].now);
    EXPECT_NE(changes[i].before, changes[i].now);
  }
}

TEST_F(NetworkMonitorTest, AnAddressChangesOnTheSameInterface) {
  Command({"ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"});
  Command({"ip", "link", "set", "d1", "up"});
  Command({"ip", "address", "add", "192.0.2.7/24", "dev", "d0"});
  Command({"ip", "link", "set", "d0", "up"});
  test::WaitUntilUp("d0", "192.0.2.7");
  Monitored monitored;
  Command({"ip", "address", "add", "198.51.100.7/24", "dev", "d0"});
  Command({"ip", "address", "delete", "192.0.2.7/24", "dev", "d0"});
  ASSERT_TRUE(monitored.WaitFor({"d0", "192.0.2.7", true}, false));
  EXPECT_TRUE(Has(monitored.changes().back().now, {"d0", "198.51.100.7", true}));
  EXPECT_TRUE(Has(monitored.changes().front().before, {"d0", "192.0.2.7", true}));
}

TEST_F(NetworkMonitorTest, AnIpv6AddressCountsOnceItCanBeUsed) {
  Command({"ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"});
  Command({"ip", "link", "set", "v1", "up"});
  Command({"ip", "link", "set", "v0", "up"});
  Monitored monitored;
  Command({"ip", "address", "add", "fd00::7/64", "dev", "v0"});
  const auto tentative = ReadNetwork();
  ASSERT_TRUE(tentative.has_value());
  EXPECT_FALSE(Has(*tentative, {"v0", "fd00::7", true})) << "being checked for duplicates";
  EXPECT_TRUE(monitored.WaitFor({"v0", "fd00::7", true}));
}

TEST_F(NetworkMonitorTest, ThePointToPointAddressIsOursNotTheOtherEnds) {
  Command({"ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"});
  Command({"ip", "link", "set", "d1", "up"});
  Command({"ip", "address", "add", "192.0.2.7", "peer", "192.0.2.8/32", "dev", "d0"});
  Command({"ip", "link", "set", "d0", "up"});
  test::WaitUntilUp("d0", "192.0.2.7");
  const auto network = ReadNetwork();
  ASSERT_TRUE(network.has_value());
  EXPECT_TRUE(Has(*network, {"d0", "192.0.2.7", true}));
  EXPECT_FALSE(Has(*network, {"d0", "192.0.2.8", true}));
}

TEST_F(NetworkMonitorTest, SurvivesMoreNoticesThanTheKernelKeeps) {
  const test::LogCapture log;
  Command({"ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"});
  Command({"ip", "link", "set", "d1", "up"});
  Command({"ip", "link", "set", "d0", "up"});
  Monitored monitored;

  std::promise<void> flooded;
  monitored.loop().Post([future = flooded.get_future().share()] { future.wait(); });
  constexpr int kAddresses = 400;
  for (const char* const verb : {"add", "delete", "add"}) {
    std::string batch;
    for (int i = 0; i < kAddresses; ++i) {
      batch += "address " + std::string(verb) + " 10.0." + std::to_string(i / 200) + "." +
               std::to_string(i % 200 + 1) + "/32 dev d0\n";
    }
    test::ChildProcess ip({"/usr/sbin/ip", "-batch", "-"});
    ASSERT_TRUE(ip.Write(batch));
    ip.CloseInput();
    ASSERT_EQ(ip.WaitForExit(), 0) << ip.errors();
  }
  flooded.set_value();

  ASSERT_TRUE(monitored.WaitFor({"d0", "10.0.1.200", true}));
  EXPECT_TRUE(log.Contains("notices were lost")) << "the flood did not fill the socket";
  const NetworkSnapshot now = monitored.changes().back().now;
  EXPECT_EQ(std::count_if(now.begin(), now.end(),
                          [](const auto& each) { return each.address.starts_with("10.0."); }),
            kAddresses);

  Command({"ip", "address", "delete", "10.0.0.1/32", "dev", "d0"});
  EXPECT_TRUE(monitored.WaitFor({"d0", "10.0.0.1", true}, false)) << "it still hears";
}

TEST_F(NetworkMonitorTest, TheListHasABound) {
  Command({"ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"});
  Command({"ip", "link", "set", "d1", "up"});
  std::string batch;
  for (std::size_t i = 0; i < kMaxNetworkAddresses + 10; ++i) {
    batch += "address add 10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1) +
             "/32 dev d0\n";
  }
  test::ChildProcess ip({"/usr/sbin/ip", "-batch", "-"});
  ASSERT_TRUE(ip.Write(batch));
  ip.CloseInput();
  ASSERT_EQ(ip.WaitForExit(), 0) << ip.errors();
  const auto network = ReadNetwork();
  ASSERT_TRUE(network.has_value());
  EXPECT_EQ(network->size(), kMaxNetworkAddresses);
}

TEST_F(NetworkMonitorTest, GivesBackItsDescriptors) {
  AsioLoop loop("monitor");
  ASSERT_TRUE(loop.Start().has_value());
  struct Nothing final : NetworkEvents {
    void OnNetworkChange(const NetworkSnapshot&, const NetworkSnapshot&) override {}
  } events;
  const std::size_t before = test::OpenFdCount();
  ASSERT_TRUE(RunAndWait(loop, [&] {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(NetworkMonitor::Create(loop, events).has_value());
  }));
  EXPECT_EQ(test::OpenFdCount(), before);
}

}  // namespace
}  // namespace pairwire::net
