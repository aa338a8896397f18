// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WritableQueue: those who wait for room in the send buffers of one connection
// (DataChannel::WhenWritable), of all its channels in one line, so that a channel with small
// messages cannot keep one with large ones waiting. Decides nothing about sending. Loop only.
#ifndef PAIRWIRE_PEER_CONNECTION_WRITABLE_QUEUE_H_
#define PAIRWIRE_PEER_CONNECTION_WRITABLE_QUEUE_H_

#include <pairwire/result.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "peer/base/fifo.h"
#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/connection/data_channel_impl.h"

namespace pairwire {

class WritableQueue {
 public:
  using Done = std::function<void(Result<void>)>;

  explicit WritableQueue(Loop& loop) : loop_(loop) {}

  // Answers from a later frame, once the channel is open and there is room, or it is over.
  void Add(std::shared_ptr<ChannelImpl> channel, std::size_t bytes, Done done);

  // Something left the buffers, or a channel changed its state. Cheap when nobody waits.
  void Check();

  // The channel is over: tells all who wait for it, before it returns.
  void Abandon(const ChannelImpl& channel, const Error& error);

 private:
  struct Waiter {
    std::shared_ptr<ChannelImpl> channel;
    std::size_t bytes;
    Done done;
    bool has_waited = false;
  };

  void Run();
  // Empty: it goes on waiting.
  static std::optional<Result<void>> AnswerFor(const Waiter& waiter);

  Loop& loop_;
  Fifo<Waiter> waiters_;
  bool posted_ = false;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_WRITABLE_QUEUE_H_
