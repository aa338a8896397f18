// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/key_ratchet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

namespace pairwire::auth {
namespace {

ResumeKey Start() {
  ResumeKey key;
  std::fill(key.writable().begin(), key.writable().end(), std::uint8_t{7});
  return key;
}

const Bytes kData = {1, 2, 3};

TEST(KeyRatchet, KnowsOneBeforeAndOneBehind) {
  KeyRatchet ratchet(Start());
  EXPECT_TRUE(ratchet.Knows(0));
  EXPECT_TRUE(ratchet.Knows(1));
  EXPECT_FALSE(ratchet.Knows(2));
  EXPECT_FALSE(ratchet.Knows(UINT32_MAX));
  ratchet.Agree(0);
  EXPECT_EQ(ratchet.own(), 1U);
  EXPECT_TRUE(ratchet.Knows(0));
  ratchet.Agree(2);
  EXPECT_EQ(ratchet.own(), 3U);
  EXPECT_FALSE(ratchet.Knows(1));
  EXPECT_TRUE(ratchet.Knows(2));
  EXPECT_TRUE(ratchet.Knows(4));
  EXPECT_EQ(ratchet.Tag(1, kData).error().code, Errc::kInvalidState);
}

TEST(KeyRatchet, TagsOfTwoEndsAgree) {
  KeyRatchet a(Start());
  KeyRatchet b(Start());
  b.Agree(0);
  b.Agree(1);
  ASSERT_EQ(b.own(), 2U);
  const auto ahead = b.Tag(1, kData);
  ASSERT_TRUE(ahead);
  EXPECT_TRUE(a.Check(1, kData, *ahead));
  EXPECT_FALSE(a.Check(0, kData, *ahead));
  EXPECT_FALSE(a.Check(2, kData, *b.Tag(2, kData))) << "two ahead cannot be";
  auto flipped = *ahead;
  flipped[63] ^= 1;
  EXPECT_FALSE(a.Check(1, kData, flipped));
  EXPECT_FALSE(a.Check(1, kData, ByteSpan(*ahead).first(63)));
  EXPECT_FALSE(a.Check(1, kData, {}));
}

TEST(KeyRatchet, OldKeysAreGone) {
  KeyRatchet a(Start());
  KeyRatchet b(Start());
  const auto old = *a.Tag(0, kData);
  a.Agree(0);
  b.Agree(0);
  EXPECT_TRUE(a.Check(0, kData, old)) << "the other end may not have moved";
  a.Settle(0);
  EXPECT_FALSE(a.Knows(0));
  EXPECT_FALSE(a.Check(0, kData, old));
  EXPECT_TRUE(a.Check(1, kData, *b.Tag(1, kData)));
  a.Wipe();
  for (std::uint32_t generation = 0; generation < 4; ++generation) {
    EXPECT_FALSE(a.Knows(generation));
    EXPECT_FALSE(a.Tag(generation, kData));
    EXPECT_FALSE(a.Check(generation, kData, old));
  }
  a.Settle(1);
}

TEST(KeyRatchet, SettleCatchesUp) {
  KeyRatchet a(Start());
  // Our HELLO arrived, the other end's did not: then a frame of its proves that it has moved on.
  // That cannot come before its HELLO on one link; of an earlier link it may be known already.
  a.Settle(0);
  EXPECT_EQ(a.own(), 1U);
  a.Settle(5);
  EXPECT_EQ(a.own(), 1U) << "never sent";
}

// Each way in which a handshake can go: each HELLO arrives or not, and then each end that has
// verified the other's HELLO may or may not get its first frame through.
struct Round {
  bool a_arrives;
  bool b_arrives;
  bool a_settles;  // a frame of B, which has verified A's HELLO, reached A, which verified B's
  bool b_settles;
};

std::vector<Round> Rounds() {
  std::vector<Round> rounds;
  for (int bits = 0; bits < 16; ++bits) {
    const Round round{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    const bool both = round.a_arrives && round.b_arrives;
    if ((round.a_settles || round.b_settles) && !both) continue;
    rounds.push_back(round);
  }
  return rounds;
}

// Every sequence of losses to depth 12: histories that lead to the same generations and the same
// kept keys go on alike, so that one of each is enough.
TEST(KeyRatchet, AnyLossKeepsThemWithinOne) {
  struct Ends {
    KeyRatchet a{Start()};
    KeyRatchet b{Start()};
  };
  const auto play = [](Ends& ends, const Round& round) {
    const std::uint32_t a_sent = ends.a.own();
    const std::uint32_t b_sent = ends.b.own();
    const auto a_tag = ends.a.Tag(a_sent, kData);
    const auto b_tag = ends.b.Tag(b_sent, kData);
    ASSERT_TRUE(a_tag && b_tag);
    if (round.a_arrives) {
      ASSERT_TRUE(ends.b.Check(a_sent, kData, *a_tag)) << a_sent << " at " << ends.b.own();
      ends.b.Agree(a_sent);
    }
    if (round.b_arrives) {
      ASSERT_TRUE(ends.a.Check(b_sent, kData, *b_tag)) << b_sent << " at " << ends.a.own();
      ends.a.Agree(b_sent);
    }
    if (round.a_settles) ends.a.Settle(a_sent);
    if (round.b_settles) ends.b.Settle(b_sent);
    const auto distance = static_cast<std::int64_t>(ends.a.own()) - ends.b.own();
    ASSERT_LE(std::abs(distance), 1);
  };
  using Key = std::tuple<std::int64_t, bool, bool>;
  const auto key_of = [](const Ends& ends) {
    const auto keeps = [](const KeyRatchet& end) {
      return end.own() > 0 && end.Knows(end.own() - 1);
    };
    return Key(static_cast<std::int64_t>(ends.a.own()) - ends.b.own(), keeps(ends.a),
               keeps(ends.b));
  };
  const std::vector<Round> rounds = Rounds();
  std::vector<std::vector<Round>> frontier = {{}};
  std::set<Key> known;
  for (int depth = 0; depth < 12; ++depth) {
    std::map<Key, std::vector<Round>> next;
    for (const auto& history : frontier) {
      for (const Round& round : rounds) {
        Ends ends;
        for (const Round& past : history) play(ends, past);
        play(ends, round);
        if (HasFatalFailure()) return;
        auto longer = history;
        longer.push_back(round);
        next.emplace(key_of(ends), std::move(longer));
      }
    }
    frontier.clear();
    for (auto& [key, history] : next) {
      known.insert(key);
      frontier.push_back(std::move(history));
    }
  }
  EXPECT_GE(known.size(), 6U);
  EXPECT_LE(known.size(), 12U);
}

}  // namespace
}  // namespace pairwire::auth
