// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Waiting for room in a coroutine. A file of its own: clang 14 cannot compile coroutines with
// -fsanitize=function.
#include <gtest/gtest.h>
#include <pairwire/coroutine.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <string>

#include "tests/peer/connection/sending_fixture.h"

namespace pairwire::test {
namespace {

using CoroutineTest = SendingTest;

// The least that a coroutine needs.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Detached SendAll(DataChannel& channel, int count, std::size_t size, Watched<std::string>& end) {
  // Counts how often the frame goes: g++ 12 likes to destroy things twice.
  auto guard = std::make_shared<int>(1);
  for (int i = 0; i < count; ++i) {
    Result<void> room = co_await Writable(channel, size);
    if (!room) {
      end.Set(std::string(ToString(room.error().code)) + " " + std::to_string(guard.use_count()));
      co_return;
    }
    EXPECT_TRUE(channel.Send(Bytes(size)));
  }
  end.Set("done " + std::to_string(guard.use_count()));
}

TEST_F(CoroutineTest, ACoroutineWaitsForRoom) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 50'000;
  Connect(a);
  Watched<std::string> end;
  SendAll(channel(), 500, 10'000, end);
  ASSERT_TRUE(end.WaitFor("done 1"));
  ASSERT_TRUE(at_b_->WaitMessages(500));
}

TEST_F(CoroutineTest, ACoroutineHearsThatTheConnectionClosed) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 50'000;
  a.close_timeout = std::chrono::milliseconds(100);
  Connect(a);
  at_b_->channel().PauseReceiving();
  Watched<std::string> end;
  SendAll(channel(), 100'000, 10'000, end);
  pair_->a().pc.Close();
  ASSERT_TRUE(end.WaitFor("closed 1"));
}

}  // namespace
}  // namespace pairwire::test
