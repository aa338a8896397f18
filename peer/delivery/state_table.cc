// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/state_table.h"

#include <algorithm>
#include <span>
#include <utility>

#include "peer/delivery/frame.h"

namespace pairwire::delivery {

Result<void> StateSender::CheckRoom(std::string_view key, std::size_t value_bytes) const {
  if (key.empty() || key.size() > kMaxStateKeyBytes) {
    return Fail(Errc::kInvalidArgument, "a state's key has 1 to 64 bytes");
  }
  if (value_bytes > kMaxStateValueBytes) {
    return Fail(Errc::kMessageTooLarge, "a state's value has at most 16 KiB");
  }
  const auto entry = entries_.find(key);
  if (entry == entries_.end() && entries_.size() == kMaxStateKeys) {
    return Fail(Errc::kLimitExceeded, "a session has at most 1024 keys of states");
  }
  const std::size_t before = entry == entries_.end() ? 0 : key.size() + entry->second.value.size();
  if (bytes_ - before + key.size() + value_bytes > kMaxStateBytes) {
    return Fail(Errc::kLimitExceeded, "the states of a session have at most 1 MiB");
  }
  return {};
}

void StateSender::Unschedule(Entry& entry) {
  if (entry.dirty_order) dirty_.erase(*entry.dirty_order);
  entry.dirty_order.reset();
  if (!entry.resend_at) return;
  const auto [begin, end] = sent_.equal_range(*entry.resend_at);
  const auto found =
      std::find_if(begin, end, [&](const auto& sent) { return &sent.second->second == &entry; });
  if (found != end) sent_.erase(found);
  entry.resend_at.reset();
}

void StateSender::MarkDirty(Entries::iterator entry) {
  // What waits already keeps its place: a key that changes all the time must not starve.
  if (entry->second.dirty_order) return;
  Unschedule(entry->second);
  entry->second.dirty_order = ++last_order_;
  dirty_.emplace(last_order_, entry);
}

void StateSender::Renew(Entries::iterator entry) {
  by_version_.erase(entry->second.version);
  entry->second.version = ++last_version_;
  by_version_.emplace(last_version_, entry);
  entry->second.acked = false;
  MarkDirty(entry);
}

Result<void> StateSender::Set(std::string_view key, ValueKind kind, ByteSpan value) {
  if (auto room = CheckRoom(key, value.size()); !room) return room;
  const auto [entry, is_new] = entries_.try_emplace(std::string(key));
  if (is_new) bytes_ += key.size();
  bytes_ = bytes_ - entry->second.value.size() + value.size();
  entry->second.value.assign(value.begin(), value.end());
  entry->second.kind = kind;
  entry->second.deleted = false;
  Renew(entry);
  return {};
}

Result<void> StateSender::Clear(std::string_view key) {
  if (key.empty() || key.size() > kMaxStateKeyBytes) {
    return Fail(Errc::kInvalidArgument, "a state's key has 1 to 64 bytes");
  }
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || entry->second.deleted) return {};
  bytes_ -= entry->second.value.size();
  entry->second.value = {};
  entry->second.deleted = true;
  Renew(entry);
  return {};
}

std::optional<Bytes> StateSender::NextToSend(TimePoint now) {
  while (!sent_.empty() && sent_.begin()->first <= now) MarkDirty(sent_.begin()->second);
  if (dirty_.empty()) return std::nullopt;
  const Entries::iterator entry = dirty_.begin()->second;
  const Entry& state = entry->second;
  Bytes frame(kHeaderBytes);
  WriteHeader(std::span<std::uint8_t, kHeaderBytes>(frame.data(), kHeaderBytes),
              {state.deleted ? FrameType::kStateDelete : FrameType::kStateSet, kStateChannel,
               state.version, 0});
  if (state.deleted) {
    AppendStateKey(frame, entry->first);
  } else {
    AppendStateValue(frame, {entry->first, state.kind, state.value});
  }
  Unschedule(entry->second);
  entry->second.resend_at = now + resend_after_;
  sent_.emplace(*entry->second.resend_at, entry);
  return frame;
}

void StateSender::SetRoundTrip(std::chrono::microseconds round_trip) {
  resend_after_ = std::max<Loop::Duration>(kMinResend, round_trip * 3 / 2);
}

std::optional<StateSender::TimePoint> StateSender::deadline() const {
  if (sent_.empty()) return std::nullopt;
  return sent_.begin()->first;
}

void StateSender::OnAcked(std::uint64_t version) {
  const auto found = by_version_.find(version);
  if (found == by_version_.end()) return;  // there is a newer one, or it is a repetition
  Entry& entry = found->second->second;
  entry.acked = true;
  Unschedule(entry);
  by_version_.erase(found);
}

void StateSender::MarkAllDirty() {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->second.acked) MarkDirty(entry);
  }
}

StateReceiver::Verdict StateReceiver::OnVersion(std::string_view key, std::uint64_t version) {
  auto entry = versions_.find(key);
  if (entry == versions_.end()) {
    if (versions_.size() == kMaxStateKeys) return Verdict::kViolation;
    entry = versions_.emplace(std::string(key), 0).first;
  }
  const bool newer = version > entry->second;
  if (newer) entry->second = version;
  // An older one needs no answer: who sent it has long gone on to the newer one.
  if (version == entry->second) acks_.insert_or_assign(entry->first, version);
  return newer ? Verdict::kDeliver : Verdict::kOld;
}

std::vector<std::uint64_t> StateReceiver::TakeAcks() {
  std::vector<std::uint64_t> versions;
  while (!acks_.empty() && versions.size() < kMaxStateAcks) {
    versions.push_back(acks_.begin()->second);
    acks_.erase(acks_.begin());
  }
  return versions;
}

}  // namespace pairwire::delivery
