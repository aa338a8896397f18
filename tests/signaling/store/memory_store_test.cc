// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is the memory store's own: growth of codes, exact due times, work that does not grow with
// the number of sessions, replies dropped with the store.
#include "signaling/store/memory_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "signaling/store/code_book.h"
#include "signaling/store/memory_session.h"
#include "tests/contract/manual_executor.h"

namespace pairwire::relay {
namespace {

using namespace std::chrono_literals;

CodeDraws Draws(std::mt19937_64& random) {
  CodeDraws draws{};
  for (std::uint64_t& draw : draws) draw = random();
  return draws;
}

TEST(CodeBook, GrowsAtSixtyPercent) {
  CodeBook book(1'000'000, 10min);
  MemorySession session("s", "", "");
  std::mt19937_64 random(7);
  const TimePoint now{};
  std::map<std::size_t, int> by_length;
  for (int i = 0; i < 70'000; ++i) {
    const auto code = book.Take(session, false, Draws(random), now);
    ASSERT_TRUE(code);
    ++by_length[code->size()];
  }
  EXPECT_EQ(by_length, (std::map<std::size_t, int>{{4, 6'000}, {5, 60'000}, {6, 4'000}}));
}

TEST(CodeBook, ShrinksAgainWhenCodesHaveRested) {
  CodeBook book(1'000'000, 10min);
  MemorySession session("s", "", "");
  std::mt19937_64 random(7);
  TimePoint now{};
  for (int i = 0; i < 6'000; ++i) {
    const auto code = book.Take(session, false, Draws(random), now);
    book.Release(CodeBook::NumberOf(*code), now);
  }
  EXPECT_EQ(book.resting(), 6'000u);
  EXPECT_EQ(book.Take(session, false, Draws(random), now)->size(), 5u);
  now += 10min;
  EXPECT_EQ(book.Take(session, false, Draws(random), now)->size(), 4u);
  EXPECT_EQ(book.resting(), 0u);
}

TEST(CodeBook, HoldsItsBoundRestingCodesIncluded) {
  CodeBook book(100, 10min);
  MemorySession session("s", "", "");
  std::mt19937_64 random(7);
  const TimePoint now{};
  for (int i = 0; i < 100; ++i) {
    const auto code = book.Take(session, i % 2 == 0, Draws(random), now);
    book.Release(CodeBook::NumberOf(*code), now);
  }
  EXPECT_FALSE(book.Take(session, false, Draws(random), now));
  EXPECT_FALSE(book.Take(session, true, Draws(random), now));
  EXPECT_TRUE(book.Take(session, false, Draws(random), now + 10min));
}

TEST(CodeBook, ANumberIsTheCode) {
  for (const char* code : {"0000", "0042", "9999", "00000", "000001", "012345678", "999999999"}) {
    EXPECT_EQ(CodeBook::CodeOf(CodeBook::NumberOf(code)), code);
  }
  EXPECT_NE(CodeBook::NumberOf("0001"), CodeBook::NumberOf("00001"));
  for (const char* no_code : {"", "12a4", "1234567890", "-123", " 123"}) {
    EXPECT_EQ(CodeBook::NumberOf(no_code), 0u) << no_code;
  }
}

TEST(CodeBook, IsAMapWhateverComesAndGoes) {
  CodeBook book(1'000'000, 1s);
  MemorySession session("s", "", "");
  std::mt19937_64 random(11);
  TimePoint now{};
  std::map<std::string, TimePoint> expected;  // code, and when its rest ends
  for (int step = 0; step < 20'000; ++step) {
    now += 1ms;
    // Many at first, few in the end.
    if (random() % 10 < (step < 10'000 ? 7U : 2U)) {
      const auto code = book.Take(session, step % 5 == 0, Draws(random), now);
      ASSERT_TRUE(code);
      const auto found = expected.find(*code);
      ASSERT_TRUE(found == expected.end() || found->second <= now) << *code;
      expected[*code] = TimePoint::max();
    } else if (!expected.empty()) {
      const auto at = std::next(
          expected.begin(),
          static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(expected.size(), 50)));
      const bool rests = at->second != TimePoint::max();
      ASSERT_EQ(book.Find(at->first), rests ? nullptr : &session) << at->first;
      book.Release(CodeBook::NumberOf(at->first), now);
      if (!rests) at->second = now + 1s;
    }
    if (step % 500 == 0) {
      book.Purge(now);
      std::erase_if(expected, [now](const auto& entry) { return entry.second <= now; });
      for (const auto& [code, until] : expected) {
        ASSERT_EQ(book.Find(code) == &session, until == TimePoint::max()) << code;
      }
    }
  }
}

TEST(CodeBook, ReleaseOfAStrangeCodeDoesNothing) {
  CodeBook book(100, 10min);
  book.Release(CodeBook::NumberOf("1234"), TimePoint{});
  EXPECT_EQ(book.resting(), 0u);
}

NewSession MakeSession(int number, std::mt19937_64& random, std::chrono::milliseconds ttl) {
  NewSession session;
  session.session_id = "s" + std::to_string(number);
  session.member_id = "d" + std::to_string(number);
  session.waiting_ttl = ttl;
  session.draws = Draws(random);
  return session;
}

TEST(MemoryStore, HundredThousandSessionsExpireOnTheDotAndOnce) {
  // Each of 100,000 sessions is due in a millisecond of its own; the store is asked at each of them
  // and must do exactly that one. A scan of all would be 10^10 steps and not end within the test's
  // time.
  constexpr int kSessions = 100'000;
  ManualExecutor executor;
  MemoryStore store(executor);
  std::mt19937_64 random(3);
  TimePoint now{};
  int registered = 0;
  for (int i = 0; i < kSessions; ++i) {
    // Not in the order of their ends.
    const int slot = static_cast<int>((i * 7919LL) % kSessions);
    store.RegisterSession(
        MakeSession(i, random, 600s + std::chrono::milliseconds(slot)), now,
        [&registered](StoreResult<Registered> result) { registered += result ? 1 : 0; });
  }
  executor.Drain();
  ASSERT_EQ(registered, kSessions);
  EXPECT_EQ(store.NextDue(), now + 600s);
  std::size_t total = 0;
  // Linger is 30 s: from then on ended ones are removed as well, by the same calls.
  for (int slot = 0; slot < kSessions; ++slot) {
    now = TimePoint{} + 600s + std::chrono::milliseconds(slot);
    ASSERT_EQ(store.NextDue(), now);
    std::size_t expired = 0;
    store.ClaimDue(
        now, 16, [&expired](StoreResult<DueReport> report) { expired = report->expired_sessions; });
    executor.Drain();
    ASSERT_EQ(expired, 1u) << slot;
    total += expired;
  }
  EXPECT_EQ(total, static_cast<std::size_t>(kSessions));
  now += 30s;
  bool more = true;
  while (more) {
    store.ClaimDue(now, 1000, [&more](StoreResult<DueReport> report) {
      EXPECT_EQ(report->expired_sessions, 0u);
      more = report->more;
    });
    executor.Drain();
  }
  EXPECT_EQ(store.Sizes().ended, 0u);
  EXPECT_EQ(store.NextDue(), TimePoint::max());
}

TEST(MemoryStore, DropsRepliesWithTheStore) {
  ManualExecutor executor;
  auto store = std::make_unique<MemoryStore>(executor);
  std::mt19937_64 random(3);
  bool answered = false;
  store->RegisterSession(MakeSession(1, random, 1s), TimePoint{},
                         [&answered](StoreResult<Registered>) { answered = true; });
  store.reset();
  executor.Drain();
  EXPECT_FALSE(answered);
}

TEST(MemoryStore, ADeadNodesMembersLeaveOnceEachAndWhatTheyWereGivenIsKept) {
  ManualExecutor executor;
  TimePoint now = TimePoint{} + 1000h;
  MemoryStore store(executor, [&now] { return now; }, {});
  std::mt19937_64 random(3);
  const auto announce = [&](const std::string& node, std::uint64_t incarnation) {
    NodeInfo info;
    info.node_id = node;
    info.incarnation = incarnation;
    store.registry().Announce(info, 3s, [](StoreResult<bool>) {});
  };
  announce("b", 1);
  constexpr int kSessions = 150;
  for (int i = 0; i < kSessions; ++i) {
    NewSession session = MakeSession(i, random, 600s);
    const std::string id = session.session_id;
    store.RegisterSession(std::move(session), now, [&, id](StoreResult<Registered> registered) {
      Claim claim;
      claim.code = registered->code;
      claim.member_id = "c";
      claim.join_within = 60s;
      store.ClaimCode(claim, now, [](StoreResult<Claimed>) {});
      store.Route({id, "d" + id.substr(1), "", "text"}, now, [](StoreResult<Routed>) {});
      store.Join({id, "c", "b", {}, {}, {}, false, {}, 0}, now,
                 [](StoreResult<Joined> joined) { EXPECT_EQ(joined->kept.size(), 1u); });
    });
  }
  executor.Drain();
  const auto due = [&] {
    DueReport sum;
    for (bool more = true; more;) {
      store.ClaimDue(now, 1, [&](StoreResult<DueReport> report) {
        sum.departed_nodes += report->departed_nodes;
        sum.departed_members += report->departed_members;
        more = report->more;
      });
      executor.Drain();
    }
    return sum;
  };
  now += 2999ms;
  EXPECT_EQ(due().departed_nodes, 0u);
  announce("b", 1);
  now += 2999ms;
  EXPECT_EQ(due().departed_nodes, 0u);
  now += 1ms;
  EXPECT_EQ(due().departed_nodes, 1u);
  std::size_t nodes = 99;
  store.registry().List([&](StoreResult<std::vector<NodeInfo>> list) { nodes = list->size(); });
  store.Join({"s0", "c", "a", {}, {}, {}, false, {}, 0}, now, [](StoreResult<Joined> joined) {
    EXPECT_EQ(joined->previous, Place{});
    ASSERT_EQ(joined->kept.size(), 1u);
    EXPECT_EQ(joined->kept[0].text, "text");
  });
  executor.Drain();
  EXPECT_EQ(nodes, 0u);
  now += 5s;
  const DueReport report = due();
  EXPECT_EQ(report.departed_members, static_cast<std::size_t>(kSessions - 1));
  EXPECT_EQ(report.departed_nodes, 0u);
}

TEST(MemoryStore, SameHashComparesEverything) {
  TokenHash a{};
  TokenHash b{};
  EXPECT_TRUE(SameHash(a, b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    b = a;
    b[i] = 0x80;
    EXPECT_FALSE(SameHash(a, b));
  }
}

}  // namespace
}  // namespace pairwire::relay
