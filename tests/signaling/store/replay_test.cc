// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is folded of single events; that the whole equals the store is a case of the contract.
#include "signaling/store/replay.h"

#include <gtest/gtest.h>

namespace pairwire::relay {
namespace {

LoggedEvent Event(std::string_view type, const std::string& session = "",
                  const std::string& member = "", const std::string& role = "",
                  const std::string& node = "", const std::string& reason = "") {
  return {"", {}, std::string(type), session, member, role, node, reason};
}

TEST(Replay, TellsWhoIsThereAndWho) {
  ReplayedState state;
  state.Apply(Event(kLoggedNodeUp, "", "", "", "a"));
  state.Apply(Event(kLoggedNodeUp, "", "", "", "b"));
  state.Apply(Event(kLoggedNodeDown, "", "", "", "b"));
  state.Apply(Event(kLoggedSessionRegistered, "s", "d", "display"));
  EXPECT_EQ(state.waiting(), 1u);
  EXPECT_EQ(ToText(state),
            "node=a\nsession=s state=waiting\nsession=s member=d role=display state=awaited\n");
  state.Apply(Event(kLoggedCodeClaimed, "s", "c", "controller"));
  state.Apply(Event(kLoggedMemberJoined, "s", "c", "controller", "a"));
  state.Apply(Event(kLoggedMemberJoined, "s", "d", "display", "a"));
  state.Apply(Event(kLoggedMemberDisconnecting, "s", "d", "display", "a"));
  EXPECT_EQ(ToText(state),
            "node=a\nsession=s state=paired\n"
            "session=s member=c role=controller state=there node=a\n"
            "session=s member=d role=display state=away\n");
  state.Apply(Event(kLoggedMemberLeft, "s", "c", "controller"));
  EXPECT_EQ(state.sessions().at("s").members.size(), 1u);
  state.Apply(Event(kLoggedSessionEnded, "s", "", "", "", "ended"));
  EXPECT_TRUE(state.sessions().empty());
  EXPECT_EQ(state.waiting(), 0u);
}

TEST(Replay, AnIdIsNeverMoreThanOneWord) {
  ReplayedState state;
  state.Apply(Event(kLoggedRoomOpened, "my room\nnode=b"));
  EXPECT_EQ(ToText(state), "session=\"my room\\u000anode=b\" state=room\n");
  EXPECT_EQ(ShownId("s_aB-9"), "s_aB-9");
}

TEST(Replay, BeginsAnewWhereAStoreWasRestored) {
  ReplayedState state;
  state.Apply(Event(kLoggedSessionRestored, "s", "", "", "", "waiting"));
  state.Apply(Event(kLoggedMemberRestored, "s", "d", "display"));
  state.Apply(Event(kLoggedSessionRestored, "s", "", "", "", "paired"));
  state.Apply(Event(kLoggedMemberRestored, "s", "c", "controller", "", "away"));
  state.Apply(Event(kLoggedSessionRestored, "r", "", "", "", "room"));
  state.Apply(Event(kLoggedMemberRestored, "r", "u", "user", "b"));
  EXPECT_EQ(ToText(state),
            "session=r state=room\nsession=r member=u role=user state=there node=b\n"
            "session=s state=paired\nsession=s member=c role=controller state=away\n"
            "session=s member=d role=display state=awaited\n");
}

TEST(Replay, ALogWithoutItsBeginningAndNewTypesAreBorne) {
  ReplayedState state;
  state.Apply(Event(kLoggedMemberLeft, "gone", "c"));
  state.Apply(Event(kLoggedSessionEnded, "gone"));
  state.Apply(Event(kLoggedNodeDown, "", "", "", "gone"));
  state.Apply(Event("weather_changed", "s", "m", "", "a"));
  state.Apply(Event(kLoggedCodeExpired, "s"));
  EXPECT_TRUE(state.sessions().empty());
  EXPECT_TRUE(state.nodes().empty());
  state.Apply(Event(kLoggedMemberJoined, "s", "c", "controller", "a"));
  EXPECT_EQ(ToText(state),
            "session=s state=waiting\n"
            "session=s member=c role=controller state=there node=a\n");
}

}  // namespace
}  // namespace pairwire::relay
