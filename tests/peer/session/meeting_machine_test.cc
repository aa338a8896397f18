// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/meeting_machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pairwire::meeting {
namespace {

using auth::BoxKind;
using std::chrono::seconds;
using Words = std::vector<std::string>;

std::string KindOf(BoxKind kind) { return std::string(auth::ToString(kind)); }

// One word for an action, with what matters of it.
struct Describe {
  std::string operator()(const Dial&) const { return "dial"; }
  std::string operator()(const OpenStream&) const { return "open-stream"; }
  std::string operator()(const CloseStream&) const { return "close-stream"; }
  std::string operator()(const OpenSocket&) const { return "open-socket"; }
  std::string operator()(const Write& a) const {
    return "write:" + a.to + ":" + KindOf(a.kind) + ":" + a.text;
  }
  std::string operator()(const Leave&) const { return "leave"; }
  std::string operator()(const TellMet&) const { return "met"; }
  std::string operator()(const TellSignal& a) const { return KindOf(a.kind) + ":" + a.text; }
  std::string operator()(const TellFailed& a) const {
    return "failed:" + std::string(ToString(a.error.code));
  }
};

class MeetingMachineTest : public ::testing::Test {
 protected:
  static Words Give(MeetingMachine& machine, Loop::TimePoint now,
                    const MeetingMachine::Input& input) {
    Words words;
    for (const auto& action : machine.Handle(now, input)) {
      words.push_back(std::visit(Describe(), action));
    }
    return words;
  }
  Words Display(const MeetingMachine::Input& input) { return Give(display_, now_, input); }
  Words Controller(const MeetingMachine::Input& input) { return Give(controller_, now_, input); }

  void DisplayMeets(bool needs_new = false) {
    EXPECT_EQ(Display(Start{}), Words{"dial"});
    EXPECT_EQ(Display(Registered{}), Words{"open-stream"});
    EXPECT_FALSE(display_.deadline()) << "a controller may come as late as it wants to";
    EXPECT_EQ(Display(Knocked{"c1", needs_new}), Words{"open-socket"});
    Words met = {"close-stream", "met"};
    if (needs_new) met.insert(met.begin() + 1, "bye:renew");
    EXPECT_EQ(Display(SocketReady{}), met);
  }
  void ControllerMeets() {
    EXPECT_EQ(Controller(Start{}), Words{"dial"});
    EXPECT_EQ(Controller(Paired{}), Words{"open-socket"});
    EXPECT_EQ(Controller(SocketReady{}), Words{});
    EXPECT_EQ(Controller(Heard{BoxKind::kOffer, "o1"}), (Words{"met", "offer:o1"}));
  }

  MeetingMachine display_{true};
  MeetingMachine controller_{false};
  Loop::TimePoint now_{seconds(1000)};
};

TEST_F(MeetingMachineTest, TheDisplayOffersAndCandidatesFollow) {
  DisplayMeets();
  EXPECT_EQ(Display(Say{BoxKind::kCandidate, "a"}), Words{}) << "nothing to add it to";
  EXPECT_EQ(Display(Say{BoxKind::kOffer, "o1"}), (Words{"write:c1:offer:o1"}));
  EXPECT_EQ(Display(Say{BoxKind::kCandidate, "b"}), Words{"write:c1:candidate:b"});
  EXPECT_TRUE(display_.deadline());
  EXPECT_EQ(Display(Heard{BoxKind::kAnswer, "a1"}), Words{"answer:a1"});
  EXPECT_FALSE(display_.deadline()) << "a meeting lasts as long as it is needed";
  EXPECT_EQ(Display(Heard{BoxKind::kCandidate, "c"}), Words{"candidate:c"});
}

TEST_F(MeetingMachineTest, CandidatesBeforeTheAnswerWaitForIt) {
  ControllerMeets();
  EXPECT_EQ(Controller(Say{BoxKind::kCandidate, "a"}), Words{});
  EXPECT_EQ(Controller(Say{BoxKind::kAnswer, "a1"}),
            (Words{"write::answer:a1", "write::candidate:a"}));
  EXPECT_EQ(Controller(Say{BoxKind::kCandidate, "b"}), Words{"write::candidate:b"});
  // The next one likewise.
  EXPECT_EQ(Controller(Heard{BoxKind::kOffer, "o2"}), Words{"offer:o2"});
  EXPECT_EQ(Controller(Say{BoxKind::kCandidate, "c"}), Words{});
  EXPECT_EQ(Controller(Say{BoxKind::kAnswer, "a2"}),
            (Words{"write::answer:a2", "write::candidate:c"}));
}

TEST_F(MeetingMachineTest, FramesFollowTheProofAndAreNotOfTheTimeBefore) {
  ControllerMeets();
  EXPECT_FALSE(controller_.proven());
  EXPECT_EQ(Controller(Say{BoxKind::kFrame, "f"}), Words{});
  EXPECT_EQ(Controller(Heard{BoxKind::kFrame, "f"}), Words{});
  Controller(Say{BoxKind::kAnswer, "a1"});
  EXPECT_TRUE(controller_.proven());
  EXPECT_EQ(Controller(Say{BoxKind::kFrame, "f"}), Words{"write::frame:f"});
  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  EXPECT_EQ(Display(Say{BoxKind::kFrame, "f"}), Words{});
  Display(Heard{BoxKind::kAnswer, "a1"});
  EXPECT_TRUE(display_.proven());
  EXPECT_EQ(Display(Say{BoxKind::kFrame, "f"}), Words{"write:c1:frame:f"});
  // An offer that is out is about another way.
  Display(Say{BoxKind::kOffer, "o2"});
  EXPECT_EQ(Display(Heard{BoxKind::kFrame, "g"}), Words{"frame:g"});
  Display(Stop{});
  EXPECT_FALSE(display_.proven());
}

TEST_F(MeetingMachineTest, HeldCandidatesAreBounded) {
  ControllerMeets();
  for (std::size_t i = 0; i < 2 * kMaxHeld; ++i) Controller(Say{BoxKind::kCandidate, "x"});
  EXPECT_EQ(Controller(Say{BoxKind::kAnswer, "a1"}).size(), kMaxHeld + 1);
}

// The answer to the first offer is about a connection that its own end has given up.
TEST_F(MeetingMachineTest, ANewerOfferWaitsAndTheAnswerBeforeItIsDropped) {
  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  EXPECT_EQ(Display(Say{BoxKind::kOffer, "o2"}), Words{});
  EXPECT_EQ(Display(Say{BoxKind::kCandidate, "of o2"}), Words{});
  EXPECT_EQ(Display(Say{BoxKind::kOffer, "o3"}), Words{});
  EXPECT_EQ(Display(Say{BoxKind::kCandidate, "of o3"}), Words{});
  EXPECT_EQ(Display(Heard{BoxKind::kCandidate, "of a1"}), Words{});
  EXPECT_EQ(Display(Heard{BoxKind::kAnswer, "a1"}),
            (Words{"write:c1:offer:o3", "write:c1:candidate:of o3"}));
  EXPECT_EQ(Display(Heard{BoxKind::kAnswer, "a3"}), Words{"answer:a3"});
}

TEST_F(MeetingMachineTest, ACandidateOfAnAnswerThatWasDroppedIsNot) {
  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  Display(Say{BoxKind::kOffer, "o2"});
  Display(Heard{BoxKind::kAnswer, "a1"});
  // Behind a1 and before a2: of the controller's connection that a1 described.
  EXPECT_EQ(Display(Heard{BoxKind::kCandidate, "of a1"}), Words{});
  EXPECT_EQ(Display(Heard{BoxKind::kAnswer, "a2"}), Words{"answer:a2"});
  EXPECT_EQ(Display(Heard{BoxKind::kCandidate, "of a2"}), Words{"candidate:of a2"});
}

TEST_F(MeetingMachineTest, AControllerWithoutAConnectionSaysSoBeforeAnyOffer) {
  DisplayMeets(true);
}

TEST_F(MeetingMachineTest, NothingToRestartIsSaidOnceBothAreProven) {
  ControllerMeets();
  EXPECT_EQ(Controller(Say{BoxKind::kBye, "renew"}), (Words{"leave", "failed:peer_left"}));
  ControllerMeets();
  Controller(Say{BoxKind::kAnswer, "a1"});
  Controller(Heard{BoxKind::kOffer, "o2"});
  EXPECT_EQ(Controller(Say{BoxKind::kBye, "renew"}), Words{"write::bye:renew"});

  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  Display(Heard{BoxKind::kAnswer, "a1"});
  Display(Say{BoxKind::kOffer, "o2"});
  EXPECT_EQ(Display(Heard{BoxKind::kBye, "renew"}), Words{"bye:renew"});
  EXPECT_FALSE(display_.deadline());
}

TEST_F(MeetingMachineTest, SilenceEndsTheTry) {
  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  now_ += kProofDeadline;
  EXPECT_EQ(Display(TimerFired{}), (Words{"leave", "failed:timed_out"}));
  DisplayMeets();
  Display(Say{BoxKind::kOffer, "o1"});
  Display(Heard{BoxKind::kAnswer, "a1"});
  Display(Say{BoxKind::kOffer, "o2"});
  now_ += kAnswerDeadline;
  EXPECT_EQ(Display(TimerFired{}), (Words{"leave", "failed:timed_out"}));

  Controller(Start{});
  now_ += kDialDeadline;
  EXPECT_EQ(Controller(TimerFired{}), (Words{"leave", "failed:timed_out"}));
  Controller(Start{});
  Controller(Paired{});
  Controller(SocketReady{});
  now_ += kProofDeadline;
  EXPECT_EQ(Controller(TimerFired{}), (Words{"leave", "failed:timed_out"}));
}

TEST_F(MeetingMachineTest, ASecondKnockEndsTheTry) {
  DisplayMeets();
  EXPECT_EQ(Display(Knocked{"c1", false}), Words{}) << "the relay says it twice";
  EXPECT_EQ(Display(Knocked{"c2", false}), (Words{"leave", "failed:peer_left"}));
}

TEST_F(MeetingMachineTest, OnlyWhoKnockedIsHeard) {
  EXPECT_FALSE(display_.Hears("c1"));
  DisplayMeets();
  EXPECT_TRUE(display_.Hears("c1"));
  EXPECT_FALSE(display_.Hears("c2"));
  EXPECT_EQ(Display(Left{"c2"}), Words{});
  EXPECT_EQ(Display(Left{"c1"}), (Words{"leave", "failed:peer_left"}));
  ControllerMeets();
  EXPECT_TRUE(controller_.Hears("whoever"));
  EXPECT_EQ(Controller(Left{"d"}), (Words{"leave", "failed:peer_left"}));
}

TEST_F(MeetingMachineTest, AnAnswerThatNothingAskedForEndsTheTry) {
  DisplayMeets();
  EXPECT_EQ(Display(Heard{BoxKind::kAnswer, "a"}), (Words{"leave", "failed:auth_failed"}));
}

TEST_F(MeetingMachineTest, ARelayThatWantsASocketFromTheStart) {
  Display(Start{});
  EXPECT_EQ(Display(Registered{true}), Words{"open-socket"});
  EXPECT_EQ(Display(SocketReady{}), Words{});
  EXPECT_EQ(Display(Knocked{"c1", false}), (Words{"close-stream", "met"}));
}

TEST_F(MeetingMachineTest, WhatTheRelayAskedForIsToldWithTheFailure) {
  for (const auto retry_after :
       {std::optional<std::chrono::seconds>(), {std::chrono::seconds(7)}}) {
    Display(Start{});
    const auto actions =
        display_.Handle(now_, Failed{{Errc::kRateLimited, "slow down"}, retry_after});
    ASSERT_FALSE(actions.empty());
    const auto* const told = std::get_if<TellFailed>(&actions.back());
    ASSERT_TRUE(told != nullptr);
    EXPECT_EQ(told->retry_after, retry_after);
  }
}

TEST_F(MeetingMachineTest, StoppedAndFailedTriesHearNothing) {
  EXPECT_EQ(Display(Stop{}), Words{});
  const Error error{Errc::kRelayUnreachable, "x"};
  for (const bool fails : {false, true}) {
    DisplayMeets();
    Display(Say{BoxKind::kOffer, "o1"});
    if (fails) {
      EXPECT_EQ(Display(Failed{error}), (Words{"leave", "failed:relay_unreachable"}));
    } else {
      EXPECT_EQ(Display(Stop{}), Words{"leave"});
    }
    EXPECT_EQ(display_.state(), MeetingState::kIdle);
    EXPECT_FALSE(display_.deadline());
    for (const MeetingMachine::Input& input :
         {MeetingMachine::Input(Registered{}), MeetingMachine::Input(Paired{}),
          MeetingMachine::Input(Knocked{"c", false}), MeetingMachine::Input(SocketReady{}),
          MeetingMachine::Input(Failed{error}), MeetingMachine::Input(Left{"c1"}),
          MeetingMachine::Input(Heard{BoxKind::kAnswer, "a"}),
          MeetingMachine::Input(Say{BoxKind::kOffer, "o"}), MeetingMachine::Input(TimerFired{})}) {
      EXPECT_EQ(Display(input), Words{}) << input.index();
    }
  }
  // One try after the other.
  DisplayMeets();
  EXPECT_EQ(Display(Start{}), (Words{"leave", "dial"}));
}

}  // namespace
}  // namespace pairwire::meeting
