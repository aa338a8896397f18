// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/controller_machine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "signaling/protocol/session_messages.h"
#include "tests/support/seeded_random.h"

namespace pairwire::pairing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Describe {
  std::string operator()(const DoPair&) const { return "pair"; }
  std::string operator()(const OpenSocket&) const { return "open-socket"; }
  std::string operator()(const MoveSocket&) const { return "move-socket"; }
  std::string operator()(const CloseSocket&) const { return "close-socket"; }
  std::string operator()(const DropPeer&) const { return "drop-peer"; }
  std::string operator()(const Refuse& a) const { return "refuse:" + a.to; }
  std::string operator()(const ApplyDescription& a) const { return "apply:" + a.data; }
  std::string operator()(const ApplyCandidate& a) const { return "candidate:" + a.data; }
  std::string operator()(const SendDescription& a) const { return "answer:" + a.to + ":" + a.sdp; }
  std::string operator()(const SendCandidate& a) const {
    return "send:" + a.to + ":" + a.candidate.candidate;
  }
  std::string operator()(const EndRelay&) const { return "end-relay"; }
  std::string operator()(const TellPaired& a) const { return "paired:" + a.name; }
  std::string operator()(const HandOver& a) const { return "hand-over:" + a.peer_name; }
  std::string operator()(const TellError& a) const {
    return "error:" + std::string(ToString(a.error.code));
  }
};

IceCandidate Line(const std::string& text) {
  IceCandidate candidate;
  candidate.candidate = text;
  return candidate;
}

class ControllerMachineTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  Words Give(const ControllerMachine::Input& input) {
    Words words;
    for (const auto& action : machine_->Handle(now_, input)) {
      words.push_back(std::visit(Describe(), action));
    }
    return words;
  }

  Words Expire() {
    EXPECT_TRUE(machine_->deadline().has_value());
    now_ = machine_->deadline().value_or(now_);
    return Give(TimerFired{});
  }

  void BringTo(ControllerState state) {
    if (state == ControllerState::kIdle) return;
    Give(Start{});
    if (state == ControllerState::kPairing) return;
    if (state == ControllerState::kDone) {
      Give(Stop{});
      return;
    }
    Give(PairedWith{"Hall"});
    if (state == ControllerState::kOpening) return;
    Give(SocketReady{});
    if (state == ControllerState::kAwaitingOffer) return;
    Give(RemoteDescription{"d1", "offer"});
    if (state == ControllerState::kConnecting) return;
    Give(LocalDescription{"answer"});
    Give(Linked{});
  }

  std::optional<ControllerMachine> machine_{std::in_place, seconds(30)};
  ControllerMachine::TimePoint now_{seconds(1000)};
};

TEST_F(ControllerMachineTest, PairsFromStartToSession) {
  EXPECT_EQ(Give(Start{}), Words({"pair"}));
  EXPECT_EQ(Give(PairedWith{"Hall"}), Words({"open-socket", "paired:Hall"}));
  EXPECT_EQ(Give(SocketReady{}), Words());
  EXPECT_EQ(Give(RemoteDescription{"d1", "o"}), Words({"apply:o"}));
  EXPECT_EQ(Give(RemoteCandidate{"d1", "a"}), Words({"candidate:a"}));
  EXPECT_EQ(Give(LocalCandidate{Line("b")}), Words());
  EXPECT_EQ(Give(LocalDescription{"x"}), Words({"answer:d1:x", "send:d1:b"}));
  EXPECT_EQ(Give(LocalCandidate{Line("c")}), Words({"send:d1:c"}));
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Hall"}));
  EXPECT_EQ(machine_->deadline(), now_ + kRelayGrace);
  EXPECT_EQ(Expire(), Words({"close-socket"}));
  EXPECT_EQ(machine_->state(), ControllerState::kDone);
  EXPECT_FALSE(machine_->deadline().has_value());
}

TEST_F(ControllerMachineTest, LeavesTheRelayAsSoonAsTheDisplayDoes) {
  BringTo(ControllerState::kLinked);
  EXPECT_EQ(Give(Terminated{"ended"}), Words({"close-socket"}));
  EXPECT_EQ(machine_->state(), ControllerState::kDone);
}

TEST_F(ControllerMachineTest, AWrongCodeEndsIt) {
  Give(Start{});
  EXPECT_EQ(Give(PairFailed{{{Errc::kCodeNotFound, ""}, {}}}),
            Words({"drop-peer", "close-socket", "error:code_not_found"}));
}

TEST_F(ControllerMachineTest, TooManyTriesSaysWhenToComeBack) {
  Give(Start{});
  const auto actions =
      machine_->Handle(now_, PairFailed{{{Errc::kRateLimited, "slow down"}, seconds(42)}});
  const auto* told = std::get_if<TellError>(&actions.back());
  ASSERT_NE(told, nullptr);
  EXPECT_NE(told->error.detail.find("42 s"), std::string::npos);
}

TEST_F(ControllerMachineTest, OneDeadlineForAllOfIt) {
  for (const auto state : {ControllerState::kPairing, ControllerState::kOpening,
                           ControllerState::kAwaitingOffer, ControllerState::kConnecting}) {
    machine_.emplace(seconds(30));
    const auto began = now_;
    BringTo(state);
    now_ += seconds(7);
    EXPECT_EQ(machine_->deadline(), began + seconds(30));
    EXPECT_EQ(Expire().back(), "error:timed_out") << ToString(state);
  }
}

TEST_F(ControllerMachineTest, AFailureAfterPairingEndsTheRelaysSession) {
  const std::vector<std::pair<ControllerMachine::Input, std::string>> failures = {
      {PeerFailed{{Errc::kIceFailed, ""}}, "error:ice_failed"},
      {PeerGone{"d1"}, "error:peer_left"},
      {Terminated{"ended"}, "error:session_terminated"},
      {Terminated{std::string(protocol::kReasonUserLeft)}, "error:peer_left"},
      {SocketClosed{{Errc::kRelayUnreachable, ""}}, "error:relay_unreachable"},
      {RelayError{{Errc::kRelayRefused, ""}}, "error:relay_refused"},
  };
  for (const auto& [input, error] : failures) {
    machine_.emplace(seconds(30));
    BringTo(ControllerState::kConnecting);
    EXPECT_EQ(Give(input), Words({"drop-peer", "close-socket", "end-relay", error}));
  }
}

TEST_F(ControllerMachineTest, WithTheAnswerSentTheRelayMayGo) {
  BringTo(ControllerState::kConnecting);
  Give(LocalDescription{"x"});
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayUnreachable, ""}}), Words());
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Hall"}));
}

TEST_F(ControllerMachineTest, HeldCandidatesAreBounded) {
  BringTo(ControllerState::kConnecting);
  for (int i = 0; i < 1000; ++i) Give(LocalCandidate{Line("a")});
  EXPECT_EQ(Give(LocalDescription{"x"}).size(), 1 + kMaxHeldCandidates);
}

TEST_F(ControllerMachineTest, CandidatesOfOthersAreIgnored) {
  BringTo(ControllerState::kConnecting);
  EXPECT_EQ(Give(RemoteCandidate{"d2", "a"}), Words());
  EXPECT_EQ(Give(PeerGone{"d2"}), Words());
}

TEST_F(ControllerMachineTest, GoesOnAtAnotherNode) {
  BringTo(ControllerState::kPairing);
  EXPECT_EQ(Give(MoveOn{}), Words());
  Give(PairedWith{"Hall"});
  EXPECT_EQ(Give(MoveOn{}), Words({"open-socket"}));
  Give(SocketReady{});
  EXPECT_EQ(Give(MoveOn{}), Words({"move-socket"}));
  EXPECT_EQ(Give(SocketReady{}), Words());
  EXPECT_EQ(Give(RemoteDescription{"d1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(MoveOn{}), Words({"move-socket"}));
}

TEST_F(ControllerMachineTest, EveryStateTakesEveryInput) {
  using S = ControllerState;
  const std::vector<S> states = {S::kIdle,       S::kPairing, S::kOpening, S::kAwaitingOffer,
                                 S::kConnecting, S::kLinked,  S::kDone};
  struct Row {
    const char* name;
    ControllerMachine::Input input;
    std::vector<S> after;  // in the order of `states`
  };
  const S i = S::kIdle, p = S::kPairing, o = S::kOpening, a = S::kAwaitingOffer, c = S::kConnecting,
          l = S::kLinked, d = S::kDone;
  const Error error{Errc::kRelayRefused, ""};
  const std::vector<Row> rows = {
      {"Start", Start{}, {p, p, o, a, c, l, d}},
      {"Stop", Stop{}, {d, d, d, d, d, d, d}},
      {"TimerFired", TimerFired{}, {i, d, d, d, d, d, d}},
      {"PairedWith", PairedWith{"x"}, {i, o, o, a, c, l, d}},
      {"PairFailed", PairFailed{{error, {}}}, {i, d, o, a, c, l, d}},
      {"MoveOn", MoveOn{}, {i, p, o, a, c, l, d}},
      {"SocketReady", SocketReady{}, {i, p, a, a, c, l, d}},
      {"SocketClosed", SocketClosed{error}, {i, p, d, d, d, l, d}},
      {"Terminated", Terminated{"ended"}, {i, p, d, d, d, d, d}},
      {"PeerGone", PeerGone{"d1"}, {i, p, d, d, d, l, d}},
      {"RelayError", RelayError{error}, {i, p, d, d, d, l, d}},
      {"RemoteDescription", RemoteDescription{"d1", "x"}, {i, p, o, c, c, l, d}},
      {"RemoteCandidate", RemoteCandidate{"d1", "x"}, {i, p, o, a, c, l, d}},
      {"RemoteFailed", RemoteFailed{"d1"}, {i, p, o, d, d, l, d}},
      {"Proven", Proven{}, {i, p, o, a, c, l, d}},
      {"LocalDescription", LocalDescription{"x"}, {i, p, o, a, c, l, d}},
      {"LocalCandidate", LocalCandidate{Line("x")}, {i, p, o, a, c, l, d}},
      {"PeerFailed", PeerFailed{error}, {i, p, o, d, d, l, d}},
      {"Linked", Linked{}, {i, p, o, a, l, l, d}},
  };
  ASSERT_EQ(rows.size(), std::variant_size_v<ControllerMachine::Input>);
  for (const Row& row : rows) {
    for (std::size_t k = 0; k < states.size(); ++k) {
      machine_.emplace(seconds(30));
      BringTo(states[k]);
      ASSERT_EQ(machine_->state(), states[k]);
      if (std::holds_alternative<TimerFired>(row.input)) {
        now_ = machine_->deadline().value_or(now_);
      }
      Give(row.input);
      EXPECT_EQ(machine_->state(), row.after[k]) << row.name << " in " << ToString(states[k]);
    }
  }
}

// The display has to prove that it knows the code.
class SecretControllerMachineTest : public ControllerMachineTest {
 protected:
  void SetUp() override { machine_.emplace(seconds(30), true); }
};

TEST_F(SecretControllerMachineTest, TheRelaysWordIsNotEnough) {
  Give(Start{});
  EXPECT_EQ(Give(PairedWith{"Hall"}), Words({"open-socket"}));
  Give(SocketReady{});
  EXPECT_EQ(Give(RemoteDescription{"d1", "o"}), Words({"apply:o"}));
  EXPECT_EQ(Give(Proven{}), Words({"paired:Hall"}));
  EXPECT_EQ(Give(LocalDescription{"x"}), Words({"answer:d1:x"}));
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Hall"}));
}

// Other places of the code live on: the session at the relay is the display's to end.
TEST_F(SecretControllerMachineTest, OneThatFailsSaysSoAndLeavesTheSessionAlone) {
  BringTo(ControllerState::kConnecting);
  EXPECT_EQ(Give(PeerFailed{{Errc::kAuthFailed, ""}}),
            Words({"drop-peer", "refuse:d1", "close-socket", "error:auth_failed"}));
  SetUp();
  BringTo(ControllerState::kAwaitingOffer);
  EXPECT_EQ(Give(Stop{}), Words({"drop-peer", "refuse:", "close-socket"}));
}

TEST_F(SecretControllerMachineTest, ARefusalEndsIt) {
  for (const ControllerState state :
       {ControllerState::kAwaitingOffer, ControllerState::kConnecting}) {
    SetUp();
    BringTo(state);
    EXPECT_EQ(Give(RemoteFailed{"d1"}), Words({"drop-peer", "close-socket", "error:auth_failed"}));
  }
  SetUp();
  BringTo(ControllerState::kConnecting);
  EXPECT_EQ(Give(RemoteFailed{"d2"}), Words());
}

TEST_F(SecretControllerMachineTest, WhateverEndsItBeforeTheDisplayTookTheAnswerIsAuthFailed) {
  for (const ControllerState state :
       {ControllerState::kOpening, ControllerState::kAwaitingOffer, ControllerState::kConnecting}) {
    SetUp();
    BringTo(state);
    EXPECT_EQ(Expire().back(), "error:auth_failed") << ToString(state);
    SetUp();
    BringTo(state);
    EXPECT_EQ(Give(Terminated{"ended"}).back(), "error:auth_failed") << ToString(state);
    SetUp();
    BringTo(state);
    EXPECT_EQ(Give(PeerGone{"d1"}).back(), "error:auth_failed") << ToString(state);
  }
  SetUp();
  BringTo(ControllerState::kConnecting);
  Give(LocalDescription{"x"});
  EXPECT_EQ(Expire(), Words({"drop-peer", "close-socket", "end-relay", "error:auth_failed"}));
}

TEST_F(SecretControllerMachineTest, OnceItTookTheAnswerOnlyTheConnectionCounts) {
  BringTo(ControllerState::kConnecting);
  Give(RemoteCandidate{"d1", "early"});
  Give(LocalDescription{"x"});
  Give(RemoteCandidate{"d1", "end"});
  EXPECT_EQ(Expire(), Words({"drop-peer", "close-socket", "end-relay", "error:timed_out"}));
}

class RememberedControllerTest : public ControllerMachineTest {
 protected:
  RememberedControllerTest() { machine_.emplace(seconds(30), true, &random_); }

  test::SeededRandom random_{1};
};

TEST_F(RememberedControllerTest, NotFoundIsTriedAgainForMeets) {
  const auto began = now_;
  Give(Start{});
  int tries = 1;
  while (true) {
    EXPECT_EQ(Give(PairFailed{{{Errc::kCodeNotFound, ""}, {}}}), Words());
    ASSERT_EQ(machine_->state(), ControllerState::kPausing);
    const auto before = now_;
    const Words next = Expire();
    const auto pause = now_ - before;
    if (next != Words({"pair"})) {
      EXPECT_EQ(next, Words({"drop-peer", "close-socket", "error:timed_out"}));
      break;
    }
    EXPECT_GE(pause, ControllerMachine::kMinPause);
    EXPECT_LE(pause, ControllerMachine::kMaxPause);
    ++tries;
    EXPECT_TRUE(tries != 3 || now_ - began <= milliseconds(250 + 500));
  }
  EXPECT_EQ(now_ - began, seconds(30));
  EXPECT_GT(tries, 15);
  EXPECT_LT(tries, 100);
}

TEST_F(RememberedControllerTest, FoundAtLastItPairs) {
  Give(Start{});
  Give(PairFailed{{{Errc::kCodeNotFound, ""}, {}}});
  EXPECT_EQ(Expire(), Words({"pair"}));
  EXPECT_EQ(Give(PairedWith{"Hall"}), Words({"open-socket"}));
  Give(SocketReady{});
  EXPECT_EQ(Give(RemoteDescription{"d1", "o"}), Words({"apply:o"}));
  EXPECT_EQ(Give(Proven{}), Words({"paired:Hall"}));
  EXPECT_EQ(Give(LocalDescription{"x"}), Words({"answer:d1:x"}));
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Hall"}));
}

// The display was about to leave, or is busy with somebody else: no word about the secret.
TEST_F(RememberedControllerTest, ADisplayThatLeavesBeforeItsOfferIsTriedAgain) {
  const std::vector<ControllerMachine::Input> reasons = {
      Terminated{"replaced"}, PeerGone{"d1"}, RemoteFailed{"d1"},
      SocketClosed{{Errc::kRelayUnreachable, ""}}};
  for (const auto& reason : reasons) {
    machine_.emplace(seconds(30), true, &random_);
    BringTo(ControllerState::kAwaitingOffer);
    EXPECT_EQ(Give(reason), Words({"drop-peer", "close-socket"}));
    EXPECT_EQ(Expire(), Words({"pair"}));
  }
}

TEST_F(RememberedControllerTest, AfterTheOfferAFailureIsOne) {
  BringTo(ControllerState::kConnecting);
  EXPECT_EQ(Give(PeerFailed{{Errc::kAuthFailed, ""}}).back(), "error:auth_failed");
  EXPECT_EQ(machine_->state(), ControllerState::kDone);
}

TEST_F(RememberedControllerTest, TheRelaysPauseIsKept) {
  Give(Start{});
  Give(PairFailed{{{Errc::kRateLimited, ""}, seconds(5)}});
  const auto before = now_;
  EXPECT_EQ(Expire(), Words({"pair"}));
  EXPECT_GE(now_ - before, seconds(5));
}

TEST_F(RememberedControllerTest, ARelayThatIsNotReadyIsAskedAgain) {
  const PairFailed not_ready{{{Errc::kRelayUnreachable, "draining"}, seconds(2)}};
  Give(Start{});
  Give(not_ready);
  const auto before = now_;
  EXPECT_EQ(Expire(), Words({"pair"}));
  EXPECT_GE(now_ - before, seconds(2));
  EXPECT_EQ(Give(PairedWith{"Hall"}), Words({"open-socket"}));
}

TEST_F(RememberedControllerTest, WhatPutItOffIsWhyItEnds) {
  Give(Start{});
  Words next = {"pair"};
  while (next == Words({"pair"})) {
    Give(PairFailed{{{Errc::kRelayUnreachable, "draining"}, seconds(2)}});
    next = Expire();
  }
  EXPECT_EQ(next, Words({"drop-peer", "close-socket", "error:relay_unreachable"}));
  // A relay that nobody reaches says so at once, and so does one that has only codes to offer.
  machine_.emplace(seconds(30), true, &random_);
  Give(Start{});
  EXPECT_EQ(Give(PairFailed{{{Errc::kRelayUnreachable, "refused"}, {}}}).back(),
            "error:relay_unreachable");
  machine_.emplace(seconds(30), true);
  Give(Start{});
  EXPECT_EQ(Give(PairFailed{{{Errc::kRelayUnreachable, "draining"}, seconds(2)}}).back(),
            "error:relay_unreachable");
}

TEST_F(RememberedControllerTest, StopsInAPause) {
  Give(Start{});
  Give(PairFailed{{{Errc::kCodeNotFound, ""}, {}}});
  Give(Stop{});
  EXPECT_EQ(machine_->state(), ControllerState::kDone);
  EXPECT_FALSE(machine_->deadline());
}

}  // namespace
}  // namespace pairwire::pairing
