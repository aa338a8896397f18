// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The cases of the store contract about meets: names that only a display and a controller know, by
// which they find each other again without a code.
#include <gmock/gmock.h>

#include "signaling/protocol/limits.h"
#include "tests/contract/store_contract.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Kind = NodeMessage::Kind;
using namespace std::chrono_literals;

TEST_P(Meet, FindsTheSession) {
  const auto registered = Register(MakeMeeting("s", {"x", "y", "z"}));
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered->code, "");
  EXPECT_EQ(registered->expires_at, now + 600s);
  EXPECT_EQ(registered->replaced, 0u);
  EXPECT_EQ(store().Sizes().meets, 3u);
  EXPECT_EQ(store().Sizes().waiting, 1u);
  Events("s", 0, "b");
  EXPECT_EQ(TakeMeet("w", "c0").error(), StoreError::kNotFound);
  const auto claimed = TakeMeet("y", "c1");
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->session_id, "s");
  EXPECT_EQ(claimed->display_id, "display-s");
  EXPECT_EQ(claimed->display_name, "Display s");
  EXPECT_EQ(Find("s", "c1").value().role, Role::kController);
  // The display hears which of its names it was.
  ASSERT_THAT(node_b.messages, SizeIs(1));
  const SessionEvent ready{"1", "pairing:ready", {R"({"controllerId":"c1","meet":1})"}};
  EXPECT_EQ(node_b.messages[0].kind, Kind::kEvent);
  EXPECT_EQ(node_b.messages[0].event, ready);
  EXPECT_THAT(Events("s").value().events, ElementsAre(ready));
  // With the last place all of them are used.
  for (const std::string meet : {"x", "y", "z"}) {
    EXPECT_EQ(TakeMeet(meet, "c2").error(), StoreError::kNotFound);
  }
  EXPECT_EQ(store().Sizes().meets, 0u);
}

TEST_P(Meet, StandsBesideTheCode) {
  const auto registered = Register(MakeMeeting("s", {"x"}, /*codeless=*/false, 3));
  ASSERT_TRUE(registered);
  EXPECT_THAT(registered->code, SizeIs(4));
  ASSERT_TRUE(Take(registered->code, "c1"));
  ASSERT_TRUE(TakeMeet("x", "c2"));
  ASSERT_TRUE(TakeMeet("x", "c3"));
  EXPECT_EQ(Take(registered->code, "c4").error(), StoreError::kNotFound);
  EXPECT_EQ(TakeMeet("x", "c4").error(), StoreError::kNotFound);
  const auto events = Events("s").value().events;
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0].data.text, R"({"controllerId":"c1"})");
  EXPECT_EQ(events[1].data.text, R"({"controllerId":"c2","meet":0})");
}

TEST_P(Meet, OfTwoRacersExactlyOneWins) {
  for (int round = 0; round < 10; ++round) {
    const std::string id = "s" + std::to_string(round);
    ASSERT_TRUE(Register(MakeMeeting(id, {id})));
    int won = 0;
    int lost = 0;
    for (const std::string racer : {"x", "y", "z"}) {
      store().ClaimCode(MakeMeetClaim(id, id + racer), now, [&](StoreResult<Claimed> claimed) {
        ++(claimed ? won : lost);
        if (!claimed) {
          EXPECT_EQ(claimed.error(), StoreError::kNotFound);
        }
      });
    }
    Settle();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 2);
  }
}

TEST_P(Meet, IsReplaced) {
  // Over many sessions, so that a store of several shards finds the older one in another.
  for (int round = 0; round < 8; ++round) {
    const std::string r = std::to_string(round);
    const std::string older = "older" + r;
    const std::string newer = "newer" + r;
    ASSERT_TRUE(Register(MakeMeeting(older, {"a" + r, "b" + r}, /*codeless=*/false)));
    Events(older, 0, "b");
    node_b.Take();
    now += 1s;
    const auto registered = Register(MakeMeeting(newer, {"c" + r, "b" + r}));
    ASSERT_TRUE(registered);
    EXPECT_EQ(registered->replaced, 1u);
    // The older one hears why, and is over with all its names.
    ASSERT_THAT(node_b.messages, SizeIs(1));
    EXPECT_EQ(node_b.messages[0].kind, Kind::kEnded);
    EXPECT_EQ(node_b.messages[0].session_id, older);
    EXPECT_EQ(node_b.messages[0].event.data.text, R"({"reason":"replaced"})");
    EXPECT_EQ(Find(older, "d-" + older).error(), StoreError::kNotFound);
    EXPECT_EQ(TakeMeet("a" + r, "c1" + r).error(), StoreError::kNotFound);
    const auto claimed = TakeMeet("b" + r, "c2" + r);
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->session_id, newer);
    EXPECT_EQ(Events(newer).value().events.back().data.text,
              R"({"controllerId":"c2)" + r + R"(","meet":1})");
  }
}

TEST_P(Meet, ReplacesAPairedSessionThatStillHasIt) {
  ASSERT_TRUE(Register(MakeMeeting("older", {"x"}, true, 3)));
  ASSERT_TRUE(TakeMeet("x", "c1"));
  ASSERT_TRUE(JoinAs("older", "c1", "a"));
  node_a.Take();
  now += 1s;
  ASSERT_TRUE(Register(MakeMeeting("newer", {"x"})));
  EXPECT_EQ(node_a.Count(Kind::kEnded), 1u);
  EXPECT_EQ(TakeMeet("x", "c2").value().session_id, "newer");
  // One that was used up has nothing to be replaced for.
  now += 1s;
  const auto last = Register(MakeMeeting("last", {"x"}));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->replaced, 0u);
  EXPECT_TRUE(Find("newer", "c2"));
}

TEST_P(Meet, ExpiresAndRests) {
  ASSERT_TRUE(Register(MakeMeeting("s", {"x"})));
  now += 600s - 1ms;
  EXPECT_EQ(Due().expired_sessions, 0u);
  now += 1ms;
  // Due, though nobody has claimed the due work yet.
  EXPECT_EQ(TakeMeet("x", "c").error(), StoreError::kNotFound);
  EXPECT_EQ(Due().expired_sessions, 1u);
  EXPECT_EQ(TakeMeet("x", "c").error(), StoreError::kNotFound);
  EXPECT_EQ(store().Sizes().meets, 0u);
  // Nobody finds it until its display comes again, which need not wait as a code would.
  ASSERT_TRUE(Register(MakeMeeting("again", {"x"})));
  EXPECT_EQ(TakeMeet("x", "c").value().session_id, "again");
  // With a controller in it, only the names end.
  ASSERT_TRUE(Register(MakeMeeting("open", {"o"}, true, 2)));
  ASSERT_TRUE(TakeMeet("o", "c1"));
  ASSERT_TRUE(JoinAs("open", "d-open", "a"));
  ASSERT_TRUE(JoinAs("open", "c1", "a"));
  now += 600s;
  Due();
  EXPECT_EQ(TakeMeet("o", "c2").error(), StoreError::kNotFound);
  EXPECT_TRUE(Find("open", "c1"));
}

TEST_P(Meet, EndsWithItsSession) {
  ASSERT_TRUE(Register(MakeMeeting("s", {"x", "y"})));
  ASSERT_TRUE(Terminate("s", "d-s"));
  EXPECT_EQ(TakeMeet("x", "c").error(), StoreError::kNotFound);
  EXPECT_EQ(store().Sizes().meets, 0u);
  now += 31s;
  Due();
  const StoreSizes sizes = store().Sizes();
  EXPECT_EQ(sizes.sessions + sizes.ended + sizes.scheduled + sizes.resting_codes, 0u);
}

TEST_P(Meet, IsNoCode) {
  NewSession session = MakeMeeting("s", {"x"}, /*codeless=*/false);
  const std::string code = Register(session).value().code;
  // A code is none of the names, a name none of the codes.
  EXPECT_EQ(TakeMeet(code, "c").error(), StoreError::kNotFound);
  EXPECT_EQ(Take("0000", "c").error(), StoreError::kNotFound);
  // Without either, nobody comes in; it has a token that is good, and ends by itself.
  const auto token_only = Register(MakeMeeting("alone", {}));
  ASSERT_TRUE(token_only);
  EXPECT_EQ(token_only->code, "");
  EXPECT_EQ(Take("", "c").error(), StoreError::kNotFound);
  EXPECT_EQ(Find("alone", "d-alone").value().display_id, "display-alone");
  now += 600s;
  EXPECT_EQ(Due().expired_sessions, 2u);
}

TEST_P(Meet, Bounded) {
  if (GetParam().sharded) GTEST_SKIP() << "codes and bounds are those of a shard";
  Start(8);  // 32 meets
  std::vector<std::string> many;
  for (std::size_t i = 0; i < protocol::kMaxMeets; ++i) many.push_back("x" + std::to_string(i));
  ASSERT_TRUE(Register(MakeMeeting("one", many)));
  for (std::string& meet : many) meet += "y";
  ASSERT_TRUE(Register(MakeMeeting("two", many)));
  EXPECT_EQ(store().Sizes().meets, 32u);
  EXPECT_EQ(Register(MakeMeeting("three", {"z"})).error(), StoreError::kFull);
  EXPECT_EQ(Find("three", "d-three").error(), StoreError::kNotFound);
  EXPECT_TRUE(Register(MakeMeeting("four", {})));
  // What was released is free again.
  ASSERT_TRUE(Terminate("one", "d-one"));
  EXPECT_TRUE(Register(MakeMeeting("five", {"z"})));
}

TEST_P(Meet, IsLoggedAsOne) {
  ASSERT_TRUE(Register(MakeMeeting("s", {"x"})));
  ASSERT_TRUE(TakeMeet("x", "c1"));
  std::vector<std::string> lines;
  for (const LoggedEvent& event : NewEvents()) {
    lines.push_back(event.type + " " + event.member_id + " " + event.reason);
  }
  EXPECT_THAT(lines, ElementsAre("session_registered d-s ", "code_claimed c1 meet"));
}

}  // namespace
}  // namespace pairwire::relay
