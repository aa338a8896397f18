// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The cases of the store contract: codes, claims, members, events, routes, due times.
#include "tests/contract/store_contract.h"

#include <gmock/gmock.h>

#include <set>

#include "signaling/protocol/limits.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = NodeMessage::Kind;
using namespace std::chrono_literals;

TEST_P(StoreContract, RegistersWithAFourDigitCode) {
  auto registered = Register(MakeSession("s"));
  ASSERT_TRUE(registered);
  EXPECT_THAT(registered->code, SizeIs(4));
  EXPECT_EQ(registered->expires_at, now + 600s);
  EXPECT_EQ(Find("s", "d-s").value(),
            (Member{"s", "d-s", Role::kDisplay, "Display s", "display-s"}));
  EXPECT_EQ(store().Sizes().waiting, 1u);
}

TEST_P(StoreContract, PlainCodesHaveNineDigits) {
  EXPECT_THAT(Register(MakeSession("s", 1, true)).value().code, SizeIs(9));
}

TEST_P(StoreContract, TakesTheFirstFreeDraw) {
  if (GetParam().sharded) GTEST_SKIP() << "codes and bounds are those of a shard";
  NewSession first = MakeSession("one");
  NewSession second = MakeSession("two");
  first.draws.fill(1234);
  second.draws.fill(1234);
  second.draws.back() = 777;
  EXPECT_EQ(Register(first).value().code, "1234");
  EXPECT_EQ(Register(second).value().code, "0777");
  NewSession third = MakeSession("three");
  third.draws.fill(1234);
  EXPECT_EQ(Register(third).error(), StoreError::kFull);
  EXPECT_EQ(Find("three", "d-three").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, RefusesMoreThanItsSessions) {
  if (GetParam().sharded) GTEST_SKIP() << "codes and bounds are those of a shard";
  Start(3);
  for (const std::string id : {"1", "2", "3"}) EXPECT_TRUE(Register(MakeSession(id)));
  EXPECT_EQ(Register(MakeSession("4")).error(), StoreError::kFull);
}

TEST_P(StoreContract, ClaimWorksOnce) {
  const std::string code = RegisterCode("s");
  auto claimed = Take(code, "c1");
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->session_id, "s");
  EXPECT_EQ(claimed->display_id, "display-s");
  EXPECT_EQ(claimed->display_name, "Display s");
  EXPECT_EQ(Take(code, "c2").error(), StoreError::kNotFound);
  EXPECT_EQ(Find("s", "c1").value().role, Role::kController);
  EXPECT_EQ(Find("s", "c2").error(), StoreError::kNotFound);
  EXPECT_EQ(store().Sizes().waiting, 0u);
}

TEST_P(StoreContract, OfTwoRacersExactlyOneWins) {
  for (int round = 0; round < 20; ++round) {
    const std::string id = "s" + std::to_string(round);
    const std::string code = RegisterCode(id);
    int won = 0;
    int lost = 0;
    // Both are on their way before either is answered.
    for (const std::string racer : {"x", "y", "z"}) {
      store().ClaimCode(MakeClaim(code, id + racer), now, [&](StoreResult<Claimed> claimed) {
        ++(claimed ? won : lost);
        if (!claimed) {
          EXPECT_EQ(claimed.error(), StoreError::kNotFound);
        }
      });
    }
    Settle();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 2);
    EXPECT_THAT(Events(id).value().events, SizeIs(1));
  }
}

TEST_P(StoreContract, AllPlacesCanBeTaken) {
  const std::string code = RegisterCode("s", 3);
  for (const std::string member : {"c1", "c2", "c3"}) EXPECT_TRUE(Take(code, member));
  EXPECT_EQ(Take(code, "c4").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, UnknownExpiredAndUsedAreTheSame) {
  EXPECT_EQ(Take("0000", "c").error(), StoreError::kNotFound);
  const std::string code = RegisterCode("s");
  now += 600s;
  // Due, though nobody has claimed the due work yet.
  EXPECT_EQ(Take(code, "c").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, JustBeforeExpiryACodeWorks) {
  const std::string code = RegisterCode("s");
  now += 600s - 1ms;
  EXPECT_TRUE(Take(code, "c"));
}

TEST_P(StoreContract, AReleasedCodeRests) {
  if (GetParam().sharded) GTEST_SKIP() << "codes and bounds are those of a shard";
  NewSession session = MakeSession("s");
  session.draws.fill(42);
  EXPECT_EQ(Register(session).value().code, "0042");
  EXPECT_TRUE(Terminate("s", "d-s"));
  session.session_id = "again";
  now += 10min - 1ms;
  EXPECT_EQ(Register(session).error(), StoreError::kFull);
  now += 1ms;
  EXPECT_EQ(Register(session).value().code, "0042");
}

TEST_P(StoreContract, ClaimLogsAndPublishesReady) {
  const std::string code = RegisterCode("s");
  EXPECT_THAT(Events("s", 0, "b").value().events, IsEmpty());
  ASSERT_TRUE(Take(code, "c1"));
  ASSERT_THAT(node_b.messages, SizeIs(1));
  const NodeMessage message = node_b.messages[0];
  EXPECT_EQ(message.kind, Kind::kEvent);
  EXPECT_EQ(message.session_id, "s");
  EXPECT_EQ(message.member_id, "d-s");
  EXPECT_EQ(message.event, (SessionEvent{"1", "pairing:ready", {"{\"controllerId\":\"c1\"}"}}));
  EXPECT_THAT(node_a.messages, IsEmpty());
  EXPECT_THAT(Events("s", 0).value().events, ElementsAre(message.event));
  EXPECT_THAT(Events("s", 1).value().events, IsEmpty());
}

TEST_P(StoreContract, EventsNeedTheDisplaysHash) {
  const std::string code = RegisterCode("s");
  ASSERT_TRUE(Take(code, "c1"));
  const auto opened = Ask<OpenedEvents>([&](auto reply) {
    store().OpenEvents("s", Hash("token c1"), "a", 0, now, std::move(reply));
  });
  EXPECT_EQ(opened.error(), StoreError::kNotFound);
  EXPECT_EQ(Events("unknown").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, TheNewestListenerIsTheOne) {
  RegisterCode("s");
  const auto first = Events("s", 0, "a").value();
  EXPECT_EQ(Events("s", 0, "a").value().epoch, first.epoch + 1);
  EXPECT_THAT(node_a.messages, IsEmpty());
  const auto second = Events("s", 0, "b").value();
  ASSERT_THAT(node_a.messages, SizeIs(1));
  EXPECT_EQ(node_a.messages[0].kind, Kind::kWatchMoved);
  EXPECT_EQ(node_a.messages[0].session_id, "s");
  EXPECT_EQ(node_a.messages[0].epoch, second.epoch);
  EXPECT_GT(second.epoch, first.epoch);
}

TEST_P(StoreContract, TheEventLogIsBounded) {
  const std::string code = RegisterCode("s", 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Take(code, "c" + std::to_string(i)));
  const auto events = Events("s").value().events;
  EXPECT_THAT(events, SizeIs(protocol::kMaxLoggedEvents));
  EXPECT_EQ(events.back().id, "50");
  EXPECT_THAT(Events("s", 49).value().events, SizeIs(1));
}

TEST_P(StoreContract, JoinTellsWhoIsThereEachOnce) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  const auto display = JoinAs("s", "d-s", "a").value();
  EXPECT_FALSE(display.rejoined);
  ASSERT_THAT(display.present, SizeIs(1));
  EXPECT_EQ(display.present[0].member.member_id, "c1");
  EXPECT_EQ(display.present[0].place, Place{});
  EXPECT_FALSE(display.previous_resume_hash);
  const auto controller = JoinAs("s", "c1", "b").value();
  EXPECT_THAT(controller.present,
              ElementsAre(Present{{"s", "d-s", Role::kDisplay, "Display s", "display-s"},
                                  {"a", display.epoch}}));
  EXPECT_THAT(Texts(node_a.messages), ElementsAre("joined c1"));
  EXPECT_THAT(node_b.messages, IsEmpty());
  EXPECT_EQ(JoinAs("s", "nobody", "a").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, RoutesBothWaysAndOnlyBetweenCounterparts) {
  const std::string code = RegisterCode("s", 2);
  ASSERT_TRUE(Take(code, "c1"));
  JoinAs("s", "d-s", "a");
  JoinAs("s", "c1", "b");
  node_a.Take();
  // The caller carries them; the store says where to.
  const Routed to_display = Send("s", "c1", "", "to display").value();
  EXPECT_FALSE(to_display.kept);
  EXPECT_EQ(to_display.to, "d-s");
  EXPECT_EQ(to_display.place, (Place{"a", 1}));
  const Routed to_controller = Send("s", "d-s", "", "to controller").value();
  EXPECT_EQ(to_controller.to, "c1");
  EXPECT_EQ(to_controller.place, (Place{"b", 1}));
  EXPECT_THAT(Texts(node_a.messages), IsEmpty());
  EXPECT_THAT(Texts(node_b.messages), IsEmpty());
  ASSERT_TRUE(Take(code, "c2"));
  EXPECT_EQ(Send("s", "d-s", "", "to whom?").error(), StoreError::kNoTarget);
  EXPECT_TRUE(Send("s", "d-s", "c2", "to c2").value().kept);
  EXPECT_EQ(Send("s", "c1", "c2", "x").error(), StoreError::kNotAllowed);
  EXPECT_EQ(Send("s", "c1", "c1", "x").error(), StoreError::kNotAllowed);
  EXPECT_EQ(Send("s", "c1", "nobody", "x").error(), StoreError::kNoTarget);
  EXPECT_EQ(Send("s", "nobody", "d-s", "x").error(), StoreError::kNotFound);
  EXPECT_EQ(Send("unknown", "c1", "", "x").error(), StoreError::kNotFound);
  // The relay itself may address everybody, by name.
  EXPECT_EQ(Send("s", "", "c1", "x").value().place, (Place{"b", 1}));
  EXPECT_TRUE(Send("s", "", "c2", "x").value().kept);
  EXPECT_EQ(Send("s", "", "", "x").error(), StoreError::kNoTarget);
  EXPECT_EQ(Send("unknown", "", "c1", "x").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, KeepsForAnAbsentMemberWithinBoundsAndInOrder) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < protocol::kMaxKeptMessages; ++i) {
    sent.push_back("m" + std::to_string(i));
    EXPECT_TRUE(Send("s", "d-s", "", sent.back()).value().kept);
  }
  EXPECT_EQ(Send("s", "d-s", "", "one too many").error(), StoreError::kFull);
  EXPECT_EQ(Texts(JoinAs("s", "c1", "b").value().kept), sent);
  // Delivered once; the room is free again.
  Leave("s", "c1", 1);
  const std::string half(protocol::kMaxKeptBytes / 2, 'x');
  EXPECT_TRUE(Send("s", "d-s", "", half));
  EXPECT_TRUE(Send("s", "d-s", "", half));
  EXPECT_EQ(Send("s", "d-s", "", "x").error(), StoreError::kFull);
  EXPECT_THAT(Texts(JoinAs("s", "c1", "b").value().kept), ElementsAre(half, half));
}

TEST_P(StoreContract, RejoinWithinTheWindowIsSilent) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  const auto first = JoinAs("s", "c1", "b").value();
  node_a.Take();
  Leave("s", "c1", first.epoch);
  EXPECT_TRUE(Send("s", "d-s", "", "kept").value().kept);
  now += 4999ms;
  Due();
  const auto again = JoinAs("s", "c1", "a").value();
  EXPECT_TRUE(again.rejoined);
  EXPECT_GT(again.epoch, first.epoch);
  EXPECT_THAT(Texts(again.kept), ElementsAre("kept"));
  EXPECT_EQ(again.previous_resume_hash, Hash("resume 2"));
  now += 1h;
  EXPECT_EQ(Due().departed_members, 0u);
  EXPECT_THAT(Told(node_a.messages), IsEmpty());
  // The old socket's end comes late: nothing happens.
  Leave("s", "c1", first.epoch);
  now += 1h;
  EXPECT_EQ(Due().departed_members, 0u);
}

TEST_P(StoreContract, TheNewestJoinTakesOver) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  const auto first = JoinAs("s", "c1", "a").value();
  const auto second = JoinAs("s", "c1", "b").value();
  ASSERT_THAT(node_a.messages, SizeIs(1));
  EXPECT_EQ(node_a.messages[0].kind, Kind::kTakenOver);
  EXPECT_EQ(node_a.messages[0].member_id, "c1");
  EXPECT_EQ(node_a.messages[0].place, (Place{"b", second.epoch}));
  EXPECT_EQ(node_a.messages[0].epoch, first.epoch);
  EXPECT_EQ(first.previous, Place{});
  EXPECT_EQ(second.previous, (Place{"a", first.epoch}));
  // Each resume token is good for one.
  EXPECT_EQ(second.previous_resume_hash, Hash("resume 1"));
  EXPECT_EQ(JoinAs("s", "c1", "b").value().previous_resume_hash, Hash("resume 2"));
  EXPECT_FALSE(Leave("s", "c1", first.epoch).value());
  EXPECT_FALSE(Send("s", "d-s", "", "x").value().kept);
}

TEST_P(StoreContract, AMemberThatStaysAwayLeavesOnce) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  const auto joined = JoinAs("s", "c1", "b").value();
  node_a.Take();
  Leave("s", "c1", joined.epoch);
  now += 5s;
  const DueReport report = Due();
  EXPECT_EQ(report.departed_members, 1u);
  EXPECT_EQ(report.ended_sessions, 1u);
  EXPECT_EQ(report.expired_sessions, 0u);
  const auto told = Told(node_a.Take());
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].text, "left c1");
  EXPECT_EQ(told[1].kind, Kind::kEnded);
  EXPECT_EQ(told[1].event.data.text, R"({"reason":"user_left"})");
  EXPECT_EQ(Due().departed_members, 0u);
  EXPECT_EQ(Find("s", "d-s").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, TheSessionLivesWhileItHasControllersOrPlaces) {
  const std::string code = RegisterCode("s", 3);
  ASSERT_TRUE(Take(code, "c1"));
  ASSERT_TRUE(Take(code, "c2"));
  JoinAs("s", "d-s", "a");
  const auto c1 = JoinAs("s", "c1", "b").value();
  const auto c2 = JoinAs("s", "c2", "b").value();
  Leave("s", "c1", c1.epoch);
  Leave("s", "c2", c2.epoch);
  now += 5s;
  const DueReport report = Due();
  EXPECT_EQ(report.departed_members, 2u);
  EXPECT_EQ(report.ended_sessions, 0u);
  // A third place is left, so the code still works; with it the code is used up.
  ASSERT_TRUE(Take(code, "c3"));
  const auto c3 = JoinAs("s", "c3", "b").value();
  Leave("s", "c3", c3.epoch);
  now += 5s;
  EXPECT_EQ(Due().ended_sessions, 1u);
}

TEST_P(StoreContract, WhenTheDisplayLeavesItIsOver) {
  const std::string code = RegisterCode("s", 3);
  ASSERT_TRUE(Take(code, "c1"));
  const auto display = JoinAs("s", "d-s", "a").value();
  JoinAs("s", "c1", "b");
  node_b.Take();
  Leave("s", "d-s", display.epoch);
  now += 5s;
  EXPECT_EQ(Due().ended_sessions, 1u);
  const auto told = Told(node_b.Take());
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].text, "left d-s");
  EXPECT_EQ(told[1].kind, Kind::kEnded);
  EXPECT_EQ(Take(code, "c2").error(), StoreError::kNotFound);
}

TEST_P(StoreContract, MembersThatNeverComeAreDropped) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  node_a.Take();
  now += 60s - 1ms;
  EXPECT_EQ(Due().departed_members, 0u);
  now += 1ms;
  EXPECT_EQ(Due().expired_sessions, 1u);
  ASSERT_THAT(node_a.messages, SizeIs(2));
  EXPECT_EQ(node_a.messages[0].text, "left c1");
  EXPECT_EQ(node_a.messages[1].event.data.text, R"({"reason":"expired"})");
}

TEST_P(StoreContract, AWaitingDisplayMayCloseItsSocket) {
  const std::string code = RegisterCode("s");
  const auto joined = JoinAs("s", "d-s", "a").value();
  Leave("s", "d-s", joined.epoch);
  now += 60s;
  EXPECT_EQ(Due().departed_members, 0u);
  EXPECT_TRUE(Take(code, "c1"));
  // From now on it has the usual time to come.
  now += 59s;
  EXPECT_EQ(Due().departed_members, 0u);
  EXPECT_TRUE(JoinAs("s", "d-s", "a"));
}

TEST_P(StoreContract, ExpiryHappensOnceAndIsTold) {
  RegisterCode("s");
  Events("s", 0, "b");
  now += 600s - 1ms;
  EXPECT_EQ(Due().expired_sessions, 0u);
  now += 1ms;
  // Two nodes claim at the same time.
  std::size_t expired = 0;
  for (int i = 0; i < 2; ++i) {
    store().ClaimDue(now, 10,
                     [&](StoreResult<DueReport> report) { expired += report->expired_sessions; });
  }
  Settle();
  EXPECT_EQ(expired, 1u);
  ASSERT_THAT(node_b.messages, SizeIs(1));
  EXPECT_EQ(node_b.messages[0].kind, Kind::kEnded);
  EXPECT_EQ(node_b.messages[0].event.type, "session:terminated");
  EXPECT_EQ(node_b.messages[0].event.data.text, R"({"reason":"expired"})");
}

TEST_P(StoreContract, AnEndedSessionStillTellsAPollThenIsGone) {
  RegisterCode("s");
  ASSERT_EQ(Terminate("s", "d-s").value().member_id, "d-s");
  const auto opened = Events("s").value();
  EXPECT_TRUE(opened.ended);
  ASSERT_THAT(opened.events, SizeIs(1));
  EXPECT_EQ(opened.events[0].data.text, R"({"reason":"ended"})");
  // Read: no more answers, so that a poll does not spin.
  EXPECT_EQ(Events("s", 1).error(), StoreError::kNotFound);
  EXPECT_EQ(Find("s", "d-s").error(), StoreError::kNotFound);
  EXPECT_EQ(JoinAs("s", "d-s", "a").error(), StoreError::kNotFound);
  EXPECT_EQ(Terminate("s", "d-s").error(), StoreError::kNotFound);
  EXPECT_EQ(store().Sizes().sessions, 0u);
  EXPECT_EQ(store().Sizes().ended, 1u);
  now += 30s;
  Due();
  EXPECT_EQ(Events("s").error(), StoreError::kNotFound);
  EXPECT_EQ(store().Sizes().ended, 0u);
  EXPECT_EQ(store().Sizes().scheduled, 0u);
}

TEST_P(StoreContract, EitherEndMayTerminateNobodyElse) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  EXPECT_EQ(Terminate("s", "stranger").error(), StoreError::kNotFound);
  EXPECT_TRUE(Terminate("s", "c1"));
  EXPECT_EQ(node_a.Count(Kind::kEnded), 1u);
}

TEST_P(StoreContract, EveryEndCleansUpEverything) {
  // Each way out of a session, then the linger: nothing may be left but resting codes.
  for (int way = 0; way < 5; ++way) {
    const std::string id = "s" + std::to_string(way);
    const std::string code = RegisterCode(id);
    if (way >= 1) {
      ASSERT_TRUE(Take(code, "c" + id));
    }
    if (way >= 2) JoinAs(id, "d-" + id, "a");
    if (way >= 3) JoinAs(id, "c" + id, "b");
    if (way == 3) Leave(id, "c" + id, 1);
    if (way == 4) Terminate(id, "c" + id);
    now += 700s;
    Due();
    now += 31s;
    Due();
    const StoreSizes sizes = store().Sizes();
    EXPECT_EQ(sizes.sessions, 0u) << way;
    EXPECT_EQ(sizes.waiting, 0u) << way;
    EXPECT_EQ(sizes.ended, 0u) << way;
    EXPECT_EQ(sizes.scheduled, 0u) << way;
  }
  now += 10min;
  Due();
  EXPECT_EQ(store().Sizes().resting_codes, 0u);
}

TEST_P(StoreContract, RepliesComeInTheOrderOfTheCalls) {
  ASSERT_TRUE(Take(RegisterCode("s"), "c1"));
  JoinAs("s", "d-s", "a");
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) {
    store().Route({"s", "c1", "", std::to_string(i)}, now,
                  [&order, i](StoreResult<Routed>) { order.push_back(i); });
  }
  Settle();
  std::vector<int> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(i);
  EXPECT_EQ(order, expected);
}

TEST_P(StoreContract, DueWorkIsDoneInBatches) {
  for (int i = 0; i < 10; ++i) RegisterCode("s" + std::to_string(i));
  now += 600s;
  auto report = Ask<DueReport>([&](auto reply) { store().ClaimDue(now, 4, std::move(reply)); });
  if (GetParam().sharded) {
    EXPECT_LE(report->expired_sessions, 4u);
  } else {
    EXPECT_EQ(report->expired_sessions, 4u);
  }
  EXPECT_TRUE(report->more);
  EXPECT_EQ(report->expired_sessions + Due(4).expired_sessions, 10u);
}

TEST_P(StoreContract, NothingIsHeardAfterUnsubscribe) {
  const std::string code = RegisterCode("s");
  Events("s", 0, "b");
  store().ClaimCode(MakeClaim(code, "c"), now, [](StoreResult<Claimed>) {});
  store().Unsubscribe("b");
  Settle();
  EXPECT_THAT(node_b.messages, IsEmpty());
}

}  // namespace
}  // namespace pairwire::relay
