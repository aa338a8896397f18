// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HandshakeBudget: how much of what calls itself a handshake may reach OpenSSL, retransmissions and
// rubbish counted. It bounds the work that a flood makes; a flood that ends leaves the handshake as
// it was. (What OpenSSL keeps of unfinished messages is bounded by record_filter.h: ten messages of
// 8 KiB.)
#ifndef PAIRWIRE_PEER_DTLS_HANDSHAKE_BUDGET_H_
#define PAIRWIRE_PEER_DTLS_HANDSHAKE_BUDGET_H_

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "peer/base/loop.h"

namespace pairwire::dtls {

class HandshakeBudget {
 public:
  // A handshake takes about ten records and 2 KB; the longest that we accept, with a chain of 8 KiB
  // at the smallest mtu, 40 records, a few times over when the path loses packets.
  static constexpr double kRecords = 128;
  static constexpr double kRecordsPerSecond = 100;
  static constexpr double kBytes = 128 * 1024;
  static constexpr double kBytesPerSecond = 64 * 1024;

  explicit HandshakeBudget(Loop::TimePoint now) : filled_(now) {}

  // False: too much; drop it. Nothing is taken then.
  bool Take(std::size_t bytes, Loop::TimePoint now) {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    filled_ = now;
    records_ = std::min(kRecords, records_ + seconds * kRecordsPerSecond);
    bytes_ = std::min(kBytes, bytes_ + seconds * kBytesPerSecond);
    const auto size = static_cast<double>(bytes);
    if (records_ < 1 || bytes_ < size) return false;
    records_ -= 1;
    bytes_ -= size;
    return true;
  }

 private:
  Loop::TimePoint filled_;
  double records_ = kRecords;
  double bytes_ = kBytes;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_HANDSHAKE_BUDGET_H_
