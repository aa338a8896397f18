// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ReplayWindow: which of the newest record numbers were taken already (RFC 6347 section 4.1.2.6).
// A record is asked about first and noted only once its tag proved true, or a forged number would
// move the window.
#ifndef PAIRWIRE_PEER_DTLS_REPLAY_WINDOW_H_
#define PAIRWIRE_PEER_DTLS_REPLAY_WINDOW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace pairwire::dtls {

class ReplayWindow {
 public:
  // The RFC asks for 32 at least and recommends 64. At 500,000 packets a second 64 of them are an
  // eighth of a millisecond: two paths of one bundle differ by more, and what falls behind the
  // window is lost to SCTP.
  static constexpr std::uint64_t kSize = 1024;

  // Neither seen nor too old to tell.
  bool IsNew(std::uint64_t number) const {
    if (number >= next_) return true;
    return next_ - number <= kSize && (Word(number) & Bit(number)) == 0;
  }

  void Note(std::uint64_t number) {
    if (number >= next_) {
      // The places between the old end and the new one hold numbers that are too old by now.
      const std::uint64_t count = std::min(number - next_ + 1, kSize);
      for (std::uint64_t i = 0; i < count; ++i) Word(number - i) &= ~Bit(number - i);
      next_ = number + 1;
    }
    Word(number) |= Bit(number);
  }

 private:
  static constexpr std::uint64_t kWordBits = 64;
  static_assert(kSize % kWordBits == 0);

  static std::uint64_t Bit(std::uint64_t number) {
    return std::uint64_t{1} << (number % kWordBits);
  }
  static std::size_t IndexOf(std::uint64_t number) {
    return static_cast<std::size_t>(number / kWordBits % (kSize / kWordBits));
  }
  std::uint64_t Word(std::uint64_t number) const { return seen_[IndexOf(number)]; }
  std::uint64_t& Word(std::uint64_t number) { return seen_[IndexOf(number)]; }

  std::uint64_t next_ = 0;  // above every number that was noted
  std::array<std::uint64_t, kSize / kWordBits> seen_{};
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_REPLAY_WINDOW_H_
