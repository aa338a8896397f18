// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ByteReader and ByteWriter: bounds-checked big-endian ("network order") access to wire bytes.
// Parsers read what comes from the network only through a ByteReader. No bit fields, no
// little-endian numbers.
#ifndef PAIRWIRE_PEER_BASE_BYTE_READER_H_
#define PAIRWIRE_PEER_BASE_BYTE_READER_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pairwire {

// Each Read… returns false when fewer bytes are left than it asks for; then `out` and the position
// stay as they were.
class ByteReader {
 public:
  // Does not copy: `bytes` must outlive the reader and what it handed out.
  explicit ByteReader(ByteSpan bytes) : rest_(bytes) {}

  [[nodiscard]] bool ReadU8(std::uint8_t& out);
  [[nodiscard]] bool ReadU16(std::uint16_t& out);
  [[nodiscard]] bool ReadU32(std::uint32_t& out);
  [[nodiscard]] bool ReadU64(std::uint64_t& out);
  [[nodiscard]] bool ReadBytes(std::size_t size, ByteSpan& out);
  [[nodiscard]] bool Skip(std::size_t size);

  std::size_t remaining() const { return rest_.size(); }
  ByteSpan rest() const { return rest_; }

 private:
  template <typename T>
  bool ReadNumber(T& out);

  ByteSpan rest_;
};

// Appends to bytes that somebody else owns; the caller knows how much may be written.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void WriteU8(std::uint8_t value);
  void WriteU16(std::uint16_t value);
  void WriteU32(std::uint32_t value);
  void WriteU64(std::uint64_t value);
  void WriteBytes(ByteSpan bytes);
  void WriteText(std::string_view text) { WriteBytes(AsBytes(text)); }

 private:
  template <typename T>
  void WriteNumber(T value);

  Bytes& out_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_BYTE_READER_H_
