// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Users and rooms: who gets in and for how long, coming and going, texts, sockets that are lost,
// bounds, listening. Over one and over several nodes.
#include <gmock/gmock.h>

#include "tests/signaling/core/rooms_harness.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(Rooms, AUserIsWelcomeInTheLobbyAndThenInTheRoom) {
  const ConnectionId ann = OpenUser("ann");
  auto said = out().Take(ann);
  ASSERT_THAT(said, SizeIs(1));
  const protocol::Welcome lobby = WelcomeOf(said);
  EXPECT_EQ(lobby.member_id, "ann");
  EXPECT_EQ(lobby.node_id, "node-1");
  EXPECT_EQ(lobby.resume_token, "");
  EXPECT_EQ(said[0].room, "");
  Say(ann, Offer(1, "o"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kNotAllowed);
  Say(ann, R"({"type":"heartbeat","id":"h"})");
  EXPECT_THAT(out().TakeTypes(ann), ElementsAre("ack"));

  Say(ann, Room("join_room", "blue room", "j"));
  said = out().Take(ann);
  EXPECT_THAT(TypesOf(said), ElementsAre("welcome", "ack"));
  EXPECT_EQ(said[0].room, "blue room");
  EXPECT_NE(WelcomeOf(said).resume_token, "");
  const ConnectionId bob = OpenUser("bob", 1);
  out(1).Take(bob);
  Say(bob, Room("join_room", "blue room"), 1);
  said = out(1).Take(bob);
  EXPECT_THAT(TypesOf(said), ElementsAre("welcome", "user_joined"));
  EXPECT_EQ(said[1].room, "blue room");
  const auto presence = protocol::ParseUserPresence(said[1].data).value();
  EXPECT_EQ(presence, (protocol::UserPresence{"ann", "user", "Name of ann"}));
  said = out().Take(ann);
  EXPECT_THAT(Presence(said), ElementsAre("user_joined bob"));
  EXPECT_EQ(said[0].room, "blue room");
  EXPECT_EQ(relay().counters().users, 1u);
  EXPECT_EQ(relay().counters().rooms_entered, 1u);
}

TEST_F(Rooms, TokensThatDoNotCountOpenNothing) {
  EXPECT_EQ(CodeOf(Authorize("y.ann.3600")), ProblemCode::kUnauthorized);
  EXPECT_EQ(CodeOf(Authorize("")), ProblemCode::kUnauthorized);
  EXPECT_EQ(CodeOf(Authorize("a.b.c.d")), ProblemCode::kUnauthorized);
  tokens_.ready = false;
  EXPECT_EQ(CodeOf(Authorize(Token("ann"))), ProblemCode::kNotReady);
  EXPECT_EQ(tokens_.checks, 2) << "what has not three parts is nobody's token";
  // Nobody's keys, nobody's rooms.
  users_ = nullptr;
  Restart({});
  EXPECT_EQ(CodeOf(Authorize(Token("ann"))), ProblemCode::kUnauthorized);
  const Paired paired = MakePaired();
  for (const std::string type : {"join_room", "leave_room", "subscribe_room"}) {
    Say(paired.display_socket, Room(type, "r"));
    EXPECT_EQ(ErrorCode(out().Take(paired.display_socket).at(0)), ProblemCode::kNotSupported);
  }
}

TEST_F(Rooms, ASessionsMemberIsNoUser) {
  const Paired paired = MakePaired();
  for (const std::string type : {"join_room", "leave_room", "subscribe_room"}) {
    Say(paired.display_socket, Room(type, "r"));
    EXPECT_EQ(ErrorCode(out().Take(paired.display_socket).at(0)), ProblemCode::kUnauthorized);
  }
  Refresh(paired.display_socket, Token("ann"), "f");
  EXPECT_EQ(ErrorCode(out().Take(paired.display_socket).at(0)), ProblemCode::kNotSupported);
  // Nor is a session a room, whoever it belongs to.
  const ConnectionId ann = OpenUser("ann");
  out().Take(ann);
  Say(ann, Room("join_room", paired.display.session_id, "j"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kNotAllowed);
  Resume(ann, paired.display_welcome.resume_token, "");
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kResumeFailed);
  // Hours later it is still there: no token of a user ends it.
  for (int i = 0; i < 400; ++i) {
    Advance(10s);
    Say(paired.display_socket, R"({"type":"heartbeat"})");
    Say(paired.controller_socket, R"({"type":"heartbeat"})");
  }
  EXPECT_EQ(out().CloseCode(paired.display_socket), 0);
}

TEST_F(Rooms, TextsBetweenUsersOnOneAndSeveralNodes) {
  const ConnectionId ann = Enter("ann", "r");
  const ConnectionId bob = Enter("bob", "r");
  const ConnectionId cid = Enter("cid", "r", 1);
  out().Take(ann);
  out().Take(bob);
  for (int i = 0; i < 40; ++i) {
    Say(ann, OfferTo("bob", i, std::to_string(i)));
    Say(ann, OfferTo("cid", 100 + i));
    Say(cid, OfferTo("ann", 200 + i), 1);
  }
  const auto to_bob = out().Take(bob);
  EXPECT_EQ(Numbers(to_bob), Range(0, 40));
  EXPECT_EQ(to_bob[0].from, "ann");
  EXPECT_EQ(Numbers(out(1).Take(cid)), Range(100, 140));
  const auto to_ann = out().Take(ann);
  EXPECT_EQ(Numbers(to_ann), Range(200, 240));
  EXPECT_EQ(std::count_if(to_ann.begin(), to_ann.end(),
                          [](const Envelope& e) { return e.type == protocol::kAck; }),
            40);
  Say(ann, Offer(1, "?"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kUnknownTarget) << "which of the two?";
  Say(ann, OfferTo("dan", 1, "?"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kUnknownTarget);
  Say(ann, OfferTo("ann", 1, "?"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kNotAllowed);
}

// The same name in two rooms, and a name that a session's member has, are different members.
TEST_F(Rooms, NamesOfOtherRoomsAndSessionsAreOthers) {
  const Paired paired = MakePaired();
  const ConnectionId ann_red = Enter("ann", "red");
  const ConnectionId ann_blue = Enter("ann", "blue");
  const ConnectionId bob = Enter("bob", "blue");
  const ConnectionId thief = Enter(paired.controller.controller_id, "blue");
  EXPECT_EQ(out().CloseCode(ann_red), 0);
  EXPECT_EQ(out().CloseCode(paired.controller_socket), 0);
  for (const ConnectionId id : {ann_red, ann_blue, bob}) out().Take(id);
  Say(bob, OfferTo("ann", 1));
  EXPECT_EQ(Numbers(out().Take(ann_blue)), Range(1, 2));
  EXPECT_THAT(out().Take(ann_red), IsEmpty());
  Say(bob, OfferTo(paired.controller.controller_id, 2));
  EXPECT_EQ(Numbers(out().Take(thief)), Range(2, 3));
  Say(paired.display_socket, Offer(3));
  EXPECT_EQ(Numbers(out().Take(paired.controller_socket)), Range(3, 4));
  EXPECT_THAT(out().Take(thief), IsEmpty());
  Say(bob, OfferTo(paired.display_welcome.member_id, 4, "x"));
  EXPECT_EQ(ErrorCode(out().Take(bob).at(0)), ProblemCode::kUnknownTarget);
}

TEST_F(Rooms, LeavingIsToldOnceAndAtOnce) {
  const ConnectionId ann = Enter("ann", "r");
  const ConnectionId bob = Enter("bob", "r", 1);
  out().Take(ann);
  Say(bob, Room("leave_room", "r", "l"), 1);
  EXPECT_THAT(out(1).TakeTypes(bob), ElementsAre("ack"));
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_left bob"));
  EXPECT_EQ(out(1).CloseCode(bob), 0);
  Say(ann, OfferTo("bob", 1, "x"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kUnknownTarget);
  Say(bob, Room("leave_room", "r", "l"), 1);
  EXPECT_EQ(ErrorCode(out(1).Take(bob).at(0)), ProblemCode::kNotAllowed);
  // And back again, at once: its texts come as before.
  Say(bob, Room("join_room", "r"), 1);
  EXPECT_THAT(out(1).TakeTypes(bob), ElementsAre("welcome", "user_joined"));
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_joined bob"));
  Say(ann, OfferTo("bob", 2, "y"));
  EXPECT_EQ(Numbers(out(1).Take(bob)), Range(2, 3));
  EXPECT_THAT(out().TakeTypes(ann), ElementsAre("ack"));
  Advance(20s);
  EXPECT_THAT(Presence(out().Take(ann)), IsEmpty()) << "nothing is told twice";
  // In one breath.
  relay(1).SocketText(bob, Room("leave_room", "r"), now_);
  relay(1).SocketText(bob, Room("join_room", "s"), now_);
  relay(1).SocketText(bob, Room("leave_room", "s", "l"), now_);
  Drain();
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_left bob"));
  EXPECT_THAT(out(1).TakeTypes(bob), ElementsAre("welcome", "ack"));
  Say(bob, Room("join_room", "s", "j"), 1);
  EXPECT_THAT(out(1).TakeTypes(bob), ElementsAre("welcome", "ack")) << "nobody is there";
  EXPECT_EQ(relay(1).counters().rooms_left, 3u);
}

// Texts that meet a target which is just leaving and coming back are delivered or told, in order.
TEST_F(Rooms, WhoComesAndGoesLosesNothingWithoutAWord) {
  const ConnectionId ann = Enter("ann", "r");
  const ConnectionId bob = Enter("bob", "r", 1);
  int sent = 0;
  std::vector<int> got;
  std::size_t settled = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 3; ++i) {
      relay(0).SocketText(ann, OfferTo("bob", sent, std::to_string(sent)), now_);
      ++sent;
    }
    relay(0).EndTurn(now_);
    relay(1).SocketText(bob, Room("leave_room", "r"), now_);
    relay(1).SocketText(bob, Room("join_room", "r"), now_);
    for (int i = 0; i < 3; ++i) {
      relay(0).SocketText(ann, OfferTo("bob", sent, std::to_string(sent)), now_);
      ++sent;
    }
    Drain();
    Advance(2s);
    for (const int number : Numbers(out(1).Take(bob))) got.push_back(number);
    for (const Envelope& envelope : out().Take(ann)) {
      settled += envelope.type == protocol::kAck || envelope.type == protocol::kError ? 1 : 0;
    }
  }
  EXPECT_EQ(settled, static_cast<std::size_t>(sent));
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_GT(got.size(), 20u);
}

TEST_F(Rooms, ALostSocketHasFiveSecondsAndResumesOnAnyNode) {
  protocol::Welcome welcome;
  const ConnectionId ann = Enter("ann", "a.dotted {room}");
  const ConnectionId bob = Enter("bob", "a.dotted {room}", 1, &welcome);
  out().Take(ann);
  Say(ann, OfferTo("bob", 0, "0"));
  Say(ann, OfferTo("bob", 1, "1"));
  const auto seen = out(1).Take(bob);
  ASSERT_EQ(Numbers(seen), Range(0, 2));
  Close(bob, 1);
  Say(ann, OfferTo("bob", 2, "2"));
  Advance(4s);
  // The token says which room it was.
  const ConnectionId again = OpenUser("bob", 2);
  out(2).Take(again);
  Resume(again, welcome.resume_token, seen[0].id, 2);
  const auto said = out(2).Take(again);
  EXPECT_EQ(Numbers(said), Range(1, 3));
  EXPECT_EQ(WelcomeOf(said).member_id, "bob");
  EXPECT_EQ(said.back().type == protocol::kWebrtcOffer, true);
  EXPECT_THAT(Presence(out().Take(ann)), IsEmpty()) << "nobody noticed";
  EXPECT_EQ(relay(2).counters().sockets_resumed, 1u);
  // With join_room first it is the same.
  protocol::Welcome second = WelcomeOf(said);
  Close(again, 2);
  Say(ann, OfferTo("bob", 3));
  const ConnectionId third = OpenUser("bob", 1);
  out(1).Take(third);
  Say(third, Room("join_room", "a.dotted {room}"), 1);
  Resume(third, second.resume_token, said.back().id, 1);
  EXPECT_EQ(Numbers(out(1).Take(third)), Range(3, 4));
  // Gone for longer, it has left, once.
  Close(third, 1);
  Advance(6s);
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_left bob"));
  const ConnectionId late = OpenUser("bob");
  out().Take(late);
  Resume(late, second.resume_token, "");
  EXPECT_THAT(out().TakeTypes(late), ElementsAre("welcome", "user_joined", "error"));
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_joined bob"));
}

TEST_F(Rooms, WhoIsOnTheWayBackIsStillThere) {
  protocol::Welcome welcome;
  const ConnectionId bob = Enter("bob", "r", 1, &welcome);
  Close(bob, 1);
  const ConnectionId ann = OpenUser("ann");
  out().Take(ann);
  Say(ann, Room("join_room", "r"));
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_joined bob"));
  const ConnectionId again = OpenUser("bob", 2);
  Resume(again, welcome.resume_token, "", 2);
  EXPECT_THAT(Presence(out().Take(ann)), IsEmpty());
  Close(again, 2);
  Advance(6s);
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_left bob"));
}

TEST_F(Rooms, ASecondSocketOfAUserTakesItsPlaceInTheRoom) {
  const ConnectionId ann = Enter("ann", "r");
  for (const std::size_t node : {0u, 1u}) {
    const ConnectionId bob = Enter("bob", "r", 1);
    const ConnectionId tab = OpenUser("bob", node);
    out(node).Take(tab);
    EXPECT_EQ(out(1).CloseCode(bob), 0) << "another room is another matter";
    out().Take(ann);
    Say(tab, Room("join_room", "r"), node);
    Advance(2s);
    EXPECT_EQ(out(1).CloseCode(bob), protocol::kCloseTakenOver);
    EXPECT_THAT(Presence(out().Take(ann)), IsEmpty());
    Say(ann, OfferTo("bob", 7));
    EXPECT_EQ(Numbers(out(node).Take(tab)), Range(7, 8));
    Say(tab, Room("leave_room", "r"), node);
  }
}

TEST_F(Rooms, TheMembersOfADeadNodeAreSeenOffOnce) {
  const ConnectionId ann = Enter("ann", "r");
  Enter("bob", "r", 2);
  out().Take(ann);
  nodes_.pop_back();
  for (int i = 0; i < 4; ++i) {
    Advance(5s);
    Say(ann, R"({"type":"heartbeat"})");
  }
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_left bob"));
}

TEST_F(Rooms, FullRoomsAreToldAndTheSocketGoesOn) {
  for (std::size_t i = 0; i < protocol::kMaxRoomMembers; ++i) {
    Enter("u" + std::to_string(i), "hall", i % 2);
  }
  const ConnectionId late = OpenUser("late");
  out().Take(late);
  Say(late, Room("join_room", "hall", "j"));
  const auto said = out().Take(late);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].id, "j");
  EXPECT_EQ(ErrorCode(said[0]), ProblemCode::kRoomFull);
  Say(late, Room("join_room", "yard", "j"));
  EXPECT_THAT(out().TakeTypes(late), ElementsAre("welcome", "ack"));
  Say(late, Room("join_room", "hall", "j"));
  EXPECT_EQ(ErrorCode(out().Take(late).at(0)), ProblemCode::kNotAllowed) << "one room a socket";
}

TEST_F(Rooms, StrangeNamesAreRefused) {
  const ConnectionId ann = OpenUser("ann");
  out().Take(ann);
  Say(ann, Room("join_room", "", "j"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kInvalidRequest);
  Say(ann, Room("join_room", "a\nb", "j"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kInvalidRequest);
  Say(ann, Room("subscribe_room", "a\nb", "j"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kInvalidRequest);
  // Coming and going all the time is a nuisance to all who are there.
  int refused = 0;
  for (int i = 0; i < 30 && out().CloseCode(ann) == 0; ++i) {
    Say(ann, Room("join_room", "r"));
    Say(ann, Room("leave_room", "r"));
    for (const Envelope& envelope : out().Take(ann)) {
      if (envelope.type != protocol::kError) continue;
      refused += ErrorCode(envelope) == ProblemCode::kRateLimited ? 1 : 0;
    }
  }
  EXPECT_GE(refused, 9);
}

TEST_F(Rooms, SocketsEndWithTheirTokenUnlessANewerOneCame) {
  const ConnectionId ann = Open(Token("ann", 60));
  const ConnectionId bob = Open(Token("bob", 60));
  Say(bob, Room("join_room", "r"));
  out().Take(ann);
  out().Take(bob);
  Refresh(ann, "y.ann.90", "bad");
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kUnauthorized);
  Refresh(ann, Token("bob", 90), "other");
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kUnauthorized);
  Refresh(ann, Token("ann", 90), "good");
  EXPECT_THAT(out().TakeTypes(ann), ElementsAre("ack"));
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds; i += 5) {
      Advance(5s);
      for (const ConnectionId id : {ann, bob}) {
        if (out().CloseCode(id) == 0) Say(id, R"({"type":"heartbeat"})");
      }
    }
  };
  pass(55);
  EXPECT_EQ(out().CloseCode(bob), 0);
  pass(5);
  EXPECT_EQ(out().CloseCode(bob), protocol::kCloseTokenExpired);
  EXPECT_EQ(out().CloseCode(ann), 0);
  pass(30);
  EXPECT_EQ(out().CloseCode(ann), protocol::kCloseTokenExpired);
  EXPECT_EQ(relay().counters().users, 0u);
  EXPECT_THAT(out().all_text, Not(HasSubstr("x.ann"))) << "a token is never said again";
}

TEST_F(Rooms, ListenersHearComingsAndGoingsWithoutNames) {
  const ConnectionId ear = OpenUser("ear", 1);
  out(1).Take(ear);
  const Paired paired = MakePaired();
  const std::string session = paired.display.session_id;
  Say(ear, Room("subscribe_room", "r", "s"), 1);
  Say(ear, Room("subscribe_room", session, "s"), 1);
  Say(ear, Room("subscribe_room", "r", "s"), 1);
  EXPECT_THAT(out(1).TakeTypes(ear), ElementsAre("ack", "ack", "ack"));
  EXPECT_EQ(relay(1).counters().room_subscriptions, 2u);

  const ConnectionId ann = Enter("ann", "r");
  auto heard = out(1).Take(ear);
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].room, "r");
  EXPECT_EQ(heard[0].data.text, R"({"memberId":"ann","role":"user"})");
  Say(ann, Room("leave_room", "r"));
  EXPECT_THAT(Presence(out(1).Take(ear)), ElementsAre("user_left ann"));

  // A session: a socket that is lost and found is no news, one that does not come back is.
  Close(paired.controller_socket);
  const ConnectionId again = Open(paired.controller.controller_token);
  EXPECT_THAT(out(1).Take(ear), IsEmpty());
  Close(again);
  Advance(6s);
  heard = out(1).Take(ear);
  EXPECT_THAT(TypesOf(heard), ElementsAre("user_left", "session:terminated"));
  EXPECT_EQ(heard[0].room, session);
  EXPECT_THAT(heard[0].data.text, Not(HasSubstr("Ann")));

  // What is published by others, whatever it is.
  memory_->parts().bus.Publish("r", R"({"type":"participants_update","id":"1.1","data":{"n":1}})");
  memory_->parts().bus.Publish("r", "nonsense");
  memory_->parts().bus.Publish("other", R"({"type":"participants_update"})");
  Drain();
  heard = out(1).Take(ear);
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].id, "") << "numbers are those of deliveries";
  EXPECT_EQ(heard[0].data.text, R"({"n":1})");

  Say(ear, Room("unsubscribe_room", "r", "u"), 1);
  out(1).Take(ear);
  Say(ann, Room("join_room", "r"));
  EXPECT_THAT(out(1).Take(ear), IsEmpty());
  Close(ear, 1);
  EXPECT_EQ(relay(1).counters().room_subscriptions, 0u);
}

TEST_F(Rooms, AMemberThatListensHearsEachOnce) {
  const ConnectionId ann = Enter("ann", "r");
  Say(ann, Room("subscribe_room", "r"));
  Enter("bob", "r", 1);
  EXPECT_THAT(Presence(out().Take(ann)), ElementsAre("user_joined bob"));
  for (std::size_t i = 1; i < protocol::kMaxRoomSubscriptions; ++i) {
    Say(ann, Room("subscribe_room", "r" + std::to_string(i)));
  }
  EXPECT_THAT(out().Take(ann), IsEmpty());
  Say(ann, Room("subscribe_room", "one more", "s"));
  EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kQueueFull);
}

TEST_F(Rooms, AMemberOfASessionListensToItsOwn) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Room("subscribe_room", paired.display.session_id, "s"));
  EXPECT_THAT(out().TakeTypes(paired.display_socket), ElementsAre("ack"));
  memory_->parts().bus.Publish(paired.display.session_id, R"({"type":"display:status","data":{}})");
  Drain();
  EXPECT_THAT(out().TakeTypes(paired.display_socket), ElementsAre("display:status"));
}

TEST_F(Rooms, ThoseOfDisplaysAreForListening) {
  const ConnectionId ann = OpenUser("ann");
  out().Take(ann);
  for (const std::string room : {"display:wall", "design:spring"}) {
    Say(ann, Room("join_room", room, "j"));
    EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kNotAllowed) << room;
    // Nor does a token that nobody gave out open one.
    Resume(ann, room + "." + std::string(43, 'a'), "");
    EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kResumeFailed) << room;
    Say(ann, Room("subscribe_room", room, "s"));
    EXPECT_THAT(out().TakeTypes(ann), ElementsAre("ack"));
  }
  EXPECT_EQ(relay().counters().rooms_entered, 0u);
  backend().bus.Publish("design:spring", R"({"type":"display:status","data":{"n":1}})");
  Drain();
  const auto said = out().Take(ann);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].type, "display:status");
  EXPECT_EQ(said[0].room, "design:spring");
  Say(ann, Room("join_room", "display", "j"));
  EXPECT_THAT(out().TakeTypes(ann), ElementsAre("welcome", "ack")) << "a name like any other";
}

TEST_F(Rooms, ARelayThatCarriesMessagesCarriesThoseOfUsers) {
  nodes_.clear();
  RelayOptions options;
  options.lease = 3s;
  options.signaling = SignalingMode::kRelayed;
  AddNode("node-1", options);
  AddNode("node-2", options);
  Advance(10ms);
  const ConnectionId lobby = OpenUser("cat");
  EXPECT_EQ(WelcomeOf(out().Take(lobby)).mode, "relayed");
  protocol::Welcome welcome;
  const ConnectionId ann = Enter("ann", "r", 0, &welcome);
  EXPECT_EQ(welcome.mode, "relayed");
  for (const std::size_t node : {0u, 1u}) {
    const std::string name = "bob" + std::to_string(node);
    const ConnectionId bob = Enter(name, "r", node);
    out().Take(ann);
    out(node).Take(bob);
    Say(ann, R"({"type":"message:send","id":"m","to":")" + name + R"(","data":{"n":1}})");
    const auto said = out(node).Take(bob);
    ASSERT_THAT(said, SizeIs(1));
    EXPECT_EQ(said[0].type, "message:received");
    EXPECT_EQ(said[0].from, "ann");
    EXPECT_THAT(out().TakeTypes(ann), ElementsAre("ack"));
    Say(ann, OfferTo(name, 1, "o"));
    EXPECT_EQ(ErrorCode(out().Take(ann).at(0)), ProblemCode::kNotSupported);
  }
}

}  // namespace
}  // namespace pairwire::relay
