// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/reactor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace pairwire::load {
namespace {

constexpr std::chrono::seconds kDeadline{20};

// One end of a socket pair in the reactor.
class End final : public Reactor::Handler {
 public:
  explicit End(Reactor& reactor) : reactor_(reactor) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    EXPECT_TRUE(reactor_.Add(fds_[0], *this));
  }
  ~End() {
    Remove();
    for (const int fd : fds_) ::close(fd);
  }
  void Remove() {
    if (!added_) return;
    added_ = false;
    reactor_.Remove(fds_[0], *this);
  }
  void Poke() { EXPECT_EQ(::write(fds_[1], "x", 1), 1); }

  std::function<void()> on_event;
  int readable = 0;
  int turn_ends = 0;

 private:
  void OnEvents(std::uint32_t events) override {
    if ((events & EPOLLIN) == 0) return;
    std::array<char, 16> buffer{};
    while (::read(fds_[0], buffer.data(), buffer.size()) > 0) ++readable;
    if (on_event) on_event();
  }
  void OnTurnEnd() override { ++turn_ends; }

  Reactor& reactor_;
  bool added_ = true;
  std::array<int, 2> fds_{};
};

TEST(ReactorTest, TimersFireInOrderAndCanBeCancelled) {
  Reactor reactor;
  std::string order;
  const TimePoint now = Clock::now();
  reactor.At(now + std::chrono::milliseconds(2), [&] { order += 'c'; });
  reactor.At(now, [&] { order += 'a'; });
  reactor.At(now, [&] { order += 'b'; });
  const auto never = reactor.At(now + std::chrono::milliseconds(1), [] { FAIL() << "cancelled"; });
  reactor.Cancel(never);
  EXPECT_TRUE(reactor.RunUntil([&] { return order.size() == 3; }, now + kDeadline));
  EXPECT_EQ(order, "abc");
}

TEST(ReactorTest, ATimerThatSetsItselfDoesNotHoldTheLoop) {
  Reactor reactor;
  End end(reactor);
  int fired = 0;
  std::function<void()> again = [&] {
    ++fired;
    reactor.At(Clock::now(), again);
  };
  again();
  end.Poke();
  EXPECT_TRUE(reactor.RunUntil([&] { return end.readable == 1; }, Clock::now() + kDeadline));
  EXPECT_GT(fired, 0);
}

TEST(ReactorTest, AHandlerMayRemoveAnotherOfTheSameTurn) {
  Reactor reactor;
  End first(reactor);
  End second(reactor);
  first.on_event = [&] { second.Remove(); };
  second.on_event = [&] { first.Remove(); };
  first.Poke();
  second.Poke();
  EXPECT_TRUE(reactor.RunUntil([&] { return first.readable + second.readable > 0; },
                               Clock::now() + kDeadline));
  reactor.RunFor(std::chrono::milliseconds(20));
  EXPECT_EQ(first.readable + second.readable, 1);
}

TEST(ReactorTest, TheEndOfATurnComesOnceForEachMark) {
  Reactor reactor;
  End marked(reactor);
  End removed(reactor);
  marked.on_event = [&] {
    reactor.MarkDirty(marked);
    reactor.MarkDirty(removed);
    removed.Remove();
  };
  marked.Poke();
  EXPECT_TRUE(reactor.RunUntil([&] { return marked.turn_ends == 1; }, Clock::now() + kDeadline));
  reactor.RunFor(std::chrono::milliseconds(5));
  EXPECT_EQ(marked.turn_ends, 1);
  EXPECT_EQ(removed.turn_ends, 0);
}

TEST(ReactorTest, EndsAtItsDeadline) {
  Reactor reactor;
  EXPECT_FALSE(
      reactor.RunUntil([] { return false; }, Clock::now() + std::chrono::milliseconds(10)));
  EXPECT_TRUE(reactor.RunUntil([] { return true; }, TimePoint{}));
}

}  // namespace
}  // namespace pairwire::load
