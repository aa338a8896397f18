// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/stream.h"

#include <utility>

namespace pairwire::bench {

StreamSender::StreamSender(Network& network, std::unique_ptr<Outlet> outlet,
                           std::size_t message_size, std::size_t buffer, std::size_t keep_free)
    : network_(network),
      outlet_(std::move(outlet)),
      message_(message_size),
      buffer_(buffer),
      keep_free_(keep_free) {}

void StreamSender::Subscribe(std::function<void()> on_open,
                             std::function<void(const Error&)> on_failed) {
  on_failed_ = std::move(on_failed);
  outlet_->Subscribe({.on_open = std::move(on_open),
                      .on_buffered_amount_low = [this] { Pump(); },
                      .on_closed = [this](const Error& error) { on_failed_(error); }},
                     buffer_ / 2);
}

void StreamSender::Start() {
  running_ = true;
  Pump();
}

void StreamSender::Pump() {
  if (posted_) return;  // the next burst is on its way
  for (int i = 0; running_; ++i) {
    if (i == kBurst) return PumpLater();
    if (keep_free_ != 0 && outlet_->buffered_amount() + message_.size() + keep_free_ > buffer_) {
      return;
    }
    WriteStamp(next_, message_);
    const Result<void> sent = outlet_->Send(message_);
    if (!sent && sent.error().code == Errc::kBufferFull) return;
    if (!sent) {
      running_ = false;
      return on_failed_(sent.error());
    }
    ++next_.number;
  }
}

void StreamSender::PumpLater() {
  posted_ = true;
  network_.Post([this] {
    posted_ = false;
    Pump();
  });
}

StreamReceiver::StreamReceiver(std::size_t message_size, bool reliable)
    : message_size_(message_size), ledger_(reliable) {}

Result<Stamp> StreamReceiver::OnMessage(ByteSpan data) {
  Result<Stamp> stamp = ReadStamp(data, message_size_);
  if (!stamp) return stamp;
  if (const auto entered = ledger_.Enter(stamp->number); !entered) {
    return tl::unexpected<Error>(entered.error());
  }
  return stamp;
}

void StreamReceiver::OpenWindow() {
  meter_.Restart();
  opened_count_ = ledger_.count();
}

Window StreamReceiver::CloseWindow() const {
  return {.spent = meter_.SinceStart(), .messages = ledger_.count() - opened_count_};
}

}  // namespace pairwire::bench
