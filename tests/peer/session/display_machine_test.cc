// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Length: one fixture and one vocabulary of actions; every way through the machine, in the open,
// with a secret and on a socket, is read beside the others.
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
  std::string operator()(const BeginRun& a) const { return "begin:" + a.hello; }
  std::string operator()(const EndRun&) const { return "end-run"; }
  std::string operator()(const Refuse& a) const { return "refuse:" + a.to; }
  std::string operator()(const ApplyDescription& a) const { return "apply:" + a.data; }
  std::string operator()(const ApplyCandidate& a) const { return "candidate:" + a.data; }
  std::string operator()(const SendDescription& a) const { return "offer:" + a.to + ":" + a.sdp; }
  std::string operator()(const SendCandidate& a) const {
    return "send:" + a.to + ":" + a.candidate.candidate;
  }
  std::string operator()(const EndRelay&) const { return "end-relay"; }
  std::string operator()(const ShowCode& a) const { return "code:" + a.code.code; }
  std::string operator()(const TellPaired& a) const { return "paired:" + a.name; }
  std::string operator()(const EndWaiting&) const { return "end-waiting"; }
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
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words({"begin:", "open-socket", "paired:Ann"}));
  EXPECT_EQ(Give(SocketReady{}), Words({"close-stream", "start-peer"}));
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o"}));
  EXPECT_EQ(Give(LocalCandidate{Line("a")}), Words({"send:c1:a"}));
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(RemoteCandidate{"c1", "b"}), Words({"candidate:b"}));
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
  EXPECT_EQ(Give(RemoteCandidate{"stranger", "b"}), Words());
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
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"begin:", "open-socket", "paired:"}));
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
    EXPECT_EQ(Give(input), Words({"end-run", "drop-peer", "close-stream", "close-socket",
                                  "end-relay", "register", error}));
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

TEST_F(DisplayMachineTest, ThePlaceOfAControllerThatIsAwayIsOffered) {
  BringTo(DisplayState::kLinked);
  Expire();
  EXPECT_EQ(Give(SessionWaits{}), Words({"register"}));
  EXPECT_EQ(Give(RegisteredAs{{"456", seconds(600)}}), Words({"open-stream", "code:456"}));
  Give(PairingReady{"c2", "Bob"});
  Give(SocketReady{});
  Give(LocalDescription{"offer"});
  Give(RemoteDescription{"c2", "answer"});
  EXPECT_EQ(Give(Linked{}), Words({"end-waiting", "hand-over:Bob"}));
  // Of the one that has gone nothing is awaited any more.
  EXPECT_EQ(Give(SessionBack{}), Words());
  EXPECT_EQ(machine_->state(), DisplayState::kLinked);
}

TEST_F(DisplayMachineTest, AControllerThatComesBackKeepsItsPlace) {
  const Words back({"close-stream", "close-socket", "end-relay", "code:"});
  for (const DisplayState at : {DisplayState::kRegistering, DisplayState::kBackingOff,
                                DisplayState::kWaiting, DisplayState::kConnecting}) {
    machine_.emplace(random_, milliseconds(500));
    BringTo(DisplayState::kLinked);
    Expire();
    Give(SessionWaits{});
    if (at == DisplayState::kBackingOff) Give(RegisterFailed{Unreachable()});
    if (at == DisplayState::kWaiting || at == DisplayState::kConnecting) {
      Give(RegisteredAs{{"456", seconds(600)}});
    }
    if (at == DisplayState::kConnecting) {
      Give(PairingReady{"c2", "Bob"});
      Give(SocketReady{});
    }
    ASSERT_EQ(machine_->state(), at);
    Words words = Give(SessionBack{});
    if (at == DisplayState::kConnecting) {
      ASSERT_GT(words.size(), 2u);
      EXPECT_EQ(Words(words.begin(), words.begin() + 2), Words({"end-run", "drop-peer"}));
      words.erase(words.begin(), words.begin() + 2);
    }
    EXPECT_EQ(words, back);
    EXPECT_EQ(machine_->state(), DisplayState::kLinked);
    EXPECT_FALSE(machine_->deadline().has_value());
    // The answer to a registration that was under way: the code is given back.
    if (at == DisplayState::kRegistering) {
      EXPECT_EQ(Give(RegisteredAs{{"456", seconds(600)}}),
                Words({"close-stream", "close-socket", "end-relay"}));
    }
    EXPECT_EQ(Give(SessionOver{}), Words({"register"}));
  }
}

TEST_F(DisplayMachineTest, AWaitingSessionThatEndsLeavesTheOfferAsItIs) {
  BringTo(DisplayState::kLinked);
  Give(SessionWaits{});
  Give(RegisteredAs{{"456", seconds(600)}});
  EXPECT_EQ(Give(SessionOver{}), Words());
  EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
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
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words({"begin:", "start-peer", "paired:Ann"}));
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
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"begin:", "start-peer", "paired:"}));
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
  EXPECT_EQ(Give(PairingReady{"c1", ""}), Words({"begin:", "start-peer", "paired:"}));
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
      {"SessionWaits", SessionWaits{}, {i, r, b, w, o, c, r, s}},
      {"SessionBack", SessionBack{}, {i, r, b, w, o, c, l, s}},
      {"MoveOn", MoveOn{seconds(1)}, {i, r, b, w, o, c, l, s}},
      {"SocketReady", SocketReady{}, {i, r, b, w, c, c, l, s}},
      {"SocketClosed", SocketClosed{error}, {i, r, b, w, r, r, l, s}},
      {"Terminated", Terminated{"ended"}, {i, r, b, r, r, r, l, s}},
      {"PeerGone", PeerGone{"c1"}, {i, r, b, w, r, r, l, s}},
      {"RelayError", RelayError{error}, {i, r, b, w, o, r, l, s}},
      {"RemoteDescription", RemoteDescription{"c1", "x"}, {i, r, b, w, o, c, l, s}},
      {"RemoteCandidate", RemoteCandidate{"c1", "x"}, {i, r, b, w, o, c, l, s}},
      {"RemoteFailed", RemoteFailed{"c1"}, {i, r, b, w, o, c, l, s}},
      {"Proven", Proven{}, {i, r, b, w, o, c, l, s}},
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

// Controllers have to prove that they know the code.
class SecretDisplayMachineTest : public DisplayMachineTest {
 protected:
  void SetUp() override {
    machine_.emplace(random_, milliseconds(500), true);
    BringTo(DisplayState::kWaiting);
  }

  // The first one brings the display to its socket.
  void Knock(const std::string& id) {
    Give(PairingReady{id, "Ann", "h"});
    if (machine_->state() == DisplayState::kOpening) Give(SocketReady{});
    ASSERT_EQ(machine_->state(), DisplayState::kConnecting);
  }

  static PeerFailed WrongLetters() { return {{Errc::kAuthFailed, ""}}; }
};

TEST_F(SecretDisplayMachineTest, NobodyHasPairedBeforeTheAnswerIsGood) {
  EXPECT_EQ(Give(PairingReady{"c1", "Ann", "h"}), Words({"begin:h", "open-socket"}));
  EXPECT_EQ(Give(SocketReady{}), Words({"close-stream", "start-peer"}));
  EXPECT_EQ(Give(LocalDescription{"o"}), Words({"offer:c1:o"}));
  EXPECT_EQ(Give(LocalCandidate{Line("a")}), Words({"send:c1:a"}));
  // The end of them says that the answer was taken.
  EXPECT_EQ(Give(LocalCandidate{Line("")}), Words());
  EXPECT_EQ(Give(RemoteDescription{"c1", "x"}), Words({"apply:x"}));
  EXPECT_EQ(Give(Proven{}), Words({"send:c1:", "paired:Ann"}));
  EXPECT_EQ(Give(Proven{}), Words());
  // From now on only the connection counts.
  EXPECT_EQ(Give(RemoteFailed{"c1"}), Words());
  EXPECT_EQ(Give(Linked{}), Words({"hand-over:Ann"}));
}

TEST_F(SecretDisplayMachineTest, AFailedRunKeepsTheCode) {
  const std::vector<DisplayMachine::Input> failures = {WrongLetters(), PeerGone{"c1"},
                                                       RemoteFailed{"c1"}};
  for (const DisplayMachine::Input& failure : failures) {
    SetUp();
    const auto registered = now_ - seconds(10);
    Knock("c1");
    EXPECT_EQ(Give(failure),
              Words({"refuse:c1", "drop-peer", "end-run", "error:auth_failed", "code:123"}));
    EXPECT_EQ(machine_->state(), DisplayState::kWaiting);
    EXPECT_EQ(machine_->deadline(), registered + seconds(600) + DisplayMachine::kExpiryGrace);
    // On the socket that is open: the next one needs no other.
    EXPECT_EQ(Give(PairingReady{"c2", "Bob", "h2"}), Words({"begin:h2", "start-peer"}));
  }
}

TEST_F(SecretDisplayMachineTest, SilenceIsAFailedRun) {
  Knock("c1");
  EXPECT_EQ(Expire(),
            Words({"refuse:c1", "drop-peer", "end-run", "error:auth_failed", "code:123"}));
}

TEST_F(SecretDisplayMachineTest, TheScreenSaysHowOftenSomebodyFailed) {
  Knock("c1");
  auto actions = machine_->Handle(now_, WrongLetters());
  ASSERT_TRUE(std::holds_alternative<ShowCode>(actions.back()));
  EXPECT_EQ(std::get<ShowCode>(actions.back()).code.failed_attempts, 1);
  EXPECT_LE(std::get<ShowCode>(actions.back()).code.expires_in, seconds(600));
  Knock("c2");
  actions = machine_->Handle(now_, WrongLetters());
  ASSERT_TRUE(std::holds_alternative<ShowCode>(actions.back()));
  EXPECT_EQ(std::get<ShowCode>(actions.back()).code.failed_attempts, 2);
}

TEST_F(SecretDisplayMachineTest, WhoIsRememberedCostsTheCodeNothing) {
  auto actions = machine_->Handle(now_, PairingReady{"c1", "Ann", "h", 3});
  ASSERT_TRUE(std::holds_alternative<BeginRun>(actions.front()));
  EXPECT_EQ(std::get<BeginRun>(actions.front()).meet, 3u);
  Give(SocketReady{});
  actions = machine_->Handle(now_, WrongLetters());
  ASSERT_TRUE(std::holds_alternative<ShowCode>(actions.back()));
  EXPECT_EQ(std::get<ShowCode>(actions.back()).code.failed_attempts, 0);
  Knock("c2");
  actions = machine_->Handle(now_, WrongLetters());
  ASSERT_TRUE(std::holds_alternative<ShowCode>(actions.back()));
  EXPECT_EQ(std::get<ShowCode>(actions.back()).code.failed_attempts, 1);
}

TEST_F(SecretDisplayMachineTest, ThirdFailureChangesIt) {
  for (const char* id : {"c1", "c2"}) {
    Knock(id);
    Give(WrongLetters());
    ASSERT_EQ(machine_->state(), DisplayState::kWaiting);
  }
  Knock("c3");
  EXPECT_EQ(Give(WrongLetters()),
            Words({"refuse:c3", "end-run", "drop-peer", "close-stream", "close-socket", "end-relay",
                   "register", "error:auth_failed"}));
}

TEST_F(SecretDisplayMachineTest, SecondKnockIsRefused) {
  Knock("c1");
  EXPECT_EQ(Give(PairingReady{"c2", "Bob", "h"}), Words({"refuse:c2"}));
  // The relay tells of both as members, too.
  EXPECT_EQ(Give(PairingReady{"c1", "Ann"}), Words());
  EXPECT_EQ(Give(PairingReady{"c2", "Bob"}), Words());
  EXPECT_EQ(Give(RemoteDescription{"c2", "x"}), Words());
  EXPECT_EQ(Give(RemoteCandidate{"c2", "x"}), Words());
  EXPECT_EQ(Give(RemoteFailed{"c2"}), Words());
  EXPECT_EQ(Give(PeerGone{"c2"}), Words());
  // It has taken a place: one is left, and a relay that makes more up is not heard.
  Give(WrongLetters());
  Knock("c3");
  EXPECT_EQ(Give(PairingReady{"c4", "Eve", "h"}), Words());
  EXPECT_EQ(Give(WrongLetters()).back(), "error:auth_failed");
  EXPECT_EQ(machine_->state(), DisplayState::kRegistering);
}

TEST_F(SecretDisplayMachineTest, AKnockWhileTheSocketOpensIsRefusedOnIt) {
  Give(PairingReady{"c1", "Ann", "h"});
  EXPECT_EQ(Give(PairingReady{"c2", "Bob", "h"}), Words());
  EXPECT_EQ(Give(SocketReady{}), Words({"close-stream", "refuse:c2", "start-peer"}));
}

TEST_F(SecretDisplayMachineTest, AHelloThatMayNotTryIsToldSoOnceThereIsASocket) {
  Give(PairingReady{"c1", "Ann"});
  EXPECT_EQ(Give(WrongLetters()), Words());
  EXPECT_EQ(Give(SocketReady{}), Words({"close-stream", "refuse:c1", "drop-peer", "end-run",
                                        "error:auth_failed", "code:123"}));
}

TEST_F(SecretDisplayMachineTest, WithoutTheRelaysSessionThereIsNothingToKeep) {
  Knock("c1");
  EXPECT_EQ(Give(Terminated{"ended"}),
            Words({"end-run", "drop-peer", "close-stream", "close-socket", "end-relay", "register",
                   "error:auth_failed"}));
  SetUp();
  Knock("c1");
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayRefused, ""}}).back(), "error:relay_refused");
  EXPECT_EQ(machine_->state(), DisplayState::kRegistering);
  SetUp();
  Give(PairingReady{"c1", "Ann", "h"});
  EXPECT_EQ(Expire().back(), "error:auth_failed");
  EXPECT_EQ(machine_->state(), DisplayState::kRegistering);
}

TEST_F(SecretDisplayMachineTest, ACodeThatWasUsedIsReplaced) {
  Knock("c1");
  Give(LocalDescription{"o"});
  Give(RemoteDescription{"c1", "x"});
  Give(Proven{});
  EXPECT_EQ(Give(PeerFailed{{Errc::kIceFailed, ""}}),
            Words({"end-run", "drop-peer", "close-stream", "close-socket", "end-relay", "register",
                   "error:ice_failed"}));
}

TEST_F(SecretDisplayMachineTest, ALostSocketIsOpenedAnewWhileItWaits) {
  Knock("c1");
  Give(WrongLetters());
  EXPECT_EQ(Give(SocketClosed{{Errc::kRelayUnreachable, ""}}),
            Words({"close-socket", "error:relay_unreachable"}));
  EXPECT_EQ(Expire(), Words({"open-socket"}));
  EXPECT_EQ(Give(SocketReady{}), Words());
  EXPECT_EQ(Give(PairingReady{"c2", "Bob", "h"}), Words({"begin:h", "start-peer"}));
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
