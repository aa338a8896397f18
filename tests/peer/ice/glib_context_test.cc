// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A GMainContext on our loop: timers, descriptors, other threads' sources, reused descriptor
// numbers, idleness and fairness.
#include "peer/ice/glib_context.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/peer/ice/ice_fixture.h"
#include "tests/support/fd_count.h"

namespace pairwire::ice {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  ~Pipe() {
    for (const int fd : ends) {
      if (fd >= 0) close(fd);
    }
  }
  void Write() const { EXPECT_EQ(write(ends[1], "x", 1), 1); }
  void Read() const {
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
  }
  std::array<int, 2> ends{-1, -1};
};

class GlibContextTest : public IceTest {
 protected:
  void SetUp() override {
    IceTest::SetUp();
    On([this] {
      auto made = GlibContext::Create(loop_, [this] { after_.Update([](int& n) { ++n; }); });
      ASSERT_TRUE(made);
      context_ = std::move(*made);
    });
  }
  void TearDown() override {
    On([this] { context_.reset(); });
    IceTest::TearDown();
  }

  // Calls `function` for each time that `fd` is readable. Loop thread.
  GSource* Watch(int fd, std::function<void()> function) {
    GSource* source = g_unix_fd_source_new(fd, G_IO_IN);
    const GUnixFDSourceFunc call = [](gint, GIOCondition, gpointer data) -> gboolean {
      (*static_cast<std::function<void()>*>(data))();
      return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(source, reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(call)),
                          new std::function<void()>(std::move(function)),
                          [](gpointer data) { delete static_cast<std::function<void()>*>(data); });
    g_source_attach(source, context_->get());
    return source;
  }

  std::unique_ptr<GlibContext> context_;
  test::Watched<int> after_{0};
  test::Watched<int> count_{0};
};

void Count(test::Watched<int>& count) {
  count.Update([](int& n) { ++n; });
}

gboolean CountOnce(gpointer data) {
  Count(*static_cast<test::Watched<int>*>(data));
  return G_SOURCE_REMOVE;
}

TEST_F(GlibContextTest, TimersFire) {
  On([&] {
    GSource* source = g_timeout_source_new(20);
    g_source_set_callback(source, &CountOnce, &count_, nullptr);
    g_source_attach(source, context_->get());
    g_source_unref(source);
    context_->Kick();
  });
  EXPECT_TRUE(count_.WaitFor(1));
  EXPECT_TRUE(after_.WaitUntil([](int n) { return n >= 1; }));
}

TEST_F(GlibContextTest, ANewTimerMayFireAtOnce) {
  test::Watched<int> others(0);
  On([&] {
    const auto add = [&](const char* name, test::Watched<int>& count) {
      GSource* const timer = g_timeout_source_new(3'600'000);
      g_source_set_name(timer, name);
      g_source_set_callback(timer, &CountOnce, &count, nullptr);
      g_source_attach(timer, context_->get());
      g_source_unref(timer);
    };
    add("first", count_);
    add("second", others);
    context_->FireNew("first");
    context_->FireNew("third");
    context_->Kick();
  });
  EXPECT_TRUE(count_.WaitFor(1));
  // Known by now, and not new any more.
  On([&] {
    context_->FireNew("second");
    context_->Kick();
  });
  On([] {});
  EXPECT_EQ(others.Get(), 0);
}

TEST_F(GlibContextTest, ARunningTimerIsFoundAndMayFireEarly) {
  GSource* timer = nullptr;
  std::int64_t first = 0;
  On([&] {
    EXPECT_EQ(context_->TimeOf("ticks"), -1);
    context_->Fire();  // there is nothing to fire
    timer = g_timeout_source_new(3'600'000);
    g_source_set_name(timer, "ticks");
    g_source_set_callback(
        timer,
        [](gpointer count) -> gboolean {
          Count(*static_cast<test::Watched<int>*>(count));
          return G_SOURCE_CONTINUE;
        },
        &count_, nullptr);
    g_source_attach(timer, context_->get());
    first = context_->TimeOf("ticks");
    EXPECT_EQ(first, g_source_get_ready_time(timer));
    context_->Fire();
    context_->Kick();
  });
  EXPECT_TRUE(count_.WaitFor(1));
  On([&] {
    EXPECT_GT(context_->TimeOf("ticks"), first) << "it waits for its whole interval again";
    g_source_destroy(timer);
    g_source_unref(timer);
    EXPECT_EQ(context_->TimeOf("ticks"), -1);
    context_->Kick();
  });
  EXPECT_EQ(count_.Get(), 1);
}

TEST_F(GlibContextTest, DescriptorsWakeTheLoop) {
  Pipe pipe;
  GSource* source = nullptr;
  On([&] {
    source = Watch(pipe.ends[0], [&] {
      pipe.Read();
      Count(count_);
    });
    context_->Kick();
  });
  for (int i = 1; i <= 3; ++i) {
    pipe.Write();
    EXPECT_TRUE(count_.WaitFor(i));
  }
  On([&] {
    g_source_destroy(source);
    g_source_unref(source);
    context_->Kick();
  });
  pipe.Write();
  On([] {});
  EXPECT_EQ(count_.Get(), 3);
}

TEST_F(GlibContextTest, AnotherThreadsSourceIsSeenWithoutAKick) {
  On([] {});  // the first iteration is over
  std::thread other([&] {
    GSource* source = g_idle_source_new();
    g_source_set_callback(source, &CountOnce, &count_, nullptr);
    g_source_attach(source, context_->get());
    g_source_unref(source);
  });
  EXPECT_TRUE(count_.WaitFor(1));
  other.join();
}

// No wake-up of GLib's own, and no look at the descriptors afterwards: an idle peer gets a packet
// each few seconds, and pays for each iteration.
TEST_F(GlibContextTest, ADatagramCostsOneIteration) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  GSource* source = nullptr;
  On([&] {
    source = Watch(ends[0], [&] {
      char byte = 0;
      EXPECT_EQ(read(ends[0], &byte, 1), 1);
      Count(count_);
    });
    context_->Kick();
  });
  std::uint64_t before = 0;
  On([] {});
  On([&] { before = context_->iterations(); });
  constexpr int kDatagrams = 5;
  for (int i = 1; i <= kDatagrams; ++i) {
    EXPECT_EQ(write(ends[1], "x", 1), 1);
    EXPECT_TRUE(count_.WaitFor(i));
  }
  // Behind a timer that is later than a look at the descriptors would be.
  test::Watched<bool> later(false);
  std::unique_ptr<Timer> timer;
  On([&] {
    timer = std::make_unique<Timer>(loop_, [&] { later.Set(true); });
    timer->Start(std::chrono::milliseconds(150));
  });
  EXPECT_TRUE(later.WaitFor(true));
  On([&] {
    EXPECT_EQ(context_->iterations() - before, kDatagrams);
    timer.reset();
    g_source_destroy(source);
    g_source_unref(source);
    context_->Kick();
  });
  On([] {});
  for (const int end : ends) close(end);
}

// libnice closes a socket in one timer and opens another in the same: the kernel hands out the same
// number, and has dropped the old one from the epoll set without a word.
TEST_F(GlibContextTest, ReusedDescriptorNumberIsFound) {
  auto first = std::make_unique<Pipe>();
  std::unique_ptr<Pipe> second;
  GSource* source = nullptr;
  int number = -1;
  std::uint64_t in_iteration = 0;
  On([&] {
    number = first->ends[0];
    source = Watch(number, [&] {
      // In a dispatch, so without a Kick.
      in_iteration = context_->iterations();
      g_source_destroy(source);
      g_source_unref(source);
      first.reset();
      second = std::make_unique<Pipe>();
      if (second->ends[0] != number) {
        ASSERT_EQ(dup3(second->ends[0], number, O_CLOEXEC), number);
        close(std::exchange(second->ends[0], number));
      }
      source = Watch(number, [&] {
        second->Read();
        Count(count_);
      });
      Count(count_);
    });
    context_->Kick();
  });
  On([] {});  // the Kick's iteration, which compares everything with the kernel, is over
  On([&] { first->Write(); });
  ASSERT_TRUE(count_.WaitFor(1));
  // GLib wakes its context for the new source, which would find the byte by chance: let that be
  // over.
  EXPECT_TRUE(WaitForLoop([&] { return context_->iterations() > in_iteration; }));
  On([&] { second->Write(); });
  EXPECT_TRUE(count_.WaitFor(2));
  On([&] {
    g_source_destroy(source);
    g_source_unref(source);
    context_->Kick();
  });
  On([] {});
}

TEST_F(GlibContextTest, IdleContextIsNeverIterated) {
  Pipe pipe;
  GSource* source = nullptr;
  On([&] {
    source = Watch(pipe.ends[0], [&] { pipe.Read(); });
    context_->Kick();
  });
  pipe.Write();
  ASSERT_TRUE(after_.WaitUntil([](int n) { return n >= 1; }));
  Let(std::chrono::milliseconds(200));  // the one look for reused numbers after the last event
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  On([&] { before = context_->iterations(); });
  Let(std::chrono::milliseconds(500));
  On([&] {
    after = context_->iterations();
    g_source_destroy(source);
    g_source_unref(source);
    context_->Kick();
  });
  On([] {});  // the pipe is out of the epoll set before it goes
  EXPECT_EQ(after, before);
}

TEST_F(GlibContextTest, ASilencedTimerNeverFires) {
  test::Watched<int> silenced(0);
  const auto start = [&](const char* name, test::Watched<int>& count) {
    GSource* const source = g_timeout_source_new(20);
    g_source_set_name(source, name);
    g_source_set_callback(source, &CountOnce, &count, nullptr);
    g_source_attach(source, context_->get());
    g_source_unref(source);
  };
  On([&] {
    start("this one", silenced);
    context_->Kick();
  });
  On([&] {
    context_->Silence("this one");
    start("this one, too", count_);
    context_->Kick();
  });
  EXPECT_TRUE(count_.WaitFor(1));
  On([&] {
    EXPECT_EQ(silenced.Get(), 0);
    EXPECT_FALSE(context_->has_timer());
  });
}

TEST_F(GlibContextTest, AShortcutSparesIterationsAndTheOthersHaveTheirTurn) {
  constexpr int kBytes = 100;
  Pipe taken;
  Pipe dispatched;
  std::array<GSource*, 2> sources{};
  int left = 0;  // only touched on the loop
  int left_at_the_others_turn = 0;
  On([&] {
    sources[0] = Watch(taken.ends[0], [&] {
      taken.Read();
      --left;
    });
    sources[1] = Watch(dispatched.ends[0], [&] {
      dispatched.Read();
      left_at_the_others_turn = left;
      Count(count_);
    });
    context_->Kick();
  });
  std::uint64_t before = 0;
  On([&] {
    before = context_->iterations();
    context_->SetShortcut([&] {
      if (left == 0) return false;
      taken.Read();
      --left;
      return true;
    });
    left = kBytes;
    for (int i = 0; i < kBytes; ++i) taken.Write();
    dispatched.Write();
  });
  EXPECT_TRUE(count_.WaitFor(1));
  On([&] {
    EXPECT_GT(left_at_the_others_turn, kBytes / 2) << "the other descriptor waited for all of it";
  });
  EXPECT_TRUE(WaitForLoop([&] { return left == 0; }));
  On([&] {
    EXPECT_LE(context_->iterations() - before, kBytes / 8U);
    context_->SetShortcut({});
    for (GSource* const source : sources) {
      g_source_destroy(source);
      g_source_unref(source);
    }
    context_->Kick();
  });
  On([] {});
}

TEST_F(GlibContextTest, ABusyContextDoesNotStarveTheLoop) {
  std::atomic<bool> stop = false;
  On([&] {
    GSource* source = g_idle_source_new();
    g_source_set_callback(
        source,
        [](gpointer data) -> gboolean {
          return static_cast<std::atomic<bool>*>(data)->load() ? G_SOURCE_REMOVE
                                                               : G_SOURCE_CONTINUE;
        },
        &stop, nullptr);
    g_source_attach(source, context_->get());
    g_source_unref(source);
    context_->Kick();
  });
  for (int i = 0; i < 100; ++i) On([] {});
  stop = true;
  On([] {});
}

TEST_F(GlibContextTest, NoDescriptorIsLeft) {
  On([] {});
  const std::size_t before = test::OpenFdCount();
  On([&] {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(GlibContext::Create(loop_, {}));
  });
  On([] {});
  EXPECT_EQ(test::OpenFdCount(), before);
}

}  // namespace
}  // namespace pairwire::ice
