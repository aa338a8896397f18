// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fifo beside std::deque, and what it holds when it is empty.
#include "peer/base/fifo.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

TEST(FifoTest, HasNoMemoryBeforeTheFirstElementAndGivesABurstsBack) {
  Fifo<std::string> fifo;
  EXPECT_EQ(fifo.capacity(), 0U);
  fifo.push_back("one");
  EXPECT_LE(fifo.capacity() * sizeof(std::string), 256U);
  fifo.pop_front();
  EXPECT_GT(fifo.capacity(), 0U) << "a little is kept: no allocation for each element";
  for (int i = 0; i < 10'000; ++i) fifo.push_back("burst");
  while (!fifo.empty()) fifo.pop_front();
  EXPECT_LE(fifo.capacity() * sizeof(std::string), Fifo<std::string>::kKeptBytes);
  fifo.push_back("again");
  fifo.clear();
  EXPECT_EQ(fifo.capacity(), 0U);
}

// With what the sanitizers see: elements that own memory, constructed and destroyed once each.
TEST(FifoTest, DoesWhatADequeDoes) {
  test::SeededRandom random(11);
  Fifo<std::unique_ptr<int>> fifo;
  std::deque<int> model;
  int next = 0;
  for (int step = 0; step < 200'000; ++step) {
    // In turn more grows than shrinks, and the other way round.
    const bool grow = random.NextBelow(100) < (step / 5'000 % 2 == 0 ? 60U : 40U);
    const auto place = static_cast<std::size_t>(random.NextBelow(model.size() + 1));
    const auto how = random.NextBelow(8);
    if (grow && how == 0) {
      fifo.insert(place, std::make_unique<int>(next));
      model.insert(model.begin() + static_cast<std::ptrdiff_t>(place), next++);
    } else if (grow) {
      EXPECT_EQ(*fifo.emplace_back(std::make_unique<int>(next)), next);
      model.push_back(next++);
    } else if (model.empty()) {
      ASSERT_TRUE(fifo.empty());
    } else if (how == 0 && place < model.size()) {
      fifo.erase(place);
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(place));
    } else if (how == 1) {
      fifo.pop_back();
      model.pop_back();
    } else {
      fifo.pop_front();
      model.pop_front();
    }
    ASSERT_EQ(fifo.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ(*fifo.front(), model.front());
    ASSERT_EQ(*fifo.back(), model.back());
    const auto look = static_cast<std::size_t>(random.NextBelow(model.size()));
    ASSERT_EQ(*fifo[look], model[look]);
  }
}

TEST(FifoDeathTest, APlaceThatDoesNotExistIsABug) {
  Fifo<int> fifo;
  EXPECT_DEATH(fifo.pop_front(), "");
  fifo.push_back(1);
  EXPECT_DEATH(fifo[1] = 2, "");
}

}  // namespace
}  // namespace pairwire
