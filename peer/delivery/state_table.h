// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// States: for each key the newest value reaches the other end; older ones may be skipped, and for a
// key nothing goes back to an older value. StateSender keeps the values and says what to send;
// StateReceiver says what to deliver. The lane loses and reorders: versions, which rise over all
// keys, and acknowledgements of single versions mend that. Pure. Not thread-safe.
#ifndef PAIRWIRE_PEER_DELIVERY_STATE_TABLE_H_
#define PAIRWIRE_PEER_DELIVERY_STATE_TABLE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/base/loop.h"
#include "peer/delivery/control_frames.h"

namespace pairwire::delivery {

// Keys that were deleted count: both ends remember their versions as long as the session lives.
inline constexpr std::size_t kMaxStateKeys = 1024;
// Keys and values together, at the sender. The receiver keeps no values.
inline constexpr std::size_t kMaxStateBytes = 1024 * 1024;

class StateSender {
 public:
  using TimePoint = Loop::TimePoint;
  // A version is sent again after one and a half round trips, but not sooner.
  static constexpr std::chrono::milliseconds kMinResend{50};

  // kInvalidArgument: the key has not 1 to 64 bytes; kMessageTooLarge: the value is too long;
  // kLimitExceeded: too many keys or bytes. Then nothing changes.
  Result<void> Set(std::string_view key, ValueKind kind, ByteSpan value);
  // A key that was never set: nothing to do.
  Result<void> Clear(std::string_view key);

  // The next frame to send, the longest waiting first; none: nothing is to be sent now. It counts
  // as sent at `now`.
  std::optional<Bytes> NextToSend(TimePoint now);
  // The round trip, for the resending that follows.
  void SetRoundTrip(std::chrono::microseconds round_trip);
  // When something has to be sent again, if nothing else happens.
  std::optional<TimePoint> deadline() const;
  bool has_dirty() const { return !dirty_.empty(); }
  // Nothing is to be sent, now or again.
  bool idle() const { return dirty_.empty() && sent_.empty(); }

  // The other end has this version.
  void OnAcked(std::uint64_t version);
  // A new link: what of the old one arrived nobody knows.
  void MarkAllDirty();

  std::size_t bytes() const { return bytes_; }
  std::size_t keys() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t version = 0;
    bool deleted = false;
    ValueKind kind = ValueKind::kBinary;
    Bytes value;
    bool acked = false;
    // Where it stands in dirty_ or in sent_; neither when acknowledged.
    std::optional<std::uint64_t> dirty_order;
    std::optional<TimePoint> resend_at;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Result<void> CheckRoom(std::string_view key, std::size_t value_bytes) const;
  void Renew(Entries::iterator entry);
  void MarkDirty(Entries::iterator entry);
  void Unschedule(Entry& entry);

  Entries entries_;
  // By the order in which they became dirty, and by the time of their resending.
  std::map<std::uint64_t, Entries::iterator> dirty_;
  std::multimap<TimePoint, Entries::iterator> sent_;
  std::map<std::uint64_t, Entries::iterator> by_version_;  // of the unacknowledged
  std::uint64_t last_version_ = 0;
  std::uint64_t last_order_ = 0;
  std::size_t bytes_ = 0;
  Loop::Duration resend_after_ = kMinResend;
};

class StateReceiver {
 public:
  enum class Verdict { kDeliver, kOld, kViolation };

  // A set or a deletion of this key came. Each but a violation (more keys than there may be) is to
  // be acknowledged, and TakeAcks will.
  Verdict OnVersion(std::string_view key, std::uint64_t version);
  // Up to kMaxStateAcks versions to acknowledge; empty: none.
  std::vector<std::uint64_t> TakeAcks();
  bool has_acks() const { return !acks_.empty(); }

 private:
  std::map<std::string, std::uint64_t, std::less<>> versions_;
  // At most one a key: the newest.
  std::map<std::string, std::uint64_t, std::less<>> acks_;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_STATE_TABLE_H_
