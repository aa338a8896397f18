// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/display_machine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "signaling/protocol/session_messages.h"
#include "tests/support/seeded_random.h"

namespace pairwire::pairing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One word for an action, with what matters of it.
struct Describe {
  std::string operator()(const DoRegister&) const { return "register"; }
  std::string operator()(const OpenStream&) const { return "open-stream"; }
  std::string operator()(const CloseStream&) const { return "close-stream"; }
  std::string operator()(const OpenSocket&) const { return "open-socket"; }
  std::string operator()(const MoveSocket&) const { return "move-socket"; }
  std::string operator()(const CloseSocket&) const { return "close-socket"; }
  std::string operator()(const StartPeer&) const { return "start-peer"; }
  std::string operator()(const DropPeer&) const { return "drop-peer"; }
  std::string operator()(const ApplyDescription& a) const { return "apply:" + a.sdp; }
  std::string operator()(const ApplyCandidate& a) const {
    return "candidate:" + a.candidate.candidate;
  }
  std::string operator()(const SendDescription& a) const { return "offer:" + a.to + ":" + a.sdp; }
  std::string operator()(const SendCandidate& a) const {
    return "send:" + a.to + ":" + a.candidate.candidate;
  }
  std::string operator()(const EndRelay&) const { return "end-relay"; }
  std::string operator()(const ShowCode& a) const { return "code:" + a.code.code; }
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

class DisplayMachineTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  Words Give(const DisplayMachine::Input& input) {
    Words words;
    for (const auto& action : machine_->Handle(now_, input)) {
      words.push_back(std::visit(Describe(), action));
    }
    return words;
  }

  // Jumps to the machine's deadline.
  Words Expire() {
    EXPECT_TRUE(machine_->deadline().has_value());
    now_ = machine_->deadline().value_or(now_);
    return Give(TimerFired{});
  }

  void BringTo(DisplayState state) {
    if (state == DisplayState::kIdle) return;
    Give(Start{});
    if (state == DisplayState::kRegistering) return;
    if (state == DisplayState::kBackingOff) {
      Give(RegisterFailed{Unreachable()});
      return;
    }
    if (state == DisplayState::kStopped) {
      Give(Stop{});
      return;
    }
    Give(RegisteredAs{{"123", seconds(600)}});
    Give(StreamOpened{});
    now_ += seconds(10);
    if (state == DisplayState::kWaiting) return;
    Give(PairingReady{"c1", "Ann"});
    if (state == DisplayState::kOpening) return;
    Give(SocketReady{});
    if (state == DisplayState::kConnecting) return;
    Give(LocalDescription{"offer"});
    Give(RemoteDescription{"c1", "answer"});
    Give(Linked{});
  }

  static RelayFailure Unreachable() { return {{Errc::kRelayUnreachable, "no"}, {}}; }

  test::SeededRandom random_{1};
  std::optional<DisplayMachine> machine_{std::in_place, random_, milliseconds(500)};
  DisplayMachine::TimePoint now_{seconds(1000)};
};

TEST_F(DisplayMachineTest, PairsFromStartToSessionAndOver) {
  EXPECT_EQ(Give(Start{}), Words({"register"}));
  EXPECT_EQ(Give(RegisteredAs{{"123456789", seconds(600)}}),
            Words({"open-stream", "code:123456789"}));
  EXPECT_EQ(Give(StreamOpened{}), Words());
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words({"open-socket", "paired:Ann"}));
  EXPECT_EQ(Give(SocketReady{}), Words({"close-stream", "start-peer"}));
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o"}));
  EXPECT_EQ(Give(LocalCandidate{Line("a")}), Words({"send:c1:a"}));
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(RemoteCandidate{"c1", Line("b")}), Words({"candidate:b"}));
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Ann"}));
  // Row B5: after the grace nothing holds on to the relay.
  EXPECT_EQ(machine_->deadline(), now_ + kRelayGrace);
  EXPECT_EQ(Expire(), Words({"close-stream", "close-socket", "end-relay"}));
  EXPECT_FALSE(machine_->deadline().has_value());
  EXPECT_EQ(Give(SessionOver{}), Words({"register"}));
}

TEST_F(DisplayMachineTest, CandidatesFollowTheOfferInOrder) {
  BringTo(DisplayState::kConnecting);
  EXPECT_EQ(Give(LocalCandidate{Line("a")}), Words());
  EXPECT_EQ(Give(LocalCandidate{Line("b")}), Words());
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o", "send:c1:a", "send:c1:b"}));
}

TEST_F(DisplayMachineTest, HeldCandidatesAreBounded) {
  BringTo(DisplayState::kConnecting);
  for (int i = 0; i < 1000; ++i) Give(LocalCandidate{Line("a")});
  EXPECT_EQ(Give(LocalDescription{"o"}).size(), 1 + kMaxHeldCandidates);
}

TEST_F(DisplayMachineTest, OnlyTheControllerThatPairedIsHeard) {
  BringTo(DisplayState::kConnecting);
  Give(LocalDescription{"o"});
  EXPECT_EQ(Give(RemoteDescription{"stranger", "x"}), Words());
  EXPECT_EQ(Give(RemoteCandidate{"stranger", Line("b")}), Words());
  EXPECT_EQ(Give(PeerGone{"stranger"}), Words());
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(RemoteDescription{"c1", "again"}), Words());
}

TEST_F(DisplayMachineTest, AnAnswerBeforeTheOfferIsIgnored) {
  BringTo(DisplayState::kConnecting);
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words());
}

TEST_F(DisplayMachineTest, AnOutageIsToldOnceAndAgainAfterItWasOver) {
  Give(Start{});
  EXPECT_EQ(Give(RegisterFailed{Unreachable()}), Words({"error:relay_unreachable"}));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Expire(), Words({"register"}));
    EXPECT_EQ(Give(RegisterFailed{Unreachable()}), Words());
  }
  Expire();
  Give(RegisteredAs{{"1", seconds(600)}});
  Give(StreamOpened{});
  EXPECT_EQ(Give(StreamLost{Unreachable()}), Words({"close-stream", "error:relay_unreachable"}));
  EXPECT_EQ(Expire(), Words({"open-stream"}));
  EXPECT_EQ(Give(StreamLost{Unreachable()}), Words({"close-stream"}));
}

TEST_F(DisplayMachineTest, PausesGrowWithFullJitterUpToTheirBound) {
  Give(Start{});
  milliseconds bound(500);
  std::set<long long> pauses;
  for (int i = 0; i < 200; ++i) {
    Give(RegisterFailed{Unreachable()});
    const auto pause = std::chrono::duration_cast<milliseconds>(*machine_->deadline() - now_);
    EXPECT_GE(pause, DisplayMachine::kMinRetry);
    EXPECT_LE(pause, bound);
    pauses.insert(pause.count());
    bound = std::min(bound * 2, DisplayMachine::kMaxRetry);
    Expire();
  }
  EXPECT_GT(pauses.size(), 100u);  // not in step
}

TEST_F(DisplayMachineTest, RetryAfterIsTheLeast) {
  Give(Start{});
  Give(RegisterFailed{{{Errc::kRateLimited, ""}, seconds(77)}});
  EXPECT_GE(*machine_->deadline() - now_, seconds(77));
}

TEST_F(DisplayMachineTest, AnExpiredCodeIsReplaced) {
  BringTo(DisplayState::kWaiting);
  EXPECT_EQ(Give(Terminated{"expired"}), Words({"close-stream", "register"}));
  // The relay's word did not come: the display acts on its own a little later.
  Give(RegisteredAs{{"2", seconds(600)}});
  const auto registered = now_;
  EXPECT_EQ(Expire(), Words({"close-stream", "close-socket", "end-relay", "register"}));
  EXPECT_EQ(now_ - registered, seconds(600) + DisplayMachine::kExpiryGrace);
}

TEST_F(DisplayMachineTest, ARelayThatForgetsAtOnceIsNotHammered) {
  Give(Start{});
  for (int i = 0; i < 10; ++i) {
    Give(RegisteredAs{{"1", seconds(600)}});
    EXPECT_EQ(Give(StreamLost{{{Errc::kSessionTerminated, ""}, {}}}), Words({"close-stream"}));
    EXPECT_EQ(machine_->state(), DisplayState::kBackingOff);
    EXPECT_EQ(Expire(), Words({"register"}));
  }
}

TEST_F(DisplayMachineTest, ALostStreamKeepsTheCode) {
  BringTo(DisplayState::kWaiting);
  Give(StreamLost{Unreachable()});
  EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
  EXPECT_EQ(Expire(), Words({"open-stream"}));
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"open-socket", "paired:"}));
}

// Every way in which a pairing fails midway ends in one error and a new registration.
TEST_F(DisplayMachineTest, AFailedPairingIsToldAndANewCodeAskedFor) {
  const std::vector<std::pair<DisplayMachine::Input, std::string>> failures = {
      {PeerFailed{{Errc::kIceFailed, ""}}, "error:ice_failed"},
      {PeerGone{"c1"}, "error:peer_left"},
      {Terminated{"ended"}, "error:session_terminated"},
      {Terminated{std::string(protocol::kReasonUserLeft)}, "error:peer_left"},
      {SocketClosed{{Errc::kRelayProtocol, ""}}, "error:relay_protocol"},
      {RelayError{{Errc::kRelayRefused, ""}}, "error:relay_refused"},
  };
  for (const auto& [input, error] : failures) {
    machine_.emplace(random_, milliseconds(500));
    BringTo(DisplayState::kConnecting);
    EXPECT_EQ(Give(input),
              Words({"drop-peer", "close-stream", "close-socket", "end-relay", "register", error}));
    EXPECT_EQ(machine_->state(), DisplayState::kRegistering);
  }
}

TEST_F(DisplayMachineTest, APairingHasThirtySecondsInAll) {
  BringTo(DisplayState::kOpening);
  const auto began = now_;
  now_ += seconds(20);
  Give(SocketReady{});
  EXPECT_EQ(machine_->deadline(), began + kPairingDeadline);
  EXPECT_EQ(Expire().back(), "error:timed_out");
}

TEST_F(DisplayMachineTest, WithTheAnswerHereTheRelayMayGo) {
  BringTo(DisplayState::kConnecting);
  Give(LocalDescription{"o"});
  Give(RemoteDescription{"c1", "x"});
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayUnreachable, ""}}), Words());
  EXPECT_EQ(Give(RelayError{{Errc::kRelayRefused, ""}}), Words());
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Ann"}));
}

TEST_F(DisplayMachineTest, ALinkedSessionDoesNotCareAboutTheRelay) {
  BringTo(DisplayState::kLinked);
  EXPECT_EQ(Give(Terminated{"ended"}), Words());
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayUnreachable, ""}}), Words());
  EXPECT_EQ(Give(StreamLost{Unreachable()}), Words());
  EXPECT_EQ(Give(PeerGone{"c1"}), Words());
  EXPECT_EQ(machine_->state(), DisplayState::kLinked);
}

TEST_F(DisplayMachineTest, ASessionThatEndsWithinTheGraceStillLeavesTheRelay) {
  BringTo(DisplayState::kLinked);
  EXPECT_EQ(Give(SessionOver{}), Words({"close-stream", "close-socket", "end-relay", "register"}));
}

TEST_F(DisplayMachineTest, StopLeavesASessionThatWasHandedOut) {
  BringTo(DisplayState::kLinked);
  EXPECT_EQ(Give(Stop{}), Words({"close-stream", "close-socket", "end-relay"}));
}

// Row L13: the relay asks for a WebSocket from the start.
class ImmediateDisplayTest : public DisplayMachineTest {
 protected:
  void Wait() {
    Give(Start{});
    EXPECT_EQ(Give(RegisteredAs{{"123", seconds(600)}, true}), Words({"open-socket", "code:123"}));
    EXPECT_EQ(Give(SocketReady{}), Words());
    now_ += seconds(10);
  }
};

TEST_F(ImmediateDisplayTest, PairsOnTheSocketThatIsThere) {
  Wait();
  EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words({"start-peer", "paired:Ann"}));
  EXPECT_EQ(machine_->state(), DisplayState::kConnecting);
  EXPECT_EQ(machine_->deadline(), now_ + kPairingDeadline);
  // That the controller has joined says nothing new.
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words());
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o"}));
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Ann"}));
}

TEST_F(ImmediateDisplayTest, ALostSocketIsOpenedAnewAndTheCodeStays) {
  Wait();
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayUnreachable, ""}}),
            Words({"close-socket", "error:relay_unreachable"}));
  EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
  EXPECT_EQ(Expire(), Words({"open-socket"}));
  EXPECT_EQ(Give(SocketReady{}), Words());
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"start-peer", "paired:"}));
}

TEST_F(ImmediateDisplayTest, TheEndOfTheCodeMakesANewOne) {
  Wait();
  EXPECT_EQ(Give(Terminated{"expired"}), Words({"close-stream", "close-socket", "register"}));
  Give(RegisteredAs{{"456", seconds(600)}, true});
  Give(SocketReady{});
  now_ += seconds(10);
  EXPECT_EQ(Give(SocketClosed{{Errc::kSessionTerminated, ""}}),
            Words({"close-socket", "register"}));
}

TEST_F(ImmediateDisplayTest, MovesWithItsSocketWhenItsNodeGoes) {
  Wait();
  EXPECT_EQ(Give(MoveOn{milliseconds(800)}), Words());
  EXPECT_LE(*machine_->deadline(), now_ + milliseconds(800));
  EXPECT_EQ(Expire(), Words({"move-socket"}));
  Give(SocketReady{});
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"start-peer", "paired:"}));
}

TEST_F(DisplayMachineTest, MovesToAnotherNodeWithItsCode) {
  BringTo(DisplayState::kWaiting);
  EXPECT_EQ(Give(MoveOn{std::chrono::hours(1)}), Words());
  EXPECT_LE(*machine_->deadline(), now_ + DisplayMachine::kMaxSpread);
  EXPECT_EQ(Expire(), Words({"close-stream", "open-stream"}));
  EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
  // And while it pairs.
  Give(PairingReady{"c1", "Ann"});
  EXPECT_EQ(Give(MoveOn{}), Words({"open-socket"}));
  Give(SocketReady{});
  EXPECT_EQ(Give(MoveOn{}), Words({"move-socket"}));
  EXPECT_EQ(Give(SocketReady{}), Words());
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o"}));
}

TEST_F(DisplayMachineTest, AStreamThatTheNodeEndsBeforeTheMoveMovesAtOnce) {
  BringTo(DisplayState::kWaiting);
  Give(MoveOn{seconds(5)});
  // The node closes it in good order while it goes: no outage, and no pause.
  EXPECT_EQ(Give(StreamLost{Unreachable()}), Words({"close-stream"}));
  EXPECT_EQ(machine_->deadline(), now_);
  EXPECT_EQ(Expire().back(), "open-stream");
  EXPECT_EQ(Give(StreamLost{Unreachable()}), Words({"close-stream", "error:relay_unreachable"}));
}

// Every state takes every input: nothing crashes, and the state afterwards is the one that the
// drawing in the header gives. The inputs are listed once; what a state does not name changes
// nothing.
TEST_F(DisplayMachineTest, EveryStateTakesEveryInput) {
  using S = DisplayState;
  const std::vector<S> states = {S::kIdle,    S::kRegistering, S::kBackingOff, S::kWaiting,
                                 S::kOpening, S::kConnecting,  S::kLinked,     S::kStopped};
  struct Row {
    const char* name;
    DisplayMachine::Input input;
    std::vector<S> after;  // in the order of `states`
  };
  const S i = S::kIdle, r = S::kRegistering, b = S::kBackingOff, w = S::kWaiting, o = S::kOpening,
          c = S::kConnecting, l = S::kLinked, s = S::kStopped;
  const Error error{Errc::kRelayRefused, ""};
  const std::vector<Row> rows = {
      {"Start", Start{}, {r, r, b, w, o, c, l, s}},
      {"Stop", Stop{}, {s, s, s, s, s, s, s, s}},
      {"TimerFired", TimerFired{}, {i, r, r, r, r, r, l, s}},
      {"RegisteredAs", RegisteredAs{{"9", seconds(9)}}, {i, w, b, w, o, c, l, s}},
      {"RegisterFailed", RegisterFailed{Unreachable()}, {i, b, b, w, o, c, l, s}},
      {"StreamOpened", StreamOpened{}, {i, r, b, w, o, c, l, s}},
      {"StreamLost", StreamLost{Unreachable()}, {i, r, b, w, o, c, l, s}},
      {"StreamLost for good",
       StreamLost{{{Errc::kUnauthorized, ""}, {}}},
       {i, r, b, r, o, c, l, s}},
      {"PairingReady", PairingReady{"c1", ""}, {i, r, b, o, o, c, l, s}},
      {"SessionOver", SessionOver{}, {i, r, b, w, o, c, r, s}},
      {"MoveOn", MoveOn{seconds(1)}, {i, r, b, w, o, c, l, s}},
      {"SocketReady", SocketReady{}, {i, r, b, w, c, c, l, s}},
      {"SocketClosed", SocketClosed{error}, {i, r, b, w, r, r, l, s}},
      {"Terminated", Terminated{"ended"}, {i, r, b, r, r, r, l, s}},
      {"PeerGone", PeerGone{"c1"}, {i, r, b, w, r, r, l, s}},
      {"RelayError", RelayError{error}, {i, r, b, w, o, r, l, s}},
      {"RemoteDescription", RemoteDescription{"c1", "x"}, {i, r, b, w, o, c, l, s}},
      {"RemoteCandidate", RemoteCandidate{"c1", Line("x")}, {i, r, b, w, o, c, l, s}},
      {"LocalDescription", LocalDescription{"x"}, {i, r, b, w, o, c, l, s}},
      {"LocalCandidate", LocalCandidate{Line("x")}, {i, r, b, w, o, c, l, s}},
      {"PeerFailed", PeerFailed{error}, {i, r, b, w, o, r, l, s}},
      {"Linked", Linked{}, {i, r, b, w, o, l, l, s}},
  };
  ASSERT_EQ(rows.size(), std::variant_size_v<DisplayMachine::Input> + 1);
  for (const Row& row : rows) {
    for (std::size_t k = 0; k < states.size(); ++k) {
      machine_.emplace(random_, milliseconds(500));
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

// A day of a relay that comes and goes, in a moment: the machine never stops trying and never gets
// stuck.
TEST_F(DisplayMachineTest, SurvivesADayOfFlapping) {
  Give(Start{});
  int codes = 0;
  const auto end = now_ + std::chrono::hours(24);
  while (now_ < end) {
    switch (machine_->state()) {
      case DisplayState::kRegistering:
        if (random_.Chance(0.5)) {
          Give(RegisterFailed{Unreachable()});
        } else {
          Give(RegisteredAs{{"1", seconds(600)}});
          ++codes;
        }
        break;
      case DisplayState::kWaiting:
        if (random_.Chance(0.3)) Give(StreamOpened{});
        if (random_.Chance(0.3)) Give(StreamLost{Unreachable()});
        if (machine_->state() == DisplayState::kWaiting) Expire();
        break;
      default:
        Expire();
    }
    ASSERT_NE(machine_->state(), DisplayState::kIdle);
  }
  EXPECT_GT(codes, 100);
}

}  // namespace
}  // namespace pairwire::pairing
