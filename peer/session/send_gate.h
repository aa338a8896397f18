// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SendGate: where commands from any thread get their number and learn at once whether there is
// room, before the loop puts them into the session's outbox. It counts as the outbox does, so that
// what it took the outbox takes, too; and it knows who has to hear that there is room again. Its
// lock is held for counting only, never in a callback.
#ifndef PAIRWIRE_PEER_SESSION_SEND_GATE_H_
#define PAIRWIRE_PEER_SESSION_SEND_GATE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>
#include <pairwire/session.h>

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "peer/delivery/frame.h"
#include "peer/delivery/outbox.h"

namespace pairwire {

class SendGate {
 public:
  struct Waiting {
    delivery::FrameType type = delivery::FrameType::kDataBinary;
    Bytes framed;  // the message behind room for its header
  };
  struct Taken {
    MessageId id = 0;
    bool first = false;  // nothing waited: the loop has to be told
  };

  explicit SendGate(delivery::Outbox::Limits limits) : limits_(limits) {}

  // Any thread. A copy of the message waits for Drain. kClosed, kMessageTooLarge, kBufferFull.
  Result<Taken> Queue(delivery::FrameType type, ByteSpan message) {
    Waiting waiting{type, delivery::BehindHeader(message)};
    const std::lock_guard lock(mutex_);
    if (auto room = Check(message.size()); !room) return Refuse(std::move(room.error()));
    waiting_bytes_ += Cost(message.size());
    waiting_.push_back(std::move(waiting));
    NoteHigh();
    return Taken{++last_id_, waiting_.size() == 1};
  }

  // Loop: what waits, and in the same breath the number of a message that goes out right behind it,
  // and is counted as in the outbox. Should that not take it, SetOutbox says so.
  Result<MessageId> Pass(std::size_t bytes, std::vector<Waiting>& before) {
    const std::lock_guard lock(mutex_);
    if (auto room = Check(bytes); !room) return Refuse(std::move(room.error()));
    Take(before);
    outbox_bytes_ += Cost(bytes);
    ++outbox_messages_;
    NoteHigh();
    return ++last_id_;
  }
  void Drain(std::vector<Waiting>& out) {
    const std::lock_guard lock(mutex_);
    Take(out);
  }

  // Loop: what the outbox holds now.
  void SetOutbox(std::size_t bytes, std::size_t messages) {
    const std::lock_guard lock(mutex_);
    outbox_bytes_ = bytes;
    outbox_messages_ = messages;
  }
  // Nothing more is taken.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  // Loop. Whoever waits for bytes() to be so low, or lower, has to hear of it.
  void SetLowThreshold(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    low_threshold_ = bytes;
    was_high_ = false;
    NoteHigh();
  }
  // Loop. True once: no more than the threshold waits after more did; or somebody was refused for
  // want of room, and half of the messages that may wait have gone, as many small ones fill the
  // outbox by their number.
  bool TakeLow() {
    const std::lock_guard lock(mutex_);
    if (outbox_bytes_ + waiting_bytes_ > low_threshold_) return false;
    bool tell = std::exchange(was_high_, false);
    if (refused_ && outbox_messages_ + waiting_.size() <= limits_.messages / 2) {
      refused_ = false;
      tell = true;
    }
    return tell;
  }

  // Any thread.
  Result<void> HasRoomFor(std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    return Check(bytes);
  }
  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return outbox_bytes_ + waiting_bytes_;
  }
  MessageId last_id() const {
    const std::lock_guard lock(mutex_);
    return last_id_;
  }

 private:
  static std::size_t Cost(std::size_t bytes) { return bytes + delivery::kHeaderBytes; }

  Result<void> Check(std::size_t bytes) const {
    if (closed_) return Fail(Errc::kClosed, "the session is closed or closing");
    if (bytes > delivery::kMaxCommandBytes || Cost(bytes) > limits_.bytes) {
      return Fail(Errc::kMessageTooLarge, "a message has at most 262,124 bytes");
    }
    if (outbox_messages_ + waiting_.size() >= limits_.messages ||
        outbox_bytes_ + waiting_bytes_ + Cost(bytes) > limits_.bytes) {
      return Fail(Errc::kBufferFull, "too much is waiting for its acknowledgement");
    }
    return {};
  }
  tl::unexpected<Error> Refuse(Error error) {
    if (error.code == Errc::kBufferFull) refused_ = true;
    return tl::unexpected(std::move(error));
  }
  void NoteHigh() {
    if (outbox_bytes_ + waiting_bytes_ > low_threshold_) was_high_ = true;
  }
  // Counted as the outbox's at once: the loop puts it there before it says what that holds.
  void Take(std::vector<Waiting>& out) {
    outbox_bytes_ += std::exchange(waiting_bytes_, 0);
    outbox_messages_ += waiting_.size();
    out.swap(waiting_);
    waiting_.clear();
  }

  const delivery::Outbox::Limits limits_;
  mutable std::mutex mutex_;
  std::vector<Waiting> waiting_;  // bounded by limits_, with what is in the outbox
  std::size_t waiting_bytes_ = 0;
  std::size_t outbox_bytes_ = 0;
  std::size_t outbox_messages_ = 0;
  MessageId last_id_ = 0;
  std::size_t low_threshold_ = 0;
  bool was_high_ = false;
  bool refused_ = false;
  bool closed_ = false;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SEND_GATE_H_
