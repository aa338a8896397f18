// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/check_pacing.h"

namespace pairwire::ice {

std::size_t CheckPacing::Index(Kind kind) {
  return static_cast<std::size_t>(kind.transport) * 2 + (kind.ipv6 ? 1 : 0);
}

CheckPacing::Kind CheckPacing::Match(Kind kind) {
  using Transport = Kind::Transport;
  switch (kind.transport) {
    case Transport::kTcpActive:
      return {Transport::kTcpPassive, kind.ipv6};
    case Transport::kTcpPassive:
      return {Transport::kTcpActive, kind.ipv6};
    case Transport::kUdp:
      break;
  }
  return kind;
}

void CheckPacing::OnLocalCandidate(Kind kind, TimePoint now) {
  ++local_[Index(kind)];
  OnPairs(remote_[Index(Match(kind))], now);
}

void CheckPacing::OnRemoteCandidate(Kind kind, TimePoint now) {
  ++remote_[Index(kind)];
  OnPairs(local_[Index(Match(kind))], now);
}

void CheckPacing::OnPairs(std::size_t added, TimePoint now) {
  if (added == 0) return;
  waiting_ += added;
  if (started_) return;
  started_ = true;
  begin_ = now;
}

void CheckPacing::OnTick(TimePoint now) {
  if (waiting_ == 0) return;
  --waiting_;
  last_check_ = now;
}

bool CheckPacing::OnCheckReceived(TimePoint now) {
  if (!watching(now)) return false;
  const bool quiet = waiting_ == 0 && now - last_check_ >= ta_;
  ++waiting_;
  return quiet;
}

}  // namespace pairwire::ice
