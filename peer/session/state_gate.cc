// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/state_gate.h"

#include <algorithm>
#include <utility>

#include "peer/delivery/state_table.h"
#include "peer/delivery/stream_queue.h"

namespace pairwire {
namespace {

using delivery::StreamSender;

Result<void> CheckKey(std::string_view key) {
  if (key.empty() || key.size() > delivery::kMaxStateKeyBytes) {
    return Fail(Errc::kInvalidArgument, "a state's key has 1 to 64 bytes");
  }
  return {};
}

tl::unexpected<Error> Closed() { return Fail(Errc::kClosed, "the session is closed or closing"); }

}  // namespace

// As StateSender::CheckRoom.
Result<StateGate::Keys::iterator> StateGate::Find(std::string_view key, std::size_t value_bytes) {
  if (closed_) return Closed();
  const auto found = keys_.find(key);
  if (found == keys_.end() && keys_.size() == delivery::kMaxStateKeys) {
    return Fail(Errc::kLimitExceeded, "a session has at most 1024 keys of states");
  }
  const std::size_t before = found == keys_.end() ? 0 : key.size() + found->second.bytes;
  const std::size_t after = bytes_ - before + key.size() + value_bytes;
  if (after > delivery::kMaxStateBytes) {
    return Fail(Errc::kLimitExceeded, "the states of a session have at most 1 MiB");
  }
  const auto [entry, is_new] = keys_.try_emplace(std::string(key));
  if (is_new) bytes_ += key.size();
  return entry;
}

void StateGate::Change(Keys::iterator key, StateChange change) {
  bytes_ = bytes_ - key->second.bytes + change.value.size();
  key->second.bytes = change.value.size();
  key->second.cleared = change.cleared;
  if (!key->second.waiting) changed_.push_back(key);
  key->second.waiting = std::move(change);
}

bool StateGate::Tell() { return !std::exchange(told_, true); }

Result<bool> StateGate::Set(std::string_view key, delivery::ValueKind kind, ByteSpan value) {
  if (auto valid = CheckKey(key); !valid) return tl::unexpected(valid.error());
  if (value.size() > delivery::kMaxStateValueBytes) {
    return Fail(Errc::kMessageTooLarge, "a state's value has at most 16 KiB");
  }
  StateChange change{std::string(key), false, kind, Bytes(value.begin(), value.end())};
  const std::lock_guard lock(mutex_);
  const auto found = Find(key, value.size());
  if (!found) return tl::unexpected(found.error());
  Change(*found, std::move(change));
  return Tell();
}

Result<bool> StateGate::Clear(std::string_view key) {
  if (auto valid = CheckKey(key); !valid) return tl::unexpected(valid.error());
  const std::lock_guard lock(mutex_);
  if (closed_) return Closed();
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.cleared) return false;
  Change(found, {std::string(key), true, delivery::ValueKind::kBinary, {}});
  return Tell();
}

Result<bool> StateGate::SendStream(delivery::FrameType type, ByteSpan bytes) {
  if (bytes.size() > delivery::kMaxStreamBytes) {
    return Fail(Errc::kMessageTooLarge, "a frame of a stream has at most 60 KiB");
  }
  Frame frame{type, Bytes(bytes.begin(), bytes.end())};
  const std::lock_guard lock(mutex_);
  if (closed_) return Closed();
  if (over_relay_) return Fail(Errc::kUnsupported, "the relay carries no streams");
  while (!frames_.empty() && (frames_.size() == StreamSender::kMaxFrames ||
                              frame_bytes_ + bytes.size() > StreamSender::kMaxBytes)) {
    frame_bytes_ -= frames_.front().bytes.size();
    frames_.pop_front();
    ++dropped_;
  }
  frame_bytes_ += bytes.size();
  frames_.push_back(std::move(frame));
  return Tell();
}

// What shrinks goes first: then no step holds more than the larger of what was there before and
// what is there in the end, both of which have room.
StateGate::Waiting StateGate::Drain() {
  const std::lock_guard lock(mutex_);
  told_ = false;
  Waiting waiting;
  const auto grows = [](const Keys::iterator& key) {
    return key->first.size() + key->second.bytes > key->second.behind;
  };
  std::stable_partition(changed_.begin(), changed_.end(), std::not_fn(grows));
  for (const Keys::iterator& key : changed_) {
    StateChange change = std::move(*key->second.waiting);
    key->second.waiting.reset();
    // Set and cleared, and nobody behind has ever heard of it.
    if (change.cleared && key->second.behind == 0) continue;
    key->second.behind = key->first.size() + key->second.bytes;
    waiting.changes.push_back(std::move(change));
  }
  changed_.clear();
  while (!frames_.empty()) {
    waiting.frames.push_back(std::move(frames_.front()));
    frames_.pop_front();
  }
  frame_bytes_ = 0;
  return waiting;
}

void StateGate::SetOverRelay(bool over_relay) {
  const std::lock_guard lock(mutex_);
  over_relay_ = over_relay;
}

void StateGate::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::uint64_t StateGate::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace pairwire
