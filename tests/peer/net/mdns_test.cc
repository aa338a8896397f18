// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsResolver against MdnsPublisher, over real multicast in networks of the test's own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/random.h"
#include "peer/base/run_and_wait.h"
#include "peer/net/mdns_publisher.h"
#include "peer/net/mdns_resolver.h"
#include "tests/peer/net/network_namespace.h"
#include "tests/support/fd_count.h"
#include "tests/support/wait.h"

namespace pairwire::net {
namespace {

using test::InNetwork;
using test::NetworkNamespace;
using Address = std::optional<std::string>;

// A loop in one network, with whatever it is asked for.
class Host {
 public:
  explicit Host(const NetworkNamespace& network) {
    const InNetwork inside(network);
    EXPECT_TRUE(loop_.Start().has_value());
    OnLoop([this] {
      resolver_ = std::make_unique<MdnsResolver>(loop_);
      publisher_ = std::make_unique<MdnsPublisher>(loop_, random_);
    });
  }
  ~Host() {
    OnLoop([this] {
      resolver_.reset();
      publisher_.reset();
    });
  }

  void OnLoop(Task task) { ASSERT_TRUE(RunAndWait(loop_, std::move(task))); }

  std::string Publish(const std::string& address) {
    std::string result;
    OnLoop([&] {
      const auto name = publisher_->Publish(address);
      ASSERT_TRUE(name.has_value()) << ToString(name.error());
      result = *name;
    });
    return result;
  }
  Address Resolve(const std::string& name) {
    test::Watched<std::vector<Address>> results;
    OnLoop([&] {
      resolver_->Resolve(name, [&](const Address& address) {
        EXPECT_TRUE(loop_.IsCurrent());
        results.Update([&](auto& all) { all.push_back(address); });
      });
    });
    EXPECT_TRUE(results.WaitUntil([](const auto& all) { return !all.empty(); }));
    return results.Get().empty() ? Address("nothing came") : results.Get()[0];
  }

  MdnsPublisher& publisher() { return *publisher_; }

 private:
  SystemRandom random_;
  AsioLoop loop_{"host"};
  std::unique_ptr<MdnsResolver> resolver_;
  std::unique_ptr<MdnsPublisher> publisher_;
};

class MdnsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!here_.ok() || !there_.ok()) GTEST_SKIP() << test::kNeedsRoot;
  }

  NetworkNamespace here_;
  NetworkNamespace there_;
};

TEST_F(MdnsTest, ResolvesWhatAnotherHostPublishes) {
  test::Join(here_, there_);
  Host here(here_);
  Host there(there_);
  const std::string v4 = there.Publish("192.0.2.2");
  const std::string v6 = there.Publish("fd00::2");
  EXPECT_EQ(here.Resolve(v4), "192.0.2.2");
  EXPECT_EQ(here.Resolve(v6), "fd00::2");
  Host third(here_);
  EXPECT_EQ(third.Resolve(v4), "192.0.2.2") << "within the second in which it is not multicast";
  EXPECT_EQ(there.Resolve(v4), "192.0.2.2") << "on the host itself";

  there.OnLoop([&] { there.publisher().Unpublish(v4); });
  Host late(here_);
  EXPECT_EQ(late.Resolve(v4), std::nullopt);
  EXPECT_EQ(late.Resolve(v6), "fd00::2");
}

TEST_F(MdnsTest, WorksOverIpv6Alone) {
  test::Join(here_, there_);
  for (const auto& [network, link] : {std::pair{&here_, "veth-a"}, std::pair{&there_, "veth-b"}}) {
    const InNetwork inside(*network);
    test::Command({"ip", "-4", "address", "flush", "dev", link});
  }
  Host here(here_);
  Host there(there_);
  EXPECT_EQ(here.Resolve(there.Publish("fd00::2")), "fd00::2");
}

TEST_F(MdnsTest, LoopbackIsGoodBetweenProgramsOfOneHostOnly) {
  Host one(here_);
  Host other(here_);
  EXPECT_EQ(one.Resolve(other.Publish("127.0.0.1")), "127.0.0.1") << "without any network";

  test::Join(here_, there_);
  Host there(there_);
  EXPECT_EQ(one.Resolve(there.Publish("127.0.0.1")), std::nullopt);
}

TEST_F(MdnsTest, NobodyAnswersWithinASecond) {
  test::Join(here_, there_);
  Host here(here_);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(here.Resolve("00000000-0000-4000-8000-000000000000.local"), std::nullopt);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds(1'000));
  EXPECT_LT(took, std::chrono::milliseconds(5'000));
}

TEST_F(MdnsTest, APortThatSomebodyHoldsAloneIsGoneRound) {
  test::Join(here_, there_);
  Host there(there_);
  const std::string name = there.Publish("192.0.2.2");
  int alone = -1;
  {
    const InNetwork inside(here_);
    alone = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);  // both families, and no REUSE
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(kMdnsPort);
    ASSERT_EQ(bind(alone, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  }
  {
    Host here(here_);
    EXPECT_EQ(here.Resolve(name), "192.0.2.2") << "asked from a port of its own";
    here.OnLoop([&] {
      const auto published = here.publisher().Publish("192.0.2.1");
      ASSERT_FALSE(published.has_value());
      EXPECT_EQ(published.error().code, Errc::kSystem);
    });
  }
  close(alone);
}

TEST_F(MdnsTest, DoesNotTakeUnicastAwayFromOthersOnThePort) {
  test::Join(here_, there_);
  Host there(there_);
  there.Publish("192.0.2.2");
  int other = -1;  // as avahi binds it
  {
    const InNetwork inside(there_);
    other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    constexpr int kOn = 1;
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof(kOn));
    setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &kOn, sizeof(kOn));
    constexpr timeval kLong{30, 0};
    setsockopt(other, SOL_SOCKET, SO_RCVTIMEO, &kLong, sizeof(kLong));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(kMdnsPort);
    ASSERT_EQ(bind(other, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  }
  {
    const InNetwork inside(here_);
    // Each from another port: a hash over it would spread them over the sockets.
    for (int i = 0; i < 16; ++i) {
      const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(kMdnsPort);
      inet_pton(AF_INET, "192.0.2.2", &to.sin_addr);
      ASSERT_EQ(sendto(sender, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 1);
      close(sender);
    }
  }
  for (int i = 0; i < 16; ++i) {
    char byte = 0;
    ASSERT_EQ(recv(other, &byte, 1, 0), 1) << "only " << i << " of 16 came";
  }
  close(other);
}

TEST_F(MdnsTest, RefreshTakesPartOnInterfacesThatCameLater) {
  Host there(there_);
  const std::string name = there.Publish("192.0.2.2");
  test::Join(here_, there_);
  Host here(here_);
  EXPECT_EQ(here.Resolve(name), std::nullopt);
  there.OnLoop([&] { there.publisher().Refresh(); });
  EXPECT_EQ(here.Resolve(name), "192.0.2.2");
}

TEST_F(MdnsTest, DestroyedInTheMiddle) {
  test::Join(here_, there_);
  Host there(there_);
  const std::string name = there.Publish("192.0.2.2");
  {
    Host here(here_);
    here.OnLoop([] {});
    test::Watched<int> calls(0);
    const std::size_t before = test::OpenFdCount();
    {
      const InNetwork inside(here_);
      AsioLoop loop("gone");
      ASSERT_TRUE(loop.Start().has_value());
      std::unique_ptr<MdnsResolver> resolver;
      // From inside its own callback, with another lookup under way.
      ASSERT_TRUE(RunAndWait(loop, [&] {
        resolver = std::make_unique<MdnsResolver>(loop);
        for (const std::string& each : {name, name, std::string("nobody.local")}) {
          resolver->Resolve(each, [&](const Address&) {
            resolver.reset();
            calls.Update([](int& n) { ++n; });
          });
        }
      }));
      EXPECT_TRUE(calls.WaitFor(1));
      ASSERT_TRUE(RunAndWait(loop, [&] { EXPECT_EQ(resolver, nullptr); }));
      // Before any answer.
      ASSERT_TRUE(RunAndWait(loop, [&] {
        resolver = std::make_unique<MdnsResolver>(loop);
        resolver->Resolve(name, [](const Address&) { ADD_FAILURE(); });
        resolver.reset();
      }));
    }
    EXPECT_EQ(calls.Get(), 1);
    EXPECT_EQ(test::OpenFdCount(), before);
  }
}

}  // namespace
}  // namespace pairwire::net
