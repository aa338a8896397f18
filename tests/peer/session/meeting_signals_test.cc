// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/meeting_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/protocol/code.h"
#include "signaling/protocol/events.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using auth::BoxKind;
using auth::PairingRole;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRoom[] = "room";

std::string SdpOf(char digit) {
  std::string fingerprint;
  for (int i = 0; i < 32; ++i) {
    fingerprint += std::string(i == 0 ? "" : ":") + digit + digit;
  }
  return "v=0\r\na=fingerprint:sha-256 " + fingerprint + "\r\n";
}

auth::Fingerprints LinkOf(char own, char peer) {
  return {auth::OnlyFingerprint(SdpOf(own)).value(), auth::OnlyFingerprint(SdpOf(peer)).value()};
}

auth::Secret<64> SecretOf(std::uint8_t byte) {
  auth::Secret<64> secret;
  for (std::uint8_t& b : secret.writable()) b = byte;
  return secret;
}

// The relay's name for what arrives of it.
std::string_view AsHeard(std::string_view type) {
  return type == protocol::kMessageSend ? protocol::kMessageReceived : type;
}

class MeetingSignalsTest : public ::testing::Test {
 protected:
  using Said = Result<MeetingSignals::Said>;

  // What one says, as the other one hears it.
  Said Pass(MeetingSignals& from, MeetingSignals& to, BoxKind kind, const std::string& text) {
    auto written = from.Write(kRoom, kind, text);
    if (!written) return tl::unexpected(written.error());
    EXPECT_THAT(written->data.text, Not(HasSubstr("fingerprint")));
    return to.Read(now_, kRoom, AsHeard(written->type), written->data);
  }
  void ExpectPassed(const Said& said, BoxKind kind, const std::string& text) {
    ASSERT_TRUE(said) << ToString(said.error());
    EXPECT_EQ(said->kind, kind);
    EXPECT_EQ(said->text, text);
  }
  void Knock() {
    const auto hello = controller_.Hello();
    ASSERT_TRUE(hello);
    ASSERT_TRUE(display_.Begin(now_, *hello));
  }
  void Meet() {
    Knock();
    ExpectPassed(Pass(display_, controller_, BoxKind::kOffer, SdpOf('D')), BoxKind::kOffer,
                 SdpOf('D'));
    ExpectPassed(Pass(controller_, display_, BoxKind::kAnswer, SdpOf('C')), BoxKind::kAnswer,
                 SdpOf('C'));
  }
  void ExpectBound(char display, char controller) {
    const auto own = LinkOf(display, controller);
    const auto peer = LinkOf(controller, display);
    const auto tag = display_.proof()->Own(own);
    ASSERT_TRUE(tag);
    EXPECT_TRUE(controller_.proof()->Check(peer, *tag));
    const auto other = controller_.proof()->Own(peer);
    ASSERT_TRUE(other);
    EXPECT_TRUE(display_.proof()->Check(own, *other));
  }

  test::SeededRandom random_{1};
  Loop::TimePoint now_{std::chrono::seconds(1000)};
  MeetingSignals display_{PairingRole::kDisplay, SecretOf(7), true, random_};
  MeetingSignals controller_{PairingRole::kController, SecretOf(7), true, random_};
};

TEST_F(MeetingSignalsTest, MeetAndGoOn) {
  EXPECT_TRUE(protocol::IsMeet(display_.name()));
  EXPECT_EQ(display_.name(), controller_.name());
  Meet();
  EXPECT_FALSE(display_.peer_needs_new());
  ExpectBound('D', 'C');
  ExpectPassed(Pass(display_, controller_, BoxKind::kCandidate, "d1"), BoxKind::kCandidate, "d1");
  ExpectPassed(Pass(controller_, display_, BoxKind::kCandidate, "c1"), BoxKind::kCandidate, "c1");
  ExpectPassed(Pass(display_, controller_, BoxKind::kOffer, SdpOf('E')), BoxKind::kOffer,
               SdpOf('E'));
  ExpectPassed(Pass(controller_, display_, BoxKind::kBye, "renew"), BoxKind::kBye, "renew");
  ExpectPassed(Pass(display_, controller_, BoxKind::kOffer, SdpOf('F')), BoxKind::kOffer,
               SdpOf('F'));
  ExpectPassed(Pass(controller_, display_, BoxKind::kAnswer, SdpOf('A')), BoxKind::kAnswer,
               SdpOf('A'));
  // Links are of the last descriptions; one of an earlier connection fails without harm.
  const std::shared_ptr<LinkProof> proof = display_.proof();
  EXPECT_FALSE(proof->Own(LinkOf('D', 'C')));
  EXPECT_FALSE(proof->Check(LinkOf('D', 'C'), auth::BindTag{}));
  ExpectBound('F', 'A');
}

TEST_F(MeetingSignalsTest, AControllerWithoutAConnectionSaysSo) {
  MeetingSignals gone(PairingRole::kController, SecretOf(7), false, random_);
  ASSERT_TRUE(display_.Begin(now_, *gone.Hello()));
  EXPECT_TRUE(display_.peer_needs_new());
  ExpectPassed(Pass(display_, gone, BoxKind::kOffer, SdpOf('D')), BoxKind::kOffer, SdpOf('D'));
  ExpectPassed(Pass(gone, display_, BoxKind::kAnswer, SdpOf('C')), BoxKind::kAnswer, SdpOf('C'));
}

TEST_F(MeetingSignalsTest, AnotherSessionsEndProvesNothing) {
  MeetingSignals other(PairingRole::kController, SecretOf(8), true, random_);
  EXPECT_NE(other.name(), display_.name());
  ASSERT_TRUE(display_.Begin(now_, *other.Hello()));
  const auto said = Pass(display_, other, BoxKind::kOffer, SdpOf('D'));
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Errc::kAuthFailed);
}

TEST_F(MeetingSignalsTest, NothingGoesOutBeforeTheFirstDescription) {
  Knock();
  EXPECT_FALSE(display_.Write(kRoom, BoxKind::kCandidate, "x"));
  EXPECT_FALSE(controller_.Write(kRoom, BoxKind::kBye, "renew"));
}

TEST_F(MeetingSignalsTest, FramesGoInBoxesOfTheSameExchange) {
  Meet();
  EXPECT_FALSE(display_.relay_names()) << "nobody has allowed it";
  MeetingSignals display(PairingRole::kDisplay, SecretOf(7), true, random_, true);
  MeetingSignals controller(PairingRole::kController, SecretOf(7), false, random_, true);
  ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
  ASSERT_TRUE(Pass(display, controller, BoxKind::kOffer, SdpOf('D')));
  EXPECT_FALSE(display.relay_names()) << "nothing is proven yet";
  ASSERT_TRUE(Pass(controller, display, BoxKind::kAnswer, SdpOf('C')));
  const auto names = display.relay_names();
  const auto peer_names = controller.relay_names();
  ASSERT_TRUE(names && peer_names);
  EXPECT_EQ(names->own, peer_names->peer);
  EXPECT_EQ(names->peer, peer_names->own);
  EXPECT_NE(names->own, names->peer);
  const std::string frame("a\0b", 3);
  ExpectPassed(Pass(display, controller, BoxKind::kFrame, frame), BoxKind::kFrame, frame);
  ExpectPassed(Pass(controller, display, BoxKind::kFrame, frame), BoxKind::kFrame, frame);
  ExpectPassed(Pass(controller, display, BoxKind::kCandidate, "c"), BoxKind::kCandidate, "c");
}

TEST_F(MeetingSignalsTest, BothEndsHaveToAllowTheRelay) {
  for (const bool display_allows : {true, false}) {
    MeetingSignals display(PairingRole::kDisplay, SecretOf(7), true, random_, display_allows);
    MeetingSignals controller(PairingRole::kController, SecretOf(7), true, random_,
                              !display_allows);
    ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
    ASSERT_TRUE(Pass(display, controller, BoxKind::kOffer, SdpOf('D')));
    ASSERT_TRUE(Pass(controller, display, BoxKind::kAnswer, SdpOf('C')));
    EXPECT_FALSE(display.relay_names());
    EXPECT_FALSE(controller.relay_names());
  }
}

// Names of another exchange of the same two ends: a HELLO of one meeting is none of the next.
TEST_F(MeetingSignalsTest, EachExchangeHasNamesOfItsOwn) {
  std::vector<auth::Fingerprint256> names;
  for (int meeting = 0; meeting < 2; ++meeting) {
    MeetingSignals display(PairingRole::kDisplay, SecretOf(7), true, random_, true);
    MeetingSignals controller(PairingRole::kController, SecretOf(7), true, random_, true);
    ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
    ASSERT_TRUE(Pass(display, controller, BoxKind::kOffer, SdpOf('D')));
    ASSERT_TRUE(Pass(controller, display, BoxKind::kAnswer, SdpOf('C')));
    names.push_back(display.relay_names()->own);
  }
  EXPECT_NE(names[0], names[1]);
}

// Lost, repeated, exchanged with the next, said back to who said it, given as a candidate, forged.
TEST_F(MeetingSignalsTest, WhateverTheRelayDoesToFramesEndsTheMeeting) {
  for (int variant = 0; variant < 6; ++variant) {
    MeetingSignals display(PairingRole::kDisplay, SecretOf(9), true, random_, true);
    MeetingSignals controller(PairingRole::kController, SecretOf(9), true, random_, true);
    ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
    ASSERT_TRUE(Pass(display, controller, BoxKind::kOffer, SdpOf('D')));
    ASSERT_TRUE(Pass(controller, display, BoxKind::kAnswer, SdpOf('C')));
    const auto first = display.Write(kRoom, BoxKind::kFrame, "f1");
    const auto second = display.Write(kRoom, BoxKind::kFrame, "f2");
    ASSERT_TRUE(first && second);
    MeetingSignals& hears = variant == 3 ? display : controller;
    std::string_view type = protocol::kMessageReceived;
    protocol::RawJson data = first->data;
    if (variant == 0 || variant == 2) data = second->data;
    if (variant == 1) {
      ASSERT_TRUE(hears.Read(now_, kRoom, type, data));
    }
    if (variant == 4) type = protocol::kWebrtcIceCandidate;
    if (variant == 5) data.text[10] = data.text[10] == 'A' ? 'B' : 'A';
    const auto read = hears.Read(now_, kRoom, type, data);
    ASSERT_FALSE(read) << variant;
    EXPECT_EQ(read.error().code, Errc::kAuthFailed) << variant;
    // And nothing after it.
    EXPECT_FALSE(hears.Read(now_, kRoom, protocol::kMessageReceived, second->data)) << variant;
  }
}

// Dropped, repeated, exchanged for another, of another type, not JSON, in the open.
TEST_F(MeetingSignalsTest, WhateverTheRelayDoesEndsTheMeeting) {
  Meet();
  for (int variant = 0; variant < 6; ++variant) {
    MeetingSignals display(PairingRole::kDisplay, SecretOf(9), true, random_);
    MeetingSignals controller(PairingRole::kController, SecretOf(9), true, random_);
    ASSERT_TRUE(display.Begin(now_, *controller.Hello()));
    ASSERT_TRUE(Pass(display, controller, BoxKind::kOffer, SdpOf('D')));
    ASSERT_TRUE(Pass(controller, display, BoxKind::kAnswer, SdpOf('C')));
    auto first = display.Write(kRoom, BoxKind::kCandidate, "d1");
    auto second = display.Write(kRoom, BoxKind::kCandidate, "d2");
    ASSERT_TRUE(first && second);
    const std::string_view type = variant == 3 ? protocol::kWebrtcOffer : first->type;
    protocol::RawJson data = first->data;
    if (variant == 0) data = second->data;
    if (variant == 1) {
      ASSERT_TRUE(controller.Read(now_, kRoom, type, data));
    }
    if (variant == 2) data = display_.Write(kRoom, BoxKind::kCandidate, "x")->data;
    if (variant == 4) data = {"[]"};
    if (variant == 5) data = {R"({"candidate":"candidate:1","sdpMid":"0"})"};
    const auto read = controller.Read(now_, kRoom, type, data);
    ASSERT_FALSE(read) << variant;
    EXPECT_EQ(read.error().code, Errc::kAuthFailed) << variant;
  }
}

}  // namespace
}  // namespace pairwire
