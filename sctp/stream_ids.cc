// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/stream_ids.h"

namespace pairwire::sctp {
namespace {

// RFC 8832 section 6: 65535 is reserved, an association has at most 65535 streams.
constexpr std::uint32_t kLastStream = 65534;

}  // namespace

std::optional<StreamId> StreamIds::Allocate() {
  std::uint16_t id;
  if (!free_.empty()) {
    id = *free_.begin();
    free_.erase(free_.begin());
  } else {
    while (reserved_.erase(static_cast<std::uint16_t>(next_)) != 0) next_ += 2;
    if (next_ > kLastStream) return std::nullopt;
    id = static_cast<std::uint16_t>(next_);
    next_ += 2;
  }
  ++allocated_;
  return StreamId{id};
}

bool StreamIds::Take(StreamId id) {
  if (IsOurs(id) || ToInt(id) > kLastStream) return false;
  return taken_.insert(ToInt(id)).second;
}

bool StreamIds::Reserve(StreamId id) {
  if (!IsOurs(id)) return Take(id);
  if (ToInt(id) > kLastStream || InUse(id)) return false;
  if (ToInt(id) < next_) {
    free_.erase(ToInt(id));
  } else {
    reserved_.insert(ToInt(id));
  }
  ++allocated_;
  return true;
}

void StreamIds::Release(StreamId id) {
  if (!InUse(id)) return;
  if (!IsOurs(id)) {
    taken_.erase(ToInt(id));
    return;
  }
  if (reserved_.erase(ToInt(id)) == 0) free_.insert(ToInt(id));
  --allocated_;
}

bool StreamIds::InUse(StreamId id) const {
  if (!IsOurs(id)) return taken_.contains(ToInt(id));
  if (ToInt(id) >= next_) return reserved_.contains(ToInt(id));
  return !free_.contains(ToInt(id));
}

}  // namespace pairwire::sctp
