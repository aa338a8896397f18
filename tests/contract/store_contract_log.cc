// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The cases of the store contract about the event log: whatever happens, what the log tells of the
// present is what the store has.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "signaling/store/replay.h"
#include "tests/contract/store_contract.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

std::vector<std::string> Types(const std::vector<LoggedEvent>& events) {
  std::vector<std::string> types;
  for (const LoggedEvent& event : events) types.push_back(event.type);
  return types;
}

TEST_P(StoreContract, EveryStepIsLogged) {
  Announce("a", 1);
  EXPECT_THAT(Types(NewEvents()), ElementsAre("node_up"));
  const std::string code = RegisterCode("s", 2);
  EXPECT_THAT(Types(NewEvents()), ElementsAre("session_registered"));
  ASSERT_TRUE(Take(code, "c"));
  EXPECT_THAT(Types(NewEvents()), ElementsAre("code_claimed"));
  ASSERT_TRUE(JoinAs("s", "d-s", "b"));
  ASSERT_TRUE(JoinAs("s", "c", "b"));
  EXPECT_THAT(Types(NewEvents()), ElementsAre("member_joined", "member_joined"));
  ASSERT_TRUE(JoinAs("s", "c", "c"));
  const auto moved = NewEvents();
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved[0].node_id, "c");
  EXPECT_EQ(moved[0].role, "controller");
  EXPECT_EQ(moved[0].session_id, "s");
  EXPECT_EQ(moved[0].member_id, "c");
  now += 600s;
  Due();
  const auto over = Types(NewEvents());
  EXPECT_EQ(std::count(over.begin(), over.end(), "code_expired"), 1);
  EXPECT_EQ(std::count(over.begin(), over.end(), "session_ended"), 0);
  ASSERT_TRUE(Leave("s", "c", 2));
  EXPECT_THAT(Types(NewEvents()), ElementsAre("member_disconnecting"));
  now += 5s;
  Due();
  EXPECT_THAT(Types(NewEvents()), ElementsAre("member_left", "session_ended"));
  RegisterCode("t");
  ASSERT_TRUE(Terminate("t", "d-t"));
  const auto ended = NewEvents();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[1].type, "session_ended");
  EXPECT_EQ(ended[1].reason, "ended");
  ASSERT_TRUE(JoinRoom("r", "u", "a"));
  ASSERT_TRUE(Leave("r", "u", 1, {}, 0s));
  EXPECT_THAT(Types(NewEvents()),
              ElementsAre("room_opened", "member_joined", "member_disconnecting", "member_left",
                          "room_closed"));
}

TEST_P(StoreContract, ReplayEqualsTheStore) {
  constexpr int kSteps = 600;
  constexpr int kBetweenLooks = 40;
  std::mt19937_64 random(GetParam().name.size());
  const auto below = [&](std::size_t bound) { return random() % bound; };
  const std::vector<std::string> nodes = {"a", "b", "c"};
  std::set<std::pair<std::string, std::string>> members;  // all that ever were
  std::vector<std::pair<std::string, std::string>> recent;
  std::map<std::string, std::string> codes;  // by session
  std::map<std::pair<std::string, std::string>, std::uint64_t> epochs;
  ReplayedState told;
  int number = 0;
  const auto remember = [&](const std::string& session, const std::string& member) {
    if (members.emplace(session, member).second) recent.emplace_back(session, member);
    // Mostly those that may still be there.
    if (recent.size() > 24) recent.erase(recent.begin());
  };
  // Their sockets are alive: what gives no sign of life for a quarter of an hour is not counted.
  const auto beat = [&] {
    std::vector<Touch> touches;
    for (const auto& [session, member] : members) {
      touches.push_back({session, member});
      if (touches.size() < kMaxTouches) continue;
      Ask<std::size_t>([&](auto r) { store().Heartbeat(std::exchange(touches, {}), now, r); });
    }
    Ask<std::size_t>([&](auto r) { store().Heartbeat(std::move(touches), now, std::move(r)); });
  };
  const auto look = [&] {
    Due();
    for (const LoggedEvent& event : NewEvents()) told.Apply(event);
    EXPECT_EQ(store().Sizes().sessions, told.sessions().size());
    EXPECT_EQ(store().Sizes().waiting, told.waiting());
    for (const auto& [session, member] : members) {
      const auto there = Send(session, "", member, "");
      const auto found = told.sessions().find(session);
      if (found == told.sessions().end()) {
        EXPECT_EQ(there, tl::unexpected(StoreError::kNotFound)) << session;
        continue;
      }
      const auto at = found->second.members.find(member);
      if (at == found->second.members.end()) {
        EXPECT_EQ(there, tl::unexpected(StoreError::kNoTarget)) << session << " " << member;
      } else if (at->second.node_id.empty()) {
        EXPECT_TRUE(there ? there->kept : there.error() == StoreError::kFull)
            << session << " " << member;
      } else {
        ASSERT_TRUE(there && there->place) << session << " " << member;
        EXPECT_EQ(there->place->node_id, at->second.node_id) << session << " " << member;
      }
    }
    std::set<std::string> up;
    const auto list = Ask<std::vector<NodeInfo>>([&](auto r) { registry().List(std::move(r)); });
    for (const NodeInfo& node : list.value()) up.insert(node.node_id);
    EXPECT_EQ(up, told.nodes());
  };
  for (int step = 0; step < kSteps && !HasFailure(); ++step) {
    const auto [session, member] =
        recent.empty() ? std::pair<std::string, std::string>() : recent[below(recent.size())];
    switch (below(12)) {
      case 0: {
        const std::string id = "s" + std::to_string(++number);
        if (const auto registered = Register(MakeSession(id, 1 + static_cast<int>(below(2))))) {
          codes[id] = registered->code;
          remember(id, "d-" + id);
        }
        break;
      }
      case 1:
      case 2:
        if (const auto code = codes.find(session); code != codes.end()) {
          const std::string id = "c" + std::to_string(++number);
          if (Take(code->second, id)) remember(session, id);
        }
        break;
      case 3:
      case 4:
      case 5:
        if (session.starts_with("s")) {
          const auto joined = JoinAs(session, member, nodes[below(3)]);
          if (joined) epochs[{session, member}] = joined->epoch;
        }
        break;
      case 6:
      case 7:
        Leave(session, member, epochs[{session, member}] - (below(5) == 0 ? 1 : 0), {},
              below(3) == 0 ? 0s : 5s);
        break;
      case 8:
        if (below(6) == 0) Terminate(session, member);
        break;
      case 9: {
        const std::string room = "r" + std::to_string(below(2));
        const std::string user = "u" + std::to_string(below(4));
        if (const auto joined = JoinRoom(room, user, nodes[below(3)])) {
          epochs[{room, user}] = joined->epoch;
          remember(room, user);
        }
        break;
      }
      case 10:
        if (below(3) == 0) Announce(nodes[below(3)], 1 + below(2));
        break;
      default:
        now += below(8) == 0 ? 300s : std::chrono::seconds(below(4));
        beat();
        Due();
    }
    if (step % kBetweenLooks == kBetweenLooks - 1) look();
  }
  look();
  EXPECT_GT(number, kSteps / 20) << "it was about something";
}

}  // namespace
}  // namespace pairwire::relay
