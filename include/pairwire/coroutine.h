// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DataChannel::WhenWritable for coroutines, of whatever kind of task:
//
//   Result<void> room = co_await Writable(channel, block.size());
//   if (!room) co_return;                     // closed, too large, or the handle was destroyed
//   if (auto sent = channel.Send(block); !sent) …
//
// The coroutine goes on on the loop's thread, inside a callback, and is resumed exactly once.
// Nothing here starts a thread or needs a library.
//
// With g++ 12, pass only names and scalars inside a co_await expression: it destroys temporary
// lambdas and aggregates twice.
#ifndef PAIRWIRE_COROUTINE_H_
#define PAIRWIRE_COROUTINE_H_

#include <pairwire/data_channel.h>
#include <pairwire/result.h>

#include <coroutine>
#include <cstddef>
#include <utility>

namespace pairwire {

// Lives in the coroutine's frame while it is suspended.
class WritableAwaiter {
 public:
  WritableAwaiter(DataChannel& channel, std::size_t bytes) : channel_(&channel), bytes_(bytes) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    // Once it is posted the coroutine may run, and this be gone: nothing is touched after it.
    channel_->WhenWritable(bytes_, [this, coroutine](Result<void> result) {
      result_ = std::move(result);
      coroutine.resume();
    });
  }
  Result<void> await_resume() { return std::move(result_); }

 private:
  DataChannel* channel_;
  std::size_t bytes_;
  Result<void> result_;
};

// `channel` must not be moved while the coroutine waits; it may be destroyed.
inline WritableAwaiter Writable(DataChannel& channel, std::size_t bytes = 1) {
  return {channel, bytes};
}

}  // namespace pairwire

#endif  // PAIRWIRE_COROUTINE_H_
