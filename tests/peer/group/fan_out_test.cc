// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/group/fan_out.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::group {
namespace {

// A session: its numbers begin somewhere, as it carries other messages, too.
class FakeMember final : public MemberSink {
 public:
  explicit FakeMember(MessageId first = 1) : next_(first) {}

  Result<MessageId> Send(MessageKind kind, ByteSpan payload) override {
    if (fail_with) return Fail(*fail_with, "as the test asks");
    if (payload.size() > max_message) return Fail(Errc::kMessageTooLarge, "too large");
    got.push_back(std::to_string(static_cast<int>(kind)) + ":" + std::string(AsText(payload)));
    return next_++;
  }

  MessageId last() const { return next_ - 1; }

  std::vector<std::string> got;
  std::optional<Errc> fail_with;
  std::size_t max_message = 1'000'000'000;

 private:
  MessageId next_;
};

class FanOutTest : public ::testing::Test {
 protected:
  void Make(FanOutLimits limits = {}) {
    FanOut::Events on;
    on.on_acked = [this](MessageId message, MemberId member) {
      acked_.emplace_back(message, member);
    };
    on.on_acked_by_all = [this](MessageId message, const std::vector<MemberId>& missing) {
      by_all_.emplace_back(message, std::set<MemberId>(missing.begin(), missing.end()));
      EXPECT_EQ(by_all_.back().second.size(), missing.size());  // nobody twice
    };
    on.on_missed = [this](MemberId member, MessageRange range) {
      missed_.emplace_back(member, range);
    };
    on.on_lagging = [this](MemberId member, bool lagging) {
      lagging_.emplace_back(member, lagging);
    };
    group_ = std::make_unique<FanOut>(loop_, limits, std::move(on));
  }

  MemberId Add(FakeMember& member) { return *group_->Add(member); }
  MessageId Send(const std::string& text) {
    return group_->Send(MessageKind::kText, AsBytes(text));
  }
  void Run() { loop_.RunUntilIdle(); }
  MemberState StateOf(MemberId id) const {
    for (const MemberState& state : group_->Members()) {
      if (state.id == id) return state;
    }
    return {};
  }

  using ByAll = std::vector<std::pair<MessageId, std::set<MemberId>>>;
  using Missed = std::vector<std::pair<MemberId, MessageRange>>;

  test::ManualLoop loop_;
  std::vector<std::pair<MessageId, MemberId>> acked_;
  ByAll by_all_;
  Missed missed_;
  std::vector<std::pair<MemberId, bool>> lagging_;
  std::unique_ptr<FanOut> group_;
};

TEST_F(FanOutTest, EachGetsEachInOrder) {
  Make();
  FakeMember one;
  FakeMember two(1000);
  Add(one);
  Add(two);
  EXPECT_EQ(Send("a"), 1u);
  EXPECT_EQ(group_->Send(MessageKind::kBinary, AsBytes("b")), 2u);
  EXPECT_EQ(group_->Send(MessageKind::kEvent, AsBytes("c")), 3u);
  EXPECT_EQ(one.got, (std::vector<std::string>{"1:a", "0:b", "2:c"}));
  EXPECT_EQ(two.got, one.got);
  EXPECT_EQ(group_->last_sent(), 3u);
}

TEST_F(FanOutTest, JointAcks) {
  Make();
  FakeMember one;
  FakeMember two(1000);
  const MemberId first = Add(one);
  const MemberId second = Add(two);
  Send("a");
  Send("b");
  Send("c");
  // Numbers are each member's own, and one acknowledgement is for all up to it.
  group_->OnAcked(first, 2);
  EXPECT_TRUE(acked_.empty());  // never from inside a method
  Run();
  EXPECT_EQ(acked_, (std::vector<std::pair<MessageId, MemberId>>{{2, first}}));
  EXPECT_TRUE(by_all_.empty());
  group_->OnAcked(second, 1000);
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {}}}));
  group_->OnAcked(second, 1002);
  group_->OnAcked(first, 3);
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {}}, {2, {}}, {3, {}}}));
  EXPECT_EQ(acked_.size(), 4u);
  EXPECT_EQ(StateOf(first).acked, 3u);
  EXPECT_EQ(StateOf(second).messages, 0u);
  EXPECT_EQ(StateOf(second).bytes, 0u);
  // Once more, and of what was never sent.
  group_->OnAcked(first, 3);
  group_->OnAcked(first, 99);
  group_->OnAcked(77, 1);
  Run();
  EXPECT_EQ(acked_.size(), 4u);
  EXPECT_EQ(by_all_.size(), 3u);
}

TEST_F(FanOutTest, NobodyThereIsEverybody) {
  Make();
  EXPECT_EQ(Send("a"), 1u);
  EXPECT_TRUE(by_all_.empty());
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {}}}));
}

TEST_F(FanOutTest, WhoComesLaterGetsWhatIsSentFromThenOn) {
  Make();
  FakeMember one;
  FakeMember two;
  const MemberId first = Add(one);
  Send("a");
  const MemberId second = Add(two);
  Send("b");
  EXPECT_EQ(two.got, (std::vector<std::string>{"1:b"}));
  group_->OnAcked(first, 2);
  group_->OnAcked(second, 1);
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {}}, {2, {}}}));
}

TEST_F(FanOutTest, WhoGoesIsNotWaitedFor) {
  Make();
  FakeMember one;
  FakeMember two;
  const MemberId first = Add(one);
  const MemberId second = Add(two);
  Send("a");
  Send("b");
  group_->OnAcked(first, 2);
  group_->OnAcked(second, 1);
  group_->Remove(second);
  group_->Remove(second);
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {}}, {2, {second}}}));
  EXPECT_EQ(group_->member_count(), 1u);
  // Its number is not used again.
  EXPECT_GT(Add(two), second);
}

TEST_F(FanOutTest, OneFrozenMemberDelaysNobody) {
  FanOutLimits limits;
  limits.outbox_bytes = 10'000;
  Make(limits);
  std::vector<std::unique_ptr<FakeMember>> members;
  std::vector<MemberId> ids;
  for (int i = 0; i < 16; ++i) {
    members.push_back(std::make_unique<FakeMember>());
    ids.push_back(Add(*members.back()));
  }
  const MemberId frozen = ids[5];
  const std::string frame(1'000, 'x');
  for (int i = 1; i <= 100; ++i) {
    Send(frame);
    // The others answer at once and get the next at once, whatever the frozen one does.
    for (std::size_t member = 0; member < ids.size(); ++member) {
      if (ids[member] == frozen) continue;
      ASSERT_EQ(members[member]->got.size(), static_cast<std::size_t>(i));
      group_->OnAcked(ids[member], members[member]->last());
    }
    Run();
  }
  // It holds its bound and no more, and from there on nobody waits for it.
  EXPECT_EQ(members[5]->got.size(), 10u);
  EXPECT_EQ(StateOf(frozen).bytes, 10'000u);
  EXPECT_TRUE(StateOf(frozen).lagging);
  EXPECT_EQ(lagging_, (std::vector<std::pair<MemberId, bool>>{{frozen, true}}));
  ASSERT_EQ(by_all_.size(), 100u);
  for (const auto& [message, missing] : by_all_) EXPECT_EQ(missing, std::set<MemberId>{frozen});
  EXPECT_TRUE(missed_.empty());
  EXPECT_EQ(StateOf(frozen).missed, (MessageRange{11, 100}));
}

TEST_F(FanOutTest, MissedIsNamed) {
  FanOutLimits limits;
  limits.outbox_messages = 4;
  Make(limits);
  FakeMember one;
  FakeMember two;
  const MemberId first = Add(one);
  const MemberId second = Add(two);
  for (int i = 0; i < 8; ++i) {
    Send(std::to_string(i));
    group_->OnAcked(first, one.last());
  }
  EXPECT_EQ(two.got.size(), 4u);
  Run();
  EXPECT_TRUE(missed_.empty());
  // Back once half of its room is free; what it had is still acknowledged by it alone.
  group_->OnAcked(second, 1);
  Send("8");
  EXPECT_EQ(two.got.size(), 4u);
  group_->OnAcked(second, 2);
  Send("9");
  Run();
  EXPECT_EQ(missed_, (Missed{{second, {5, 9}}}));
  EXPECT_EQ(two.got.back(), "1:9");
  EXPECT_EQ(lagging_, (std::vector<std::pair<MemberId, bool>>{{second, true}, {second, false}}));
  EXPECT_EQ(StateOf(second).missed, MessageRange{});
  group_->OnAcked(first, one.last());
  group_->OnAcked(second, two.last());
  Run();
  ASSERT_EQ(by_all_.size(), 10u);
  EXPECT_EQ(by_all_[8].second, std::set<MemberId>{second});
  EXPECT_EQ(by_all_[9].second, std::set<MemberId>{});
  EXPECT_EQ(acked_.back(), (std::pair<MessageId, MemberId>{10, second}));

  // Lagging when it is removed: told then.
  for (int i = 0; i < 6; ++i) Send("x");
  group_->Remove(second);
  Run();
  EXPECT_EQ(missed_.back(), (std::pair<MemberId, MessageRange>{second, {15, 16}}));
}

TEST_F(FanOutTest, AFullSessionLagsUntilItHasRoom) {
  Make();
  FakeMember one;
  const MemberId first = Add(one);
  Send("a");
  one.fail_with = Errc::kBufferFull;
  Send("b");
  EXPECT_TRUE(StateOf(first).lagging);
  // An acknowledgement is no room: others may have filled the session.
  group_->OnAcked(first, 1);
  EXPECT_TRUE(StateOf(first).lagging);
  one.fail_with.reset();
  group_->OnRoom(first);
  EXPECT_FALSE(StateOf(first).lagging);
  group_->OnRoom(first);
  group_->OnRoom(99);
  Send("c");
  Run();
  EXPECT_EQ(one.got, (std::vector<std::string>{"1:a", "1:c"}));
  EXPECT_EQ(missed_, (Missed{{first, {2, 2}}}));
}

TEST_F(FanOutTest, TooLargeForOneIsMissedByThatOne) {
  Make();
  FakeMember small;
  FakeMember large;
  small.max_message = 10;
  const MemberId first = Add(small);
  const MemberId second = Add(large);
  Send(std::string(11, 'x'));
  Send(std::string(12, 'x'));
  Send("fits");
  group_->OnAcked(first, 1);
  group_->OnAcked(second, 3);
  Run();
  EXPECT_EQ(missed_, (Missed{{first, {1, 2}}}));
  EXPECT_EQ(by_all_, (ByAll{{1, {first}}, {2, {first}}, {3, {}}}));
  EXPECT_TRUE(lagging_.empty());
}

TEST_F(FanOutTest, AMemberWhoseSessionIsOverIsPassedOver) {
  Make();
  FakeMember one;
  FakeMember two;
  const MemberId first = Add(one);
  const MemberId second = Add(two);
  Send("a");
  one.fail_with = Errc::kClosed;
  Send("b");
  one.fail_with.reset();
  Send("c");
  EXPECT_EQ(one.got.size(), 1u);
  EXPECT_TRUE(StateOf(first).gone);
  group_->OnRoom(first);
  group_->OnAcked(second, 3);
  Run();
  EXPECT_EQ(by_all_, (ByAll{{1, {first}}, {2, {first}}, {3, {first}}}));
  group_->Remove(first);
  Run();
  EXPECT_EQ(missed_, (Missed{{first, {2, 3}}}));
  EXPECT_TRUE(lagging_.empty());
}

TEST_F(FanOutTest, SixtyFourMembers) {
  Make();
  std::vector<std::unique_ptr<FakeMember>> members;
  std::vector<MemberId> ids;
  for (int i = 0; i < 64; ++i) {
    members.push_back(std::make_unique<FakeMember>(static_cast<MessageId>(i) * 100 + 1));
    ids.push_back(Add(*members.back()));
  }
  FakeMember one_more;
  const auto refused = group_->Add(one_more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kLimitExceeded);
  // All of them frozen: what they hold together is bounded by 64 MiB, and Send goes on.
  const std::string frame(64 * 1024, 'x');
  for (int i = 0; i < 20; ++i) Send(frame);
  std::size_t held = 0;
  for (const MemberState& state : group_->Members()) held += state.bytes;
  EXPECT_EQ(held, 64u * 1024 * 1024);
  Run();
  EXPECT_EQ(by_all_.size(), 20u);
  // All of them back.
  for (std::size_t i = 0; i < ids.size(); ++i) group_->OnAcked(ids[i], members[i]->last());
  Send("a");
  for (std::size_t i = 0; i < ids.size(); ++i) group_->OnAcked(ids[i], members[i]->last());
  Run();
  EXPECT_EQ(missed_.size(), 64u);
  EXPECT_EQ(by_all_.back(), (std::pair<MessageId, std::set<MemberId>>{21, {}}));
  group_->Remove(ids[0]);
  EXPECT_TRUE(group_->Add(one_more));
}

TEST_F(FanOutTest, OutstandingIsBounded) {
  FanOutLimits limits;
  limits.outstanding = 100;
  Make(limits);
  FakeMember small;
  FakeMember large;
  small.max_message = 10;
  const MemberId first = Add(small);
  const MemberId second = Add(large);
  // The small one never answers for its first message, and what follows is too large for it: its
  // own room never fills.
  Send("a");
  const std::string big(100, 'x');
  for (int i = 0; i < 150; ++i) {
    Send(big);
    group_->OnAcked(second, large.last());
    Run();
  }
  EXPECT_TRUE(StateOf(first).lagging);
  EXPECT_EQ(by_all_.size(), 151u);
}

TEST_F(FanOutTest, EventsMayDoAnything) {
  FakeMember one;
  FakeMember two;
  MemberId second = 0;
  int calls = 0;
  FanOut::Events on;
  on.on_acked = [&](MessageId message, MemberId member) {
    ++calls;
    if (message == 1) {
      group_->Remove(member);
      second = *group_->Add(two);
      group_->Send(MessageKind::kText, AsBytes("b"));
      EXPECT_EQ(calls, 1);
      return;
    }
    group_.reset();  // and what is left to tell is not told
  };
  on.on_acked_by_all = [&](MessageId message, const std::vector<MemberId>&) {
    EXPECT_EQ(message, 1u);
  };
  group_ = std::make_unique<FanOut>(loop_, FanOutLimits{}, std::move(on));
  group_->OnAcked(*group_->Add(one), 0);
  Send("a");
  group_->OnAcked(1, 1);
  Run();
  EXPECT_EQ(two.got, (std::vector<std::string>{"1:b"}));
  group_->OnAcked(second, 1);
  Run();
  EXPECT_EQ(group_, nullptr);
  EXPECT_EQ(calls, 2);
}

// Whatever members do: each message is told as a whole once, in order; and for each member what it
// got, and what it was told to have missed, is everything that was sent.
TEST_F(FanOutTest, NothingIsForgottenOrToldTwice) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    test::SeededRandom random(seed);
    acked_.clear();
    by_all_.clear();
    missed_.clear();
    FanOutLimits limits;
    limits.outbox_bytes = 400;
    limits.outbox_messages = 8;
    limits.outstanding = 20;
    Make(limits);
    constexpr std::size_t kMembers = 5;
    std::vector<std::unique_ptr<FakeMember>> members;
    std::vector<MemberId> ids;
    for (std::size_t i = 0; i < kMembers; ++i) {
      members.push_back(std::make_unique<FakeMember>(random.NextBelow(1000) + 1));
      if (i % 2 == 0) members.back()->max_message = 90;
      ids.push_back(Add(*members.back()));
    }
    for (int step = 0; step < 400; ++step) {
      const std::size_t who = random.NextBelow(kMembers);
      FakeMember& member = *members[who];
      switch (random.NextBelow(5)) {
        case 0:
        case 1: {
          std::string text = std::to_string(group_->last_sent() + 1) + " ";
          text.resize(std::max<std::size_t>(text.size(), random.NextBelow(100)), '.');
          Send(text);
          break;
        }
        case 2:
          if (member.last() > 2) group_->OnAcked(ids[who], member.last() - random.NextBelow(3));
          break;
        case 3:
          if (member.fail_with) {
            member.fail_with.reset();
            group_->OnRoom(ids[who]);
          } else {
            member.fail_with = Errc::kBufferFull;
          }
          break;
        default:
          Run();
      }
    }
    for (const MemberId id : ids) group_->Remove(id);
    Run();
    ASSERT_EQ(by_all_.size(), group_->last_sent());
    for (std::size_t i = 0; i < by_all_.size(); ++i) EXPECT_EQ(by_all_[i].first, i + 1);
    for (std::size_t i = 0; i < kMembers; ++i) {
      std::set<MessageId> known;
      for (const std::string& text : members[i]->got) {
        EXPECT_TRUE(known.insert(std::stoull(text.substr(2))).second);
      }
      for (const auto& [id, range] : missed_) {
        if (id != ids[i]) continue;
        for (MessageId message = range.first; message <= range.last; ++message) {
          EXPECT_TRUE(known.insert(message).second) << message;
        }
      }
      EXPECT_EQ(known.size(), group_->last_sent());
    }
  }
}

}  // namespace
}  // namespace pairwire::group
