// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/process_usage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace pairwire::load {
namespace {

TEST(ProcessUsageTest, ReadsUserAndSystemTimeBehindAnyName) {
  constexpr char kEnd[] = " S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 9 9 9";
  for (const char* name : {"(relay)", "(a b) c)", "()"}) {
    EXPECT_EQ(ParseStat("42 " + std::string(name) + kEnd, 100), std::chrono::seconds(3)) << name;
  }
}

TEST(ProcessUsageTest, WhatIsNoStatIsNothing) {
  for (const char* text : {"", "42", "42 (relay)", "42 (relay) S 1 2 3 4 5 6 7 8 9 10 x 50"}) {
    EXPECT_FALSE(ParseStat(text, 100).has_value()) << text;
  }
}

TEST(ProcessUsageTest, PrivateMemoryIsWhatWasWrittenTo) {
  EXPECT_EQ(ParseSmapsRollup("55-7f ---p 00 0:0 0 [rollup]\nRss: 900 kB\nShared_Clean: 700 kB\n"
                             "Private_Clean:   12 kB\nPrivate_Dirty:  188 kB\nReferenced: 1 kB\n"),
            188U * 1024);
  EXPECT_FALSE(ParseSmapsRollup("Rss: 900 kB\nPrivate_Clean: 12 kB\n").has_value());
  EXPECT_FALSE(ParseSmapsRollup("").has_value());
}

TEST(ProcessUsageTest, SeesThisProcess) {
  const auto before = PrivateBytesOf(::getpid());
  ASSERT_TRUE(before.has_value());
  constexpr std::size_t kBytes = 32 * 1024 * 1024;
  const std::vector<char> filled(kBytes, 'x');
  const auto after = PrivateBytesOf(::getpid());
  ASSERT_TRUE(after.has_value());
  EXPECT_GE(*after, *before + kBytes / 2) << filled[kBytes / 2];

  const auto own = OwnCpuTime();
  std::uint64_t sum = 0;
  while (OwnCpuTime() - own < std::chrono::milliseconds(50)) ++sum;
  EXPECT_GT(sum, 0U);
  // In ticks of 10 ms, so within two of them.
  const auto told = CpuTimeOf(::getpid());
  ASSERT_TRUE(told.has_value());
  EXPECT_GE(*told + std::chrono::milliseconds(20), std::chrono::milliseconds(50));
}

TEST(ProcessUsageTest, NoSuchProcessIsNothing) {
  EXPECT_FALSE(CpuTimeOf(1 << 30).has_value());
  EXPECT_FALSE(PrivateBytesOf(1 << 30).has_value());
}

}  // namespace
}  // namespace pairwire::load
