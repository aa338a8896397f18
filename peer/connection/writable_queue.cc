// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/writable_queue.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace pairwire {

void WritableQueue::Add(std::shared_ptr<ChannelImpl> channel, std::size_t bytes, Done done) {
  waiters_.push_back({std::move(channel), bytes, std::move(done)});
  Check();
}

void WritableQueue::Check() {
  if (waiters_.empty() || std::exchange(posted_, true)) return;
  loop_.Post(safety_.Wrap([this] {
    posted_ = false;
    Run();
  }));
}

std::optional<Result<void>> WritableQueue::AnswerFor(const Waiter& waiter) {
  const SendBudget& budget = *waiter.channel->budget;
  const std::size_t bytes = std::max<std::size_t>(waiter.bytes, 1);
  switch (waiter.channel->state.load(std::memory_order_acquire)) {
    case DataChannelState::kConnecting:
      return std::nullopt;
    case DataChannelState::kOpen:
      break;
    case DataChannelState::kClosing:
    case DataChannelState::kClosed:
      return Fail(Errc::kClosed, "the channel is closing or closed");
  }
  const std::size_t limit = budget.max_message_size.load(std::memory_order_relaxed);
  if (bytes > budget.max_buffered_amount || (limit != 0 && bytes > limit)) {
    return Fail(Errc::kMessageTooLarge, std::to_string(bytes) + " bytes can never be sent at once");
  }
  // Who had to wait waits a little longer: a wake-up for each acknowledgement would cost more than
  // it brings.
  const std::size_t fits = budget.max_buffered_amount - bytes;
  const std::size_t most =
      waiter.has_waited ? std::min(fits, budget.max_buffered_amount / 2) : fits;
  const std::size_t most_messages =
      waiter.has_waited ? SendBudget::kMaxWaitingMessages / 2 : SendBudget::kMaxWaitingMessages - 1;
  if (budget.buffered.load(std::memory_order_relaxed) > most) return std::nullopt;
  if (budget.waiting_messages() > most_messages) return std::nullopt;
  return Result<void>();
}

void WritableQueue::Run() {
  std::size_t skipped = 0;  // their channels are still connecting; they keep their places
  while (skipped < waiters_.size()) {
    Waiter& first = waiters_[skipped];
    auto answer = AnswerFor(first);
    if (!answer) {
      if (first.channel->state.load(std::memory_order_acquire) != DataChannelState::kConnecting) {
        first.has_waited = true;
        return;  // the others are behind it
      }
      ++skipped;
      continue;
    }
    const Waiter ready = std::move(first);
    waiters_.erase(skipped);
    // It may do anything: send, wait again, close. A connection goes a frame later at the earliest.
    ready.done(std::move(*answer));
  }
}

void WritableQueue::Abandon(const ChannelImpl& channel, const Error& error) {
  std::vector<Waiter> over;
  for (std::size_t i = 0; i < waiters_.size();) {
    if (waiters_[i].channel.get() == &channel) {
      over.push_back(std::move(waiters_[i]));
      waiters_.erase(i);
    } else {
      ++i;
    }
  }
  for (const Waiter& waiter : over) waiter.done(tl::unexpected(error));
  Check();  // those who stood behind them
}

}  // namespace pairwire
