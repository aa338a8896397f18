// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// BoundedQueue: byte strings kept for later, oldest first, up to a count and a sum of sizes. When
// it is full the oldest go: who sends too early sends again.
#ifndef PAIRWIRE_PEER_DTLS_BOUNDED_QUEUE_H_
#define PAIRWIRE_PEER_DTLS_BOUNDED_QUEUE_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace pairwire::dtls {

class BoundedQueue {
 public:
  BoundedQueue(std::size_t max_count, std::size_t max_bytes)
      : max_count_(max_count), max_bytes_(max_bytes) {}

  // Returns how many others had to go. One that is larger than the whole queue may be is itself
  // dropped.
  std::size_t Push(ByteSpan item) {
    if (item.size() > max_bytes_) return 1;
    std::size_t dropped = 0;
    while (items_.size() == max_count_ || bytes_ + item.size() > max_bytes_) {
      bytes_ -= items_.front().size();
      items_.erase(items_.begin());
      ++dropped;
    }
    bytes_ += item.size();
    items_.emplace_back(item.begin(), item.end());
    return dropped;
  }

  std::vector<Bytes> TakeAll() {
    bytes_ = 0;
    return std::exchange(items_, {});
  }

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  const std::size_t max_count_;
  const std::size_t max_bytes_;
  // Not a deque, which holds half a KiB when it is empty, and these mostly are.
  std::vector<Bytes> items_;
  std::size_t bytes_ = 0;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_BOUNDED_QUEUE_H_
