// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// AsioLoop::WatchReadable: level-triggered once a turn, safe to unwatch from anywhere on the loop,
// and the descriptor stays its owner's. Nested epoll descriptors, as the libnice box uses,
// included.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "tests/support/fd_count.h"
#include "tests/support/log_capture.h"
#include "tests/support/wait.h"

namespace pairwire {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
  ~Fd() { Close(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

void Signal(const Fd& fd) { ASSERT_EQ(eventfd_write(fd.get(), 1), 0); }

bool Consume(const Fd& fd) {
  eventfd_t value = 0;
  return eventfd_read(fd.get(), &value) == 0;
}

// With and without a guest: Asio sleeps for the loop when somebody uses its context.
class AsioWatchTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.Start().has_value());
    if (GetParam()) loop_.context();
  }

  void OnLoop(Task task) { ASSERT_TRUE(RunAndWait(loop_, std::move(task))); }
  FdWatchId Watch(int fd, std::function<void()> on_readable) {
    FdWatchId id = 0;
    OnLoop([&] { id = loop_.WatchReadable(fd, std::move(on_readable)); });
    return id;
  }
  void Unwatch(FdWatchId id) {
    OnLoop([&] { loop_.UnwatchFd(id); });
  }

  // Destroyed after the loop: a watched descriptor stays open until the watch is gone.
  Fd fd_{eventfd(0, EFD_CLOEXEC)};
  Fd other_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  AsioLoop loop_{"watch"};
  test::Watched<int> calls_{0};
};

TEST_P(AsioWatchTest, CallsWhenReadableAndOnlyThen) {
  const FdWatchId id = Watch(fd_.get(), [&] {
    EXPECT_TRUE(loop_.IsCurrent());
    EXPECT_TRUE(Consume(fd_));
    EXPECT_FALSE(Consume(fd_)) << "watching made it non-blocking";
    calls_.Update([](int& n) { ++n; });
  });
  EXPECT_NE(id, 0U);
  for (int i = 1; i <= 5; ++i) {
    Signal(fd_);
    ASSERT_TRUE(calls_.WaitFor(i));
  }
  // All that could still call has run when a later post has.
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 5);
  Unwatch(id);
}

TEST_P(AsioWatchTest, WatchingWhatIsReadableAlreadyCalls) {
  Signal(fd_);
  const FdWatchId id = Watch(fd_.get(), [&] {
    Consume(fd_);
    calls_.Update([](int& n) { ++n; });
  });
  EXPECT_TRUE(calls_.WaitFor(1));
  Unwatch(id);
}

TEST_P(AsioWatchTest, LevelTriggeredOnceATurnUntilConsumed) {
  std::uint64_t last_turn = 0;
  const FdWatchId id = Watch(fd_.get(), [&] {
    EXPECT_GT(loop_.turns(), last_turn) << "twice in a turn";
    last_turn = loop_.turns();
    calls_.Update([](int& n) { ++n; });
    if (calls_.Get() == 10) Consume(fd_);
  });
  Signal(fd_);
  ASSERT_TRUE(calls_.WaitFor(10));
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 10);
  Unwatch(id);
}

TEST_P(AsioWatchTest, ADescriptorThatIsAlwaysReadableStarvesNobody) {
  const FdWatchId id = Watch(fd_.get(), [] {});
  Signal(fd_);
  test::Watched<bool> timer(false);
  OnLoop([&] {
    loop_.ScheduleAt(loop_.Now() + std::chrono::milliseconds(1), [&] { timer.Set(true); });
  });
  EXPECT_TRUE(timer.WaitFor(true));
  Unwatch(id);
}

TEST_P(AsioWatchTest, UnwatchInsideItsOwnCallback) {
  FdWatchId id = 0;
  const auto held = std::make_shared<int>(0);
  OnLoop([&] {
    id = loop_.WatchReadable(fd_.get(), [&, held] {
      loop_.UnwatchFd(id);
      loop_.UnwatchFd(id);
      EXPECT_GE(held.use_count(), 2) << "the callback outlives its own unwatching";
      calls_.Update([](int& n) { ++n; });
    });
  });
  Signal(fd_);
  ASSERT_TRUE(calls_.WaitFor(1));
  OnLoop([] {});
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 1);
  OnLoop([&] { EXPECT_EQ(held.use_count(), 1); });
}

TEST_P(AsioWatchTest, UnwatchingAnotherThatIsReadyKeepsItFromBeingCalled) {
  std::array<FdWatchId, 2> ids{};
  const auto callback = [&](std::size_t other) {
    return [&, other] {
      calls_.Update([](int& n) { ++n; });
      loop_.UnwatchFd(ids[0]);
      loop_.UnwatchFd(ids[1]);
      static_cast<void>(other);
    };
  };
  OnLoop([&] {
    // Both are readable before the loop looks: both become ready in one epoll_wait.
    Signal(fd_);
    Signal(other_);
    ids[0] = loop_.WatchReadable(fd_.get(), callback(1));
    ids[1] = loop_.WatchReadable(other_.get(), callback(0));
  });
  ASSERT_TRUE(calls_.WaitUntil([](int n) { return n >= 1; }));
  OnLoop([] {});
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 1);
}

TEST_P(AsioWatchTest, UnwatchAndWatchAgainInOneTurn) {
  Signal(fd_);
  OnLoop([&] {
    const FdWatchId first = loop_.WatchReadable(fd_.get(), [] { ADD_FAILURE() << "the first"; });
    loop_.UnwatchFd(first);
    const FdWatchId second = loop_.WatchReadable(fd_.get(), [&] {
      Consume(fd_);
      calls_.Update([](int& n) { ++n; });
    });
    EXPECT_NE(first, second);
  });
  EXPECT_TRUE(calls_.WaitFor(1));
}

TEST_P(AsioWatchTest, UnwatchAndWatchAgainInsideItsOwnCallback) {
  FdWatchId id = 0;
  FdWatchId second = 0;
  OnLoop([&] {
    id = loop_.WatchReadable(fd_.get(), [&] {
      loop_.UnwatchFd(id);
      second = loop_.WatchReadable(fd_.get(), [&] {
        Consume(fd_);
        calls_.Update([](int& n) { ++n; });
      });
      EXPECT_NE(second, 0U) << "the loop had not let go of the descriptor";
    });
  });
  Signal(fd_);
  EXPECT_TRUE(calls_.WaitFor(1));
  Unwatch(second);
}

TEST_P(AsioWatchTest, NeverClosesTheDescriptor) {
  const FdWatchId id = Watch(fd_.get(), [] {});
  Unwatch(id);
  EXPECT_NE(fcntl(fd_.get(), F_GETFD), -1);
  Watch(fd_.get(), [] {});
  loop_.Stop();
  EXPECT_NE(fcntl(fd_.get(), F_GETFD), -1) << "Stop with a watch";
}

TEST_P(AsioWatchTest, NestedEpollDescriptorIsLevelTriggeredToo) {
  const Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd_.get(), &event), 0);
  ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, other_.get(), &event), 0);
  const FdWatchId id = Watch(epoll.get(), [&] {
    epoll_event ready{};
    EXPECT_EQ(epoll_wait(epoll.get(), &ready, 1, 0), 1) << "called although nothing is ready";
    calls_.Update([](int& n) { ++n; });
    // Each stays readable for three calls.
    if (calls_.Get() == 3) Consume(fd_);
    if (calls_.Get() == 6) Consume(other_);
  });
  // The inner one was made non-blocking by nobody: consume only what was signalled.
  Signal(fd_);
  ASSERT_TRUE(calls_.WaitFor(3));
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 3);
  Signal(other_);
  ASSERT_TRUE(calls_.WaitFor(6));
  OnLoop([] {});
  EXPECT_EQ(calls_.Get(), 6);
  Unwatch(id);
}

TEST_P(AsioWatchTest, ADescriptorAddedToTheNestedEpollLaterIsSeen) {
  const Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  const FdWatchId id = Watch(epoll.get(), [&] {
    Consume(other_);
    calls_.Update([](int& n) { ++n; });
  });
  epoll_event event{};
  event.events = EPOLLIN;
  Signal(other_);
  ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, other_.get(), &event), 0);
  EXPECT_TRUE(calls_.WaitFor(1));
  Unwatch(id);
}

TEST_P(AsioWatchTest, ClosedWriterCountsAsReadable) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  FdWatchId id = 0;
  OnLoop([&] {
    id = loop_.WatchReadable(reader.get(), [&] {
      char byte = 0;
      EXPECT_EQ(read(reader.get(), &byte, 1), 0) << "end of file";
      loop_.UnwatchFd(id);
      calls_.Update([](int& n) { ++n; });
    });
  });
  writer.Close();
  EXPECT_TRUE(calls_.WaitFor(1));
}

TEST_P(AsioWatchTest, WhatTheSystemRefusesIsZeroAndLogged) {
  const test::LogCapture log;
  EXPECT_EQ(Watch(-1, [] { ADD_FAILURE(); }), 0U);
  EXPECT_TRUE(log.Contains("cannot watch"));
  Unwatch(0);
}

TEST_P(AsioWatchTest, AWatchMayBeRemovedByWhatStopDestroys) {
  struct Unwatcher {
    explicit Unwatcher(AsioLoop* its_loop) : loop(its_loop) {}
    AsioLoop* loop;
    FdWatchId id = 0;
    ~Unwatcher() { loop->UnwatchFd(id); }
  };
  OnLoop([&] {
    auto unwatcher = std::make_shared<Unwatcher>(&loop_);
    unwatcher->id = loop_.WatchReadable(fd_.get(), [unwatcher] {});
    loop_.ScheduleAt(loop_.Now() + std::chrono::hours(1), [unwatcher] {});
  });
  loop_.Stop();
}

INSTANTIATE_TEST_SUITE_P(Guest, AsioWatchTest, testing::Bool());

TEST(AsioWatch, ALoopWithWatchesGivesBackWhatIsItsOwn) {
  const std::size_t before = test::OpenFdCount();
  {
    const Fd fd(eventfd(0, EFD_CLOEXEC));
    AsioLoop loop("watch");
    ASSERT_TRUE(loop.Start().has_value());
    ASSERT_TRUE(RunAndWait(loop, [&] { loop.WatchReadable(fd.get(), [] {}); }));
  }
  EXPECT_EQ(test::OpenFdCount(), before);
}

}  // namespace
}  // namespace pairwire
