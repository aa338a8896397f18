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
  } else if (next_ <= kLastStream) {
    id = static_cast<std::uint16_t>(next_);
    next_ += 2;
  } else {
    return std::nullopt;
  }
  ++allocated_;
  return StreamId{id};
}

bool StreamIds::Take(StreamId id) {
  if (IsOurs(id) || ToInt(id) > kLastStream) return false;
  return taken_.insert(ToInt(id)).second;
}

void StreamIds::Release(StreamId id) {
  if (!InUse(id)) return;
  if (!IsOurs(id)) {
    taken_.erase(ToInt(id));
    return;
  }
  free_.insert(ToInt(id));
  --allocated_;
}

bool StreamIds::InUse(StreamId id) const {
  if (!IsOurs(id)) return taken_.contains(ToInt(id));
  return ToInt(id) < next_ && !free_.contains(ToInt(id));
}

}  // namespace pairwire::sctp
