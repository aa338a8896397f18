// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DueQueue: what is due when, in order; those of the same time in the order of their setting. A
// binary heap in which each item knows its place, so that one costs 16 bytes here and 8 in itself,
// and is cancelled without a search.
#ifndef PAIRWIRE_SIGNALING_STORE_DUE_QUEUE_H_
#define PAIRWIRE_SIGNALING_STORE_DUE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "signaling/protocol/time.h"

namespace pairwire::relay {

using protocol::TimePoint;

// Something that has at most one due time. It is cancelled before it goes, and does not move while
// it is set.
class DueItem {
 public:
  bool is_due_set() const { return place_ != kNotSet; }

 private:
  friend class DueQueue;
  static constexpr std::uint32_t kNotSet = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t place_ = kNotSet;
  std::uint32_t number_ = 0;  // of its setting
};

class DueQueue {
 public:
  // Replaces an earlier setting.
  void Set(DueItem& item, TimePoint when);
  void Cancel(DueItem& item);

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  // Not of an empty one.
  DueItem& first() const { return *heap_.front().item; }
  // TimePoint::max() when it is empty.
  TimePoint next() const { return heap_.empty() ? TimePoint::max() : heap_.front().when; }

 private:
  struct Entry {
    TimePoint when;
    DueItem* item;
  };

  static bool Sooner(const Entry& a, const Entry& b);
  void Put(std::size_t at, const Entry& entry);
  // Both put `entry` where it belongs, from the hole at `at` on.
  void SiftUp(std::size_t at, const Entry& entry);
  void SiftDown(std::size_t at, const Entry& entry);

  std::vector<Entry> heap_;
  std::uint32_t next_number_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_DUE_QUEUE_H_
