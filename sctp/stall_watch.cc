// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/stall_watch.h"

namespace pairwire::sctp {

StallWatch::StallWatch(Loop& loop, Loop::Duration stall_after, Events& events)
    : stall_after_(stall_after), events_(events), loop_(loop), timer_(loop, [this] { Look(); }) {}

void StallWatch::SetOutstanding(bool outstanding) {
  if (outstanding == outstanding_) return;
  outstanding_ = outstanding;
  if (!outstanding) return;
  last_progress_ = loop_.Now();
  if (!timer_.active()) timer_.Start(kPeriod);
}

bool StallWatch::OnProgress() {
  last_progress_ = loop_.Now();
  return std::exchange(stalled_, false);
}

void StallWatch::Look() {
  if (!outstanding_) return;
  const auto quiet = loop_.Now() - last_progress_;
  timer_.Start(quiet < kPeriod ? kPeriod - quiet : Loop::Duration(kPeriod));
  if (quiet < kPeriod) return;
  if (!stalled_ && quiet >= stall_after_) {
    stalled_ = true;
    ++stalls_;
    events_.OnStalled();
  } else {
    events_.OnQuiet();
  }
}

}  // namespace pairwire::sctp
