// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/session_machine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/peer/delivery/session_machine_rig.h"

namespace pairwire::delivery {
namespace {

TEST_F(SessionMachineTest, FromTheFirstLinkToTheGoodbye) {
  Make(PairingRole::kDisplay);
  EXPECT_EQ(Give(LinkUp{1}), Words({"bind1", "hello1"}));
  EXPECT_EQ(Give(BindSeen{1, true}), Words());
  EXPECT_EQ(Give(HelloSeen{1, HelloVerdict::kFirst}), Words({"use1", "rewind", "->connected"}));
  EXPECT_EQ(Wait(seconds(4)), Words({"leave"}));
  EXPECT_EQ(Wait(seconds(2)), Words({"ping1"}));
  EXPECT_EQ(Give(FrameSeen{1}), Words());
  EXPECT_EQ(Give(CloseAsked{}), Words({"->closing"}));
  EXPECT_EQ(Give(Drained{}),
            Words({"close1:bye", "end1", "leave", "wipe", "->closed", "closed:asked"}));
  EXPECT_FALSE(machine_->deadline());
}

TEST_F(SessionMachineTest, WhoDoesNotProveItselfGetsNothing) {
  for (const SessionMachine::Input& bad :
       {SessionMachine::Input(BindSeen{1, false}),
        SessionMachine::Input(HelloSeen{1, HelloVerdict::kFirst}),  // no BIND
        SessionMachine::Input(HelloSeen{1, HelloVerdict::kWrongTag})}) {
    Make(PairingRole::kController);
    Give(LinkUp{1});
    EXPECT_EQ(Give(bad), Words({"end1", "leave", "wipe", "->closed", "closed:auth-failed"}));
  }
  // A session that lives is not hurt by it.
  BringTo(SessionState::kReconnecting);
  for (const auto verdict :
       {HelloVerdict::kWrongTag, HelloVerdict::kRefuse, HelloVerdict::kMalformed}) {
    const LinkId link = next_++;
    Give(LinkUp{link});
    Give(BindSeen{link, true});
    const Words words = Give(HelloSeen{link, verdict});
    EXPECT_EQ(words.back(), "end" + std::to_string(link));
    EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
  }
  Give(LinkUp{50});
  EXPECT_EQ(Give(ResetSeen{50, ResetReason::kStateLost}), Words({"end50"}));
  Give(LinkUp{51});
  EXPECT_EQ(Give(CloseSeen{51, CloseReason::kBye}), Words({"end51"}));
  Give(LinkUp{52});
  EXPECT_EQ(Give(FrameSeen{52}), Words({"end52"}));
  EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
}

TEST_F(SessionMachineTest, TakeoverEndsTheOldLinkFirst) {
  BringTo(SessionState::kConnected);
  EXPECT_EQ(Give(LinkUp{2}), Words({"bind2", "hello2"}));
  Give(BindSeen{2, true});
  EXPECT_EQ(Give(HelloSeen{2, HelloVerdict::kResume}), Words({"end1", "use2", "rewind"}));
  EXPECT_EQ(machine_->link(), 2U);
  EXPECT_EQ(Give(LinkEnded{1}), Words()) << "it is none of ours any more";
  EXPECT_EQ(Give(FrameSeen{1}), Words());
  // At most one waits.
  Give(LinkUp{3});
  EXPECT_EQ(Give(LinkUp{4}), Words({"end3", "bind4", "hello4"}));
}

TEST_F(SessionMachineTest, ALinkThatEndsIsReplaced) {
  BringTo(SessionState::kConnected);
  EXPECT_EQ(Give(LinkEnded{1}), Words({"rejoin", "->reconnecting"}));
  EXPECT_EQ(Give(RelayMet{}), Words({"new"}));
  const Words waited = Wait(seconds(5));
  EXPECT_GE(Count(waited, "new"), 2U);
  EXPECT_LE(Count(waited, "new"), 5U);
  next_ = 2;
  Connect();
  EXPECT_EQ(machine_->state(), SessionState::kConnected);
  EXPECT_EQ(Wait(seconds(4)), Words({"leave"})) << "and no window is open";
}

TEST_F(SessionMachineTest, OffersInAMeetingAreTheDisplays) {
  BringTo(SessionState::kReconnecting, PairingRole::kController);
  EXPECT_EQ(Give(RelayMet{}), Words());
  EXPECT_EQ(Count(Wait(seconds(20)), "new"), 0U);
  BringTo(SessionState::kRecovering, PairingRole::kController);
  EXPECT_EQ(Give(RelayMet{}), Words());
}

TEST_F(SessionMachineTest, APathThatComesBack) {
  BringTo(SessionState::kConnected);
  EXPECT_EQ(Give(PathQuiet{1}), Words({"rejoin", "restart-in-band", "->recovering"}));
  EXPECT_EQ(Give(PathBack{1}), Words({"stop-rejoin", "->connected"}));
  Give(PathQuiet{1});
  EXPECT_EQ(Give(RelayMet{}), Words({"restart"}));
  EXPECT_EQ(Give(FrameSeen{1}), Words({"->connected"})) << "a frame is as good";
  EXPECT_EQ(Count(Wait(seconds(3)), "leave"), 1U);
  // Silence alone does it, too.
  BringTo(SessionState::kConnected);
  const Words waited = Wait(seconds(16));
  EXPECT_EQ(Count(waited, "->recovering"), 1U);
}

TEST_F(SessionMachineTest, RestartsInVainEndTheConnection) {
  BringTo(SessionState::kRecovering);
  Give(RelayMet{});
  const Words waited = Wait(milliseconds(10'100));
  EXPECT_GE(Count(waited, "restart"), 4U);
  EXPECT_EQ(Count(waited, "end1"), 1U);
  EXPECT_EQ(Count(waited, "new"), 1U);
  EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
  BringTo(SessionState::kRecovering);
  Give(RelayMet{});
  EXPECT_EQ(Give(RenewAsked{}), Words({"end1", "new", "->reconnecting"}));
}

TEST_F(SessionMachineTest, TheWindowEndsTheSession) {
  for (const auto state : {SessionState::kRecovering, SessionState::kReconnecting}) {
    BringTo(state);
    Words waited = Wait(seconds(119));
    EXPECT_EQ(Count(waited, "closed:session-lost"), 0U);
    waited = Wait(seconds(2));
    EXPECT_EQ(waited.back(), "closed:session-lost");
    EXPECT_EQ(Count(waited, "wipe"), 1U);
    EXPECT_FALSE(machine_->deadline());
  }
}

TEST_F(SessionMachineTest, AFirstLinkThatFails) {
  Make(PairingRole::kController);
  Give(LinkUp{1});
  EXPECT_EQ(Give(LinkEnded{1}), Words({"end1", "rejoin", "->reconnecting"}));
  Make(PairingRole::kController);
  Give(LinkUp{1});
  const Words waited = Wait(seconds(10));
  EXPECT_EQ(waited, Words({"end1", "rejoin", "->reconnecting"}));
  Make(PairingRole::kController, true);
  EXPECT_EQ(Give(LinkUp{1}), Words({"hello1"}));
  EXPECT_EQ(Give(LinkEnded{1}).back(), "closed:link-failed");
}

TEST_F(SessionMachineTest, ResetsAndGoodbyes) {
  const auto word = [&](const SessionMachine::Input& input) {
    BringTo(SessionState::kConnected);
    return Give(input).back();
  };
  EXPECT_EQ(word(ResetSeen{1, ResetReason::kCorrupt}), "closed:corrupt");
  EXPECT_EQ(word(ResetSeen{1, ResetReason::kStateLost}), "closed:session-lost");
  EXPECT_EQ(word(ResetSeen{1, ResetReason::kProtocol}), "closed:protocol");
  EXPECT_EQ(word(ResetSeen{1, ResetReason::kRefused}), "->reconnecting");
  EXPECT_EQ(word(CloseSeen{1, CloseReason::kBye}), "closed:peer-left");
  EXPECT_EQ(word(CloseSeen{1, CloseReason::kReplaced}), "closed:replaced");
  EXPECT_EQ(word(CloseSeen{1, CloseReason::kRevoked}), "closed:revoked");
  EXPECT_EQ(word(Violation{1}), "closed:protocol");
  EXPECT_EQ(word(Replaced{}), "closed:replaced");
  EXPECT_EQ(word(RevokeAsked{}), "closed:revoked");
  BringTo(SessionState::kReconnecting);
  Give(LinkUp{2});
  Give(BindSeen{2, true});
  EXPECT_EQ(Give(HelloSeen{2, HelloVerdict::kStateLost}),
            Words({"reset2:state-lost", "end2", "stop-rejoin", "leave", "wipe", "->closed",
                   "closed:peer-restarted"}));
  BringTo(SessionState::kReconnecting);
  Give(LinkUp{2});
  Give(BindSeen{2, true});
  EXPECT_EQ(Give(HelloSeen{2, HelloVerdict::kCorrupt}).front(), "reset2:corrupt");
}

TEST_F(SessionMachineTest, ClosingDoesNotWaitForEver) {
  BringTo(SessionState::kClosing);
  EXPECT_EQ(Wait(seconds(5)).back(), "closed:asked");
  BringTo(SessionState::kClosing);
  EXPECT_EQ(Give(LinkEnded{1}).back(), "closed:asked");
  BringTo(SessionState::kReconnecting);
  EXPECT_EQ(Give(CloseAsked{}).back(), "closed:asked");
  BringTo(SessionState::kClosing);
  EXPECT_EQ(Give(LinkUp{2}), Words({"end2"}));
}

TEST_F(SessionMachineTest, BackOffIsFullJitter) {
  // The longest pause of each try, over many runs: it doubles, and short ones happen as well.
  std::vector<double> longest(8);
  std::vector<double> shortest(8, 1e9);
  for (int run = 0; run < 300; ++run) {
    BringTo(SessionState::kReconnecting);
    for (std::size_t attempt = 0; attempt < longest.size(); ++attempt) {
      const auto failed = now_;
      Give(RejoinFailed{});
      while (Count(At(seconds(0)), "rejoin") == 0) now_ = *machine_->deadline();
      const double pause = std::chrono::duration<double>(now_ - failed).count();
      longest[attempt] = std::max(longest[attempt], pause);
      shortest[attempt] = std::min(shortest[attempt], pause);
    }
  }
  double bound = 0.25;
  for (std::size_t attempt = 0; attempt < longest.size(); ++attempt) {
    EXPECT_LE(longest[attempt], bound);
    EXPECT_GE(longest[attempt], bound * 0.9);
    EXPECT_LE(shortest[attempt], bound * 0.1);
    bound = std::min(2.0, bound * 2);
  }
  // A changed network is a reason not to wait.
  BringTo(SessionState::kReconnecting);
  for (int i = 0; i < 6; ++i) {
    Give(RejoinFailed{});
    EXPECT_EQ(Give(NetworkChanged{}), Words({"rejoin"}));
  }
}

// The longest pause behind such a failure, over many runs, when pauses had grown to their longest.
TEST_F(SessionMachineTest, NewsAtTheRelayMakesPausesShort) {
  using Why = RejoinFailed::Why;
  const auto longest = [this](const std::vector<Why>& failures) {
    double found = 0;
    for (int run = 0; run < 200; ++run) {
      BringTo(SessionState::kReconnecting);
      Loop::TimePoint failed{};
      for (const Why why : failures) {
        failed = now_;
        Give(RejoinFailed{why});
        while (Count(At(seconds(0)), "rejoin") == 0) now_ = *machine_->deadline();
      }
      found = std::max(found, std::chrono::duration<double>(now_ - failed).count());
    }
    return found;
  };
  const std::vector<Why> away(4, Why::kRelayAway);
  const std::vector<Why> refused(4, Why::kRefused);
  const auto then = [](std::vector<Why> before, const std::vector<Why>& more) {
    before.insert(before.end(), more.begin(), more.end());
    return before;
  };
  EXPECT_LE(longest(then(away, {Why::kRefused})), 0.25) << "it answers again";
  EXPECT_LE(longest(then(refused, {Why::kPeerMoved})), 0.25) << "the other end is about";
  EXPECT_GE(longest(then(away, {Why::kRelayAway})), 1.0) << "still away";
  EXPECT_GE(longest(then(refused, {Why::kRefused})), 1.0) << "nothing new";
  // Both at once do not gain more: 0.25, 0.5, 1 and 2 s.
  EXPECT_GE(longest(then(away, {Why::kPeerMoved, Why::kPeerMoved, Why::kPeerMoved})), 0.75)
      << "no more than once in a while";
}

TEST_F(SessionMachineTest, TheRelayIsLeftAloneForAsLongAsItAskedFor) {
  for (int run = 0; run < 50; ++run) {
    BringTo(SessionState::kReconnecting);
    Give(RejoinFailed{RejoinFailed::Why::kRefused, seconds(7)});
    EXPECT_EQ(Count(Wait(milliseconds(6'999)), "rejoin"), 0U);
    // Not even on a changed network: it may be the reason why that changes again and again.
    EXPECT_EQ(Count(Give(NetworkChanged{}), "rejoin"), 0U);
    EXPECT_EQ(Count(Wait(milliseconds(1)), "rejoin"), 1U);
    // Of that which is gone nothing is left.
    EXPECT_EQ(Count(Give(RejoinFailed{}), "rejoin"), 0U);
    EXPECT_EQ(Count(Wait(seconds(2)), "rejoin"), 1U);
  }
  // Not for ever.
  BringTo(SessionState::kReconnecting);
  Give(RejoinFailed{RejoinFailed::Why::kRefused, seconds(3'600)});
  EXPECT_EQ(Count(Wait(seconds(60)), "rejoin"), 1U);
}

TEST_F(SessionMachineTest, AnOutageSoonAfterStillLeavesTheRelayAlone) {
  BringTo(SessionState::kRecovering);
  Give(RejoinFailed{RejoinFailed::Why::kRefused, seconds(20)});
  Give(PathBack{1});
  ASSERT_EQ(machine_->state(), SessionState::kConnected);
  now_ += seconds(3);
  EXPECT_EQ(Count(Give(PathQuiet{1}), "rejoin"), 0U);
  EXPECT_EQ(Count(Wait(milliseconds(16'999)), "rejoin"), 0U);
  EXPECT_EQ(Count(Wait(milliseconds(1)), "rejoin"), 1U);
}

TEST_F(SessionMachineTest, StandstillMovesDeadlines) {
  BringTo(SessionState::kConnected);
  now_ += seconds(100);
  EXPECT_EQ(Give(TimerFired{}), Words({"ping1"})) << "nobody was silent";
  EXPECT_EQ(machine_->state(), SessionState::kConnected);
  EXPECT_EQ(Count(Wait(seconds(16)), "->recovering"), 1U) << "now somebody is";
  BringTo(SessionState::kReconnecting);
  Wait(seconds(60));
  now_ += seconds(300);
  Give(TimerFired{});
  EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
  EXPECT_EQ(Count(Wait(seconds(50)), "closed:session-lost"), 0U);
  EXPECT_EQ(Count(Wait(seconds(20)), "closed:session-lost"), 1U) << "what was left of the window";
}

TEST_F(SessionMachineTest, TheScreenIsGivenBackAndTakenAgain) {
  BringTo(SessionState::kReconnecting);
  EXPECT_EQ(Count(Wait(seconds(9)), "show-code"), 0U);
  EXPECT_EQ(Count(Wait(seconds(2)), "show-code"), 1U);
  next_ = 2;
  Give(LinkUp{2});
  Give(BindSeen{2, true});
  EXPECT_EQ(Count(Give(HelloSeen{2, HelloVerdict::kResume}), "hide-code"), 1U);
  // From the first silence, not from when ICE gives the connection up.
  BringTo(SessionState::kRecovering);
  Wait(seconds(6));
  Give(LinkEnded{1});
  EXPECT_EQ(Count(Wait(seconds(5)), "show-code"), 1U);
  BringTo(SessionState::kRecovering);
  EXPECT_EQ(Count(Wait(seconds(11)), "show-code"), 1U);
  EXPECT_EQ(Count(Give(PathBack{1}), "hide-code"), 1U);
  BringTo(SessionState::kReconnecting, PairingRole::kController);
  EXPECT_EQ(Count(Wait(seconds(100)), "show-code"), 0U);
}

TEST_F(SessionMachineTest, TheRelayCarriesOnlyWhenNothingElseDoes) {
  BringTo(SessionState::kReconnecting);
  Give(RelayMet{});
  EXPECT_EQ(Give(FallbackUp{2}), Words());
  Words waited = Wait(seconds(3));
  EXPECT_EQ(Count(waited, "hello2"), 1U);
  EXPECT_EQ(Count(waited, "bind2"), 0U) << "the meeting has bound it";
  EXPECT_EQ(Give(HelloSeen{2, HelloVerdict::kResume}), Words({"use2", "rewind", "->connected"}));
  EXPECT_TRUE(machine_->over_relay());
  waited = Wait(milliseconds(4'500));
  EXPECT_EQ(Count(waited, "leave"), 0U);
  EXPECT_EQ(Count(waited, "new"), 1U) << "the way back";
  EXPECT_EQ(Give(NetworkChanged{}), Words({"new"}));
  Give(LinkUp{3});
  Give(BindSeen{3, true});
  EXPECT_EQ(Give(HelloSeen{3, HelloVerdict::kResume}), Words({"end2", "use3", "rewind"}));
  EXPECT_FALSE(machine_->over_relay());
  EXPECT_EQ(Count(Wait(seconds(3)), "leave"), 1U);
  // Not where nothing is encrypted, and not unasked.
  Make(PairingRole::kDisplay, true);
  EXPECT_EQ(Give(FallbackUp{9}), Words({"end9"}));
  BringTo(SessionState::kConnected);
  EXPECT_EQ(Give(FallbackUp{9}), Words({"end9"}));
}

// Who made the link that never came up has waited for it.
TEST_F(SessionMachineTest, AFirstMeetingNeedNotWaitForTheRelay) {
  Make(PairingRole::kDisplay);
  Give(LinkEnded{1});
  EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
  Give(RelayMet{});
  EXPECT_EQ(Give(FallbackUp{2}), Words({"hello2"}));
  // But the next one does.
  Give(RejoinFailed{});
  Give(LinkEnded{2});
  Wait(seconds(1));
  Give(RelayMet{});
  EXPECT_EQ(Give(FallbackUp{3}), Words());
  EXPECT_EQ(Count(Wait(seconds(3)), "hello3"), 1U);
}

TEST_F(SessionMachineTest, NegotiationInBand) {
  using Kind = NegotiationKind;
  BringTo(SessionState::kConnected, PairingRole::kDisplay);
  EXPECT_EQ(Give(NegotiationNeeded{}), Words({"offer"}));
  EXPECT_EQ(Give(NegotiationNeeded{}), Words());
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kOffer}), Words()) << "the display's offer counts";
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kCandidate}), Words());
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kAnswer}), Words({"apply", "offer"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kCandidate}), Words({"apply"})) << "the answer's";
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kAnswer}), Words({"apply"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kAnswer}), Words());
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kOffer}), Words({"apply"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kCandidate}), Words({"apply"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kWantRestart}), Words({"restart-in-band"}));
  BringTo(SessionState::kConnected, PairingRole::kController);
  Give(NegotiationNeeded{});
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kOffer}), Words({"roll-back", "apply"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kWantRestart}), Words());
  // The path dies under an offer: the meeting's offer finds a stable connection.
  Give(NegotiationNeeded{});
  Give(PathQuiet{1});
  EXPECT_EQ(Give(RelayMet{}), Words({"roll-back"}));
  // It waited for the path, and is answered when that is back: the other end has changed over.
  Give(PathBack{1});
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kAnswer}), Words({"restart-in-band"}));
  EXPECT_EQ(Give(RemoteNegotiation{Kind::kAnswer}), Words()) << "once";
  // Into a quiet path nothing is said; what was to be said is when it is back, if nobody met.
  for (const bool met : {false, true}) {
    BringTo(SessionState::kRecovering);
    EXPECT_EQ(Give(NegotiationNeeded{}), Words());
    if (met) Give(RelayMet{});
    EXPECT_EQ(Count(Give(PathBack{1}), "offer"), met ? 0U : 1U);
  }
}

TEST_F(SessionMachineTest, EveryStateAndInput) {
  const auto inputs = [](LinkId link) {
    std::vector<SessionMachine::Input> all = {LinkUp{link},          FallbackUp{link},
                                              LinkEnded{link},       PathQuiet{link},
                                              PathBack{link},        BindSeen{link, true},
                                              BindSeen{link, false}, FrameSeen{link},
                                              Violation{link},       RelayMet{},
                                              RejoinFailed{},        RenewAsked{},
                                              NegotiationNeeded{},   NetworkChanged{},
                                              CloseAsked{},          Replaced{},
                                              RevokeAsked{},         Drained{},
                                              TimerFired{}};
    for (int verdict = 0; verdict <= 6; ++verdict) {
      all.push_back(HelloSeen{link, static_cast<HelloVerdict>(verdict)});
    }
    for (int reason = 1; reason <= 4; ++reason) {
      all.push_back(ResetSeen{link, static_cast<ResetReason>(reason)});
    }
    for (int reason = 0; reason <= 2; ++reason) {
      all.push_back(CloseSeen{link, static_cast<CloseReason>(reason)});
    }
    for (int kind = 1; kind <= 5; ++kind) {
      all.push_back(RemoteNegotiation{static_cast<NegotiationKind>(kind)});
    }
    return all;
  };
  for (const auto role : {PairingRole::kDisplay, PairingRole::kController}) {
    for (const SessionState state : kStates) {
      for (const LinkId link : {LinkId{0}, LinkId{1}, LinkId{2}}) {
        for (std::size_t i = 0; i < inputs(link).size(); ++i) {
          // That input, then each second one, and the machine keeps its invariants.
          BringTo(state, role);
          Give(inputs(link)[i]);
          for (const auto& second : inputs(2)) {
            Give(second);
            if (machine_->state() == SessionState::kClosed) {
              EXPECT_EQ(machine_->link(), 0U);
              EXPECT_FALSE(machine_->deadline());
            } else {
              EXPECT_TRUE(machine_->state() == SessionState::kSignalling || machine_->deadline())
                  << "each state but the first waits for something";
            }
            const bool has_link = machine_->state() == SessionState::kConnected ||
                                  machine_->state() == SessionState::kRecovering;
            if (has_link) {
              EXPECT_NE(machine_->link(), 0U);
            }
            if (machine_->state() == SessionState::kReconnecting) {
              EXPECT_EQ(machine_->link(), 0U);
            }
          }
          // Whatever it was, time alone ends it or finds it healthy.
          Wait(seconds(700));
          EXPECT_TRUE(machine_->state() == SessionState::kClosed ||
                      machine_->state() == SessionState::kSignalling)
              << "700 s without a word";
        }
      }
    }
  }
}

}  // namespace
}  // namespace pairwire::delivery
