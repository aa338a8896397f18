// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// lv_cat of draft-irtf-cfrg-cpace-21, section 5: each item behind its length in LEB128, so that
// different lists never give the same bytes. It is what CPace hashes and, read back by
// LengthValueReader, the form of the pairing's messages.
#ifndef PAIRWIRE_PEER_AUTH_LENGTH_VALUES_H_
#define PAIRWIRE_PEER_AUTH_LENGTH_VALUES_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace pairwire::auth {

Bytes LvCat(std::initializer_list<ByteSpan> items);

// The same onto the end of `out`, one item.
void AppendLengthValue(Bytes& out, ByteSpan item);

// Reads hostile bytes: a length has its shortest form and at most three bytes, and is there in
// full.
class LengthValueReader {
 public:
  // Does not copy: `bytes` outlives the reader and the items it handed out.
  explicit LengthValueReader(ByteSpan bytes) : rest_(bytes) {}

  // False: the bytes do not go on with an item of at most `max_size` bytes; then the reader is of
  // no further use.
  [[nodiscard]] bool Read(std::size_t max_size, ByteSpan& item);
  // An item of exactly this size, or this text.
  [[nodiscard]] bool ReadExactly(std::size_t size, ByteSpan& item);
  [[nodiscard]] bool Expect(std::string_view text);

  bool at_end() const { return rest_.empty(); }

 private:
  ByteSpan rest_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_LENGTH_VALUES_H_
