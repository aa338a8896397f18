// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/payload.h"

#include <gtest/gtest.h>

#include <numeric>

namespace pairwire::bench {
namespace {

constexpr Stamp kStamp{.number = 0x0123456789ABCDEF, .nanoseconds = -5};

TEST(PayloadTest, StampsTravelInMessagesOfEverySize) {
  for (const std::size_t size : {16u, 23u, 24u, 64u, 65'536u}) {
    Bytes message(size, 0xFF);
    WriteStamp(kStamp, message);
    const auto read = ReadStamp(message, size);
    ASSERT_TRUE(read.has_value()) << size;
    EXPECT_EQ(*read, kStamp) << size;
  }
}

TEST(PayloadTest, ACutOrLongerMessageIsNoMessage) {
  Bytes message(64);
  WriteStamp(kStamp, message);
  for (const std::size_t size : {0u, 8u, 63u, 65u}) {
    Bytes other = message;
    other.resize(size);
    EXPECT_FALSE(ReadStamp(other, 64).has_value()) << size;
    EXPECT_FALSE(ReadStamp(message, size).has_value()) << size;
  }
}

TEST(PayloadTest, TheEndOfAnotherMessageIsNoticed) {
  Bytes message(64);
  WriteStamp(kStamp, message);
  Bytes other(64);
  WriteStamp({.number = kStamp.number + 1}, other);
  std::copy(other.begin() + 32, other.end(), message.begin() + 32);
  EXPECT_FALSE(ReadStamp(message, 64).has_value());
}

TEST(LedgerTest, InOrderTakesEachNumberInItsTurnOnly) {
  Ledger ledger(/*in_order=*/true);
  EXPECT_TRUE(ledger.Enter(0));
  EXPECT_TRUE(ledger.Enter(1));
  EXPECT_FALSE(ledger.Enter(1));
  EXPECT_FALSE(ledger.Enter(3));
  EXPECT_EQ(ledger.count(), 2u);
  EXPECT_TRUE(ledger.Enter(2));
}

TEST(LedgerTest, WithoutOrderTakesEachNumberOnce) {
  Ledger ledger(/*in_order=*/false);
  for (const std::uint64_t number : {5u, 0u, 1000u, 4u}) EXPECT_TRUE(ledger.Enter(number));
  for (const std::uint64_t number : {5u, 0u, 1000u, 4u}) EXPECT_FALSE(ledger.Enter(number));
  EXPECT_FALSE(ledger.Enter(Ledger::kMaxNumber + 1));
  EXPECT_EQ(ledger.count(), 4u);
}

}  // namespace
}  // namespace pairwire::bench
