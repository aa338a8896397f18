// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/pairing_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "signaling/client/webrtc_signal.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using protocol::RawJson;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

std::string SdpOf(char digit) {
  std::string fingerprint;
  for (int i = 0; i < 32; ++i) {
    fingerprint += std::string(i == 0 ? "" : ":") + digit + digit;
  }
  return "v=0\r\na=fingerprint:sha-256 " + fingerprint + "\r\n";
}

IceCandidate Line(const std::string& text) {
  IceCandidate candidate;
  candidate.candidate = text;
  candidate.sdp_mid = "0";
  return candidate;
}

class PairingSignalsTest : public ::testing::Test {
 protected:
  // The display's code as a person types it, or its URL.
  PairingCode Show() {
    auto code = display_.NewCode(now_, "4821", seconds(600));
    EXPECT_TRUE(code.has_value());
    return code.value_or(PairingCode());
  }
  ControllerSignals Typed(const std::string& typed) {
    auto code = ReadCode(typed, false);
    EXPECT_TRUE(code.has_value());
    return {std::move(*code), random_};
  }
  RawJson Offer() {
    auto offer = display_.Offer("room", SdpOf('D'));
    EXPECT_TRUE(offer.has_value());
    return offer.value_or(RawJson());
  }

  test::SeededRandom random_{1};
  DisplaySignals display_{{true, auth::SecretLength::kFive, "https://relay.example/"}, random_};
  DisplaySignals::TimePoint now_{seconds(1000)};
};

template <typename T>
void ExpectAuthFailed(const Result<T>& result) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kAuthFailed);
}

TEST_F(PairingSignalsTest, LettersAndUrlLeadToTheSamePairing) {
  for (const bool by_url : {false, true}) {
    const PairingCode shown = Show();
    EXPECT_THAT(shown.url, HasSubstr("https://relay.example/#pair=4821."));
    ControllerSignals controller = Typed(by_url ? shown.url : shown.code);
    EXPECT_EQ(controller.lookup(), "4821");
    ASSERT_TRUE(display_.Begin(now_, *controller.Hello()));
    const RawJson offer = Offer();
    EXPECT_THAT(offer.text, Not(HasSubstr("fingerprint")));
    // Ours may go out before the answer, theirs after it.
    const auto early = display_.Candidate(Line("candidate:d"));
    ASSERT_TRUE(early.has_value());
    EXPECT_EQ(*controller.TakeOffer("room", offer), SdpOf('D'));
    EXPECT_EQ(controller.TakeCandidate(*early)->candidate, "candidate:d");
    const auto answer = controller.Answer(SdpOf('C'));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*display_.TakeAnswer(now_, *answer), SdpOf('C'));
    const auto late = controller.Candidate(Line(""));
    EXPECT_EQ(display_.TakeCandidate(*late)->candidate, "");
    EXPECT_TRUE(display_.TakeProof() != nullptr);
    EXPECT_TRUE(controller.TakeProof() != nullptr);
  }
}

TEST_F(PairingSignalsTest, TheRelayMayCarryTheSessionWhereBothEndsSaySo) {
  for (const bool display_allows : {false, true}) {
    for (const bool controller_allows : {false, true}) {
      DisplaySignals display(
          {true, auth::SecretLength::kFive, "https://relay.example/", display_allows}, random_);
      auto code = ReadCode(display.NewCode(now_, "4821", seconds(600))->code, false);
      ASSERT_TRUE(code.has_value());
      ControllerSignals controller(std::move(*code), random_, controller_allows);
      ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
      ASSERT_TRUE(controller.TakeOffer("room", *display.Offer("room", SdpOf('D'))));
      ASSERT_TRUE(display.TakeAnswer(now_, *controller.Answer(SdpOf('C'))));
      const bool both = display_allows && controller_allows;
      EXPECT_EQ(display.both_allow_relay(), both);
      EXPECT_EQ(controller.both_allow_relay(), both);
      EXPECT_EQ(display.form(), LinkForm::kLanes);
    }
  }
}

TEST_F(PairingSignalsTest, InTheOpenNobodyAllowsTheRelayToCarryIt) {
  DisplaySignals display({false, {}, {}, true}, random_);
  ControllerSignals controller({"123456789", {}}, random_, true);
  const RawJson hello = *controller.Hello();
  EXPECT_THAT(hello.text, Not(HasSubstr("session.relay")));
  // Whatever somebody else says.
  ASSERT_TRUE(display.Begin(now_, {R"({"plain":1,"features":["session.1","session.relay"]})"}));
  EXPECT_EQ(display.form(), LinkForm::kLanes);
  EXPECT_FALSE(display.both_allow_relay());
}

TEST_F(PairingSignalsTest, WrongLettersAreNoticedByTheController) {
  Show();
  ControllerSignals controller = Typed("4821-BBBBB");
  ASSERT_TRUE(display_.Begin(now_, *controller.Hello()));
  ExpectAuthFailed(controller.TakeOffer("room", Offer()));
  ExpectAuthFailed(controller.Answer(SdpOf('C')));
}

TEST_F(PairingSignalsTest, NobodyFallsBackToTheOpenForm) {
  const PairingCode shown = Show();
  ControllerSignals controller = Typed(shown.code);
  const RawJson hello = *controller.Hello();
  ExpectAuthFailed(controller.TakeOffer("room", ToSdpData(SdpOf('E'))));
  // The display: no hello, that of a plain one, anything else.
  for (const char* other : {"", R"({"plain":1,"features":["session.1"]})", "7", R"("x")", "[]"}) {
    ExpectAuthFailed(display_.Begin(now_, {other}));
  }
  // None of these was charged.
  ASSERT_TRUE(display_.Begin(now_, hello));
  Offer();
  ExpectAuthFailed(display_.TakeAnswer(now_, ToSdpData(SdpOf('E'))));
  ExpectAuthFailed(display_.TakeCandidate(ToCandidateData(Line("candidate:e"))));
}

TEST_F(PairingSignalsTest, ACandidateInTheOpenEndsAProvenRun) {
  const PairingCode shown = Show();
  ControllerSignals controller = Typed(shown.code);
  ASSERT_TRUE(display_.Begin(now_, *controller.Hello()));
  ASSERT_TRUE(controller.TakeOffer("room", Offer()));
  ExpectAuthFailed(controller.TakeCandidate(ToCandidateData(Line("candidate:e"))));
}

TEST_F(PairingSignalsTest, ThreeRunsACodeAreCharged) {
  Show();
  for (int i = 0; i < 3; ++i) {
    ControllerSignals guess = Typed("4821-BBBBB");
    EXPECT_TRUE(display_.Begin(now_, *guess.Hello())) << i;
    display_.EndRun();
  }
  ControllerSignals late = Typed("4821-BBBBB");
  ExpectAuthFailed(display_.Begin(now_, *late.Hello()));
  Show();
  EXPECT_TRUE(display_.Begin(now_, *Typed("4821-BBBBB").Hello()));
}

TEST_F(PairingSignalsTest, InTheOpenAllIsAsItAlwaysWas) {
  DisplaySignals display({false, {}, {}}, random_);
  ControllerSignals controller({"123456789", {}}, random_);
  EXPECT_EQ(display.NewCode(now_, "123456789", seconds(60))->code, "123456789");
  EXPECT_EQ(display.NewCode(now_, "123456789", seconds(60))->url, "");
  for (const RawJson& hello : {*controller.Hello(), RawJson(), RawJson{"\"x\""}}) {
    ASSERT_TRUE(display.Begin(now_, hello));
    const auto offer = display.Offer("room", SdpOf('D'));
    EXPECT_EQ(*ParseSdpData(*offer), SdpOf('D'));
    EXPECT_EQ(*controller.TakeOffer("room", *offer), SdpOf('D'));
    EXPECT_EQ(*display.TakeAnswer(now_, *controller.Answer(SdpOf('C'))), SdpOf('C'));
    EXPECT_EQ(controller.TakeCandidate(*display.Candidate(Line("candidate:d")))->candidate,
              "candidate:d");
    EXPECT_TRUE(display.TakeProof() == nullptr);
  }
}

TEST_F(PairingSignalsTest, ACodeIsReadAsItIsTyped) {
  EXPECT_EQ(ReadCode("4821 kmrtw", true)->secret.text.view(), "KMRTW");
  EXPECT_EQ(ReadCode("123 456 789", true)->lookup, "123456789");
  EXPECT_TRUE(ReadCode("123 456 789", true)->secret.text.empty());
  for (const char* digits : {"4821", "123456789", "123-456-789"}) {
    const auto refused = ReadCode(digits, false);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("letters behind the digits are missing"));
  }
  for (const char* wrong : {"", "abc", "12", "4821-KM", "https://x/", "https://x/#pair=4821.x"}) {
    EXPECT_FALSE(ReadCode(wrong, false).has_value()) << wrong;
    EXPECT_FALSE(ReadCode(wrong, true).has_value()) << wrong;
  }
}

TEST_F(PairingSignalsTest, APageThatCanNotCarryTheSecretIsRefused) {
  EXPECT_TRUE(DisplaySignals::CheckPage("http://10.0.0.1:8080/pair.html?relay=x"));
  for (const std::string& wrong : {std::string("ftp://x/"), std::string("https://x/#y"),
                                   std::string("x"), "https://x/" + std::string(2048, 'y')}) {
    EXPECT_FALSE(DisplaySignals::CheckPage(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace pairwire
