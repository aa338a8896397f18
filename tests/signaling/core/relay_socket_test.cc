// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sockets: welcome, routing in order, kept messages, taking over, resuming, leaving, errors.
#include <gmock/gmock.h>

#include "tests/signaling/core/relay_harness.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RelaySocket : public RelayTest {
 protected:
  static std::string ResumeText(const std::string& token, const std::string& last_id) {
    Envelope envelope;
    envelope.type = protocol::kResume;
    envelope.id = "r";
    envelope.data = protocol::ToData(protocol::Resume{token, last_id});
    return protocol::ToJson(envelope);
  }
};

TEST_F(RelaySocket, WelcomeThenWhoIsThere) {
  const auto display = Register({"", "Lobby", "", 1, false}).value();
  const auto controller = Pair(display.code).value();
  const ConnectionId d = Open(display.display_token);
  const auto first = out().Take(d);
  ASSERT_THAT(first, SizeIs(1));
  const auto welcome = WelcomeOf(first);
  EXPECT_EQ(welcome.session_id, display.session_id);
  EXPECT_EQ(welcome.node_id, "node-1");
  EXPECT_EQ(welcome.heartbeat_interval, 10s);
  EXPECT_FALSE(welcome.resume_token.empty());
  const ConnectionId c = Open(controller.controller_token);
  const auto second = out().Take(c);
  ASSERT_THAT(second, SizeIs(2));
  EXPECT_EQ(WelcomeOf(second).member_id, controller.controller_id);
  EXPECT_EQ(protocol::ParseUserPresence(second[1].data).value(),
            (protocol::UserPresence{welcome.member_id, "display", "Lobby"}));
  const auto joined = out().Take(d);
  ASSERT_THAT(joined, SizeIs(1));
  EXPECT_EQ(joined[0].type, "user_joined");
  EXPECT_EQ(protocol::ParseUserPresence(joined[0].data).value(),
            (protocol::UserPresence{controller.controller_id, "controller", "Ann"}));
}

// A client that got no further than its upgrade when the node was told to go.
TEST_F(RelaySocket, ADrainIsToldAfterTheWelcome) {
  const auto display = Register().value();
  const auto member = Authorize(display.display_token);
  ASSERT_TRUE(member);
  relay().SocketOpened(1, *member, now_, member->until);
  relay().Drain(1s, "https://b.example", now_);
  Drain();
  EXPECT_THAT(out().TakeTypes(1), ElementsAre("welcome", "server:draining"));
  relay().SocketOpened(2, *member, now_, member->until);
  Drain();
  EXPECT_THAT(out().TakeTypes(2), ElementsAre("welcome", "server:draining"));
}

TEST_F(RelaySocket, AnOpenSocketHearsPairingReady) {
  const auto display = Register().value();
  const ConnectionId d = Open(display.display_token);
  out().Take(d);
  const auto controller = Pair(display.code).value();
  const auto told = out().Take(d);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].type, "pairing:ready");
  EXPECT_EQ(protocol::ParsePairingReady(told[0].data)->controller_id, controller.controller_id);
}

TEST_F(RelaySocket, CarriesDataVerbatimAndAcks) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  const std::string data = R"({ "sdp" : "v=0\r\n" , "z":1.0e2,"a":[ ] })";
  for (const std::string type : {"webrtc:offer", "webrtc:answer", "webrtc:ice-candidate"}) {
    Say(paired.display_socket,
        R"({"type":")" + type + R"(","id":"7","from":"forged","data":)" + data + "}");
    const auto got = out().Take(paired.controller_socket);
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_EQ(got[0].type, type);
    EXPECT_EQ(got[0].data.text, data);
    EXPECT_EQ(got[0].from, paired.display_welcome.member_id);
    EXPECT_FALSE(got[0].id.empty());
    const auto ack = out().Take(paired.display_socket);
    ASSERT_THAT(ack, SizeIs(1));
    EXPECT_EQ(ack[0], (Envelope{"ack", "", "", "7", "", {}}));
  }
  EXPECT_EQ(relay().counters().messages_routed, 3u);
}

TEST_F(RelaySocket, ToMayNameTheCounterpartOnly) {
  const auto display = Register({"", "", "", 2, false}).value();
  const auto one = Pair(display.code).value();
  const auto two = Pair(display.code).value();
  const ConnectionId d = Open(display.display_token);
  const ConnectionId c1 = Open(one.controller_token);
  const ConnectionId c2 = Open(two.controller_token);
  for (const ConnectionId id : {d, c1, c2}) out().Take(id);
  const auto offer_to = [](const std::string& to) {
    return R"({"type":"webrtc:offer","to":")" + to + R"(","data":{"n":1}})";
  };
  Say(d, offer_to(two.controller_id));
  EXPECT_THAT(out().Take(c1), IsEmpty());
  EXPECT_THAT(out().Take(c2), SizeIs(1));
  Say(d, Offer(2, "m"));
  auto errors = out().Take(d);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].id, "m");
  EXPECT_EQ(ErrorCode(errors[0]), ProblemCode::kUnknownTarget);
  Say(c1, offer_to(two.controller_id));
  EXPECT_EQ(ErrorCode(out().Take(c1).at(0)), ProblemCode::kNotAllowed);
  Say(c1, offer_to("nobody"));
  EXPECT_EQ(ErrorCode(out().Take(c1).at(0)), ProblemCode::kUnknownTarget);
  // A member of another session is nobody here.
  const Paired other = MakePaired();
  Say(c1, offer_to(other.controller_welcome.member_id));
  EXPECT_EQ(ErrorCode(out().Take(c1).at(0)), ProblemCode::kUnknownTarget);
  EXPECT_THAT(Numbers(out().Take(other.controller_socket)), IsEmpty());
  for (const ConnectionId id : {d, c1, c2}) EXPECT_EQ(out().CloseCode(id), 0);
}

TEST_F(RelaySocket, KeepsOrderPerPairInOneNodeAndAcross) {
  AddNode("node-2");
  for (const std::size_t controller_node : {0u, 1u}) {
    const Paired paired = MakePaired(0, controller_node);
    for (int i = 0; i < 100; ++i) {
      // Not drained in between: many are on their way at once.
      relay(0).SocketText(paired.display_socket, Offer(i), now_);
      relay(controller_node).SocketText(paired.controller_socket, Offer(1000 + i), now_);
    }
    Drain();
    EXPECT_EQ(Numbers(out(controller_node).Take(paired.controller_socket)), Range(0, 100));
    EXPECT_EQ(Numbers(out(0).Take(paired.display_socket)), Range(1000, 1100));
  }
}

TEST_F(RelaySocket, MessagesBeforeTheSocketOpensAreKeptInOrder) {
  const auto display = Register().value();
  const auto controller = Pair(display.code).value();
  const ConnectionId d = Open(display.display_token);
  for (int i = 0; i < 10; ++i) Say(d, Offer(i));
  // The socket opens while further ones are on their way.
  const Member member = Authorize(controller.controller_token).value();
  relay().SocketText(d, Offer(10), now_);
  relay().SocketOpened(500, member, now_);
  relay().SocketText(d, Offer(11), now_);
  executor_.RunOne();
  relay().SocketText(d, Offer(12), now_);
  Drain();
  const auto got = out().Take(500);
  EXPECT_EQ(got[0].type, "welcome");
  EXPECT_EQ(Numbers(got), Range(0, 13));
}

TEST_F(RelaySocket, WhatIsKeptIsBounded) {
  const auto display = Register().value();
  const auto controller = Pair(display.code).value();
  const ConnectionId d = Open(display.display_token);
  const int bound = static_cast<int>(protocol::kMaxKeptMessages);
  for (int i = 0; i < bound; ++i) Say(d, Offer(i));
  out().Take(d);
  Say(d, Offer(bound, "over"));
  const auto told = out().Take(d);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].id, "over");
  EXPECT_EQ(ErrorCode(told[0]), ProblemCode::kQueueFull);
  EXPECT_EQ(Numbers(out().Take(Open(controller.controller_token))), Range(0, bound));
}

TEST_F(RelaySocket, ALostSocketComesBackWithinTheWindowUnnoticed) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  Close(paired.controller_socket);
  for (int i = 0; i < 5; ++i) Say(paired.display_socket, Offer(i));
  Advance(4900ms);
  const ConnectionId again = Open(paired.controller.controller_token);
  auto got = out().Take(again);
  const auto welcome = WelcomeOf(got);
  EXPECT_NE(welcome.resume_token, paired.controller_welcome.resume_token);
  EXPECT_THAT(Numbers(got), IsEmpty()) << "they wait for resume, or for resume_wait";
  Advance(1s);
  EXPECT_EQ(Numbers(out().Take(again)), Range(0, 5));
  EXPECT_THAT(out().TakeTypes(paired.display_socket), IsEmpty());
  EXPECT_EQ(relay().counters().members_departed, 0u);
}

TEST_F(RelaySocket, ResumeReplaysWhatTheOldSocketTookAlong) {
  const Paired paired = MakePaired();
  for (int i = 0; i < 6; ++i) Say(paired.display_socket, Offer(i));
  const auto seen = out().Take(paired.controller_socket);
  ASSERT_THAT(seen, SizeIs(6));
  Close(paired.controller_socket);
  for (int i = 6; i < 9; ++i) Say(paired.display_socket, Offer(i));
  const ConnectionId again = Open(paired.controller.controller_token);
  out().Take(again);
  Say(paired.display_socket, Offer(9));
  // Only the first three had really arrived.
  Say(again, ResumeText(paired.controller_welcome.resume_token, seen[2].id));
  const auto got = out().Take(again);
  EXPECT_EQ(got[0].type, "ack");
  EXPECT_EQ(got[0].id, "r");
  EXPECT_EQ(Numbers(got), Range(3, 10));
  EXPECT_EQ(relay().counters().sockets_resumed, 1u);
}

TEST_F(RelaySocket, ResumeMayBeSentBeforeTheWelcome) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Offer(0));
  out().Take(paired.controller_socket);
  Close(paired.controller_socket);
  const Member member = Authorize(paired.controller.controller_token).value();
  relay().SocketOpened(900, member, now_);
  relay().SocketText(900, ResumeText(paired.controller_welcome.resume_token, ""), now_);
  Drain();
  EXPECT_THAT(out().TakeTypes(900), ElementsAre("welcome", "user_joined", "ack", "webrtc:offer"));
}

TEST_F(RelaySocket, ResumeWorksOnAnotherNode) {
  AddNode("node-2");
  const Paired paired = MakePaired(0, 0);
  Close(paired.controller_socket);
  for (int i = 0; i < 3; ++i) Say(paired.display_socket, Offer(i));
  const ConnectionId again = Open(paired.controller.controller_token, 1);
  out(1).Take(again);
  Say(again, ResumeText(paired.controller_welcome.resume_token, "1.1"), 1);
  EXPECT_EQ(Numbers(out(1).Take(again)), Range(0, 3));
  Advance(6s);
  EXPECT_EQ(relay(0).counters().members_departed, 0u);
}

TEST_F(RelaySocket, AResumeTokenIsGoodOnce) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Offer(0));
  Close(paired.controller_socket);
  const std::string token = paired.controller_welcome.resume_token;
  const ConnectionId second = Open(paired.controller.controller_token);
  Say(second, ResumeText(token, ""));
  EXPECT_EQ(Numbers(out().Take(second)), Range(0, 1));
  Say(second, ResumeText(token, ""));
  EXPECT_EQ(ErrorCode(out().Take(second).at(0)), ProblemCode::kResumeFailed);
  Close(second);
  const ConnectionId third = Open(paired.controller.controller_token);
  out().Take(third);
  Say(third, ResumeText(token, ""));
  EXPECT_EQ(ErrorCode(out().Take(third).at(0)), ProblemCode::kResumeFailed);
  // The socket is usable all the same.
  Say(third, Offer(5));
  EXPECT_EQ(Numbers(out().Take(paired.display_socket)), Range(5, 6));
}

TEST_F(RelaySocket, WrongResumesStillGetWhatWasKept) {
  const Paired paired = MakePaired();
  const Paired other = MakePaired();
  for (const std::string& token :
       {std::string("x"), other.controller_welcome.resume_token, paired.controller.controller_token,
        paired.display_welcome.resume_token}) {
    ConnectionId socket = Open(paired.controller.controller_token);
    Close(socket);
    out().Take(paired.display_socket);
    Say(paired.display_socket, Offer(3));
    socket = Open(paired.controller.controller_token);
    out().Take(socket);
    Say(socket, ResumeText(token, ""));
    const auto got = out().Take(socket);
    EXPECT_EQ(Numbers(got), Range(3, 4));
    EXPECT_EQ(ErrorCode(got.back()), ProblemCode::kResumeFailed);
  }
}

TEST_F(RelaySocket, AFirstSocketHasNothingToResume) {
  const auto display = Register().value();
  const Member member = Authorize(display.display_token).value();
  relay().SocketOpened(900, member, now_);
  relay().SocketText(900, ResumeText("s.x", ""), now_);
  Drain();
  const auto got = out().Take(900);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(ErrorCode(got[1]), ProblemCode::kResumeFailed);
}

TEST_F(RelaySocket, ASecondSocketTakesOverWithoutALoss) {
  AddNode("node-2");
  for (const std::size_t node : {0u, 1u}) {
    const Paired paired = MakePaired();
    out().Take(paired.display_socket);
    const ConnectionId second = Open(paired.controller.controller_token, node);
    EXPECT_EQ(out().CloseCode(paired.controller_socket), protocol::kCloseTakenOver);
    // The old socket's end, as the shell tells it after the close.
    Close(paired.controller_socket);
    Say(second, R"({"type":"heartbeat"})", node);
    out(node).Take(second);
    for (int i = 0; i < 3; ++i) Say(paired.display_socket, Offer(i));
    EXPECT_EQ(Numbers(out(node).Take(second)), Range(0, 3));
    Advance(10s);
    EXPECT_EQ(out(node).CloseCode(second), 0);
    EXPECT_THAT(out().TakeTypes(paired.display_socket), IsEmpty());
  }
}

TEST_F(RelaySocket, ACrowdOfSocketsOfOneMemberLeavesOne) {
  AddNode("node-2");
  const Paired paired = MakePaired();
  const Member member = Authorize(paired.controller.controller_token).value();
  // All open before any is answered, on both nodes.
  for (ConnectionId id = 1000; id < 1010; ++id) relay(id % 2).SocketOpened(id, member, now_);
  Drain();
  int open = 0;
  for (ConnectionId id = 1000; id < 1010; ++id) open += out(id % 2).CloseCode(id) == 0 ? 1 : 0;
  EXPECT_EQ(open, 1);
  EXPECT_EQ(out(1).CloseCode(1009), 0);
  Advance(1s);
  Say(paired.display_socket, Offer(1));
  EXPECT_EQ(Numbers(out(1).Take(1009)), Range(1, 2));
}

TEST_F(RelaySocket, AControllerThatStaysAwayEndsTheSession) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  StreamId stream = 0;
  ASSERT_TRUE(Stream(paired.display, stream, "1"));
  Close(paired.controller_socket);
  Advance(5s - 1ms);
  EXPECT_THAT(out().Take(paired.display_socket), IsEmpty());
  Advance(1ms);
  const auto told = out().Take(paired.display_socket);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].type, "user_left");
  EXPECT_EQ(protocol::ParseUserPresence(told[0].data)->member_id,
            paired.controller_welcome.member_id);
  EXPECT_EQ(told[1].type, "session:terminated");
  EXPECT_EQ(told[1].data.text, R"({"reason":"user_left"})");
  EXPECT_EQ(out().CloseCode(paired.display_socket), protocol::kCloseNormal);
  ASSERT_THAT(out().events[stream], SizeIs(1));
  EXPECT_EQ(Open(paired.display.display_token), 0u);
  Advance(60s);
  EXPECT_EQ(relay().counters().sockets, 0u);
  EXPECT_EQ(relay().NextDeadline(), TimePoint::max());
}

TEST_F(RelaySocket, ADisplayThatStaysAwayEndsTheSession) {
  const Paired paired = MakePaired();
  Close(paired.display_socket);
  Advance(5s);
  EXPECT_THAT(out().TakeTypes(paired.controller_socket),
              ElementsAre("user_left", "session:terminated"));
  EXPECT_EQ(out().CloseCode(paired.controller_socket), protocol::kCloseNormal);
}

TEST_F(RelaySocket, WhoNeverComesEndsTheSession) {
  const auto display = Register().value();
  ASSERT_TRUE(Pair(display.code));
  const ConnectionId d = Open(display.display_token);
  out().Take(d);
  const auto heartbeats = [&](std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 10s) {
      Advance(10s);
      Say(d, R"({"type":"heartbeat"})");
    }
  };
  heartbeats(50s);
  EXPECT_THAT(out().TakeTypes(d), IsEmpty());
  heartbeats(10s);
  EXPECT_THAT(out().TakeTypes(d), ElementsAre("user_left", "session:terminated"));
}

TEST_F(RelaySocket, DeleteByEitherTellsBoth) {
  for (const bool by_display : {true, false}) {
    const Paired paired = MakePaired();
    out().Take(paired.display_socket);
    ASSERT_TRUE(End(paired.display.session_id, by_display ? paired.display.display_token
                                                          : paired.controller.controller_token));
    for (const ConnectionId id : {paired.display_socket, paired.controller_socket}) {
      const auto told = out().Take(id);
      ASSERT_THAT(told, SizeIs(1));
      EXPECT_EQ(told[0].type, "session:terminated");
      EXPECT_EQ(told[0].data.text, R"({"reason":"ended"})");
      EXPECT_EQ(out().CloseCode(id), protocol::kCloseNormal);
    }
    EXPECT_EQ(CodeOf(Authorize(paired.controller.controller_token)), ProblemCode::kUnauthorized);
  }
}

TEST_F(RelaySocket, ASocketThatOpensAsTheSessionEndsIsToldSo) {
  const Paired paired = MakePaired();
  const Member member = Authorize(paired.controller.controller_token).value();
  // The end comes before the join.
  relay().EndSession(paired.display.session_id, paired.display.display_token, now_,
                     [](Outcome<void>) {});
  relay().SocketOpened(900, member, now_);
  Drain();
  EXPECT_EQ(out().CloseCode(900), protocol::kCloseNormal);
  EXPECT_EQ(relay().counters().sockets, 0u);
}

TEST_F(RelaySocket, ASocketThatClosesBeforeItsWelcomeLeaves) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  const Member member = Authorize(paired.controller.controller_token).value();
  relay().SocketOpened(900, member, now_);
  relay().SocketClosed(900, now_);
  Drain();
  Advance(5s);
  EXPECT_THAT(out().TakeTypes(paired.display_socket),
              ElementsAre("user_left", "session:terminated"));
}

TEST_F(RelaySocket, WhatWasOnItsWayToALostSocketIsNotLost) {
  const Paired paired = MakePaired();
  relay().SocketText(paired.display_socket, Offer(0), now_);
  relay().SocketClosed(paired.controller_socket, now_);
  relay().SocketText(paired.display_socket, Offer(1), now_);
  Drain();
  const ConnectionId again = Open(paired.controller.controller_token);
  Say(again, ResumeText(paired.controller_welcome.resume_token, ""));
  EXPECT_EQ(Numbers(out().Take(again)), Range(0, 2));
}

TEST_F(RelaySocket, SilenceIsCutHeartbeatsKeepAlive) {
  const Paired paired = MakePaired();
  for (int i = 0; i < 10; ++i) {
    Advance(9s);
    Say(paired.display_socket, R"({"type":"heartbeat","id":"h"})");
    if (i == 0) {
      EXPECT_EQ(out().TakeTypes(paired.display_socket).back(), "ack");
    }
  }
  EXPECT_EQ(out().CloseCode(paired.controller_socket), protocol::kCloseHeartbeatMissed);
  // The silent controller was given its window, then it had left.
  EXPECT_EQ(out().CloseCode(paired.display_socket), protocol::kCloseNormal);
}

TEST_F(RelaySocket, SilenceIsCutOnTheDot) {
  const auto display = Register().value();
  const ConnectionId d = Open(display.display_token);
  Advance(30s - 1ms);
  EXPECT_EQ(out().CloseCode(d), 0);
  Advance(1ms);
  EXPECT_EQ(out().CloseCode(d), protocol::kCloseHeartbeatMissed);
  // A waiting display needs no socket.
  EXPECT_TRUE(Pair(display.code));
}

TEST_F(RelaySocket, OddMessagesAreAnsweredAndTheSocketStays) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  struct Row {
    std::string text;
    ProblemCode code;
  };
  const std::string deep = R"({"type":"webrtc:offer","data":{"a":[[[[[[[[[]]]]]]]]]}})";
  for (const Row& row : std::vector<Row>{
           {"", ProblemCode::kInvalidRequest},
           {"garbage", ProblemCode::kInvalidRequest},
           {"[]", ProblemCode::kInvalidRequest},
           {"{}", ProblemCode::kInvalidRequest},
           {R"({"type":"webrtc:offer"})", ProblemCode::kInvalidRequest},
           {R"({"type":"webrtc:offer","data":"x"})", ProblemCode::kInvalidRequest},
           {R"({"type":"webrtc:offer","data":{},"data":{}})", ProblemCode::kInvalidRequest},
           {deep, ProblemCode::kInvalidRequest},
           {R"({"type":"resume"})", ProblemCode::kInvalidRequest},
           {R"({"type":"resume","data":{"resumeToken":1}})", ProblemCode::kInvalidRequest},
           {std::string(protocol::kMaxMessageBytes + 1, 'x'), ProblemCode::kPayloadTooLarge},
           {R"({"type":"webrtc:offer","data":{"x":")" + std::string(protocol::kMaxDataBytes, 'x') +
                "\"}}",
            ProblemCode::kPayloadTooLarge},
           {R"({"type":"welcome","data":{}})", ProblemCode::kUnknownType},
           {R"({"type":"session:terminated","data":{}})", ProblemCode::kUnknownType},
           {R"({"type":"x"})", ProblemCode::kUnknownType},
           {R"({"type":"join_room","room":"r"})", ProblemCode::kNotSupported},
           {R"({"type":"chat_message","data":{}})", ProblemCode::kNotSupported},
           {R"({"type":"sfu_produce","data":{}})", ProblemCode::kNotSupported},
       }) {
    Say(paired.display_socket, row.text);
    const auto told = out().Take(paired.display_socket);
    ASSERT_THAT(told, SizeIs(1)) << row.text.substr(0, 80);
    EXPECT_EQ(ErrorCode(told[0]), row.code) << row.text.substr(0, 80);
    EXPECT_EQ(out().CloseCode(paired.display_socket), 0);
  }
  EXPECT_THAT(out().Take(paired.controller_socket), IsEmpty());
}

TEST_F(RelaySocket, EveryCutShortMessageIsAnError) {
  const Paired paired = MakePaired();
  const std::string text = R"({"type":"webrtc:offer","to":"","id":"1","data":{"sdp":"v=0\r\n"}})";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    now_ += 1s;
    out().Take(paired.display_socket);
    Say(paired.display_socket, text.substr(0, cut));
    const auto told = out().Take(paired.display_socket);
    ASSERT_THAT(told, SizeIs(1)) << cut;
    EXPECT_EQ(ErrorCode(told[0]), ProblemCode::kInvalidRequest);
  }
  EXPECT_THAT(out().Take(paired.controller_socket), IsEmpty());
}

TEST_F(RelaySocket, TheLargestMessageStillFitsWhenItArrives) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  const std::string data = R"({"x":")" + std::string(protocol::kMaxDataBytes - 8, 'x') + R"("})";
  ASSERT_EQ(data.size(), protocol::kMaxDataBytes);
  Say(paired.display_socket, R"({"type":"webrtc:offer","data":)" + data + "}");
  EXPECT_THAT(out().Take(paired.display_socket), IsEmpty());
  // The recording output parses with the same limits.
  EXPECT_EQ(out().Take(paired.controller_socket).at(0).data.text, data);
}

TEST_F(RelaySocket, NothingIsAnsweredAfterTheRelayIsGone) {
  const auto display = Register().value();
  relay().Pair({display.code, "", {}}, "192.0.2.2", now_,
               [](Outcome<PairResponse>) { ADD_FAILURE() << "the relay is gone"; });
  nodes_.clear();
  Drain();
}

}  // namespace
}  // namespace pairwire::relay
