// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs at a relay that is not as usual: its switches are set, it is being flooded with
// guessed codes, it has several nodes, one of which goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/scenario/programs.h"
#include "tests/signaling/server/test_client.h"
#include "tests/support/relay_node.h"
#include "tests/support/server_port.h"

namespace pairwire::test {
namespace {

using server::testing::Metric;
using server::testing::RawClient;
using server::testing::Request;
using server::testing::RequestText;
using server::testing::WaitForMetric;

std::uint16_t PortOf(const Relay& relay) { return static_cast<std::uint16_t>(relay.port()); }

void ExpectMessageArrives(const std::string& display_relay, Program& display,
                          const std::string& code) {
  const auto controller = StartController(display_relay, code, {"send", "hello"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display.Event("message").value("text", ""), "hello") << display.Said();
}

// Row L13.
TEST(RelayModesScenario, ImmediateDisplaysWaitOnAWebSocketAndPair) {
  Relay relay("127.0.0.1:0", {"--connection", "immediate"});
  ASSERT_NE(relay.url(), "") << relay.process().errors();
  const auto display = StartDisplay(relay.url());
  const std::string code = NextCode(*display);
  EXPECT_TRUE(WaitForMetric(PortOf(relay), "pairwire_connections", R"(kind="websocket")",
                            [](double n) { return n == 1; }));
  EXPECT_EQ(Metric(PortOf(relay), "pairwire_connections", R"(kind="events")"), 0);
  ExpectMessageArrives(relay.url(), *display, code);
  // And again, with the next code.
  ExpectMessageArrives(relay.url(), *display, NextCode(*display));
  display->process().Signal(SIGTERM);
  EXPECT_EQ(display->process().WaitForExit(), 0);
}

TEST(RelayModesScenario, ImmediateDisplaysRenewTheirCodeWhenItExpires) {
  Relay relay("127.0.0.1:0", {"--connection", "immediate", "--session-seconds", "2"});
  const auto display = StartDisplay(relay.url());
  const std::string first = NextCode(*display);
  const std::string second = NextCode(*display);
  EXPECT_NE(second, "") << display->Said();
  EXPECT_NE(first, second);
}

TEST(RelayModesScenario, ARelayThatCarriesMessagesItselfIsSaidSo) {
  Relay relay("127.0.0.1:0", {"--signaling", "relayed"});
  const auto display = StartDisplay(relay.url());
  const auto controller = StartController(relay.url(), NextCode(*display), {"send", "x"});
  const Json error = display->Event("error");
  ASSERT_TRUE(error.is_object()) << display->Said();
  EXPECT_EQ(error.value("code", ""), "relay_refused");
  EXPECT_THAT(display->Said(), ::testing::HasSubstr("this relay carries messages itself"));
  EXPECT_EQ(controller->process().WaitForExit(), 1);
}

// Guesses from everywhere, by a proxy that the relay trusts, until it is told to stop: so many that
// the ceiling over all addresses is always reached.
class Flood {
 public:
  explicit Flood(std::uint16_t port) : port_(port) {
    while (!limited_) Guess(40);
    more_ = std::thread([this] {
      // Two guesses a second are let through; ten times that keeps the ceiling down.
      while (!stop_) {
        Guess(4);
        poll(nullptr, 0, 100);
      }
    });
  }
  ~Flood() {
    stop_ = true;
    more_.join();
  }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

 private:
  void Guess(int count) {
    std::vector<RawClient> clients;
    for (int i = 0; i < count; ++i) {
      const int n = ++number_;
      clients.emplace_back(port_);
      // Each another one, as one code's own bound would be reached first.
      const std::string code = R"({"code":")" + std::to_string(100'000'000 + n) + R"("})";
      clients.back().Send(RequestText("POST", "/api/sessions/pair", code,
                                      {{"Content-Type", "application/json"},
                                       {"X-Forwarded-For", "10.9." + std::to_string(n / 250) + "." +
                                                               std::to_string(n % 250)}}));
    }
    for (RawClient& client : clients) limited_ = client.ReadResponse().status == 429 || limited_;
  }

  const std::uint16_t port_;
  int number_ = 0;
  bool limited_ = false;
  std::atomic<bool> stop_{false};
  std::thread more_;
};

TEST(RelayModesScenario, AControllerSolvesAProofOfWorkUnderAFlood) {
  Relay relay("127.0.0.1:0", {"--trusted-proxy", "127.0.0.1"});
  const auto display = StartDisplay(relay.url());
  const Flood flood(PortOf(relay));
  // Now and then a controller is let in without one, when it comes just before the next guess.
  double proofs = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (proofs == 0 && std::chrono::steady_clock::now() < deadline) {
    ExpectMessageArrives(relay.url(), *display, NextCode(*display));
    proofs = Metric(PortOf(relay), "pairwire_proofs_accepted_total");
  }
  EXPECT_GE(proofs, 1);
}

// Row S10, A6: the code on the screen outlives the node that gave it out.
TEST(RelayModesScenario, ADisplayGoesToAnotherNodeWithItsCode) {
  for (const char* connection : {"lazy", "immediate"}) {
    RedisServer redis;
    std::vector<std::unique_ptr<RelayNode>> nodes;
    for (const char* id : {"a", "b"}) {
      const std::uint16_t port = ServerPort();
      nodes.push_back(std::make_unique<RelayNode>(
          redis, id,
          std::vector<std::string>{"--connection", connection, "--drain-seconds", "20",
                                   "--advertise-url", "http://127.0.0.1:" + std::to_string(port)},
          port));
    }
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (Request(nodes[0]->port(), "GET", "/api/nodes").body.find(R"("nodeId":"b")") ==
           std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      poll(nullptr, 0, 20);
    }
    const auto display = StartDisplay(nodes[0]->url());
    const std::string code = NextCode(*display);
    const char* kind = connection[0] == 'l' ? R"(kind="events")" : R"(kind="websocket")";
    ASSERT_TRUE(WaitForMetric(nodes[0]->port(), "pairwire_connections", kind,
                              [](double n) { return n == 1; }));
    nodes[0]->process().Signal(SIGTERM);
    EXPECT_TRUE(WaitForMetric(nodes[1]->port(), "pairwire_connections", kind, [](double n) {
      return n == 1;
    })) << connection;
    // Not after the drain's 20 s: as soon as nobody is left.
    EXPECT_EQ(nodes[0]->process().WaitForExit(), 0);
    ExpectMessageArrives(nodes[1]->url(), *display, code);
    EXPECT_TRUE(display->Events("error").empty()) << display->Said();
  }
}

TEST(RelayModesScenario, TheNearestNodeIsUsed) {
  RedisServer redis;
  const std::uint16_t port_a = ServerPort();
  const std::uint16_t port_b = ServerPort();
  const auto more = [](std::uint16_t port) {
    return std::vector<std::string>{"--advertise-url", "http://127.0.0.1:" + std::to_string(port)};
  };
  RelayNode a(redis, "a", more(port_a), port_a);
  RelayNode b(redis, "b", more(port_b), port_b);
  WaitForNodes(redis, 2);
  // Which of the two it is on one machine is chance; that pairing works either way is not.
  const auto display = StartDisplay(a.url(), {"--nearest"});
  const auto controller =
      StartController(b.url(), NextCode(*display), {"--nearest", "send", "near"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "near");
}

}  // namespace
}  // namespace pairwire::test
