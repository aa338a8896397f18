// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/due_queue.h"

namespace pairwire::relay {

void DueQueue::Set(DueItem& item, TimePoint when) {
  Cancel(item);
  item.number_ = next_number_++;
  const Entry entry{when, &item};
  heap_.push_back(entry);
  SiftUp(heap_.size() - 1, entry);
}

void DueQueue::Cancel(DueItem& item) {
  if (!item.is_due_set()) return;
  const std::size_t hole = item.place_;
  item.place_ = DueItem::kNotSet;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.item != &item) {
    // The last one takes its place, and may belong above or below it.
    if (hole > 0 && Sooner(last, heap_[(hole - 1) / 2])) {
      SiftUp(hole, last);
    } else {
      SiftDown(hole, last);
    }
  }
  if (heap_.size() < heap_.capacity() / 8) heap_.shrink_to_fit();
}

bool DueQueue::Sooner(const Entry& a, const Entry& b) {
  if (a.when != b.when) return a.when < b.when;
  // Numbers wrap; those that are set together are never so far apart.
  return static_cast<std::int32_t>(a.item->number_ - b.item->number_) < 0;
}

void DueQueue::Put(std::size_t at, const Entry& entry) {
  heap_[at] = entry;
  entry.item->place_ = static_cast<std::uint32_t>(at);
}

void DueQueue::SiftUp(std::size_t at, const Entry& entry) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!Sooner(entry, heap_[parent])) break;
    Put(at, heap_[parent]);
    at = parent;
  }
  Put(at, entry);
}

void DueQueue::SiftDown(std::size_t at, const Entry& entry) {
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Sooner(heap_[child + 1], heap_[child])) ++child;
    if (!Sooner(heap_[child], entry)) break;
    Put(at, heap_[child]);
    at = child;
  }
  Put(at, entry);
}

}  // namespace pairwire::relay
