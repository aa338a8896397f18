// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/network_change_filter.h"

#include <algorithm>
#include <utility>

#include "peer/base/log.h"

namespace pairwire::net {

NetworkChangeFilter::NetworkChangeFilter(Loop& loop, NetworkEvents& events, Read read,
                                         NetworkSnapshot now)
    : loop_(loop),
      events_(events),
      read_(std::move(read)),
      now_(std::move(now)),
      timer_(loop, [this] { Look(); }) {}

void NetworkChangeFilter::Hint() {
  const auto now = loop_.Now();
  if (!timer_.active()) look_by_ = now + kAtMost;
  failures_ = 0;
  timer_.StartAt(std::min(now + kQuiet, look_by_));
}

void NetworkChangeFilter::Look() {
  auto read = read_();
  if (!read) {
    Log(LogLevel::kWarning, "net: " + read.error().detail);
    if (++failures_ >= kMaxFailures) return;  // until the next hint
    look_by_ = loop_.Now() + kRetry;
    timer_.StartAt(look_by_);
    return;
  }
  failures_ = 0;
  if (*read == now_) return;
  // Copies: the event may destroy us.
  const NetworkSnapshot before = std::exchange(now_, std::move(*read));
  const NetworkSnapshot now = now_;
  events_.OnNetworkChange(before, now);
}

}  // namespace pairwire::net
