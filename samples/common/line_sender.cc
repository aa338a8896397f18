// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/line_sender.h"

#include <utility>

namespace pairwire::samples {

void LineSender::Take(std::vector<std::string> lines) {
  for (std::string& line : lines) lines_.push_back(std::move(line));
  Pump();
}

void LineSender::Continue() {
  if (!lines_.empty()) Pump();
}

void LineSender::SetPaused(bool paused) {
  paused_ = paused;
  if (!paused_) Pump();
}

void LineSender::Pump() {
  while (!lines_.empty() && !paused_) {
    if (outlet_.buffered_amount() >= kHighWater) return;
    const std::string line = std::move(lines_.front());
    lines_.pop_front();
    if (outlet_.filter && !outlet_.filter(line)) continue;
    const Result<void> sent = outlet_.send(line);
    if (sent) continue;
    if (sent.error().code == Errc::kBufferFull && outlet_.buffered_amount() > 0) {
      lines_.push_front(line);
      return;
    }
    if (outlet_.on_error) outlet_.on_error(sent.error());
  }
  if (lines_.empty() && !paused_ && outlet_.on_empty) outlet_.on_empty();
}

}  // namespace pairwire::samples
