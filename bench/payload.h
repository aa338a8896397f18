// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What stands in a message of the bench: its number and the time it was sent at its beginning, the
// number again at its end, so that a message that is cut, mixed up, lost or repeated is noticed.
// The rest is filler that nobody reads. The bytes are the machine's: both ends run on one.
#ifndef PAIRWIRE_BENCH_PAYLOAD_H_
#define PAIRWIRE_BENCH_PAYLOAD_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pairwire::bench {

struct Stamp {
  std::uint64_t number = 0;
  std::int64_t nanoseconds = 0;  // of the steady clock, which both processes share

  bool operator==(const Stamp&) const = default;
};

// `message` has kMinMessageBytes at least; shorter than 24 bytes it carries no second number.
void WriteStamp(const Stamp& stamp, Bytes& message);

// kParseError: not `size` bytes, or the two numbers differ.
Result<Stamp> ReadStamp(ByteSpan message, std::size_t size);

// Counts what arrives. Reliable and ordered: every number in its turn. Otherwise: any number, but
// each once.
class Ledger {
 public:
  explicit Ledger(bool in_order) : in_order_(in_order) {}

  // kInvalidState: a number out of turn, or for the second time; the detail says which.
  Result<void> Enter(std::uint64_t number);
  std::uint64_t count() const { return count_; }

  // A number above it is an error also when order does not matter: it bounds the memory for those
  // seen.
  static constexpr std::uint64_t kMaxNumber = std::uint64_t{1} << 32;

 private:
  const bool in_order_;
  std::uint64_t count_ = 0;
  std::vector<bool> seen_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_PAYLOAD_H_
