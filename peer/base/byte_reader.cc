// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/byte_reader.h"

namespace pairwire {

template <typename T>
bool ByteReader::ReadNumber(T& out) {
  if (rest_.size() < sizeof(T)) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = (value << 8) | rest_[i];
  out = static_cast<T>(value);
  rest_ = rest_.subspan(sizeof(T));
  return true;
}

bool ByteReader::ReadU8(std::uint8_t& out) { return ReadNumber(out); }
bool ByteReader::ReadU16(std::uint16_t& out) { return ReadNumber(out); }
bool ByteReader::ReadU32(std::uint32_t& out) { return ReadNumber(out); }
bool ByteReader::ReadU64(std::uint64_t& out) { return ReadNumber(out); }

bool ByteReader::ReadBytes(std::size_t size, ByteSpan& out) {
  if (rest_.size() < size) return false;
  out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return true;
}

bool ByteReader::Skip(std::size_t size) {
  ByteSpan skipped;
  return ReadBytes(size, skipped);
}

template <typename T>
void ByteWriter::WriteNumber(T value) {
  for (std::size_t i = sizeof(T); i > 0; --i) {
    out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * (i - 1))));
  }
}

void ByteWriter::WriteU8(std::uint8_t value) { WriteNumber(value); }
void ByteWriter::WriteU16(std::uint16_t value) { WriteNumber(value); }
void ByteWriter::WriteU32(std::uint32_t value) { WriteNumber(value); }
void ByteWriter::WriteU64(std::uint64_t value) { WriteNumber(value); }

void ByteWriter::WriteBytes(ByteSpan bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

}  // namespace pairwire
