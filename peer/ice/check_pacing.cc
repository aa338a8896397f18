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

bool CheckPacing::OnLocalCandidate(Kind kind, TimePoint now) {
  ++local_[Index(kind)];
  return OnPairs(remote_[Index(Match(kind))], now);
}

bool CheckPacing::OnRemoteCandidate(Kind kind, TimePoint now) {
  ++remote_[Index(kind)];
  return OnPairs(local_[Index(Match(kind))], now);
}

bool CheckPacing::OnPairs(std::size_t added, TimePoint now) {
  if (added == 0) return false;
  // The very first check is GlibContext::FireNew's.
  const bool quiet = Quiet(now);
  waiting_ += added;
  if (!started_) begin_ = now;
  started_ = true;
  return quiet;
}

bool CheckPacing::Quiet(TimePoint now) const {
  return watching(now) && waiting_ == 0 && now - last_check_ >= ta_;
}

void CheckPacing::OnTick(TimePoint now) {
  if (waiting_ == 0) return;
  --waiting_;
  last_check_ = now;
}

bool CheckPacing::OnCheckReceived(TimePoint now) {
  const bool quiet = Quiet(now);
  ++waiting_;
  return quiet;
}

}  // namespace pairwire::ice
