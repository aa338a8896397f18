// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs with letters in the code: what a person sees, and what a hostile relay gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string LettersOf(const std::string& code) { return code.substr(code.find('-') + 1); }

// Other letters behind the same digits.
std::string Misread(const std::string& code) {
  std::string wrong = code;
  wrong.back() = wrong.back() == 'B' ? 'C' : 'B';
  return wrong;
}

TEST(Programs, LettersInTheCode) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const Json shown = display->Event("code");
  const std::string code = shown.value("code", "");
  EXPECT_THAT(code, MatchesRegex("[0-9]{4}-[BCDFGHJKLMNPQRSTVWXZ]{5}")) << display->Said();
  const auto controller = StartController(relay.url(), code, {"--name", "Ann", "send", "hello"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(controller->Events("paired").size(), 1u);
  EXPECT_TRUE(controller->Event("connected").value("authenticated", false)) << controller->Said();
  EXPECT_EQ(display->Event("paired").value("name", ""), "Ann") << display->Said();
  EXPECT_TRUE(display->Event("connected").value("authenticated", false));
  EXPECT_EQ(display->Event("message").value("text", ""), "hello");
  // The session over, another code is shown.
  EXPECT_NE(NextCode(*display), code) << display->Said();
}

TEST(Programs, UrlWorks) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const std::string url = display->Event("code").value("url", "");
  EXPECT_THAT(url, HasSubstr(relay.url() + "/#pair=")) << display->Said();
  const auto controller = StartController(relay.url(), url, {"send", "hello"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "hello") << display->Said();
}

TEST(Programs, NoSecretSaysWhat) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  EXPECT_THAT(display->Event("no-secret").value("message", ""), HasSubstr("sit between"));
  const Json shown = display->Event("code");
  const std::string code = shown.value("code", "");
  EXPECT_THAT(code, MatchesRegex("[0-9]{9}"));
  EXPECT_FALSE(shown.contains("url"));
  const auto controller = StartController(relay.url(), code, {"send", "x"});
  EXPECT_THAT(controller->Event("no-secret").value("message", ""), HasSubstr("sit between"));
  EXPECT_FALSE(controller->Event("connected").value("authenticated", true)) << controller->Said();
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
}

TEST(Programs, DigitsAloneAreRefusedBeforeAnythingIsSent) {
  // Nobody listens there: had it asked, it would have said that nobody answers.
  ChildProcess controller({std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller", "--relay",
                           "http://127.0.0.1:1", "--code", "4821", "send", "x"});
  EXPECT_EQ(controller.WaitForExit(), 2);
  EXPECT_THAT(controller.errors(), HasSubstr("letters behind the digits are missing"));
}

TEST(Programs, WrongLettersAreSaidAtBothEndsAndTheCodeStays) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const std::string code = NextCode(*display);
  for (int i = 1; i <= 2; ++i) {
    const auto wrong = StartController(relay.url(), Misread(code), {"send", "no"});
    EXPECT_EQ(wrong->Event("error").value("code", ""), "auth_failed") << wrong->Said();
    EXPECT_EQ(wrong->process().WaitForExit(), 1);
    EXPECT_TRUE(wrong->Events("paired").empty());
    EXPECT_EQ(display->Event("error").value("code", ""), "auth_failed") << display->Said();
    const Json again = display->Event("code");
    EXPECT_EQ(again.value("code", ""), code);
    EXPECT_EQ(again.value("failedAttempts", 0), i);
  }
  const auto right = StartController(relay.url(), code, {"send", "yes"});
  EXPECT_EQ(right->process().WaitForExit(), 0) << right->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "yes") << display->Said();
}

TEST(Programs, ThreeWrongOnesChangeTheCode) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const std::string code = NextCode(*display);
  std::string next;
  for (int i = 1; i <= 3; ++i) {
    const auto wrong = StartController(relay.url(), Misread(code), {"send", "no"});
    EXPECT_EQ(wrong->process().WaitForExit(), 1) << wrong->Said();
    next = NextCode(*display);
    EXPECT_EQ(next == code, i < 3) << display->Said();
  }
  const auto right = StartController(relay.url(), next, {"send", "yes"});
  EXPECT_EQ(right->process().WaitForExit(), 0) << right->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "yes");
}

TEST(Programs, AControllerWithoutLettersIsTurnedAway) {
  Relay relay;
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const std::string code = NextCode(*display);
  const auto plain = StartController(relay.url(), code.substr(0, code.find('-')), {"send", "x"});
  EXPECT_EQ(plain->Event("error").value("code", ""), "auth_failed") << plain->Said();
  EXPECT_EQ(display->Event("error").value("code", ""), "auth_failed") << display->Said();
  EXPECT_EQ(NextCode(*display), code);
}

TEST(Programs, AnImmediateRelayCarriesLettersToo) {
  Relay relay("127.0.0.1:0", {"--connection", "immediate"});
  const auto display = StartDisplay(relay.url(), {kWithLetters});
  const std::string code = NextCode(*display);
  const auto wrong = StartController(relay.url(), Misread(code), {"send", "no"});
  EXPECT_EQ(wrong->process().WaitForExit(), 1) << wrong->Said();
  EXPECT_EQ(NextCode(*display), code) << display->Said();
  const auto right = StartController(relay.url(), code, {"send", "yes"});
  EXPECT_EQ(right->process().WaitForExit(), 0) << right->Said();
}

TEST(LogsHoldNoSecrets, AtDebugLevel) {
  Relay relay("127.0.0.1:0", {"--log-level", "debug"});
  const auto display = StartDisplay(relay.url(), {kWithLetters, "--verbose"});
  const Json shown = display->Event("code");
  const std::string code = shown.value("code", "");
  const std::string url = shown.value("url", "");
  const auto wrong = StartController(relay.url(), Misread(code), {"--verbose", "send", "no"});
  EXPECT_EQ(wrong->process().WaitForExit(), 1) << wrong->Said();
  const auto right = StartController(relay.url(), code, {"--verbose", "send", "PRIVATE-TEXT"});
  EXPECT_EQ(right->process().WaitForExit(), 0) << right->Said();
  ASSERT_TRUE(display->Event("message").is_object()) << display->Said();
  display->process().Signal(SIGTERM);
  EXPECT_EQ(display->process().WaitForExit(), 0);
  relay.process().Signal(SIGTERM);
  relay.process().WaitForExit();

  std::string logs = display->process().errors() + wrong->process().errors() +
                     right->process().errors() + relay.process().errors();
  for (const std::string& line : relay.process().lines()) logs += line;
  EXPECT_THAT(right->process().errors(), HasSubstr("exchange[answering]"));  // they do log
  const std::string secret = url.substr(url.find('.', url.find("#pair=")) + 1);
  ASSERT_EQ(secret.size(), 22u);
  for (const std::string& word :
       {LettersOf(code), LettersOf(Misread(code)), secret, std::string("\"box\""),
        std::string("\"pake\""), std::string("a=fingerprint"), std::string("a=ice-pwd"),
        std::string("PRIVATE-TEXT")}) {
    EXPECT_THAT(logs, Not(HasSubstr(word)));
  }
}

// Each ends in auth_failed at both ends, and nothing reaches an application.
class EvilRelayProcess : public ::testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<ChildProcess> Start(const Relay& relay, const std::string& variant) {
    return std::make_unique<ChildProcess>(
        std::vector<std::string>{std::string(PAIRWIRE_BIN_DIR) + "/pairwire-evil-relay",
                                 std::to_string(relay.port()), variant});
  }
  static std::string UrlOf(ChildProcess& evil) {
    constexpr std::string_view kPrefix = "listening on ";
    const auto line =
        evil.WaitForLine([&](const std::string& text) { return text.starts_with(kPrefix); });
    return line ? line->substr(kPrefix.size()) : "";
  }
};

TEST_P(EvilRelayProcess, EndsInAuthFailedAtBothEnds) {
  const std::string variant = GetParam();
  Relay relay;
  const auto evil = Start(relay, variant);
  const std::string url = UrlOf(*evil);
  ASSERT_NE(url, "") << evil->errors();
  const auto display = StartDisplay(url, {kWithLetters, "--echo"});
  const std::string code = NextCode(*display);
  ASSERT_NE(code, "") << display->Said();
  if (variant == "replay-offer") {
    // There has to be something to replay: a run that fails.
    const auto first = StartController(url, Misread(code), {"send", "x"});
    EXPECT_EQ(first->process().WaitForExit(), 1);
    EXPECT_EQ(display->Event("error").value("code", ""), "auth_failed") << display->Said();
  }
  const auto controller = StartController(url, code, {"send", "for the display only"});
  constexpr std::chrono::seconds kSilence{60};  // 30 s when it says nothing
  EXPECT_EQ(display->Event("error", kSilence).value("code", ""), "auth_failed") << display->Said();
  EXPECT_EQ(controller->Event("error", kSilence).value("code", ""), "auth_failed")
      << controller->Said();
  EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
  EXPECT_TRUE(evil->WaitForLine([&](const std::string& line) { return line == "did " + variant; }))
      << "it did nothing";
  for (Program* end : {display.get(), controller.get()}) {
    for (const char* event : {"connected", "message"}) {
      EXPECT_TRUE(end->Events(event).empty()) << end->Said();
    }
  }
  EXPECT_TRUE(display->Events("paired").empty()) << display->Said();
}

INSTANTIATE_TEST_SUITE_P(All, EvilRelayProcess,
                         ::testing::Values("offer-fingerprint", "answer-fingerprint", "offer-sdp",
                                           "answer-sdp", "hello-share", "offer-share", "offer-tag",
                                           "answer-tag", "order", "replay-offer", "drop-offer",
                                           "drop-answer", "no-hello", "plain-hello",
                                           "hello-features"),
                         [](const auto& variant) {
                           std::string name = variant.param;
                           std::erase(name, '-');
                           return name;
                         });

// The same process that changes nothing: it is the change that is noticed.
TEST_F(EvilRelayProcess, AnHonestOneIsNotNoticed) {
  Relay relay;
  const auto evil = Start(relay, "nothing");
  const std::string url = UrlOf(*evil);
  const auto display = StartDisplay(url, {kWithLetters});
  const auto controller = StartController(url, NextCode(*display), {"send", "hello"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "hello") << display->Said();
}

}  // namespace
}  // namespace pairwire::test
