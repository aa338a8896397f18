// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs where no path is found from the start: through a relay that carries their
// boxes, and sees nothing in them, whatever it does with them; and not where somebody does not want
// that. --relay-only without a TURN server makes the lack of a path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string PortOf(const Relay& relay) { return std::to_string(relay.port()); }

// In front of `relay`; its words are lines of its output.
class Evil {
 public:
  Evil(const Relay& relay, const std::string& variant)
      : process_({std::string(PAIRWIRE_BIN_DIR) + "/pairwire-evil-relay", PortOf(relay), variant}) {
    constexpr std::string_view kPrefix = "listening on ";
    const auto line =
        process_.WaitForLine([&](const std::string& text) { return text.starts_with(kPrefix); });
    if (line) url_ = line->substr(kPrefix.size());
  }
  const std::string& url() const { return url_; }
  ChildProcess& process() { return process_; }

 private:
  ChildProcess process_;
  std::string url_;
};

std::unique_ptr<Program> StartPathless(const std::string& url, std::vector<std::string> more = {}) {
  more.insert(more.end(), {kWithLetters, "--relay-only"});
  return StartDisplay(url, std::move(more));
}

TEST(RelayedPrograms, TheFirstConnectionGoesThroughARelayThatSeesBoxes) {
  constexpr char kText[] = "a-word-that-stands-nowhere-else";
  Relay relay("127.0.0.1:0", {"--signaling", "both"});
  Evil tap(relay, "tell-frames");
  const auto display = StartPathless(tap.url());
  const auto controller =
      StartController(tap.url(), NextCode(*display), {"--relay-only", "send", kText});
  for (Program* const program : {display.get(), controller.get()}) {
    const Json connected = program->Event("connected");
    EXPECT_EQ(connected.value("path", ""), "relayed") << program->Said();
    EXPECT_EQ(connected.value("carrier", ""), "relay");
    EXPECT_EQ(connected.value("localCandidate", "?"), "");
    EXPECT_TRUE(connected.value("authenticated", false));
  }
  EXPECT_EQ(display->Event("message").value("text", ""), kText) << display->Said();
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(controller->Events("ack").size(), 1u);
  EXPECT_TRUE(display->Event("closed").is_object()) << "the goodbye arrived";
  EXPECT_EQ(display->Events("message").size(), 1u);
  std::size_t carried = 0;
  for (const std::string& line : tap.process().lines()) {
    if (!line.starts_with("carried ")) continue;
    ++carried;
    const Json message = Json::parse(line.substr(8));
    EXPECT_EQ(message["data"].size(), 1u) << line;
    EXPECT_TRUE(message["data"].contains("box")) << line;
    EXPECT_THAT(line, Not(HasSubstr(kText)));
  }
  EXPECT_GE(carried, 4u) << "hello and message, hello and acknowledgement";
  EXPECT_THAT(relay.process().errors(), Not(HasSubstr(kText)));
}

class HostileRelay : public ::testing::TestWithParam<std::string> {};

TEST_P(HostileRelay, EndsALinkAndNotTheSession) {
  Relay relay("127.0.0.1:0", {"--signaling", "both"});
  Evil evil(relay, GetParam());
  const auto display = StartPathless(evil.url());
  const auto controller = StartController(evil.url(), NextCode(*display), {"--relay-only", "chat"});
  constexpr int kLines = 12;
  for (int i = 1; i <= kLines; ++i) {
    ASSERT_TRUE(controller->process().Write(std::to_string(i) + "\n"));
    ASSERT_EQ(display->Event("message").value("text", ""), std::to_string(i)) << display->Said();
  }
  EXPECT_TRUE(evil.process().WaitForLine(
      [](const std::string& line) { return line == "did " + GetParam(); }));
  ASSERT_TRUE(controller->process().Write("/quit\n"));
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display->Events("message").size(), std::size_t{kLines});
}

INSTANTIATE_TEST_SUITE_P(Boxes, HostileRelay,
                         ::testing::Values("drop-frame", "repeat-frame", "forge-frame"),
                         [](const auto& test) {
                           return test.param.substr(0, test.param.find('-'));
                         });

TEST(RelayedPrograms, ARelayThatCarriesNoMessagesLeavesThemWithoutAPath) {
  Relay relay;
  const auto display = StartPathless(relay.url());
  const auto controller =
      StartController(relay.url(), NextCode(*display), {"--relay-only", "send", "x"});
  EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
  EXPECT_TRUE(controller->Event("error").is_object());
  EXPECT_TRUE(display->Events("connected").empty());
}

TEST(RelayedPrograms, BothEndsSayThatFilesWait) {
  TemporaryFolder folder;
  WriteTestFile(folder / "a.bin", 1'000, 1);
  Relay relay("127.0.0.1:0", {"--signaling", "both"});
  const auto display = StartPathless(relay.url(), {"--out", folder.string()});
  const auto controller = StartController(
      relay.url(), NextCode(*display), {"--relay-only", "send-file", (folder / "a.bin").string()});
  const Json waiting = controller->Event("waiting");
  EXPECT_EQ(waiting.value("for", ""), "direct") << controller->Said();
  EXPECT_EQ(waiting.value("name", ""), "a.bin");
  EXPECT_EQ(display->Event("waiting").value("for", ""), "direct") << display->Said();
  for (Program* const program : {display.get(), controller.get()}) {
    program->process().Signal(SIGINT);
    program->process().WaitForExit();
    EXPECT_THAT(program->process().errors(),
                HasSubstr("for a direct path: the relay carries messages only"));
    EXPECT_EQ(program->Events("waiting").size(), 1u) << program->Said();
  }
}

// By which end says --no-relayed.
class NoRelayed : public ::testing::TestWithParam<std::string> {};

TEST_P(NoRelayed, IsKeptAndIceFailsAsWithoutSuchARelay) {
  const bool at_display = GetParam() == "display";
  Relay relay("127.0.0.1:0", {"--signaling", "both"});
  std::vector<std::string> of_display{"--verbose"};
  std::vector<std::string> command{"--verbose", "--relay-only", "send", "x"};
  (at_display ? of_display : command)
      .insert((at_display ? of_display : command).begin(), "--no-relayed");
  const auto display = StartPathless(relay.url(), std::move(of_display));
  const auto controller = StartController(relay.url(), NextCode(*display), std::move(command));
  EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
  // Both come to that at the same moment; who is second hears that the first has left.
  const std::string at_controller = controller->Event("error").value("code", "");
  const std::string at_the_display = display->Event("error").value("code", "");
  EXPECT_TRUE(at_controller == "ice_failed" || at_the_display == "ice_failed");
  for (const std::string& code : {at_controller, at_the_display}) {
    EXPECT_THAT(code, AnyOf("ice_failed", "session_terminated"));
  }
  // Nobody began a session that the relay was to carry.
  for (Program* const program : {display.get(), controller.get()}) {
    EXPECT_THAT(program->process().errors(), Not(HasSubstr("session[")));
  }
  EXPECT_TRUE(display->Events("connected").empty());
  EXPECT_TRUE(display->Events("message").empty());
}

INSTANTIATE_TEST_SUITE_P(At, NoRelayed, ::testing::Values("display", "controller"),
                         [](const auto& test) { return test.param; });

// Digits alone: nothing would hide the text.
TEST(RelayedPrograms, NeverWithoutLetters) {
  Relay relay("127.0.0.1:0", {"--signaling", "both"});
  const auto display = StartDisplay(relay.url(), {"--relay-only"});
  const auto controller =
      StartController(relay.url(), NextCode(*display), {"--relay-only", "send", "x"});
  EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
  EXPECT_TRUE(display->Events("connected").empty());
}

}  // namespace
}  // namespace pairwire::test
