// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// More cases of the store contract: places, tails, leaving, heartbeats, rooms.
#include <gmock/gmock.h>

#include "signaling/protocol/limits.h"
#include "tests/contract/store_contract.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = NodeMessage::Kind;
using namespace std::chrono_literals;

TEST_P(StoreContract, PlacedTellsCounterpartsNodes) {
  const std::string code = RegisterCode("s", 2);
  ASSERT_TRUE(Take(code, "c1"));
  ASSERT_TRUE(Take(code, "c2"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c2", "b");
  node_a.Take();
  node_b.Take();
  const auto placed = [](RecordingNode& node) {
    std::vector<std::string> seen;
    for (const NodeMessage& message : node.Take()) {
      if (message.kind != Kind::kPlaced) continue;
      seen.push_back(message.member_id + "@" + message.place.node_id + "." +
                     std::to_string(message.place.epoch));
    }
    return seen;
  };
  JoinAs("s", "c1", "b");
  EXPECT_THAT(placed(node_a), ElementsAre("c1@b.1"));
  EXPECT_THAT(placed(node_b), IsEmpty()) << "the other controller is no counterpart";
  JoinAs("s", "d-s", "b");
  EXPECT_THAT(placed(node_b), ElementsAre("d-s@b.2"));
  Leave("s", "c1", 1);
  EXPECT_THAT(placed(node_b), ElementsAre("c1@.1"));
}

TEST_P(StoreContract, TheTailComesBeforeWhatWasKept) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c1", "b");
  EXPECT_TRUE(Leave("s", "c1", 1, {{"1.1", "sent"}, {"", "held"}}).value());
  EXPECT_TRUE(Send("s", "d-s", "", "kept").value().kept);
  EXPECT_THAT(JoinAs("s", "c1", "a").value().kept,
              ElementsAre(KeptText{"1.1", "sent"}, KeptText{"", "held"}, KeptText{"", "kept"}));
}

TEST_P(StoreContract, LeaveIsIdempotent) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c1", "b");
  EXPECT_TRUE(Leave("s", "c1", 1, {{"1.1", "x"}}).value());
  now += 4s;
  EXPECT_TRUE(Leave("s", "c1", 1, {{"1.1", "x"}}).value());
  EXPECT_FALSE(Leave("s", "c1", 7).value());
  EXPECT_FALSE(Leave("s", "nobody", 1).value());
  EXPECT_FALSE(Leave("unknown", "c1", 1).value());
  now += 1s;
  EXPECT_EQ(Due().departed_members, 1u) << "the window is that of the first";
}

TEST_P(StoreContract, ALongTailIsCutFromItsFront) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "c1", "b");
  std::vector<KeptText> tail;
  for (std::size_t i = 0; i < protocol::kMaxKeptMessages + 10; ++i) {
    tail.push_back({"1." + std::to_string(i), "x"});
  }
  EXPECT_TRUE(Leave("s", "c1", 1, tail).value());
  EXPECT_EQ(JoinAs("s", "c1", "b").value().kept,
            std::vector<KeptText>(tail.begin() + 10, tail.end()));
  const std::string most(protocol::kMaxKeptBytes - 10, 'y');
  EXPECT_TRUE(Leave("s", "c1", 2, {{"2.1", "0123456789a"}, {"2.2", most}}).value());
  EXPECT_THAT(Texts(JoinAs("s", "c1", "b").value().kept), ElementsAre(most));
}

TEST_P(StoreContract, LeavingForGoodNeedsNoWindow) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c1", "b");
  node_a.Take();
  EXPECT_TRUE(Leave("s", "c1", 1, {}, 0ms).value());
  const auto told = Told(node_a.Take());
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].text, "left c1");
  EXPECT_EQ(told[1].kind, Kind::kEnded);
}

TEST_P(StoreContract, HeartbeatsKnowTheirMembers) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "c1", "b");
  const auto beat = [&](std::vector<Touch> touches) {
    return Ask<std::size_t>([&](auto reply) { store().Heartbeat(touches, now, std::move(reply)); })
        .value();
  };
  EXPECT_EQ(beat({}), 0u);
  EXPECT_EQ(beat({{"s", "c1"}, {"s", "d-s"}, {"s", "nobody"}, {"unknown", "c1"}}), 2u);
}

TEST_P(StoreContract, RoomsComeAndGoWithTheirUsers) {
  const auto enter = [&](const std::string& user, const std::string& node) {
    JoinRequest join;
    join.session_id = "room: {lobby}";
    join.member_id = user;
    join.node_id = node;
    join.joined_notice = "joined " + user;
    join.left_notice = "left " + user;
    join.open_room = true;
    join.name = "Name " + user;
    join.max_members = 3;
    return Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  };
  const std::string room = "room: {lobby}";
  EXPECT_THAT(enter("u1", "a").value().present, IsEmpty());
  const auto second = enter("u2", "b").value();
  EXPECT_THAT(second.present,
              ElementsAre(Present{{room, "u1", Role::kUser, "Name u1", ""}, {"a", 1}}));
  EXPECT_THAT(Texts(node_a.messages), ElementsAre("joined u2"));
  EXPECT_TRUE(enter("u3", "b"));
  EXPECT_EQ(enter("u4", "b").error(), StoreError::kFull);
  const auto third = enter("u3", "a").value();
  EXPECT_TRUE(third.rejoined);
  // Everybody is everybody's counterpart.
  EXPECT_EQ(Send(room, "u3", "u2", "x").value().place, (Place{"b", second.epoch}));
  EXPECT_EQ(Send(room, "u3", "", "x").error(), StoreError::kNoTarget);
  EXPECT_EQ(Send(room, "u3", "u3", "x").error(), StoreError::kNotAllowed);
  // A room has no token, no code and no events.
  const auto find = Ask<Member>(
      [&](auto reply) { store().FindMember(room, TokenHash{}, now, std::move(reply)); });
  EXPECT_EQ(find.error(), StoreError::kNotFound);
  const auto events = Ask<OpenedEvents>(
      [&](auto reply) { store().OpenEvents(room, TokenHash{}, "a", 0, now, std::move(reply)); });
  EXPECT_EQ(events.error(), StoreError::kNotFound);
  // Nor is a session a room.
  RegisterCode("s");
  JoinRequest wrong;
  wrong.session_id = "s";
  wrong.member_id = "u1";
  wrong.open_room = true;
  wrong.max_members = 10;
  const auto refused = Ask<Joined>([&](auto reply) { store().Join(wrong, now, std::move(reply)); });
  EXPECT_EQ(refused.error(), StoreError::kNotFound);
  Terminate("s", "d-s");
  node_a.Take();
  EXPECT_TRUE(Leave(room, "u2", second.epoch, {}, 0ms).value());
  EXPECT_THAT(Texts(node_a.Take()), ElementsAre("left u2", "left u2")) << "u1 and u3";
  // Who comes back is not taken for the one who left.
  const auto back = enter("u2", "b").value();
  EXPECT_FALSE(back.rejoined);
  EXPECT_GT(back.epoch, second.epoch);
  EXPECT_FALSE(Leave(room, "u2", second.epoch, {}, 0ms).value());
  EXPECT_TRUE(Leave(room, "u2", back.epoch, {}, 0ms).value());
  EXPECT_TRUE(Leave(room, "u1", 1, {}, 0ms).value());
  EXPECT_EQ(store().Sizes().sessions, 1u);
  EXPECT_TRUE(Leave(room, "u3", third.epoch).value());
  now += 5s;
  EXPECT_EQ(Due().departed_members, 1u);
  EXPECT_EQ(store().Sizes().sessions, 0u);
  EXPECT_FALSE(enter("u3", "b").value().rejoined);
  EXPECT_TRUE(Leave(room, "u3", 1, {}, 0ms).value());
}

TEST_P(StoreContract, RoomMembersAreBounded) {
  const auto enter = [&](const std::string& user) {
    JoinRequest join;
    join.session_id = "hall";
    join.member_id = user;
    join.node_id = "a";
    join.open_room = true;
    join.max_members = protocol::kMaxRoomMembers;
    return Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  };
  std::vector<std::uint64_t> epochs;
  for (std::size_t i = 0; i < protocol::kMaxRoomMembers; ++i) {
    const auto joined = enter("u" + std::to_string(i));
    ASSERT_TRUE(joined) << i;
    epochs.push_back(joined->epoch);
  }
  EXPECT_EQ(enter("late").error(), StoreError::kFull);
  // Those who are in it are not too many.
  const auto again = enter("u7").value();
  EXPECT_TRUE(again.rejoined);
  EXPECT_THAT(again.present, SizeIs(protocol::kMaxRoomMembers - 1));
  EXPECT_EQ(enter("late").error(), StoreError::kFull) << "nobody made room";
  EXPECT_EQ(Send("hall", "late", "u1", "x").error(), StoreError::kNotFound) << "not even half in";
  // A place is free when its user is gone, not while the window lasts.
  EXPECT_TRUE(Leave("hall", "u9", epochs[9]).value());
  EXPECT_EQ(enter("late").error(), StoreError::kFull);
  now += 5s;
  EXPECT_EQ(Due().departed_members, 1u);
  EXPECT_TRUE(enter("late"));
  EXPECT_TRUE(Leave("hall", "u8", epochs[8], {}, 0ms).value());
  EXPECT_TRUE(enter("later"));
  EXPECT_EQ(enter("latest").error(), StoreError::kFull);
}

// A join's answer is lost, and so are those of the next two: what they were given is given again.
TEST_P(StoreContract, WhatAnUnheardJoinWasGivenIsGivenAgain) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c1", "a");
  const auto leave = [&](LeaveRequest request) {
    return Ask<bool>([&](auto reply) { store().Leave(request, now, std::move(reply)); }).value();
  };
  // JoinAs numbers the resume tokens.
  EXPECT_TRUE(leave({"s", "c1", 1, 5s, {}, {Hash("unused")}}));
  ASSERT_TRUE(Send("s", "d-s", "", "kept").value().kept);
  JoinAs("s", "c1", "a");
  EXPECT_EQ(JoinAs("s", "c1", "b").value().given.resume_hashes,
            (std::vector{Hash("resume 2"), Hash("unused")}));
  const auto fourth = JoinAs("s", "c1", "b").value();
  EXPECT_EQ(fourth.previous_resume_hash, Hash("resume 4"));
  EXPECT_THAT(Texts(fourth.given.texts), ElementsAre("kept"));
  EXPECT_EQ(fourth.given.resume_hashes,
            (std::vector{Hash("resume 3"), Hash("resume 2"), Hash("unused")}));
  // The node that asked for that one never heard of it either, and says so.
  EXPECT_FALSE(leave({"s", "c1", 0, 5s, {}, {}, Hash("resume 4")}));
  EXPECT_TRUE(leave({"s", "c1", 0, 5s, {}, {}, Hash("resume 5")}));
  EXPECT_FALSE(leave({"s", "c1", 0, 5s, {}, {}, Hash("resume 5")}));
  const auto fifth = JoinAs("s", "c1", "a").value();
  EXPECT_THAT(Texts(fifth.kept), ElementsAre("kept"));
  EXPECT_EQ(fifth.previous_resume_hash, Hash("resume 5"));
  EXPECT_EQ(fifth.unused_resume_hashes,
            (std::vector{Hash("resume 4"), Hash("resume 3"), Hash("resume 2"), Hash("unused")}));
  EXPECT_EQ(fifth.given, Given());
}

TEST_P(StoreContract, UnusedResumeTokensAndWhatWasGivenGoToTheNextJoin) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  ASSERT_TRUE(Send("s", "d-s", "", "kept").value().kept);
  EXPECT_THAT(Texts(JoinAs("s", "c1", "a").value().kept), ElementsAre("kept"));
  // Taken over while its socket counts as living: its node may be dead.
  const auto second = JoinAs("s", "c1", "b").value();
  EXPECT_THAT(second.kept, IsEmpty());
  EXPECT_THAT(Texts(second.given.texts), ElementsAre("kept"));
  now += kGivenFor;
  EXPECT_EQ(JoinAs("s", "c1", "a").value().given, Given());
  const auto leave = Ask<bool>([&](auto reply) {
    store().Leave({"s", "c1", 3, 5s, {}, {Hash("one"), Hash("two")}}, now, std::move(reply));
  });
  EXPECT_TRUE(leave.value());
  EXPECT_THAT(JoinAs("s", "c1", "a").value().unused_resume_hashes,
              ElementsAre(Hash("one"), Hash("two")));
  EXPECT_THAT(JoinAs("s", "c1", "a").value().unused_resume_hashes, IsEmpty());
}

}  // namespace
}  // namespace pairwire::relay
