// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/length_values.h"

#include <cstdint>

namespace pairwire::auth {

void AppendLengthValue(Bytes& out, ByteSpan item) {
  std::size_t length = item.size();
  while (length >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(0x80 | (length & 0x7f)));
    length >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(length));
  out.insert(out.end(), item.begin(), item.end());
}

Bytes LvCat(std::initializer_list<ByteSpan> items) {
  std::size_t size = 0;
  for (const ByteSpan item : items) size += item.size() + 3;
  Bytes out;
  // At once: what is hashed may be secret, and a vector that grows leaves copies behind.
  out.reserve(size);
  for (const ByteSpan item : items) AppendLengthValue(out, item);
  return out;
}

bool LengthValueReader::Read(std::size_t max_size, ByteSpan& item) {
  constexpr std::size_t kMaxLengthBytes = 3;
  std::size_t length = 0;
  for (std::size_t i = 0;; ++i) {
    if (i == kMaxLengthBytes || i >= rest_.size()) return false;
    const std::uint8_t byte = rest_[i];
    length |= static_cast<std::size_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    // A last byte of zero says nothing: there is a shorter form.
    if (byte == 0 && i > 0) return false;
    rest_ = rest_.subspan(i + 1);
    break;
  }
  if (length > max_size || length > rest_.size()) return false;
  item = rest_.first(length);
  rest_ = rest_.subspan(length);
  return true;
}

bool LengthValueReader::ReadExactly(std::size_t size, ByteSpan& item) {
  return Read(size, item) && item.size() == size;
}

bool LengthValueReader::Expect(std::string_view text) {
  ByteSpan item;
  return Read(text.size(), item) && AsText(item) == text;
}

}  // namespace pairwire::auth
