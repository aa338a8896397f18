// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionMachineTest: what the tests of SessionMachine share: a machine on a clock of the test's
// own, its actions as words, and the ways into each state.
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_MACHINE_RIG_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_MACHINE_RIG_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "peer/delivery/session_machine.h"
#include "tests/support/seeded_random.h"

namespace pairwire::delivery {

using auth::PairingRole;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct DescribeAction {
  static std::string On(const char* word, LinkId link) { return word + std::to_string(link); }
  std::string operator()(const SendBind& a) const { return On("bind", a.link); }
  std::string operator()(const SendHello& a) const { return On("hello", a.link); }
  std::string operator()(const SendReset& a) const {
    return On("reset", a.link) + ":" + std::string(ToString(a.reason));
  }
  std::string operator()(const SendClose& a) const {
    return On("close", a.link) + ":" + std::string(ToString(a.reason));
  }
  std::string operator()(const SendPing& a) const { return On("ping", a.link); }
  std::string operator()(const EndLink& a) const { return On("end", a.link); }
  std::string operator()(const UseLink& a) const { return On("use", a.link); }
  std::string operator()(const RewindOutbox&) const { return "rewind"; }
  std::string operator()(const StartRejoin&) const { return "rejoin"; }
  std::string operator()(const StopRejoin&) const { return "stop-rejoin"; }
  std::string operator()(const LeaveRelay&) const { return "leave"; }
  std::string operator()(const RestartIce& a) const {
    return a.in_band ? "restart-in-band" : "restart";
  }
  std::string operator()(const NewConnection&) const { return "new"; }
  std::string operator()(const Renegotiate&) const { return "offer"; }
  std::string operator()(const RollBack&) const { return "roll-back"; }
  std::string operator()(const ApplyRemote&) const { return "apply"; }
  std::string operator()(const ShowCode&) const { return "show-code"; }
  std::string operator()(const HideCode&) const { return "hide-code"; }
  std::string operator()(const WipeKeys&) const { return "wipe"; }
  std::string operator()(const TellState& a) const { return "->" + std::string(ToString(a.state)); }
  std::string operator()(const TellClosed& a) const {
    return "closed:" + std::string(ToString(a.reason));
  }
};

inline constexpr SessionState kStates[] = {SessionState::kSignalling, SessionState::kConnected,
                                           SessionState::kRecovering, SessionState::kReconnecting,
                                           SessionState::kClosing,    SessionState::kClosed};

class SessionMachineTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  void Make(PairingRole role, bool plain = false) {
    machine_.emplace(role, plain, SessionTimes(), random_, parks_);
    next_ = 1;
  }
  Words Give(const SessionMachine::Input& input) {
    Words words;
    for (const auto& action : machine_->Handle(now_, input)) {
      words.push_back(std::visit(DescribeAction(), action));
    }
    return words;
  }
  Words At(seconds since, const SessionMachine::Input& input = TimerFired{}) {
    now_ += since;
    return Give(input);
  }
  // Gives the timer at each deadline until this time has passed, and all that happens.
  Words Wait(Loop::Duration duration) {
    Words all;
    const auto end = now_ + duration;
    while (machine_->deadline() && *machine_->deadline() <= end) {
      now_ = *machine_->deadline();
      for (auto& word : Give(TimerFired{})) all.push_back(word);
    }
    now_ = end;
    return all;
  }
  // A link that comes up and is verified. Gives its number.
  LinkId Connect(HelloVerdict verdict = HelloVerdict::kResume) {
    const LinkId link = next_++;
    Give(LinkUp{link});
    Give(BindSeen{link, true});
    Give(HelloSeen{link, verdict});
    return link;
  }
  void BringTo(SessionState state, PairingRole role = PairingRole::kDisplay) {
    Make(role);
    if (state == SessionState::kSignalling) return;
    Connect(HelloVerdict::kFirst);
    Wait(seconds(3));
    if (state == SessionState::kRecovering) Give(PathQuiet{1});
    if (state == SessionState::kReconnecting) Give(LinkEnded{1});
    if (state == SessionState::kClosing || state == SessionState::kClosed) Give(CloseAsked{});
    if (state == SessionState::kClosed) Give(Drained{});
    ASSERT_EQ(machine_->state(), state);
  }
  static std::size_t Count(const Words& words, const std::string& word) {
    return static_cast<std::size_t>(std::count(words.begin(), words.end(), word));
  }

  // Link 1 is quiet, and link 2 over the relay took the session over.
  Words BringOverRelay() {
    BringTo(SessionState::kRecovering);
    Give(RelayMet{});
    Wait(seconds(3));
    EXPECT_EQ(Give(FallbackUp{2}), Words({"hello2"}));
    const Words words = Give(HelloSeen{2, HelloVerdict::kResume});
    EXPECT_TRUE(machine_->over_relay());
    next_ = 3;
    return words;
  }

  bool parks_ = false;
  test::SeededRandom random_{1};
  std::optional<SessionMachine> machine_;
  SessionMachine::TimePoint now_{seconds(1000)};
  LinkId next_ = 1;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_MACHINE_RIG_H_
