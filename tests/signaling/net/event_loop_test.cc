// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The loop's promises: who hears of which descriptor, and the order of alarms, tasks and turn ends.
#include "signaling/net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;

// Readable from the beginning.
class ReadyFd final : public FdHandler {
 public:
  ReadyFd(EventLoop& loop, std::function<void()> on_readable)
      : loop_(loop),
        fd_(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)),
        on_readable_(std::move(on_readable)) {
    loop_.Watch(fd_, *this);
    EXPECT_TRUE(loop_.Want(fd_, true, false));
  }
  ~ReadyFd() {
    if (fd_ >= 0) Close();
  }
  ReadyFd(const ReadyFd&) = delete;
  ReadyFd& operator=(const ReadyFd&) = delete;

  void Close() {
    loop_.Unwatch(fd_);
    ::close(std::exchange(fd_, -1));
  }
  void Drain() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
  }
  int fd() const { return fd_; }

 private:
  void OnFdReadable() override { on_readable_(); }
  void OnFdWritable() override { ADD_FAILURE() << "nobody wants to write"; }

  EventLoop& loop_;
  int fd_;
  std::function<void()> on_readable_;
};

// Five turns: everything that was ready is handled.
void RunUntilIdle(EventLoop& loop) {
  int turns = 0;
  Alarm alarm(loop, [&] {
    if (++turns == 5) {
      loop.Stop();
    } else {
      alarm.SetAt(loop.Now());
    }
  });
  alarm.SetAt(loop.Now());
  loop.Run();
}

TEST(EventLoopTest, WatchersMayUnwatchEachOther) {
  EventLoop loop;
  std::vector<std::unique_ptr<ReadyFd>> fds;
  int heard = 0;
  // All are ready in one turn; the first to hear closes all, itself too.
  for (int i = 0; i < 20; ++i) {
    fds.push_back(std::make_unique<ReadyFd>(loop, [&] {
      ++heard;
      for (auto& fd : fds) fd->Close();
    }));
  }
  RunUntilIdle(loop);
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(loop.watched(), 0U);
}

TEST(EventLoopTest, ADescriptorUsedAgainInTheSameTurnHearsNothingOfTheOld) {
  EventLoop loop;
  int heard = 0;
  std::unique_ptr<ReadyFd> a;
  std::unique_ptr<ReadyFd> b;
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  struct Quiet final : FdHandler {
    void OnFdReadable() override { ADD_FAILURE() << "an event of the descriptor before it"; }
    void OnFdWritable() override {}
  } quiet;
  int reused = -1;
  const auto on_ready = [&](std::unique_ptr<ReadyFd>& self, std::unique_ptr<ReadyFd>& other) {
    if (++heard > 1) return;
    // The other one's event is still in hand. Its number is taken by the pipe, which has nothing.
    reused = other->fd();
    other->Close();
    ASSERT_EQ(::dup2(pipe_ends[0], reused), reused);
    loop.Watch(reused, quiet);
    EXPECT_TRUE(loop.Want(reused, true, false));
    self->Drain();
  };
  a = std::make_unique<ReadyFd>(loop, [&] { on_ready(a, b); });
  b = std::make_unique<ReadyFd>(loop, [&] { on_ready(b, a); });
  RunUntilIdle(loop);
  EXPECT_EQ(heard, 1);
  loop.Unwatch(reused);
  ::close(reused);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

TEST(EventLoopTest, ReadinessIsToldInEachTurnUntilItIsTaken) {
  EventLoop loop;
  int heard = 0;
  std::unique_ptr<ReadyFd> fd;
  fd = std::make_unique<ReadyFd>(loop, [&] {
    if (++heard == 3) fd->Drain();
  });
  RunUntilIdle(loop);
  EXPECT_EQ(heard, 3);
}

TEST(EventLoopTest, NothingWantedIsNothingToldEvenWhenTheOtherEndIsGone) {
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  struct Counter final : FdHandler {
    void OnFdReadable() override { ++reads; }
    void OnFdWritable() override { ++writes; }
    int reads = 0;
    int writes = 0;
  } counter;
  loop.Watch(ends[0], counter);
  ASSERT_TRUE(loop.Want(ends[0], true, true));
  ASSERT_TRUE(loop.Want(ends[0], false, false));
  ::close(ends[1]);
  RunUntilIdle(loop);
  EXPECT_EQ(counter.reads + counter.writes, 0);
  loop.Unwatch(ends[0]);
  ::close(ends[0]);
}

TEST(EventLoopTest, ABrokenConnectionIsToldToWhoWantsAnything) {
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  struct Writer final : FdHandler {
    Writer(EventLoop& l, int f) : loop(l), fd(f) {}
    void OnFdReadable() override { ADD_FAILURE() << "not wanted"; }
    void OnFdWritable() override {
      told = true;
      loop.Stop();
    }
    EventLoop& loop;
    int fd;
    bool told = false;
  } writer(loop, ends[0]);
  // Full, so that only the end makes it writable.
  const std::string block(4096, 'x');
  while (::send(ends[0], block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  loop.Watch(ends[0], writer);
  ASSERT_TRUE(loop.Want(ends[0], false, true));
  ::close(ends[1]);
  loop.Run();
  EXPECT_TRUE(writer.told);
  loop.Unwatch(ends[0]);
  ::close(ends[0]);
}

TEST(EventLoopTest, TimersFireInOrder) {
  EventLoop loop;
  const auto start = loop.Now();
  std::vector<int> rung;
  std::vector<std::unique_ptr<Alarm>> alarms;
  // Set in a shuffled order; of each moment there are two.
  for (int i = 0; i < 40; ++i) {
    const int at = (i * 7) % 20;
    alarms.push_back(std::make_unique<Alarm>(loop, [&, at, i] {
      EXPECT_GE(loop.Now(), start + milliseconds(at));
      rung.push_back(at * 100 + i);
    }));
    alarms.back()->SetAt(start + milliseconds(at));
  }
  alarms[3]->Cancel();
  alarms.erase(alarms.begin() + 5);
  Alarm end(loop, [&] { loop.Stop(); });
  end.SetAt(start + milliseconds(30));
  loop.Run();
  EXPECT_EQ(rung.size(), 38U);
  EXPECT_TRUE(std::is_sorted(rung.begin(), rung.end()));
}

TEST(EventLoopTest, AnAlarmOfThePastStarvesNobody) {
  EventLoop loop;
  int again = 0;
  bool task_ran = false;
  std::unique_ptr<Alarm> greedy;
  greedy = std::make_unique<Alarm>(loop, [&] {
    ++again;
    greedy->SetAt(EventLoop::TimePoint{});
  });
  Alarm other(loop, [&] {
    loop.Post([&] {
      task_ran = true;
      loop.Stop();
    });
  });
  greedy->SetAt(EventLoop::TimePoint{});
  other.SetAt(loop.Now());
  loop.Run();
  EXPECT_TRUE(task_ran);
  EXPECT_GE(again, 1);
}

TEST(EventLoopTest, AnAlarmMayDestroyItself) {
  EventLoop loop;
  std::unique_ptr<Alarm> alarm;
  const auto kept = std::make_shared<int>(7);
  alarm = std::make_unique<Alarm>(loop, [&, kept] {
    alarm.reset();
    EXPECT_EQ(*kept, 7);
    loop.Stop();
  });
  alarm->SetAt(loop.Now());
  loop.Run();
}

TEST(EventLoopTest, TurnEndRunsOnceInOrder) {
  EventLoop loop;
  std::vector<std::string> order;
  TurnEnd clients(loop, TurnStage::kClients, [&] { order.push_back("clients"); });
  TurnEnd late(loop, TurnStage::kClients, [&] { order.push_back("late"); });
  TurnEnd backend(loop, TurnStage::kBackend, [&] {
    order.push_back("backend");
    late.Mark();
  });
  TurnEnd gone(loop, TurnStage::kCore, [&] { order.push_back("gone"); });
  bool again = true;
  std::unique_ptr<TurnEnd> core;
  core = std::make_unique<TurnEnd>(loop, TurnStage::kCore, [&] {
    order.push_back("core");
    if (std::exchange(again, false)) core->Mark();  // in the next turn, which does not wait
  });
  auto doomed = std::make_unique<TurnEnd>(loop, TurnStage::kCore, [&] { order.push_back("no"); });
  loop.Post([&] {
    clients.Mark();
    backend.Mark();
    core->Mark();
    core->Mark();
    doomed->Mark();
    doomed.reset();
    order.push_back("task");
  });
  loop.Post([&] { order.push_back("task"); });
  Alarm end(loop, [&] { loop.Stop(); });
  end.SetAt(loop.Now() + milliseconds(20));
  loop.Run();
  EXPECT_EQ(order, (std::vector<std::string>{"task", "task", "core", "backend", "clients", "late",
                                             "core"}));
}

TEST(EventLoopTest, StopStillRunsTheTurnEndsThatAreMarked) {
  EventLoop loop;
  bool written = false;
  TurnEnd end(loop, TurnStage::kClients, [&] { written = true; });
  loop.Post([&] {
    end.Mark();
    loop.Stop();
  });
  loop.Post([] { FAIL() << "stopped before this one"; });
  loop.Run();
  EXPECT_TRUE(written);
}

TEST(EventLoopTest, StopBeforeRunCounts) {
  EventLoop loop;
  loop.Stop();
  loop.Post([] { FAIL(); });
  loop.Run();
}

TEST(EventLoopTest, PostFromThreads) {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  std::vector<int> last(kThreads, -1);
  int run = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.Post([&, t, i] {
          EXPECT_EQ(last[static_cast<std::size_t>(t)], i - 1);
          last[static_cast<std::size_t>(t)] = i;
          if (++run == kThreads * kTasks) loop.Stop();
        });
      }
    });
  }
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(run, kThreads * kTasks);
}

TEST(EventLoopTest, ATaskMayPostAndWhatIsLeftIsDestroyed) {
  const auto kept = std::make_shared<int>(0);
  {
    EventLoop loop;
    loop.Post([&] {
      loop.Post([&loop, kept] {
        ++*kept;
        loop.Stop();
      });
    });
    loop.Run();
    EXPECT_EQ(*kept, 1);
    loop.Post([kept] { ++*kept; });
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(*kept, 1);
}

TEST(EventLoopTest, AChainOfTasksEndsInOneTurn) {
  EventLoop loop;
  std::string order;
  TurnEnd end(loop, TurnStage::kClients, [&] {
    order += 'E';
    loop.Stop();
  });
  loop.Post([&] {
    end.Mark();
    order += '1';
    loop.Post([&] {
      order += '2';
      loop.Post([&] { order += '3'; });
    });
  });
  loop.Run();
  EXPECT_EQ(order, "123E");
}

TEST(EventLoopTest, TasksThatPostForEverLeaveDescriptorsTheirTurn) {
  EventLoop loop;
  int heard = 0;
  ReadyFd fd(loop, [&] {
    if (++heard == 3) loop.Stop();
  });
  std::function<void()> next = [&] { loop.Post(next); };
  loop.Post(next);
  loop.Run();
  EXPECT_EQ(heard, 3);
}

TEST(EventLoopTest, TurnsAndTasksAreCounted) {
  EventLoop loop;
  int run = 0;
  for (int i = 0; i < 3; ++i) loop.Post([&] { ++run; });
  EXPECT_EQ(loop.posted(), 3u);
  Alarm alarm(loop, [&] { loop.Stop(); });
  alarm.SetAt(loop.Now() + milliseconds(1));
  loop.Run();
  EXPECT_EQ(run, 3);
  EXPECT_EQ(loop.posted(), 0u);
  std::uint64_t turns = 0;
  for (const std::uint64_t count : loop.turn_times().counts) turns += count;
  EXPECT_GE(turns, 1u);
  EXPECT_GT(loop.turn_times().sum.count(), 0);
}

}  // namespace
}  // namespace pairwire::net
