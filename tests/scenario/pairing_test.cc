// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs pair and message each other: the way a person uses them, and what goes wrong
// there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;

// One line that says what is wrong.
void ExpectOneLine(const std::string& errors) {
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

TEST(PairingScenario, AMessageGoesFromTheControllerToTheDisplayDirectly) {
  Relay relay;
  ASSERT_NE(relay.url(), "") << relay.process().errors();
  const auto display = StartDisplay(relay.url());
  const std::string code = NextCode(*display);
  ASSERT_EQ(code.size(), 9u) << display->Said();

  const auto controller =
      StartController(relay.url(), code, {"--name", "Ann", "send", "Grüße <&>"});
  EXPECT_EQ(controller->Event("paired").value("name", ""), "Test display");
  const Json connected = controller->Event("connected");
  EXPECT_EQ(connected.value("path", ""), "direct") << controller->Said();
  EXPECT_THAT(connected.value("localCandidate", ""), HasSubstr("127.0.0.1"));
  EXPECT_THAT(connected.value("remoteCandidate", ""), HasSubstr("127.0.0.1"));
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(controller->Events("ack").size(), 1u) << controller->Said();

  EXPECT_EQ(display->Event("paired").value("name", ""), "Ann");
  EXPECT_EQ(display->Event("connected").value("path", ""), "direct");
  EXPECT_EQ(display->Event("message").value("text", ""), "Grüße <&>");
  EXPECT_TRUE(display->Event("closed").is_object()) << display->Said();
  // The session over, a new code is shown, and it is another one.
  const std::string next = NextCode(*display);
  EXPECT_EQ(next.size(), 9u) << display->Said();
  EXPECT_NE(next, code);

  display->process().Signal(SIGTERM);
  EXPECT_EQ(display->process().WaitForExit(), 0);
}

TEST(PairingScenario, ChatKeepsOrderAndPrintsAnswers) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--echo"});
  const auto controller = StartController(relay.url(), NextCode(*display), {"chat"});
  std::string input;
  constexpr int kLines = 2'000;
  for (int i = 1; i <= kLines; ++i) input += std::to_string(i) + "\n";
  ASSERT_TRUE(controller->process().Write(input));
  for (int i = 1; i <= kLines; ++i) {
    const Json answer = controller->Event("message");
    ASSERT_EQ(answer.value("text", ""), std::to_string(i)) << controller->Said();
  }
  ASSERT_TRUE(controller->process().Write("/quit\n"));
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  ASSERT_TRUE(display->Event("closed").is_object());
  const std::vector<Json> received = display->Events("message");
  ASSERT_EQ(received.size(), static_cast<std::size_t>(kLines));
  for (int i = 1; i <= kLines; ++i) {
    EXPECT_EQ(received[static_cast<std::size_t>(i - 1)].value("text", ""), std::to_string(i));
  }
}

TEST(PairingScenario, APipedChatDeliversEverythingBeforeItEnds) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const auto controller = StartController(relay.url(), NextCode(*display), {"chat"});
  std::string input;
  constexpr int kLines = 10'000;
  for (int i = 1; i <= kLines; ++i) input += std::to_string(i) + "\n";
  ASSERT_TRUE(controller->process().Write(input));
  controller->process().CloseInput();
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  ASSERT_TRUE(display->Event("closed").is_object()) << display->Said();
  const std::vector<Json> received = display->Events("message");
  ASSERT_EQ(received.size(), static_cast<std::size_t>(kLines)) << display->Said();
  for (int i = 1; i <= kLines; ++i) {
    ASSERT_EQ(received[static_cast<std::size_t>(i - 1)].value("text", ""), std::to_string(i));
  }
}

TEST(PairingScenario, TheDisplaySpeaksToAWatchingController) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--chat"});
  const auto controller = StartController(relay.url(), NextCode(*display), {"watch"});
  ASSERT_TRUE(display->Event("connected").is_object());
  ASSERT_TRUE(display->process().Write("Hello there\n"));
  EXPECT_EQ(controller->Event("message").value("text", ""), "Hello there") << controller->Said();
  controller->process().Signal(SIGINT);  // how a person ends it
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_TRUE(display->Event("closed").is_object());
}

TEST(PairingScenario, AWatchEndsWithItsDisplay) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const auto controller = StartController(relay.url(), NextCode(*display), {"watch"});
  ASSERT_TRUE(controller->Event("connected").is_object());
  display->process().Signal(SIGINT);
  EXPECT_EQ(display->process().WaitForExit(), 0);
  EXPECT_GE(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(controller->Events("closed").size(), 1u) << controller->Said();
}

TEST(PairingScenario, PingMeasuresRoundTrips) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const auto controller =
      StartController(relay.url(), NextCode(*display), {"ping", "--count", "50"});
  const Json ping = controller->Event("ping");
  ASSERT_TRUE(ping.is_object()) << controller->Said();
  EXPECT_EQ(ping.value("count", 0), 50);
  EXPECT_GT(ping.value("p50Us", 0.0), 0.0);
  EXPECT_GE(ping.value("p99Us", 0.0), ping.value("p50Us", 0.0));
  EXPECT_EQ(controller->process().WaitForExit(), 0);
}

TEST(PairingScenario, AWrongCodeIsSaidInOneLine) {
  Relay relay;
  const auto controller = StartController(relay.url(), "000-000-000", {"send", "x"});
  const Json error = controller->Event("error");
  ASSERT_TRUE(error.is_object()) << controller->Said();
  EXPECT_EQ(error.value("code", ""), "code_not_found");
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  ExpectOneLine(controller->process().errors());
}

TEST(PairingScenario, ACodeWorksOnce) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const std::string code = NextCode(*display);
  const auto first = StartController(relay.url(), code, {"watch"});
  ASSERT_TRUE(first->Event("connected").is_object()) << first->Said();
  const auto second = StartController(relay.url(), code, {"send", "x"});
  EXPECT_EQ(second->Event("error").value("code", ""), "code_not_found") << second->Said();
  EXPECT_EQ(second->process().WaitForExit(), 1);
}

TEST(PairingScenario, ADeadRelayIsSaidInOneLine) {
  std::string url;
  {
    Relay relay;
    url = relay.url();
  }
  const auto controller = StartController(url, "123456789", {"send", "x"});
  EXPECT_EQ(controller->Event("error").value("code", ""), "relay_unreachable");
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  ExpectOneLine(controller->process().errors());

  // A display goes on trying, says it once, and ends when it is asked to.
  const auto display = StartDisplay(url);
  EXPECT_EQ(display->Event("error").value("code", ""), "relay_unreachable");
  display->process().Signal(SIGINT);
  EXPECT_EQ(display->process().WaitForExit(), 0);
  ExpectOneLine(display->process().errors());
}

TEST(PairingScenario, ADisplayComesBackWithItsRelay) {
  auto relay = std::make_unique<Relay>();
  const int port = relay->port();
  const std::string url = relay->url();
  const auto display = StartDisplay(url);
  const std::string first = NextCode(*display);
  ASSERT_NE(first, "");
  relay->process().Signal(SIGKILL);
  ASSERT_EQ(relay->process().WaitForExit(), 128 + SIGKILL);
  EXPECT_EQ(display->Event("error").value("code", ""), "relay_unreachable") << display->Said();
  relay = std::make_unique<Relay>("127.0.0.1:" + std::to_string(port));
  if (relay->url() != url) GTEST_SKIP() << "another program took the port meanwhile";
  const std::string second = NextCode(*display);
  ASSERT_NE(second, "") << display->Said();
  const auto controller = StartController(url, second, {"send", "back"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "back");
}

TEST(PairingScenario, WrongUsageIsOneLineAndTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {"pairwire-display"},
      {"pairwire-display", "--relay", "ftp://x"},
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--frobnicate"},
      // What only the connection needs is checked before the relay is asked for a code, too.
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--ice-server", "http://x"},
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--ice-server", "turn:x"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "--code", "1234-BCDFG", "--bind",
       "nowhere", "send", "x"},
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--letters", "7"},
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--page", "ftp://x"},
      // A line of JSON is no place for a drawing, and digits alone have no URL.
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--qr", "--json"},
      {"pairwire-display", "--relay", "http://127.0.0.1:1", "--qr", "--no-secret"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "--code", "http://x/#pair=4821.x",
       "send", "x"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "--code", "1234"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "send", "x"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "--code", "abc", "send", "x"},
      {"pairwire-controller", "--relay", "http://127.0.0.1:1", "--code", "1234", "ping", "--count",
       "0"},
  };
  for (std::vector<std::string> arguments : wrong) {
    arguments[0] = std::string(PAIRWIRE_BIN_DIR) + "/" + arguments[0];
    ChildProcess process(arguments);
    EXPECT_EQ(process.WaitForExit(), 2) << process.errors();
    ExpectOneLine(process.errors());
    EXPECT_TRUE(process.lines().empty());
  }
}

TEST(PairingScenario, HelpIsNoError) {
  for (const char* name : {"/pairwire-display", "/pairwire-controller"}) {
    ChildProcess process({std::string(PAIRWIRE_BIN_DIR) + name, "--help"});
    EXPECT_EQ(process.WaitForExit(), 0);
    EXPECT_GT(process.lines().size(), 5u);
  }
}

TEST(PairingScenario, CtrlCWhileConnectingEndsTheController) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const std::string code = NextCode(*display);
  display->process().Signal(SIGSTOP);  // nobody answers the controller
  const auto controller = StartController(relay.url(), code, {"send", "x"});
  ASSERT_TRUE(controller->Event("paired").is_object()) << controller->Said();
  controller->process().Signal(SIGINT);
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  ExpectOneLine(controller->process().errors());
  EXPECT_EQ(controller->Event("error").value("code", ""), "cancelled");
  // The display learns that the pairing was given up and shows a new code.
  display->process().Signal(SIGCONT);
  EXPECT_NE(NextCode(*display), "") << display->Said();
}

TEST(PairingScenario, AKilledControllerLeavesTheDisplayUsable) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const auto lost = StartController(relay.url(), NextCode(*display), {"watch"});
  ASSERT_TRUE(lost->Event("connected").is_object());
  ASSERT_TRUE(display->Event("connected").is_object()) << "it may come to know it a little later";
  lost->process().Signal(SIGKILL);
  // Seconds until ICE says that the path is quiet, and 10 s more for the controller to come back.
  const Json code = display->Event("code", std::chrono::seconds(100));
  ASSERT_TRUE(code.is_object()) << display->Said();
  EXPECT_TRUE(display->Events("closed").empty()) << display->Said();
  const auto next = StartController(relay.url(), code.value("code", ""), {"send", "again"});
  EXPECT_EQ(next->process().WaitForExit(), 0) << next->Said();
  // Whoever came took the place of the one that was away.
  EXPECT_TRUE(display->Event("closed").is_object()) << display->Said();
}

// Row B5: once connected, neither end holds a connection to the relay.
TEST(PairingScenario, BothEndsLeaveTheRelay) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--echo"});
  const auto controller = StartController(relay.url(), NextCode(*display), {"chat"});
  ASSERT_TRUE(controller->Event("connected").is_object());
  // Each message is a moment to look; no end of them is waited for blindly.
  std::size_t connections = 1;
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (connections > 0 && std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE(controller->process().Write("tick\n"));
    ASSERT_TRUE(controller->Event("message").is_object()) << controller->Said();
    connections = display->process().ConnectionsTo(relay.port()) +
                  controller->process().ConnectionsTo(relay.port());
  }
  EXPECT_EQ(connections, 0u);
  ASSERT_TRUE(controller->process().Write("/quit\n"));
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
}

}  // namespace
}  // namespace pairwire::test
