// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the memory store is made of: short strings in one allocation, objects by id, due times; and
// what a waiting session costs.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/due_queue.h"
#include "signaling/store/id_table.h"
#include "signaling/store/memory_session.h"
#include "signaling/store/memory_store.h"
#include "signaling/store/text_row.h"
#include "tests/contract/manual_executor.h"
#include "tests/support/sanitizers.h"

namespace pairwire::relay {
namespace {

using namespace std::chrono_literals;

TEST(TextRow, HoldsWhatItWasGiven) {
  const TextRow<3> row({"one", "", std::string(64, 'x')});
  EXPECT_EQ(row.View(0), "one");
  EXPECT_EQ(row.View(1), "");
  EXPECT_EQ(row.Text(2), std::string(64, 'x'));
  const TextRow<3> none;
  EXPECT_EQ(none.View(2), "");
  const TextRow<2> empty({"", ""});
  EXPECT_EQ(empty.View(1), "");
}

TEST(TextRow, CutsWhatIsTooLong) {
  const std::string most(TextRow<2>::kMaxBytes, 'm');
  const TextRow<2> full({most, "rest"});
  EXPECT_EQ(full.View(0), most);
  EXPECT_EQ(full.View(1), "");
  const TextRow<2> cut({"ab", most});
  EXPECT_EQ(cut.View(0), "ab");
  EXPECT_EQ(cut.View(1).size(), TextRow<2>::kMaxBytes - 2);
}

struct Thing {
  explicit Thing(std::string of) : id(std::move(of)) { ++alive; }
  ~Thing() { --alive; }
  std::string_view table_key() const { return id; }
  Thing* next_in_table = nullptr;
  std::string id;
  static inline int alive = 0;
};

TEST(IdTable, FindsWhatIsThereWhileItGrowsAndShrinks) {
  {
    IdTable<Thing> table;
    EXPECT_EQ(table.Find("0"), nullptr);
    std::mt19937_64 random(5);
    std::map<std::string, Thing*> there;
    for (int step = 0; step < 20'000; ++step) {
      // First more and more, then fewer and fewer.
      const std::string id = std::to_string(random() % 2'000);
      const bool add = random() % 10 < (step < 10'000 ? 8U : 1U);
      const auto found = there.find(id);
      ASSERT_EQ(table.Find(id), found == there.end() ? nullptr : found->second);
      if (add && found == there.end()) {
        there[id] = &table.Add(std::make_unique<Thing>(id));
      } else if (!add && found != there.end()) {
        table.Erase(*found->second);
        there.erase(found);
      }
      ASSERT_EQ(table.size(), there.size());
      ASSERT_EQ(static_cast<std::size_t>(Thing::alive), there.size());
    }
    EXPECT_FALSE(there.empty());
  }
  EXPECT_EQ(Thing::alive, 0);
}

TEST(DueQueue, IsInOrderWhateverIsSetAndCancelled) {
  std::mt19937_64 random(9);
  DueQueue queue;
  std::deque<DueItem> items(500);
  std::map<std::pair<TimePoint, int>, DueItem*> expected;  // by time, then order of setting
  std::map<DueItem*, std::pair<TimePoint, int>> set;
  const auto forget = [&](DueItem* item) {
    const auto found = set.find(item);
    if (found == set.end()) return;
    expected.erase(found->second);
    set.erase(found);
  };
  for (int step = 0; step < 20'000; ++step) {
    DueItem* const item = &items[random() % items.size()];
    switch (random() % 4) {
      case 0:
        queue.Cancel(*item);
        forget(item);
        break;
      case 1:
        if (!queue.empty()) {
          ASSERT_EQ(&queue.first(), expected.begin()->second);
          forget(&queue.first());
          queue.Cancel(queue.first());
        }
        break;
      default: {
        const TimePoint when = TimePoint{} + std::chrono::milliseconds(random() % 50);
        queue.Set(*item, when);
        forget(item);
        set[item] = {when, step};
        expected[{when, step}] = item;
        break;
      }
    }
    ASSERT_EQ(queue.size(), expected.size());
    ASSERT_EQ(item->is_due_set(), set.contains(item));
    ASSERT_EQ(queue.next(), expected.empty() ? TimePoint::max() : expected.begin()->first.first);
  }
}

// In use, as the allocator counts it.
std::size_t HeapBytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(MemoryStore, AWaitingSessionIsCheapAndGivesItsMemoryBack) {
  if (test::kAddressSanitizer)
    GTEST_SKIP() << "SKIPPED: the sanitizer's allocator counts otherwise";
  constexpr int kSessions = 10'000;
  ManualExecutor executor;
  const std::size_t before = HeapBytes();
  MemoryStoreOptions options;
  options.max_logged = 0;
  options.code_rest = 0ms;
  MemoryStore store(executor, options);
  std::mt19937_64 random(3);
  const TimePoint now{};
  for (int i = 0; i < kSessions; ++i) {
    NewSession session;
    const std::string number = std::to_string(i);
    // As long as the relay's own.
    session.session_id = "s-" + std::string(22 - number.size(), 'x') + number;
    session.display_id = "d-" + std::string(22 - number.size(), 'y') + number;
    session.member_id = "m-" + std::string(22 - number.size(), 'z') + number;
    session.name = "Display " + number;
    session.waiting_ttl = 600s;
    for (std::uint64_t& draw : session.draws) draw = random();
    store.RegisterSession(std::move(session), now, [](StoreResult<Registered> registered) {
      EXPECT_TRUE(registered.has_value());
    });
    executor.Drain();
  }
  const double each = static_cast<double>(HeapBytes() - before) / kSessions;
  std::printf("one waiting session in the memory store: %.0f bytes\n", each);
  RecordProperty("bytes_per_session", static_cast<int>(each));
  EXPECT_LT(each, 512);
  for (bool more = true; more;) {
    store.ClaimDue(now + 700s, 1000, [&](StoreResult<DueReport> report) { more = report->more; });
    executor.Drain();
  }
  for (bool more = true; more;) {
    store.ClaimDue(now + 800s, 1000, [&](StoreResult<DueReport> report) { more = report->more; });
    executor.Drain();
  }
  EXPECT_EQ(store.Sizes().sessions, 0u);
  EXPECT_EQ(store.Sizes().ended, 0u);
  EXPECT_LT(HeapBytes() - before, each * kSessions * 0.15);
}

}  // namespace
}  // namespace pairwire::relay
