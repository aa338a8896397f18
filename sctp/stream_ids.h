// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StreamIds: which stream numbers are in use, and which one we take next (RFC 8832 section 6: the
// DTLS client takes even numbers, the server odd ones). Pure: no association, no messages.
#ifndef PAIRWIRE_SCTP_STREAM_IDS_H_
#define PAIRWIRE_SCTP_STREAM_IDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "sctp/types.h"

namespace pairwire::sctp {

class StreamIds {
 public:
  explicit StreamIds(bool dtls_client) : parity_(dtls_client ? 0 : 1), next_(parity_) {}

  // The lowest free number of our parity, so that the association's stream table stays small; empty
  // when all 32,767 or 32,768 are in use.
  std::optional<StreamId> Allocate();

  // Marks a number that the other end chose. False when it is in use, is ours to give, or is 65535.
  bool Take(StreamId id);

  // Marks a number of either parity that both ends agreed on. False when it is in use or 65535.
  bool Reserve(StreamId id);

  // Frees a number once both directions of its stream are reset; others are ignored.
  void Release(StreamId id);

  bool IsOurs(StreamId id) const { return ToInt(id) % 2 == parity_; }
  bool InUse(StreamId id) const;
  std::size_t size() const { return taken_.size() + allocated_; }

 private:
  const std::uint16_t parity_;
  std::uint32_t next_;                // Our numbers from here on were never used...
  std::set<std::uint16_t> free_;      // ...and these below it are free again.
  std::set<std::uint16_t> reserved_;  // Our numbers from next_ on that are in use all the same.
  std::set<std::uint16_t> taken_;     // The other end's numbers in use.
  std::size_t allocated_ = 0;         // Our numbers in use.
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_STREAM_IDS_H_
