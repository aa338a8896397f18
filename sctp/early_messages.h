// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EarlyMessages: messages that came on streams without a channel. W3C leaves open what happens to
// them. Two ends that make the same negotiated channel never make it at the same moment, and the
// quicker one may send at once, so they are kept for a while, within bounds.
//
// Data only, no clock and no events: channel_mux decides when they have waited long enough.
#ifndef PAIRWIRE_SCTP_EARLY_MESSAGES_H_
#define PAIRWIRE_SCTP_EARLY_MESSAGES_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "peer/base/loop.h"
#include "sctp/types.h"

namespace pairwire::sctp {

class EarlyMessages {
 public:
  struct Message {
    Ppid ppid;
    bool ordered;
    Bytes data;
  };

  // Each message counts with its bytes and kMessageCost.
  explicit EarlyMessages(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // False: it does not fit, and was not kept.
  bool Add(StreamId stream, Ppid ppid, bool ordered, ByteSpan data, Loop::TimePoint now);

  // Takes what waits for `stream`, in the order in which it came.
  std::vector<Message> Take(StreamId stream);

  // A stream whose first message came at `until` or before.
  std::optional<StreamId> FindOld(Loop::TimePoint until) const;

  // When the oldest first message of a stream came; empty when nothing waits.
  std::optional<Loop::TimePoint> Oldest() const;

  void Clear();
  std::size_t bytes() const { return bytes_; }

  static constexpr std::size_t kMessageCost = 64;
  static constexpr std::size_t kMaxStreams = 64;

 private:
  struct Waiting {
    Loop::TimePoint since;
    std::vector<Message> messages;
  };

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::map<std::uint16_t, Waiting> streams_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_EARLY_MESSAGES_H_
