// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// VirtualEntropy: while it lives, what usrsctp draws from the kernel (tags, first TSNs, jitter of
// heartbeats) comes from a seed, so that a run over simulated weather can be repeated packet by
// packet. OpenSSL's randomness is not touched: over DTLS a replay repeats the weather, not the
// bytes.
//
// Works because the program's own definition of syscall() comes before the C library's; all calls
// but getrandom go on to the kernel.
#ifndef PAIRWIRE_TESTS_SCTP_VIRTUAL_ENTROPY_H_
#define PAIRWIRE_TESTS_SCTP_VIRTUAL_ENTROPY_H_

#include <cstdint>

namespace pairwire::sctp::test {

class VirtualEntropy {
 public:
  // One at a time; only the thread that made it gets seeded bytes.
  explicit VirtualEntropy(std::uint64_t seed);
  ~VirtualEntropy();

  VirtualEntropy(const VirtualEntropy&) = delete;
  VirtualEntropy& operator=(const VirtualEntropy&) = delete;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_VIRTUAL_ENTROPY_H_
