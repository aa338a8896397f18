// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/early_messages.h"

#include <utility>

namespace pairwire::sctp {

bool EarlyMessages::Add(StreamId stream, Ppid ppid, bool ordered, ByteSpan data,
                        Loop::TimePoint now) {
  const std::size_t cost = data.size() + kMessageCost;
  if (cost > max_bytes_ || bytes_ > max_bytes_ - cost) return false;
  const auto found = streams_.find(ToInt(stream));
  if (found == streams_.end() && streams_.size() >= kMaxStreams) return false;
  Waiting& waiting = found == streams_.end() ? streams_[ToInt(stream)] : found->second;
  if (waiting.messages.empty()) waiting.since = now;
  waiting.messages.push_back({ppid, ordered, Bytes(data.begin(), data.end())});
  bytes_ += cost;
  return true;
}

std::vector<EarlyMessages::Message> EarlyMessages::Take(StreamId stream) {
  const auto found = streams_.find(ToInt(stream));
  if (found == streams_.end()) return {};
  auto messages = std::move(found->second.messages);
  streams_.erase(found);
  for (const Message& message : messages) bytes_ -= message.data.size() + kMessageCost;
  return messages;
}

std::optional<StreamId> EarlyMessages::FindOld(Loop::TimePoint until) const {
  for (const auto& [stream, waiting] : streams_) {
    if (waiting.since <= until) return StreamId{stream};
  }
  return std::nullopt;
}

std::optional<Loop::TimePoint> EarlyMessages::Oldest() const {
  std::optional<Loop::TimePoint> oldest;
  for (const auto& [stream, waiting] : streams_) {
    if (!oldest || waiting.since < *oldest) oldest = waiting.since;
  }
  return oldest;
}

void EarlyMessages::Clear() {
  streams_.clear();
  bytes_ = 0;
}

}  // namespace pairwire::sctp
