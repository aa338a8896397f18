// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Groups of sessions over real connections on loopback: who gets what, who is told, and that
// handles and members may go at any time.
#include <gtest/gtest.h>
#include <pairwire/group.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/peer/session/session_pair.h"

namespace pairwire::test {
namespace {

struct GroupSeen {
  std::map<MemberId, MessageId> acked;
  std::map<MessageId, std::vector<MemberId>> by_all;
  std::map<MemberId, std::vector<MessageRange>> missed;
  std::map<MemberId, bool> lagging;
  std::map<MemberId, std::vector<std::string>> messages;
  std::map<MemberId, std::vector<std::string>> events;
  std::map<MemberId, std::vector<std::string>> values;
  std::map<MemberId, ClosedReport> closed;
};

using Texts = std::vector<std::string>;

class GroupTest : public ::testing::Test {
 protected:
  ~GroupTest() override { group_.reset(); }

  GroupEvents Recorder() {
    GroupEvents on;
    on.on_message = [this](MemberId id, const Command& command) {
      seen_.Update([&](GroupSeen& s) { s.messages[id].emplace_back(AsText(command.data)); });
    };
    on.on_event = [this](MemberId id, const Event& event) {
      seen_.Update([&](GroupSeen& s) { s.events[id].emplace_back(NameOf(event)); });
    };
    on.on_state_value = [this](MemberId id, std::string_view key,
                               const std::optional<Message>& value) {
      seen_.Update([&](GroupSeen& s) {
        s.values[id].push_back(std::string(key) + "=" +
                               (value ? std::string(AsText(value->data)) : "cleared"));
      });
    };
    on.on_acked = [this](MessageId id, MemberId member) {
      seen_.Update([&](GroupSeen& s) { s.acked[member] = id; });
      if (when_acked_) when_acked_();
    };
    on.on_acked_by_all = [this](MessageId id, const std::vector<MemberId>& missing) {
      seen_.Update([&](GroupSeen& s) { s.by_all[id] = missing; });
    };
    on.on_missed = [this](MemberId member, MessageRange range) {
      seen_.Update([&](GroupSeen& s) { s.missed[member].push_back(range); });
    };
    on.on_lagging = [this](MemberId member, bool lagging) {
      seen_.Update([&](GroupSeen& s) { s.lagging[member] = lagging; });
    };
    on.on_member_closed = [this](MemberId member, const ClosedReport& report) {
      seen_.Update([&](GroupSeen& s) { s.closed[member] = report; });
    };
    return on;
  }

  void Create(GroupOptions options = {}) {
    auto group = Group::Create(*network_, options, Recorder());
    ASSERT_TRUE(group) << ToString(group.error());
    group_ = std::move(*group);
  }

  // A display; its controller's end is what Controller() hands out, once.
  SessionPair& Connect(SessionPair::Setup setup = {}) {
    pairs_.push_back(std::make_unique<SessionPair>(*network_));
    SessionPair& pair = *pairs_.back();
    pair.Start(std::move(setup));
    EXPECT_TRUE(pair.Connected());
    return pair;
  }
  Session ControllerOf(SessionPair& pair) {
    return SessionFactory::HandleTo(pair.controller().core);
  }
  void Join(int count) {
    for (int i = 0; i < count; ++i) {
      SessionPair& pair = Connect();
      const auto id = group_->Add(ControllerOf(pair));
      ASSERT_TRUE(id) << ToString(id.error());
      EXPECT_EQ(*id, static_cast<MemberId>(pairs_.size()));
    }
  }
  static bool Got(SessionPair& pair, const Texts& messages) {
    return pair.display().seen.WaitUntil(
        [&](const SessionSeen& s) { return s.messages == messages; });
  }
  bool ByAll(MessageId id, const std::vector<MemberId>& missing) {
    return seen_.WaitUntil([&](const GroupSeen& s) {
      const auto found = s.by_all.find(id);
      return found != s.by_all.end() && found->second == missing;
    });
  }

  std::unique_ptr<Network> network_ = Network::Create().value();
  Watched<GroupSeen> seen_;
  std::function<void()> when_acked_;  // loop only, after what is recorded
  std::vector<std::unique_ptr<SessionPair>> pairs_;
  std::optional<Group> group_;
};

TEST_F(GroupTest, EachClassReachesAll) {
  Create();
  Join(3);
  EXPECT_EQ(group_->Send("one").value(), 1u);
  EXPECT_EQ(group_->Send(AsBytes("two")).value(), 2u);
  EXPECT_EQ(group_->Send(Event(events::ChatMessage{.text = "three"})).value(), 3u);
  ASSERT_TRUE(ByAll(3, {}));
  ASSERT_TRUE(group_->SetState("colour", "red"));
  ASSERT_TRUE(group_->SendStream(AsBytes("frame")));
  EXPECT_EQ(group_->Send(Event(events::DisplayMetrics{})).value(), 0u);
  for (const auto& pair : pairs_) {
    EXPECT_TRUE(Got(*pair, {"one", "two"}));
    EXPECT_TRUE(pair->display().seen.WaitUntil([](const SessionSeen& s) {
      return s.events.size() == 2 && s.values == Texts{"colour=red"} && s.streams == Texts{"frame"};
    }));
  }
  const GroupSeen seen = seen_.Get();
  EXPECT_EQ(seen.by_all.size(), 3u);
  EXPECT_EQ(seen.acked, (std::map<MemberId, MessageId>{{1, 3}, {2, 3}, {3, 3}}));
  // A session's own numbers go on, whatever it carried before.
  const auto members = group_->Members();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[2].id, 3u);
  EXPECT_EQ(members[2].acked, 3u);
  EXPECT_EQ(members[2].state, SessionState::kConnected);
}

TEST_F(GroupTest, WhatDisplaysSaySaysWho) {
  Create();
  Join(2);
  ASSERT_TRUE(pairs_[1]->display().core->Send(AsBytes("hello"), true));
  ASSERT_TRUE(pairs_[0]->display().core->Send(Event(events::ChatMessage{.text = "hi"})));
  ASSERT_TRUE(pairs_[0]->display().core->SetState("battery", AsBytes("12"), true));
  EXPECT_TRUE(seen_.WaitUntil([](const GroupSeen& s) {
    return s.messages == std::map<MemberId, Texts>{{2, {"hello"}}} &&
           s.events == std::map<MemberId, Texts>{{1, {"chat:message"}}} &&
           s.values == std::map<MemberId, Texts>{{1, {"battery=12"}}};
  }));
}

TEST_F(GroupTest, LaterMembersGetTheStates) {
  Create();
  ASSERT_TRUE(group_->SetState("colour", "red"));
  ASSERT_TRUE(group_->SetState("colour", "blue"));
  ASSERT_TRUE(group_->SetState("gone", "soon"));
  ASSERT_TRUE(group_->ClearState("gone"));
  EXPECT_EQ(group_->Send(Event(events::DisplayStatus{})).value(), 0u);
  EXPECT_EQ(group_->Send("before").value(), 1u);
  ASSERT_TRUE(ByAll(1, {})) << "nobody is there";
  Join(1);
  EXPECT_EQ(group_->Send("after").value(), 2u);
  ASSERT_TRUE(Got(*pairs_[0], {"after"}));
  EXPECT_TRUE(pairs_[0]->display().seen.WaitUntil([](const SessionSeen& s) {
    return s.values == Texts{"colour=blue"} && s.events == Texts{"display:status"};
  }));
  ASSERT_TRUE(group_->ClearState("colour"));
  EXPECT_TRUE(pairs_[0]->display().seen.WaitUntil([](const SessionSeen& s) {
    return s.values == Texts{"colour=blue", "colour cleared"};
  }));
}

TEST_F(GroupTest, StatesAreBounded) {
  Create();
  EXPECT_EQ(group_->SetState("", "x").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(group_->SetState(std::string(65, 'k'), "x").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(group_->SetState("k", std::string(16 * 1024 + 1, 'x')).error().code,
            Errc::kMessageTooLarge);
  for (int i = 0; i < 1'024; ++i) ASSERT_TRUE(group_->SetState(std::to_string(i), "x")) << i;
  EXPECT_EQ(group_->SetState("more", "x").error().code, Errc::kLimitExceeded);
  ASSERT_TRUE(group_->SetState("7", "another value of a key that is there"));
  ASSERT_TRUE(group_->ClearState("7"));
  ASSERT_TRUE(group_->SetState("more", "x"));
  for (int i = 8; i < 200; ++i) {
    const auto set = group_->SetState(std::to_string(i), std::string(16 * 1024, 'x'));
    if (set) continue;
    EXPECT_EQ(set.error().code, Errc::kLimitExceeded);
    EXPECT_GT(i, 60);
    return;
  }
  ADD_FAILURE() << "more than 1 MiB";
}

TEST_F(GroupTest, OneThatDoesNotKeepUpIsPassedOver) {
  GroupOptions options;
  options.outbox_bytes = 8 * 1024;
  Create(options);
  Join(1);
  // Its application acknowledges by itself, and does not.
  SessionPair::Setup slow;
  slow.options[0].manual_ack = true;
  SessionPair& pair = Connect(std::move(slow));
  ASSERT_EQ(group_->Add(ControllerOf(pair)).value(), 2u);
  const std::string kilobyte(1024, 'x');
  MessageId last = 0;
  for (int i = 0; i < 20; ++i) {
    last = group_->Send(kilobyte).value();
    // The other one keeps up.
    ASSERT_TRUE(seen_.WaitUntil([&](const GroupSeen& s) {
      const auto found = s.acked.find(1);
      return found != s.acked.end() && found->second == last;
    }));
  }
  ASSERT_TRUE(ByAll(last, {2}));
  EXPECT_TRUE(seen_.Get().lagging[2]);
  EXPECT_EQ(group_->Members()[1].missed, (MessageRange{9, 20}));
  ASSERT_TRUE(
      pair.display().seen.WaitUntil([](const SessionSeen& s) { return s.messages.size() == 8; }));
  pair.OnLoop([&] { pair.display().core->Acknowledge(8); });
  ASSERT_TRUE(seen_.WaitUntil([](const GroupSeen& s) {
    const auto found = s.lagging.find(2);
    return found != s.lagging.end() && !found->second;
  }));
  EXPECT_EQ(seen_.Get().missed[2], (std::vector<MessageRange>{{9, 20}}));
  ASSERT_EQ(group_->Send("back").value(), 21u);
  EXPECT_TRUE(pair.display().seen.WaitUntil(
      [](const SessionSeen& s) { return s.messages.size() == 9 && s.messages.back() == "back"; }));
}

TEST_F(GroupTest, AMemberThatClosesIsToldAndMissing) {
  Create();
  Join(2);
  pairs_[0]->OnLoop([&] { pairs_[0]->display().core->StartClose(); });
  ASSERT_TRUE(seen_.WaitUntil([](const GroupSeen& s) { return s.closed.contains(1); }));
  EXPECT_FALSE(seen_.Get().closed[1].error);
  ASSERT_EQ(group_->Members().size(), 1u);
  EXPECT_EQ(group_->Send("still").value(), 1u);
  EXPECT_TRUE(ByAll(1, {}));
  EXPECT_FALSE(group_->Remove(1).peer().session_layer) << "no such member any more";
}

TEST_F(GroupTest, ARemovedMemberIsAWholeSession) {
  Create();
  Join(2);
  ASSERT_EQ(group_->Send("both").value(), 1u);
  ASSERT_TRUE(ByAll(1, {}));
  Session session = group_->Remove(1);
  ASSERT_TRUE(session.peer().session_layer);
  ASSERT_EQ(group_->Send("one").value(), 2u);
  ASSERT_TRUE(ByAll(2, {}));
  // What it hears now waits for whoever subscribes.
  ASSERT_TRUE(pairs_[0]->display().core->Send(AsBytes("to whom?"), true));
  ASSERT_TRUE(pairs_[0]->display().core->Send(AsBytes("it may concern"), true));
  Watched<Texts> heard;
  SessionEvents on;
  on.on_message = [&](const Command& command) {
    heard.Update([&](Texts& texts) { texts.emplace_back(AsText(command.data)); });
  };
  session.Subscribe(std::move(on));
  EXPECT_TRUE(heard.WaitFor({"to whom?", "it may concern"}));
  EXPECT_EQ(session.Send("alone").value(), 2u);
  EXPECT_TRUE(Got(*pairs_[0], {"both", "alone"}));
  EXPECT_TRUE(seen_.Get().messages.empty());
  // And may come back.
  ASSERT_EQ(group_->Add(std::move(session)).value(), 3u);
  ASSERT_EQ(group_->Send("again").value(), 3u);
  EXPECT_TRUE(ByAll(3, {}));
  EXPECT_TRUE(Got(*pairs_[0], {"both", "alone", "again"}));
}

TEST_F(GroupTest, WhatIsNoMemberIsRefused) {
  Create();
  EXPECT_EQ(group_->Add(Session()).error().code, Errc::kInvalidArgument);
  SessionPair& pair = Connect();
  pair.OnLoop([&] { pair.controller().core->StartClose(); });
  EXPECT_EQ(group_->Add(ControllerOf(pair)).error().code, Errc::kClosed);
  auto other = Network::Create().value();
  auto elsewhere = Group::Create(*other, {}, {});
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->Add(ControllerOf(Connect())).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Group::Create(*network_, {.outbox_bytes = 0}, {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Group::Create(*network_, {.outbox_bytes = 5 * 1024 * 1024}, {}).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(group_->Send(std::string(256 * 1024 + 1, 'x')).error().code, Errc::kMessageTooLarge);
  EXPECT_EQ(group_->SendStream(Bytes(60 * 1024 + 1)).error().code, Errc::kMessageTooLarge);
  Group empty;
  EXPECT_EQ(empty.Send("x").error().code, Errc::kClosed);
  EXPECT_TRUE(empty.Members().empty());
}

TEST_F(GroupTest, TheGroupMayGoInItsCallback) {
  Create();
  Join(2);
  when_acked_ = [this] { group_.reset(); };
  ASSERT_TRUE(group_->Send("last"));
  for (const auto& pair : pairs_) {
    EXPECT_TRUE(Got(*pair, {"last"}));
    EXPECT_TRUE(pair->display().seen.WaitUntil([](const SessionSeen& s) {
      return s.closed.has_value();
    })) << "its sessions close";
  }
}

TEST_F(GroupTest, TwoThreadsSendAtOnce) {
  Create();
  Join(2);
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) EXPECT_TRUE(group_->Send("x"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(ByAll(2 * kEach, {}));
  EXPECT_TRUE(Got(*pairs_[0], Texts(2 * kEach, "x")));
  EXPECT_TRUE(Got(*pairs_[1], Texts(2 * kEach, "x")));
}

TEST_F(GroupTest, FramesAreShownAtTheirMoment) {
  Create();
  struct Shown {
    std::uint64_t frame;
    std::int64_t at_us;
  };
  Watched<std::vector<Shown>> shown;
  for (int i = 0; i < 2; ++i) {
    SessionPair& pair = Connect();
    SessionEvents on = pair.Recorder(pair.display());
    on.on_frame = [&shown](const events::AnimationFrame& frame, std::chrono::microseconds) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      shown.Update([&](std::vector<Shown>& all) {
        all.push_back(
            {frame.frame, std::chrono::duration_cast<std::chrono::microseconds>(now).count()});
      });
    };
    pair.OnLoop([&] { pair.display().core->Subscribe(std::move(on)); });
    ASSERT_TRUE(group_->Add(ControllerOf(pair)));
  }
  // One answer to a ping is enough to know the clock.
  for (const auto& pair : pairs_) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!pair->display().core->clock() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(pair->display().core->clock());
    // Both clocks are one here: what is measured as their difference is within what is said.
    const SharedClock clock = *pair->display().core->clock();
    EXPECT_LE(std::abs(clock.offset_us), clock.error_us + 1);
  }
  events::AnimationFrame frame;
  frame.frame = 7;
  const auto moment = group_->Present(frame);
  ASSERT_TRUE(moment) << ToString(moment.error());
  ASSERT_TRUE(shown.WaitUntil([](const std::vector<Shown>& all) { return all.size() == 2; }));
  for (const Shown& one : shown.Get()) {
    EXPECT_EQ(one.frame, 7u);
    // Not before it, by more than the clock may be wrong.
    const SharedClock clock = *pairs_[0]->display().core->clock();
    EXPECT_GE(one.at_us, static_cast<std::int64_t>(*moment) - 2 * clock.error_us - 1'000);
  }
  // Those without a handler for frames get them as events.
  EXPECT_TRUE(pairs_[0]->display().seen.Get().events.empty());
}

// Prints how far apart the first and the last of 16 displays get a message of 1 KiB, all 32 ends
// working on one thread. A figure for bench/README.md: on a busy machine it is any number.
TEST_F(GroupTest, FigureSixteenDisplaysOneMessage) {
  constexpr std::size_t kDisplays = 16;
  constexpr std::size_t kMessages = 200;
  using Clock = std::chrono::steady_clock;
  Create();
  Watched<std::map<std::string, std::vector<Clock::time_point>>> arrived;
  const auto all_have = [&](const std::string& text) {
    return arrived.WaitUntil([&](const auto& all) {
      const auto found = all.find(text);
      return found != all.end() && found->second.size() == kDisplays;
    });
  };
  for (std::size_t i = 0; i < kDisplays; ++i) {
    SessionPair& pair = Connect();
    pair.display().extra.on_message = [&arrived](const Command& command) {
      const auto now = Clock::now();
      arrived.Update([&](auto& all) { all[std::string(AsText(command.data))].push_back(now); });
    };
    ASSERT_TRUE(group_->Add(ControllerOf(pair)));
  }
  std::vector<double> spread_us;
  std::vector<double> last_us;
  for (std::size_t i = 0; i < kMessages; ++i) {
    std::string text = std::to_string(i) + " ";
    text.resize(1024, 'x');
    const auto sent = Clock::now();
    ASSERT_TRUE(group_->Send(text));
    ASSERT_TRUE(all_have(text)) << i;
    const auto times = arrived.Get().at(text);
    const auto [first, last] = std::minmax_element(times.begin(), times.end());
    using Microseconds = std::chrono::duration<double, std::micro>;
    spread_us.push_back(Microseconds(*last - *first).count());
    last_us.push_back(Microseconds(*last - sent).count());
    arrived.Update([](auto& all) { all.clear(); });
  }
  std::sort(spread_us.begin(), spread_us.end());
  std::sort(last_us.begin(), last_us.end());
  const auto at = [](const std::vector<double>& sorted, std::size_t percent) {
    return sorted[(sorted.size() - 1) * percent / 100];
  };
  std::printf(
      "16 displays, 1 KiB, %zu messages: first to last %.0f us (p99 %.0f, max %.0f), "
      "Send to last %.0f us (p99 %.0f)\n",
      kMessages, at(spread_us, 50), at(spread_us, 99), spread_us.back(), at(last_us, 50),
      at(last_us, 99));
}

}  // namespace
}  // namespace pairwire::test
