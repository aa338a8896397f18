// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/message_parts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using Outcome = MessageJoiner::Outcome;

constexpr MessageKind kTextPart{.is_text = true, .goes_on = true};
constexpr MessageKind kTextEnd{.is_text = true};
constexpr MessageKind kBinaryPart{.goes_on = true};
constexpr MessageKind kBinaryEnd{};

TEST(MessagePartsTest, PpidsAreThoseOfRfc8831) {
  EXPECT_EQ(PartialPpid(Ppid::kBinary), Ppid{52});
  EXPECT_EQ(PartialPpid(Ppid::kString), Ppid{54});
  EXPECT_TRUE(KindOf(Ppid{52})->goes_on);
  EXPECT_FALSE(KindOf(Ppid{52})->is_text);
  EXPECT_TRUE(KindOf(Ppid{54})->goes_on);
  EXPECT_TRUE(KindOf(Ppid{54})->is_text);
  for (const std::uint32_t whole : {51u, 53u, 56u, 57u}) EXPECT_FALSE(KindOf(Ppid{whole})->goes_on);
  for (const std::uint32_t none : {0u, 50u, 55u, 58u}) EXPECT_FALSE(KindOf(Ppid{none}));
}

TEST(MessageJoinerTest, PutsPartsOfAllSizesTogether) {
  for (const std::size_t part : {1u, 1'000u, 32'768u, 100'000u, 250'000u}) {
    PartsRoom room{300'000, 300'000};
    MessageJoiner joiner(room);
    const Bytes whole = test::RandomBytes(250'000, 1);
    for (std::size_t at = 0; at < whole.size(); at += part) {
      const bool last = at + part >= whole.size();
      const ByteSpan bytes = ByteSpan(whole).subspan(at, std::min(part, whole.size() - at));
      ASSERT_EQ(joiner.Add(last ? kBinaryEnd : kBinaryPart, bytes),
                last ? Outcome::kEnded : Outcome::kGoesOn);
      EXPECT_EQ(room.used, at + bytes.size());
    }
    const GrowingBytes joined = joiner.Take();
    EXPECT_EQ(room.used, 0u);
    EXPECT_TRUE(Bytes(joined.view().begin(), joined.view().end()) == whole);
  }
}

TEST(MessageJoinerTest, NothingOfAnotherKindBelongsToIt) {
  PartsRoom room{1'000, 1'000};
  MessageJoiner joiner(room);
  ASSERT_EQ(joiner.Add(kTextPart, Bytes(1)), Outcome::kGoesOn);
  EXPECT_EQ(joiner.Add(kBinaryPart, Bytes(1)), Outcome::kMalformed);
  EXPECT_EQ(joiner.Add(kBinaryEnd, Bytes(1)), Outcome::kMalformed);
  EXPECT_EQ(joiner.Add({.is_text = true, .is_empty = true}, Bytes(1)), Outcome::kMalformed);
  EXPECT_EQ(joiner.Add({.is_empty = true}, Bytes(1)), Outcome::kMalformed);
  EXPECT_EQ(joiner.Add(kTextEnd, Bytes(1)), Outcome::kEnded);
  EXPECT_EQ(joiner.Take().size(), 2u);
}

TEST(MessageJoinerTest, BoundsHoldToTheByteOverTheSum) {
  PartsRoom room{1'000, 1'500};
  {
    MessageJoiner one(room);
    ASSERT_EQ(one.Add(kBinaryPart, Bytes(999)), Outcome::kGoesOn);
    EXPECT_EQ(one.Add(kBinaryEnd, Bytes(2)), Outcome::kTooLarge);
    EXPECT_EQ(one.Add(kBinaryPart, Bytes(1)), Outcome::kGoesOn);
    EXPECT_EQ(one.Add(kBinaryPart, Bytes()), Outcome::kGoesOn);
    EXPECT_EQ(one.Add(kBinaryPart, Bytes(1)), Outcome::kTooLarge);
    MessageJoiner two(room);
    ASSERT_EQ(two.Add(kBinaryPart, Bytes(499)), Outcome::kGoesOn);
    EXPECT_EQ(two.Add(kBinaryPart, Bytes(2)), Outcome::kTooMuch);
    EXPECT_EQ(two.Add(kBinaryPart, Bytes(1)), Outcome::kGoesOn);
    EXPECT_EQ(room.used, 1'500u);
  }
  EXPECT_EQ(room.used, 0u);
}

// However little each has, and however the parts are cut.
TEST(MessageJoinerTest, MemoryIsBoundedForAllTogether) {
  for (const std::size_t part : {1u, 5'000u, 32'768u}) {
    PartsRoom room{1'000'000, 3'000'000};
    std::vector<std::unique_ptr<MessageJoiner>> joiners;
    for (int i = 0; i < 100; ++i) joiners.push_back(std::make_unique<MessageJoiner>(room));
    std::size_t at = 0;
    for (std::size_t i = 0; i < 100'000; ++i) {
      if (joiners[++at % 100]->Add(kBinaryPart, Bytes(part)) != Outcome::kGoesOn) break;
    }
    EXPECT_GE(room.reserved, room.used);
    EXPECT_LE(room.reserved, room.all + room.all / 4);
    joiners.clear();
    EXPECT_EQ(room.reserved, 0u);
  }
}

TEST(PartsBudgetTest, MessagesBeginWhileThereIsRoom) {
  PartsBudget budget(1'000);
  ASSERT_TRUE(budget.MayBegin(1, 600));
  budget.Begin(1, 600);
  EXPECT_TRUE(budget.MayBegin(2, 400));
  EXPECT_FALSE(budget.MayBegin(3, 401));
  budget.StopWaiting(3);
  ASSERT_TRUE(budget.MayBegin(2, 400));
  budget.Begin(2, 400);
  EXPECT_EQ(budget.used(), 1'000u);
  budget.Release(1);
  EXPECT_EQ(budget.used(), 400u);
  EXPECT_TRUE(budget.MayBegin(3, 600));
  budget.Release(1);  // has nothing
  EXPECT_EQ(budget.used(), 400u);
}

TEST(PartsBudgetTest, OneMessageAloneMayBeLargerThanAll) {
  PartsBudget budget(0);
  ASSERT_TRUE(budget.MayBegin(1, 5'000));
  budget.Begin(1, 5'000);
  EXPECT_FALSE(budget.MayBegin(2, 1));
  budget.Release(1);
  EXPECT_TRUE(budget.MayBegin(2, 6'000));
}

// Its messages are one after the other at the other end, too.
TEST(PartsBudgetTest, AChannelNeedsRoomForItsLargestOnly) {
  PartsBudget budget(1'000);
  for (const std::size_t size : {500u, 300u, 900u, 900u}) {
    ASSERT_TRUE(budget.MayBegin(1, size));
    budget.Begin(1, size);
  }
  EXPECT_EQ(budget.used(), 900u);
}

TEST(PartsBudgetTest, WhoSendsWithoutAPauseStarvesNobody) {
  PartsBudget budget(1'000);
  ASSERT_TRUE(budget.MayBegin(1, 900));
  budget.Begin(1, 900);
  EXPECT_FALSE(budget.MayBegin(2, 800));
  // Nor does one that would fit, or one that has its room already, pass by.
  EXPECT_FALSE(budget.MayBegin(3, 100));
  EXPECT_FALSE(budget.MayBegin(1, 900));
  budget.Release(1);
  EXPECT_FALSE(budget.MayBegin(1, 100));
  ASSERT_TRUE(budget.MayBegin(2, 800));
  budget.Begin(2, 800);
  EXPECT_FALSE(budget.MayBegin(1, 100));  // after 3
  EXPECT_TRUE(budget.MayBegin(3, 100));
  EXPECT_TRUE(budget.MayBegin(1, 100));
}

TEST(PartsBudgetTest, WhoIsGoneHoldsUpNobody) {
  PartsBudget budget(1'000);
  budget.Begin(1, 900);
  EXPECT_FALSE(budget.MayBegin(2, 800));
  EXPECT_FALSE(budget.MayBegin(3, 100));
  budget.StopWaiting(2);
  EXPECT_TRUE(budget.MayBegin(3, 100));
}

}  // namespace
}  // namespace pairwire::sctp
