// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs with several displays at once: messages to all, frames, one display that is
// stopped in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;

struct Displays {
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<std::string> codes;
};

Displays Start(const Relay& relay, std::size_t count) {
  Displays displays;
  for (std::size_t i = 0; i < count; ++i) {
    displays.programs.push_back(std::make_unique<Program>(std::vector<std::string>{
        std::string(PAIRWIRE_BIN_DIR) + "/pairwire-display", "--relay", relay.url(), "--json",
        "--bind", "127.0.0.1", "--name", "hall " + std::to_string(i + 1)}));
  }
  for (const auto& display : displays.programs) displays.codes.push_back(NextCode(*display));
  return displays;
}

std::unique_ptr<Program> Control(const Relay& relay, const std::vector<std::string>& codes,
                                 const std::vector<std::string>& command) {
  std::vector<std::string> arguments = {std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller",
                                        "--relay",
                                        relay.url(),
                                        "--json",
                                        "--bind",
                                        "127.0.0.1"};
  for (const std::string& code : codes) {
    arguments.push_back("--code");
    arguments.push_back(code);
  }
  arguments.insert(arguments.end(), command.begin(), command.end());
  return std::make_unique<Program>(std::move(arguments));
}

TEST(Programs, OneMessageToThreeDisplays) {
  Relay relay;
  const Displays displays = Start(relay, 3);
  const auto controller = Control(relay, displays.codes, {"send", "to all"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(controller->Events("ack").size(), 1u) << controller->Said();
  for (const auto& display : displays.programs) {
    EXPECT_EQ(display->Event("message").value("text", ""), "to all") << display->Said();
  }
}

TEST(Programs, ADisplayThatIsNotThereLeavesTheOthers) {
  Relay relay;
  const Displays displays = Start(relay, 1);
  std::string wrong = displays.codes[0];
  wrong[0] = wrong[0] == '1' ? '2' : '1';
  const auto controller = Control(relay, {displays.codes[0], wrong}, {"send", "to one"});
  EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
  EXPECT_THAT(controller->Event("error").value("message", ""), HasSubstr(wrong));
  EXPECT_EQ(displays.programs[0]->Event("message").value("text", ""), "to one");
}

TEST(Programs, FramesOnTwoDisplays) {
  Relay relay;
  const Displays displays = Start(relay, 2);
  const auto controller =
      Control(relay, displays.codes, {"present", "--fps", "20", "--seconds", "1"});
  const Json presented = controller->Event("presented");
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(presented.value("frames", 0), 20) << controller->Said();
  EXPECT_EQ(presented.value("displays", 0), 2);
  // A frame may be lost; not all of them on loopback.
  EXPECT_GT(presented.value("compared", 0), 0) << controller->Said();
  for (const auto& display : displays.programs) {
    const Json frame = display->Event("frame");
    EXPECT_GT(frame.value("frame", 0), 0) << display->Said();
    EXPECT_GT(frame.value("shownUs", 0LL), 0);
  }
}

// All processes of a machine have one monotonic clock, so what the displays print can be compared.
TEST(GroupScenario, AFrozenDisplayChangesNothing) {
  Relay relay;
  const Displays displays = Start(relay, 3);
  const auto controller =
      Control(relay, displays.codes, {"present", "--fps", "25", "--seconds", "4"});
  for (const auto& display : displays.programs) {
    ASSERT_FALSE(display->Event("frame").is_null()) << display->Said() << controller->Said();
  }
  displays.programs[0]->process().Signal(SIGSTOP);
  const Json presented = controller->Event("presented");
  displays.programs[0]->process().Signal(SIGCONT);
  ASSERT_FALSE(presented.is_null()) << controller->Said();
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_TRUE(controller->Events("disconnected").empty()) << controller->Said();
  // The others went on: it was stopped at one of the first frames.
  constexpr std::size_t kMost = 50;
  EXPECT_GE(displays.programs[1]->Events("frame").size(), kMost) << displays.programs[1]->Said();
  EXPECT_GE(displays.programs[2]->Events("frame").size(), kMost) << displays.programs[2]->Said();
  EXPECT_GE(presented.value("compared", 0), static_cast<int>(kMost)) << controller->Said();
}

TEST(Programs, WatchSaysHowDisplaysAre) {
  Relay relay;
  const Displays displays = Start(relay, 2);
  const auto controller = Control(relay, displays.codes, {"watch"});
  std::map<std::string, int> reached;
  for (int i = 0; i < 20 && reached.size() < 2; ++i) {
    const Json reach = controller->Event("reach");
    ASSERT_FALSE(reach.is_null()) << controller->Said();
    ++reached[reach.value("display", "")];
    EXPECT_EQ(reach.value("state", ""), "connected");
    EXPECT_EQ(reach.value("path", ""), "direct");
  }
  EXPECT_EQ(reached.size(), 2u) << controller->Said();
  EXPECT_FALSE(controller->Events("display:health").empty()) << controller->Said();
  controller->process().Signal(SIGINT);
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
}

TEST(Programs, BadValuesOfPresentAreRefused) {
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"--fps", "0"}, {"--fps", "241"}, {"--seconds", "0"}}) {
    std::vector<std::string> arguments = {std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller",
                                          "--relay",
                                          "http://127.0.0.1:1",
                                          "--code",
                                          "4821-KMRWX",
                                          "present"};
    arguments.insert(arguments.end(), bad.begin(), bad.end());
    ChildProcess controller(std::move(arguments));
    EXPECT_EQ(controller.WaitForExit(), 2);
    const std::string errors = controller.errors();
    EXPECT_THAT(errors, HasSubstr(bad[0]));
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
  ChildProcess ping({std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller", "--relay",
                     "http://127.0.0.1:1", "--code", "4821-KMRWX", "--code", "4822-KMRWX", "ping"});
  EXPECT_EQ(ping.WaitForExit(), 2);
  EXPECT_THAT(ping.errors(), HasSubstr("give one --code"));
}

}  // namespace
}  // namespace pairwire::test
