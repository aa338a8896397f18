// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/session_end.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/seeded_random.h"

namespace pairwire::delivery {
namespace {

using auth::PairingRole;
using std::chrono::milliseconds;
using std::chrono::seconds;

auth::ResumeKey Key() {
  auth::ResumeKey key;
  std::fill(key.writable().begin(), key.writable().end(), std::uint8_t{7});
  return key;
}

struct Sent {
  LinkId link;
  Lane lane;
  SharedBytes frame;

  FrameType type() const { return static_cast<FrameType>((*frame)[1]); }
};

// One end with its application.
class End final : public SessionOwner {
 public:
  End(PairingRole role, bool plain, RandomSource& random, SessionEndOptions options = {})
      : session(role,
                plain ? HelloKeeper(role, {"session.1"}, random)
                      : HelloKeeper(role, Key(), {"session.1"}, random),
                options, random, *this) {}

  void SendFrame(LinkId link, Lane lane, SharedBytes frame) override {
    sent.push_back({link, lane, std::move(frame)});
  }
  std::size_t Room(LinkId, Lane) const override { return room; }
  auth::Fingerprints FingerprintsOf(LinkId) const override { return {}; }
  std::optional<auth::BindTag> OwnBindTag(LinkId) override { return auth::BindTag{}; }
  bool CheckBindTag(LinkId, ByteSpan) override { return true; }
  void Do(const SessionMachine::Action& action) override {
    if (const auto* const end = std::get_if<EndLink>(&action)) ended.push_back(end->link);
    if (std::holds_alternative<ApplyRemote>(action)) ++applied;
  }
  void OnMessage(std::uint64_t, FrameType, ByteSpan message) override {
    messages.emplace_back(AsText(message));
    if (on_message) on_message();
  }
  void OnStateValue(const StateValue& state) override {
    states.push_back(std::string(state.key) + "=" + std::string(AsText(state.value)));
  }
  void OnStateCleared(std::string_view key) override { states.push_back(std::string(key) + "-"); }
  void OnStream(FrameType, ByteSpan frame) override { streams.emplace_back(AsText(frame)); }
  void OnAcked(std::uint64_t up_to) override { acked = up_to; }
  void OnControl(const Frame& frame) override { controls.push_back(frame.header.type); }
  void OnClosed(const ClosedReport& said) override { report = said; }

  std::deque<Sent> sent;
  std::size_t room = 10'000;
  std::vector<LinkId> ended;
  int applied = 0;
  std::vector<std::string> messages;
  std::vector<std::string> states;
  std::vector<std::string> streams;
  std::vector<FrameType> controls;
  std::uint64_t acked = 0;
  std::optional<ClosedReport> report;
  std::function<void()> on_message;
  SessionEnd session;
};

class SessionEndTest : public ::testing::Test {
 protected:
  void Make(bool plain = false, SessionEndOptions options = {}) {
    display_ = std::make_unique<End>(PairingRole::kDisplay, plain, random_, options);
    controller_ = std::make_unique<End>(PairingRole::kController, plain, random_, options);
  }
  void Connect(LinkId link = 1) {
    display_->session.Give(now_, LinkUp{link});
    controller_->session.Give(now_, LinkUp{link});
    Carry();
    ASSERT_EQ(display_->session.state(), SessionState::kConnected);
    ASSERT_EQ(controller_->session.state(), SessionState::kConnected);
  }
  // What one of them has sent arrives; `count` frames at most.
  void CarryFrom(End& from, End& to, std::size_t count = 1'000'000) {
    for (; count > 0 && !from.sent.empty(); --count) {
      const Sent frame = from.sent.front();
      from.sent.pop_front();
      to.session.OnFrame(now_, frame.link, frame.lane, *frame.frame);
    }
  }
  void Carry() {
    while (!display_->sent.empty() || !controller_->sent.empty()) {
      CarryFrom(*display_, *controller_);
      CarryFrom(*controller_, *display_);
    }
  }
  void Wait(Loop::Duration duration) {
    now_ += duration;
    display_->session.OnTimer(now_);
    controller_->session.OnTimer(now_);
    Carry();
  }
  Result<std::uint64_t> Say(End& end, std::string_view text) {
    return end.session.Send(now_, FrameType::kDataText, AsBytes(text));
  }

  test::SeededRandom random_{1};
  SessionEnd::TimePoint now_{seconds(1000)};
  std::unique_ptr<End> display_;
  std::unique_ptr<End> controller_;
};

using Words = std::vector<std::string>;

TEST_F(SessionEndTest, EachClassArrives) {
  for (const bool plain : {false, true}) {
    Make(plain);
    EXPECT_EQ(Say(*display_, "before there is a link"), 1U);
    Connect();
    EXPECT_EQ(Say(*display_, "then"), 2U);
    ASSERT_TRUE(display_->session.SetState(now_, "k", ValueKind::kText, AsBytes("v")));
    ASSERT_TRUE(display_->session.SendStream(now_, FrameType::kStreamText, AsBytes("s")));
    Carry();
    EXPECT_EQ(controller_->messages, Words({"before there is a link", "then"}));
    EXPECT_EQ(controller_->states, Words({"k=v"}));
    EXPECT_EQ(controller_->streams, Words({"s"}));
    ASSERT_TRUE(display_->session.ClearState(now_, "k"));
    EXPECT_EQ(display_->acked, 0U);
    Wait(milliseconds(20));
    EXPECT_EQ(display_->acked, 2U);
    EXPECT_EQ(controller_->states, Words({"k=v", "k-"}));
    EXPECT_EQ(display_->session.keeper().features(), (auth::Features{"session.1"}));
  }
}

TEST_F(SessionEndTest, AnAcknowledgementRidesOnAMessage) {
  Make();
  Connect();
  Say(*display_, "question").value();
  Carry();
  Say(*controller_, "answer").value();
  Carry();
  EXPECT_EQ(display_->acked, 1U) << "without a wait";
}

TEST_F(SessionEndTest, AcknowledgementsDoNotWaitBehindCommands) {
  Make();
  Connect();
  controller_->room = 0;
  for (int i = 0; i < 100; ++i) Say(*controller_, "waits").value();
  for (int i = 0; i < 32; ++i) Say(*display_, "comes").value();
  Carry();
  EXPECT_EQ(display_->acked, 32U);
  EXPECT_TRUE(display_->messages.empty());
  controller_->room = 1;
  controller_->session.OnRoom(now_);
  Carry();
  EXPECT_EQ(display_->messages.size(), 100U);
}

TEST_F(SessionEndTest, ANewLinkGoesOnWhereTheOldOneBroke) {
  Make();
  Connect();
  for (int i = 1; i <= 5; ++i) Say(*display_, std::to_string(i)).value();
  CarryFrom(*display_, *controller_, 2);
  display_->sent.clear();
  ASSERT_EQ(controller_->messages, Words({"1", "2"}));
  Connect(2);
  EXPECT_EQ(controller_->messages, Words({"1", "2", "3", "4", "5"}));
  EXPECT_EQ(display_->ended, std::vector<LinkId>({1}));
  EXPECT_EQ(controller_->ended, std::vector<LinkId>({1}));
  EXPECT_EQ(display_->acked, 2U) << "what the HELLO said";
}

TEST_F(SessionEndTest, NothingIsDeliveredBeforeTheHello) {
  Make();
  controller_->session.Give(now_, LinkUp{1});
  const Bytes data = MakeFrame({FrameType::kDataText, kCommandChannel, 1, 0}, AsBytes("hi"));
  controller_->session.OnFrame(now_, 1, Lane::kControl, data);
  EXPECT_TRUE(controller_->messages.empty());
  EXPECT_EQ(controller_->ended, std::vector<LinkId>({1}));
  // Nor from a link that was never made known.
  controller_->session.OnFrame(now_, 9, Lane::kControl, data);
  EXPECT_TRUE(controller_->messages.empty());
}

// The other end's HELLO, right in itself, on a link that is not proved to be the one agreed on:
// this end's keys stay where they were.
TEST_F(SessionEndTest, AHelloMovesNoKeysBeforeItsLinkIsBound) {
  Make();
  Connect();
  const auto generation_said_on = [&](LinkId link) {
    controller_->session.Give(now_, LinkUp{link});
    for (const Sent& frame : std::exchange(controller_->sent, {})) {
      if (frame.type() != FrameType::kHello) continue;
      const auto parsed = ParseFrame(frame.lane, *frame.frame);
      const auto hello = parsed ? ParseHello(parsed->payload) : std::nullopt;
      if (hello) return hello->hello.generation;
    }
    ADD_FAILURE() << "no hello";
    return std::uint32_t{0};
  };
  const std::uint32_t before = generation_said_on(2);
  display_->session.Give(now_, LinkUp{2});
  for (const Sent& frame : std::exchange(display_->sent, {})) {
    if (frame.type() == FrameType::kBind) continue;
    controller_->session.OnFrame(now_, frame.link, frame.lane, *frame.frame);
  }
  EXPECT_EQ(controller_->ended, std::vector<LinkId>({2}));
  EXPECT_EQ(controller_->session.link(), 1U);
  EXPECT_EQ(generation_said_on(3), before);
  Connect(4);
}

TEST_F(SessionEndTest, WhatBreaksTheProtocolEndsTheSession) {
  const Bytes gap = MakeFrame({FrameType::kDataText, kCommandChannel, 3, 0}, {});
  const Bytes ack = MakeFrame({FrameType::kAck, kCommandChannel, 0, 1}, {});
  const Bytes nothing = {1, 2, 3};
  for (const Bytes& bad : {gap, ack, nothing}) {
    Make();
    Connect();
    controller_->session.OnFrame(now_, 1, Lane::kControl, bad);
    ASSERT_TRUE(controller_->report);
    EXPECT_EQ(controller_->report->reason, EndReason::kProtocol);
    Carry();
    ASSERT_TRUE(display_->report);
    EXPECT_EQ(display_->report->reason, EndReason::kProtocol);
  }
}

TEST_F(SessionEndTest, CloseWaitsForAcknowledgements) {
  Make();
  Connect();
  Say(*display_, "last words").value();
  display_->session.Close(now_);
  EXPECT_FALSE(display_->report);
  EXPECT_EQ(Say(*display_, "too late").error().code, Errc::kClosed);
  Carry();
  Wait(milliseconds(20));
  ASSERT_TRUE(display_->report && controller_->report);
  EXPECT_EQ(display_->report->reason, EndReason::kAsked);
  EXPECT_EQ(display_->report->unacknowledged, LostMessages());
  EXPECT_EQ(controller_->report->reason, EndReason::kPeerLeft);
  EXPECT_EQ(controller_->report->last_delivered, 1U);
}

TEST_F(SessionEndTest, TheReportNamesWhatIsUnknown) {
  Make();
  Connect();
  for (int i = 0; i < 3; ++i) Say(*display_, "?").value();
  CarryFrom(*display_, *controller_, 1);
  display_->sent.clear();
  Wait(milliseconds(20));
  ASSERT_EQ(display_->acked, 1U);
  display_->session.Give(now_, LinkEnded{1});
  for (int i = 0; i < 60 && !display_->report; ++i) {
    now_ += milliseconds(2'500);
    display_->session.OnTimer(now_);
  }
  ASSERT_TRUE(display_->report);
  EXPECT_EQ(display_->report->reason, EndReason::kSessionLost);
  EXPECT_EQ(display_->report->unacknowledged, (LostMessages{2, 3}));
  EXPECT_FALSE(display_->session.keeper().secrets()) << "the keys are wiped";
}

TEST_F(SessionEndTest, CallbacksMayCallAgain) {
  Make();
  Connect();
  controller_->on_message = [&] { Say(*controller_, "echo").value(); };
  Say(*display_, "one").value();
  Say(*display_, "two").value();
  Carry();
  EXPECT_EQ(display_->messages, Words({"echo", "echo"}));
  controller_->on_message = [&] { controller_->session.Close(now_); };
  Say(*display_, "go").value();
  Carry();
  Wait(milliseconds(20));
  ASSERT_TRUE(controller_->report && display_->report);
  EXPECT_EQ(controller_->report->reason, EndReason::kAsked);
  EXPECT_EQ(display_->report->reason, EndReason::kPeerLeft);
}

TEST_F(SessionEndTest, AcknowledgedByHand) {
  Make(false, {.times = {}, .outbox = {}, .manual_ack = true, .first_seq = 1});
  Connect();
  for (int i = 0; i < 40; ++i) Say(*display_, "m").value();
  Carry();
  Wait(milliseconds(100));
  EXPECT_EQ(controller_->messages.size(), 40U);
  EXPECT_EQ(display_->acked, 0U);
  controller_->session.Acknowledge(now_, 7);
  Wait(milliseconds(20));
  EXPECT_EQ(display_->acked, 7U);
}

TEST_F(SessionEndTest, TheRelayCarriesNoStreams) {
  Make();
  Connect();
  for (End* const end : {display_.get(), controller_.get()}) {
    end->session.Give(now_, LinkEnded{1});
    end->session.Give(now_, RelayMet{});
    end->session.Give(now_, FallbackUp{2});
  }
  Wait(seconds(3));
  ASSERT_EQ(display_->session.link(), 2U);
  EXPECT_EQ(display_->session.SendStream(now_, FrameType::kStreamText, {}).error().code,
            Errc::kUnsupported);
  EXPECT_TRUE(Say(*display_, "by the relay"));
  Carry();
  EXPECT_EQ(controller_->messages, Words({"by the relay"}));
}

TEST_F(SessionEndTest, PingsMeasureTheRoundTrip) {
  Make();
  Connect();
  now_ += seconds(5);
  display_->session.OnTimer(now_);
  ASSERT_FALSE(display_->sent.empty());
  EXPECT_EQ(display_->sent.front().type(), FrameType::kPing);
  now_ += milliseconds(30);
  CarryFrom(*display_, *controller_);
  now_ += milliseconds(12);
  CarryFrom(*controller_, *display_);
  EXPECT_EQ(display_->session.round_trip(), milliseconds(42));
  EXPECT_EQ(display_->controls, std::vector<FrameType>({FrameType::kPong}));
  // An answer that nobody asked for.
  display_->session.OnFrame(now_, 1, Lane::kControl,
                            MakeFrame({FrameType::kPong, kNoChannel, 0, 0}, PongPayload({9, 0})));
  EXPECT_EQ(display_->session.round_trip(), milliseconds(42));
}

TEST_F(SessionEndTest, ClockPingsMayOvertakeTheirAnswers) {
  Make();
  EXPECT_FALSE(display_->session.SendClockPing(now_)) << "no link";
  Connect();
  // Three on their way before the first answer comes.
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(display_->session.SendClockPing(now_));
    now_ += milliseconds(10);
  }
  CarryFrom(*display_, *controller_);
  ASSERT_EQ(controller_->sent.size(), 3u);
  const std::deque<Sent> answers = controller_->sent;
  CarryFrom(*controller_, *display_, 1);
  EXPECT_EQ(display_->session.round_trip(), milliseconds(30));
  CarryFrom(*controller_, *display_);
  EXPECT_EQ(display_->controls.size(), 3u);
  // Said again, or with another time: no answer to anything.
  const auto round_trip = display_->session.round_trip();
  for (const Sent& answer : answers) {
    display_->session.OnFrame(now_, 1, Lane::kControl, *answer.frame);
  }
  ASSERT_TRUE(display_->session.SendClockPing(now_));
  const std::uint32_t last = 4;
  display_->session.OnFrame(
      now_, 1, Lane::kControl,
      MakeFrame({FrameType::kPong, kNoChannel, 0, 0}, PongPayload({last, 1, 1, 1})));
  EXPECT_EQ(display_->controls.size(), 3u);
  EXPECT_EQ(display_->session.round_trip(), round_trip);
}

TEST_F(SessionEndTest, UnansweredPingsAreForgotten) {
  Make();
  Connect();
  for (std::size_t i = 0; i <= SessionEnd::kMaxPings; ++i) {
    ASSERT_TRUE(display_->session.SendClockPing(now_));
  }
  CarryFrom(*display_, *controller_);
  CarryFrom(*controller_, *display_);
  EXPECT_EQ(display_->controls.size(), SessionEnd::kMaxPings);
}

TEST_F(SessionEndTest, NegotiationsAreHandedOnAndJudged) {
  Make();
  EXPECT_EQ(display_->session.SendControl(FrameType::kNegotiate, {}).error().code,
            Errc::kInvalidState);
  Connect();
  ASSERT_TRUE(display_->session.SendControl(FrameType::kNegotiate,
                                            NegotiationPayload({NegotiationKind::kOffer, "v=0"})));
  Carry();
  EXPECT_EQ(controller_->controls, std::vector<FrameType>({FrameType::kNegotiate}));
  EXPECT_EQ(controller_->applied, 1);
}

TEST_F(SessionEndTest, NegotiationsAreBounded) {
  const Bytes offer = MakeFrame({FrameType::kNegotiate, kNoChannel, 0, 0},
                                NegotiationPayload({NegotiationKind::kOffer, "v=0"}));
  // As many as there may be, at once and over time.
  Make();
  Connect();
  const auto give = [&](int count) {
    for (int i = 0; i < count; ++i) {
      controller_->session.OnFrame(now_, 1, Lane::kControl, offer);
    }
  };
  give(SessionEnd::kMaxNegotiations);
  for (int i = 0; i < 100; ++i) {
    now_ += SessionEnd::kNegotiationCost;
    give(1);
  }
  EXPECT_FALSE(controller_->report);
  EXPECT_EQ(controller_->applied, SessionEnd::kMaxNegotiations + 100);
  give(1);
  ASSERT_TRUE(controller_->report);
  EXPECT_EQ(controller_->report->reason, EndReason::kProtocol);
  EXPECT_EQ(controller_->applied, SessionEnd::kMaxNegotiations + 100);
}

}  // namespace
}  // namespace pairwire::delivery
