// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Registering, pairing, the waiting display's streams and polls, ending, expiry, drain.
#include <gmock/gmock.h>

#include "tests/signaling/core/relay_harness.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RelayPairing : public RelayTest {
 protected:
  // Starts a poll; the answer appears in `answers`.
  PollId StartPoll(const RegisterResponse& display, const std::string& after,
                   std::chrono::milliseconds timeout, std::size_t node = 0) {
    const PollId id = ++last_id_;
    relay(node).Poll(display.session_id, display.display_token, after, timeout, id, now_,
                     [this, id](Outcome<PollResponse> outcome) {
                       EXPECT_TRUE(answers.emplace(id, std::move(outcome)).second);
                     });
    return id;
  }
  static std::vector<std::string> Types(const std::vector<SessionEvent>& events) {
    std::vector<std::string> types;
    for (const SessionEvent& event : events) types.push_back(event.type);
    return types;
  }
  std::map<PollId, Outcome<PollResponse>> answers;
};

TEST_F(RelayPairing, RegisterAnswersEverythingADisplayNeeds) {
  const auto display = Register({"lobby", "Lobby", "design", 1, false});
  ASSERT_TRUE(display);
  EXPECT_THAT(display->code, SizeIs(4));
  EXPECT_EQ(display->display_id, "lobby");
  EXPECT_EQ(display->expires_in, 600s);
  EXPECT_EQ(display->expires_at, protocol::FormatTime(now_ + 600s));
  EXPECT_EQ(display->events_url, "/api/sessions/" + display->session_id + "/events");
  EXPECT_EQ(display->poll_url, "/api/sessions/" + display->session_id + "/poll");
  EXPECT_EQ(display->ws_url, "/ws");
  EXPECT_EQ(display->heartbeat_interval, 10s);
  EXPECT_THAT(Register({"", "", "", 1, true})->code, SizeIs(9));
  const auto other = Register();
  EXPECT_NE(other->session_id, display->session_id);
  EXPECT_NE(other->display_token, display->display_token);
  EXPECT_FALSE(other->display_id.empty());
}

TEST_F(RelayPairing, PublicUrlsGoInFront) {
  RelayOptions options;
  options.public_url = "https://relay.example/base";
  Restart(options);
  const auto display = Register().value();
  EXPECT_EQ(display.ws_url, "https://relay.example/base/ws");
  EXPECT_EQ(display.events_url,
            "https://relay.example/base/api/sessions/" + display.session_id + "/events");
}

TEST_F(RelayPairing, PairTellsBothEnds) {
  const auto display = Register({"lobby", "Lobby", "", 1, false}).value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  const auto controller = Ask<PairResponse>([&](auto reply) {
    relay().Pair({display.code, "Ann", {R"({"share":"x"})"}}, "192.0.2.2", now_, std::move(reply));
  });
  ASSERT_TRUE(controller);
  EXPECT_EQ(controller->session_id, display.session_id);
  EXPECT_EQ(controller->display_id, "lobby");
  EXPECT_EQ(controller->display_name, "Lobby");
  ASSERT_THAT(out().events[stream], SizeIs(1));
  const SessionEvent& event = out().events[stream][0];
  EXPECT_EQ(event.id, "1");
  EXPECT_EQ(event.type, "pairing:ready");
  EXPECT_EQ(protocol::ParsePairingReady(event.data).value(),
            (protocol::PairingReady{controller->controller_id, "Ann", {R"({"share":"x"})"}}));
}

TEST_F(RelayPairing, SeparatorsInACodeAreIgnored) {
  const auto display = Register({"", "", "", 1, true}).value();
  std::string typed = display.code;
  typed.insert(3, "-").insert(7, " ");
  EXPECT_TRUE(Pair(typed));
}

TEST_F(RelayPairing, AllWrongCodesAreAnsweredAlike) {
  const auto used = Register().value();
  ASSERT_TRUE(Pair(used.code));
  const auto ended = Register().value();
  ASSERT_TRUE(End(ended.session_id, ended.display_token));
  const auto unknown = Pair("999999999");
  const auto again = Pair(used.code);
  const auto gone = Pair(ended.code);
  EXPECT_EQ(CodeOf(unknown), ProblemCode::kCodeNotFound);
  EXPECT_EQ(again.error(), unknown.error());
  EXPECT_EQ(gone.error(), unknown.error());
  EXPECT_EQ(CodeOf(Pair("12ab")), ProblemCode::kInvalidRequest);
  EXPECT_EQ(relay().counters().pairings_failed, 3u);
}

TEST_F(RelayPairing, OfTwoRacingControllersOnTwoNodesOneWins) {
  AddNode("node-2");
  for (int round = 0; round < 50; ++round) {
    const auto display = Register().value();
    int won = 0;
    int lost = 0;
    for (std::size_t node : {0u, 1u}) {
      relay(node).Pair({display.code, "", {}}, "192.0.2." + std::to_string(round), now_,
                       [&](Outcome<PairResponse> outcome) { ++(outcome ? won : lost); });
    }
    Drain();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 1);
    now_ += 10s;
  }
}

TEST_F(RelayPairing, StreamResumesFromTheLastId) {
  const auto display = Register({"", "", "", 3, false}).value();
  ASSERT_TRUE(Pair(display.code));
  ASSERT_TRUE(Pair(display.code));
  StreamId first = 0;
  ASSERT_TRUE(Stream(display, first));
  EXPECT_THAT(out().events[first], SizeIs(2));
  relay().CloseEventStream(first);
  ASSERT_TRUE(Pair(display.code));
  StreamId second = 0;
  ASSERT_TRUE(Stream(display, second, "1"));
  ASSERT_THAT(out().events[second], SizeIs(2));
  EXPECT_EQ(out().events[second][0].id, "2");
  // What is no id of ours is as good as none.
  StreamId third = 0;
  ASSERT_TRUE(Stream(display, third, "abc"));
  EXPECT_THAT(out().events[third], SizeIs(3));
  EXPECT_TRUE(out().ended_streams.contains(second)) << "the newer stream ends the older one";
  EXPECT_EQ(relay().counters().streams, 1u);
}

TEST_F(RelayPairing, AStreamOnAnotherNodeHearsToo) {
  AddNode("node-2");
  const auto display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream, "", 1));
  ASSERT_TRUE(Pair(display.code));
  EXPECT_THAT(Types(out(1).events[stream]), ElementsAre("pairing:ready"));
  ASSERT_TRUE(End(display.session_id, display.display_token));
  EXPECT_THAT(Types(out(1).events[stream]), ElementsAre("pairing:ready", "session:terminated"));
  EXPECT_TRUE(out(1).ended_streams.contains(stream));
}

TEST_F(RelayPairing, ADisplayThatListensElsewhereIsNotKeptHere) {
  AddNode("node-2");
  const auto display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  const PollId poll = StartPoll(display, "", 25s);
  Drain();
  StreamId elsewhere = 0;
  ASSERT_TRUE(Stream(display, elsewhere, "", 1));
  EXPECT_TRUE(out(0).ended_streams.contains(stream));
  ASSERT_TRUE(answers.contains(poll));
  EXPECT_THAT(answers.at(poll)->events, IsEmpty());
  EXPECT_EQ(relay(0).counters().streams + relay(0).counters().polls, 0u);
  ASSERT_TRUE(Pair(display.code));
  EXPECT_THAT(Types(out(1).events[elsewhere]), ElementsAre("pairing:ready"));
}

TEST_F(RelayPairing, AStreamThatOpensDuringADrainIsToldOfIt) {
  const auto display = Register().value();
  bool opened = false;
  relay().OpenEventStream(display.session_id, display.display_token, "", 77, now_,
                          [&](Outcome<void> outcome) {
                            opened = outcome.has_value();
                            EXPECT_THAT(out().events[77], IsEmpty());
                          });
  relay().Drain(1s, "https://b.example", now_);
  Drain();
  EXPECT_TRUE(opened);
  EXPECT_THAT(Types(out().events[77]), ElementsAre("server:draining"));
}

TEST_F(RelayPairing, EventsBetweenTheStoresStepAndItsAnswerAreNeitherLostNorDoubled) {
  const auto display = Register({"", "", "", 2, false}).value();
  // Neither call is answered before both were made.
  relay().OpenEventStream(display.session_id, display.display_token, "", 77, now_,
                          [](Outcome<void> outcome) { EXPECT_TRUE(outcome); });
  relay().Pair({display.code, "", {}}, "192.0.2.2", now_, [](Outcome<PairResponse>) {});
  const PollId poll = StartPoll(display, "", 5s);
  Drain();
  EXPECT_THAT(Types(out().events[77]), ElementsAre("pairing:ready"));
  ASSERT_TRUE(answers.contains(poll));
  EXPECT_THAT(Types(answers.at(poll)->events), ElementsAre("pairing:ready"));
}

TEST_F(RelayPairing, PollAnswersAtOnceWhenThereIsSomething) {
  const auto display = Register().value();
  ASSERT_TRUE(Pair(display.code));
  const PollId poll = StartPoll(display, "", 25s);
  Drain();
  ASSERT_TRUE(answers.contains(poll));
  ASSERT_TRUE(answers.at(poll));
  EXPECT_THAT(Types(answers.at(poll)->events), ElementsAre("pairing:ready"));
  EXPECT_EQ(relay().counters().polls, 0u);
}

TEST_F(RelayPairing, PollWaitsForTheEventOrTheTimeout) {
  const auto display = Register({"", "", "", 2, false}).value();
  const PollId first = StartPoll(display, "", 25s);
  Advance(20s);
  EXPECT_FALSE(answers.contains(first));
  ASSERT_TRUE(Pair(display.code));
  ASSERT_TRUE(answers.contains(first));
  EXPECT_THAT(answers.at(first)->events, SizeIs(1));
  const PollId second = StartPoll(display, "1", 25s);
  Advance(25s - 1ms);
  EXPECT_FALSE(answers.contains(second));
  Advance(1ms);
  ASSERT_TRUE(answers.contains(second));
  EXPECT_THAT(answers.at(second)->events, IsEmpty());
}

TEST_F(RelayPairing, PollTimeoutIsBoundedAndZeroStillReads) {
  const auto display = Register().value();
  const PollId longest = StartPoll(display, "", 24h);
  Advance(protocol::kMaxPollTimeout);
  EXPECT_TRUE(answers.contains(longest));
  ASSERT_TRUE(Pair(display.code));
  const PollId at_once = StartPoll(display, "", 0ms);
  relay().Tick(now_ + 1ms);  // The time-out passes before the store has answered.
  Drain();
  ASSERT_TRUE(answers.contains(at_once));
  EXPECT_THAT(answers.at(at_once)->events, SizeIs(1));
  const PollId negative = StartPoll(display, "1", -5s);
  Drain();
  Advance(1ms);
  EXPECT_TRUE(answers.contains(negative));
}

TEST_F(RelayPairing, ANewerPollReplacesTheOlder) {
  const auto display = Register().value();
  const PollId first = StartPoll(display, "", 25s);
  Drain();
  const PollId second = StartPoll(display, "", 25s);
  Drain();
  ASSERT_TRUE(answers.contains(first));
  EXPECT_THAT(answers.at(first)->events, IsEmpty());
  relay().CancelPoll(second);
  Advance(30s);
  EXPECT_FALSE(answers.contains(second));
  EXPECT_EQ(relay().counters().polls, 0u);
}

TEST_F(RelayPairing, WrongTokensOpenNothing) {
  const auto display = Register().value();
  const auto controller = Pair(display.code).value();
  const auto other = Register().value();
  const std::string& good = display.display_token;
  std::string flipped = good;
  flipped.back() = flipped.back() == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {std::string(), std::string("."), good.substr(1), good.substr(0, good.size() - 1),
        good + "A", flipped, std::string(10'000, 'x'), display.session_id, display.session_id + ".",
        other.session_id + good.substr(good.find('.')), other.display_token}) {
    StreamId stream = ++last_id_;
    EXPECT_EQ(CodeOf(Ask<void>([&](auto reply) {
                relay().OpenEventStream(display.session_id, token, "", stream, now_,
                                        std::move(reply));
              })),
              ProblemCode::kUnauthorized)
        << token;
    EXPECT_EQ(CodeOf(Ask<PollResponse>([&](auto reply) {
                relay().Poll(display.session_id, token, "", 1s, stream, now_, std::move(reply));
              })),
              ProblemCode::kUnauthorized);
    EXPECT_EQ(CodeOf(End(display.session_id, token)), ProblemCode::kUnauthorized);
    if (token != other.display_token) {
      EXPECT_EQ(CodeOf(Authorize(token)), ProblemCode::kUnauthorized);
    }
  }
  // A controller's token is good for its socket, not for the display's events.
  StreamId stream = ++last_id_;
  EXPECT_EQ(CodeOf(Ask<void>([&](auto reply) {
              relay().OpenEventStream(display.session_id, controller.controller_token, "", stream,
                                      now_, std::move(reply));
            })),
            ProblemCode::kUnauthorized);
  EXPECT_TRUE(Authorize(controller.controller_token));
  EXPECT_EQ(relay().counters().streams, 0u);
  EXPECT_EQ(relay().counters().polls, 0u);
}

TEST_F(RelayPairing, HeartbeatKnowsItsDisplay) {
  const auto display = Register({"lobby", "", "", 1, false}).value();
  const auto heartbeat = [&](const std::string& id, const std::string& token) {
    return Ask<void>([&](auto reply) { relay().Heartbeat(id, token, now_, std::move(reply)); });
  };
  EXPECT_TRUE(heartbeat("lobby", display.display_token));
  EXPECT_EQ(CodeOf(heartbeat("other", display.display_token)), ProblemCode::kUnauthorized);
  EXPECT_EQ(CodeOf(heartbeat("lobby", "nonsense")), ProblemCode::kUnauthorized);
  // It does not make the code live longer.
  Advance(600s);
  EXPECT_EQ(CodeOf(heartbeat("lobby", display.display_token)), ProblemCode::kUnauthorized);
}

TEST_F(RelayPairing, ExpiryIsPunctualToldOnceAndLeavesNothing) {
  const auto display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  EXPECT_EQ(relay().NextDeadline(), now_ + 600s);
  Advance(600s - 1ms);
  EXPECT_THAT(out().events[stream], IsEmpty());
  Advance(1ms);
  ASSERT_THAT(out().events[stream], SizeIs(1));
  EXPECT_EQ(out().events[stream][0].data.text, R"({"reason":"expired"})");
  EXPECT_TRUE(out().ended_streams.contains(stream));
  EXPECT_EQ(relay().counters().sessions_expired, 1u);
  EXPECT_EQ(CodeOf(Pair(display.code)), ProblemCode::kCodeNotFound);
  Advance(31s);
  EXPECT_EQ(relay().NextDeadline(), TimePoint::max());
  EXPECT_EQ(memory_->parts().store.Sizes().sessions + memory_->parts().store.Sizes().ended, 0u);
  EXPECT_EQ(relay().counters().sessions_expired, 1u);
}

TEST_F(RelayPairing, APollAfterTheEndStillLearnsOfIt) {
  const auto display = Register().value();
  const auto controller = Pair(display.code).value();
  ASSERT_TRUE(End(display.session_id, controller.controller_token));
  const PollId poll = StartPoll(display, "1", 25s);
  Drain();
  ASSERT_TRUE(answers.contains(poll));
  ASSERT_TRUE(answers.at(poll));
  EXPECT_THAT(Types(answers.at(poll)->events), ElementsAre("session:terminated"));
  const PollId again = StartPoll(display, "2", 25s);
  Drain();
  EXPECT_EQ(CodeOf(answers.at(again)), ProblemCode::kUnauthorized);
}

TEST_F(RelayPairing, WaitersAreBounded) {
  RelayOptions options;
  options.max_waiters = 2;
  Restart(options);
  const auto a = Register().value();
  const auto b = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(a, stream));
  StartPoll(b, "", 25s);
  Drain();
  StreamId third = 0;
  EXPECT_EQ(CodeOf(Stream(b, third)), ProblemCode::kNotReady);
  const PollId fourth = StartPoll(a, "", 25s);
  EXPECT_EQ(CodeOf(answers.at(fourth)), ProblemCode::kNotReady);
  relay().CloseEventStream(stream);
  EXPECT_TRUE(Stream(b, third));
}

TEST_F(RelayPairing, DrainTellsEverybodyAndRefusesNewWork) {
  const auto display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  const auto other = Register().value();
  const PollId poll = StartPoll(other, "", 25s);
  const Paired paired = MakePaired();
  relay().Drain(1500ms, "https://b", now_);
  const auto check = [](const protocol::RawJson& data) {
    EXPECT_EQ(protocol::ParseServerDraining(data).value(),
              (protocol::ServerDraining{1500ms, "https://b"}));
  };
  ASSERT_THAT(out().events[stream], SizeIs(1));
  EXPECT_EQ(out().events[stream][0].type, "server:draining");
  EXPECT_EQ(out().events[stream][0].id, "");
  check(out().events[stream][0].data);
  ASSERT_TRUE(answers.contains(poll));
  EXPECT_THAT(Types(answers.at(poll)->events), ElementsAre("server:draining"));
  for (const ConnectionId id : {paired.display_socket, paired.controller_socket}) {
    const auto told = out().Take(id);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].type, "server:draining");
    check(told[0].data);
    EXPECT_EQ(out().CloseCode(id), 0);
  }
  EXPECT_TRUE(relay().draining());
  const auto refused = Register();
  EXPECT_EQ(CodeOf(refused), ProblemCode::kNotReady);
  EXPECT_EQ(refused.error().retry_after, 2s);
  EXPECT_EQ(CodeOf(Pair(display.code)), ProblemCode::kNotReady);
  EXPECT_EQ(CodeOf(Authorize(paired.display.display_token)), ProblemCode::kNotReady);
  StreamId late = 0;
  EXPECT_EQ(CodeOf(Stream(display, late)), ProblemCode::kNotReady);
  const PollId late_poll = StartPoll(display, "", 1s);
  EXPECT_EQ(CodeOf(answers.at(late_poll)), ProblemCode::kNotReady);
  // What is open goes on: messages and the end.
  Say(paired.display_socket, Offer(1));
  EXPECT_EQ(Numbers(out().Take(paired.controller_socket)), Range(1, 2));
  EXPECT_TRUE(End(paired.display.session_id, paired.display.display_token));
}

TEST_F(RelayPairing, UnknownIdsAreIgnored) {
  relay().CloseEventStream(123);
  relay().CancelPoll(123);
  relay().SocketText(123, "{}", now_);
  relay().SocketClosed(123, now_);
  EXPECT_EQ(relay().counters().messages_received, 0u);
}

TEST_F(RelayPairing, AStreamClosedBeforeTheStoreAnsweredStaysClosed) {
  const auto display = Register().value();
  relay().OpenEventStream(display.session_id, display.display_token, "", 5, now_,
                          [](Outcome<void>) {});
  relay().CloseEventStream(5);
  Drain();
  ASSERT_TRUE(Pair(display.code));
  EXPECT_THAT(out().events[5], IsEmpty());
  EXPECT_EQ(relay().counters().streams, 0u);
}

}  // namespace
}  // namespace pairwire::relay
