// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/state_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "peer/delivery/frame.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::delivery {
namespace {

using std::chrono::milliseconds;
using Verdict = StateReceiver::Verdict;

struct Sent {
  std::uint64_t version = 0;
  std::string key;
  std::optional<std::string> value;  // none: deleted
};

std::optional<Sent> Next(StateSender& sender, StateSender::TimePoint now) {
  const auto bytes = sender.NextToSend(now);
  if (!bytes) return std::nullopt;
  const auto frame = ParseFrame(Lane::kState, *bytes);
  EXPECT_TRUE(frame);
  if (frame->header.type == FrameType::kStateDelete) {
    return Sent{frame->header.seq, std::string(*ParseStateKey(frame->payload)), std::nullopt};
  }
  const auto state = ParseStateValue(frame->payload);
  return Sent{frame->header.seq, std::string(state->key), std::string(AsText(state->value))};
}

std::string Words(StateSender& sender, StateSender::TimePoint now) {
  std::string words;
  while (const auto sent = Next(sender, now)) {
    words +=
        sent->key + "=" + sent->value.value_or("-") + "@" + std::to_string(sent->version) + " ";
  }
  return words;
}

Result<void> Set(StateSender& sender, std::string_view key, std::string_view value) {
  return sender.Set(key, ValueKind::kText, AsBytes(value));
}

class StateTable : public ::testing::Test {
 protected:
  StateSender sender_;
  StateReceiver receiver_;
  StateSender::TimePoint now_{std::chrono::seconds(1000)};
};

TEST_F(StateTable, NewestWins) {
  ASSERT_TRUE(Set(sender_, "a", "1"));
  ASSERT_TRUE(Set(sender_, "b", "1"));
  ASSERT_TRUE(Set(sender_, "a", "2"));
  ASSERT_TRUE(Set(sender_, "a", "3"));
  EXPECT_EQ(Words(sender_, now_), "a=3@4 b=1@2 ") << "coalesced, and it keeps its place";
  ASSERT_TRUE(sender_.Clear("b"));
  ASSERT_TRUE(sender_.Clear("b"));
  ASSERT_TRUE(sender_.Clear("never set"));
  EXPECT_EQ(Words(sender_, now_), "b=-@5 ");
  ASSERT_TRUE(Set(sender_, "b", "9"));
  EXPECT_EQ(Words(sender_, now_), "b=9@6 ");
}

TEST_F(StateTable, NeverBackwards) {
  EXPECT_EQ(receiver_.OnVersion("a", 5), Verdict::kDeliver);
  EXPECT_EQ(receiver_.OnVersion("a", 4), Verdict::kOld);
  EXPECT_EQ(receiver_.OnVersion("a", 5), Verdict::kOld);
  EXPECT_EQ(receiver_.OnVersion("b", 3), Verdict::kDeliver) << "each key for itself";
  EXPECT_EQ(receiver_.OnVersion("a", 6), Verdict::kDeliver);
  EXPECT_EQ(receiver_.TakeAcks(), (std::vector<std::uint64_t>{6, 3}));
  EXPECT_EQ(receiver_.OnVersion("a", 6), Verdict::kOld);
  EXPECT_EQ(receiver_.TakeAcks(), (std::vector<std::uint64_t>{6})) << "the last one was lost";
  EXPECT_FALSE(receiver_.has_acks());
}

TEST_F(StateTable, ResentUntilAcked) {
  ASSERT_TRUE(Set(sender_, "a", "1"));
  EXPECT_EQ(Words(sender_, now_), "a=1@1 ");
  EXPECT_EQ(sender_.deadline(), now_ + StateSender::kMinResend);
  now_ += StateSender::kMinResend - milliseconds(1);
  EXPECT_EQ(Words(sender_, now_), "");
  now_ += milliseconds(1);
  EXPECT_EQ(Words(sender_, now_), "a=1@1 ");
  sender_.SetRoundTrip(milliseconds(100));
  now_ += StateSender::kMinResend;
  EXPECT_EQ(Words(sender_, now_), "a=1@1 ");
  EXPECT_EQ(sender_.deadline(), now_ + milliseconds(150));
  ASSERT_TRUE(Set(sender_, "a", "2"));
  EXPECT_EQ(Words(sender_, now_), "a=2@2 ");
  sender_.OnAcked(1);
  EXPECT_TRUE(sender_.deadline()) << "of an older value";
  sender_.OnAcked(2);
  EXPECT_FALSE(sender_.deadline());
  EXPECT_EQ(Words(sender_, now_ + std::chrono::hours(1)), "");
  sender_.OnAcked(2);
  sender_.OnAcked(99);
}

TEST_F(StateTable, DirtyAfterResume) {
  ASSERT_TRUE(Set(sender_, "acked", "1"));
  ASSERT_TRUE(Set(sender_, "sent", "2"));
  Words(sender_, now_);
  sender_.OnAcked(1);
  ASSERT_TRUE(Set(sender_, "waiting", "3"));
  sender_.MarkAllDirty();
  EXPECT_EQ(Words(sender_, now_), "waiting=3@3 sent=2@2 ");
}

TEST_F(StateTable, Bounded) {
  const std::string longest(kMaxStateKeyBytes, 'k');
  EXPECT_TRUE(Set(sender_, longest, ""));
  EXPECT_EQ(Set(sender_, longest + "k", "").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Set(sender_, "", "").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(sender_.Clear("").error().code, Errc::kInvalidArgument);
  const std::string large(kMaxStateValueBytes, 'v');
  EXPECT_TRUE(Set(sender_, "a", large));
  EXPECT_EQ(Set(sender_, "a", large + "v").error().code, Errc::kMessageTooLarge);
  int taken = 0;
  while (Set(sender_, "x" + std::to_string(taken), large)) ++taken;
  EXPECT_EQ(taken, 62) << "1 MiB of 16 KiB and their keys";
  EXPECT_LE(sender_.bytes(), kMaxStateBytes);
  for (int i = 0; i < taken; ++i) ASSERT_TRUE(sender_.Clear("x" + std::to_string(i)));
  while (sender_.keys() < kMaxStateKeys) {
    ASSERT_TRUE(Set(sender_, "y" + std::to_string(sender_.keys()), "v"));
  }
  EXPECT_EQ(Set(sender_, "one more", "v").error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(Set(sender_, "a", "v")) << "a known key";
  for (std::uint64_t i = 0; i < kMaxStateKeys; ++i) {
    ASSERT_EQ(receiver_.OnVersion("k" + std::to_string(i), i + 1), Verdict::kDeliver);
  }
  EXPECT_EQ(receiver_.OnVersion("one more", 5000), Verdict::kViolation);
  std::size_t acks = 0;
  while (receiver_.has_acks()) {
    const auto some = receiver_.TakeAcks();
    EXPECT_LE(some.size(), kMaxStateAcks);
    acks += some.size();
  }
  EXPECT_EQ(acks, kMaxStateKeys);
}

// A lane that loses, repeats and overtakes; acknowledgements are lost, too.
TEST_F(StateTable, TheNewestArrivesOverABadLane) {
  const std::uint64_t seed = test::Seed(11);
  PAIRWIRE_TRACE_SEED(seed);
  test::SeededRandom random(seed);
  std::map<std::string, std::string> set;
  std::map<std::string, std::string> shown;
  std::vector<Sent> lane;
  const auto step = [&](double loss) {
    while (auto sent = Next(sender_, now_)) {
      if (random.Chance(0.2)) lane.push_back(*sent);
      if (!random.Chance(loss)) lane.push_back(*sent);
    }
    while (!lane.empty() && (loss == 0 || random.Chance(0.7))) {
      const std::size_t at = random.NextBelow(lane.size());
      const Sent sent = lane[at];
      lane.erase(lane.begin() + static_cast<std::ptrdiff_t>(at));
      if (receiver_.OnVersion(sent.key, sent.version) == Verdict::kDeliver) {
        if (sent.value) {
          shown[sent.key] = *sent.value;
        } else {
          shown.erase(sent.key);
        }
      }
    }
    for (const std::uint64_t version : receiver_.TakeAcks()) {
      if (!random.Chance(loss)) sender_.OnAcked(version);
    }
    now_ += milliseconds(random.NextBelow(60));
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string key(1, static_cast<char>('a' + random.NextBelow(8)));
    if (random.Chance(0.1)) {
      ASSERT_TRUE(sender_.Clear(key));
      set.erase(key);
    } else {
      set[key] = std::to_string(i);
      ASSERT_TRUE(Set(sender_, key, set[key]));
    }
    step(0.4);
  }
  for (int i = 0; i < 20; ++i) step(0);
  EXPECT_EQ(shown, set);
  EXPECT_FALSE(sender_.deadline());
}

}  // namespace
}  // namespace pairwire::delivery
