// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ByteReader and ByteWriter: byte order, and refusal of every input that is cut short.
#include "peer/base/byte_reader.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace pairwire {
namespace {

const Bytes kAll = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                    0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10};

TEST(ByteReader, ReadsBigEndian) {
  ByteReader reader(kAll);
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  ASSERT_TRUE(reader.ReadU8(u8) && reader.ReadU16(u16) && reader.ReadU32(u32));
  EXPECT_EQ(u8, 0x01);
  EXPECT_EQ(u16, 0x2345);
  EXPECT_EQ(u32, 0x6789ABCDU);
  ASSERT_TRUE(reader.ReadU64(u64));
  EXPECT_EQ(u64, 0xEFFEDCBA98765432U);
  EXPECT_EQ(reader.remaining(), 1U);
  EXPECT_EQ(reader.rest()[0], 0x10);
}

// One record with each kind of field, read from every prefix of its bytes.
bool ReadRecord(ByteSpan bytes, std::size_t& consumed) {
  ByteReader reader(bytes);
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  ByteSpan text;
  const bool ok = reader.ReadU8(u8) && reader.ReadU16(u16) && reader.ReadU32(u32) &&
                  reader.ReadU64(u64) && reader.ReadBytes(3, text) && reader.Skip(2);
  consumed = bytes.size() - reader.remaining();
  return ok;
}

TEST(ByteReader, RefusesEveryCutShortInput) {
  constexpr std::size_t kSize = 1 + 2 + 4 + 8 + 3 + 2;
  const Bytes record(kSize, 0x5A);
  std::size_t consumed = 0;
  for (std::size_t size = 0; size < kSize; ++size) {
    // A copy of the exact size, so that AddressSanitizer sees a read past the end.
    const Bytes cut(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(ReadRecord(cut, consumed)) << size;
    EXPECT_LE(consumed, size);
  }
  EXPECT_TRUE(ReadRecord(record, consumed));
  EXPECT_EQ(consumed, kSize);
}

TEST(ByteReader, AFailedReadChangesNothing) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  std::uint32_t u32 = 77;
  ByteSpan span;
  EXPECT_FALSE(reader.ReadU32(u32));
  EXPECT_FALSE(reader.ReadBytes(4, span));
  EXPECT_FALSE(reader.Skip(SIZE_MAX));
  EXPECT_EQ(u32, 77U);
  EXPECT_TRUE(span.empty());
  std::uint16_t u16 = 0;
  ASSERT_TRUE(reader.ReadU16(u16));
  EXPECT_EQ(u16, 0x0102);
}

TEST(ByteReader, EmptyInputHasEmptyBytes) {
  ByteReader reader({});
  ByteSpan span;
  EXPECT_TRUE(reader.ReadBytes(0, span));
  EXPECT_TRUE(reader.Skip(0));
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  Bytes out;
  ByteWriter writer(out);
  writer.WriteU8(0x01);
  writer.WriteU16(0x2345);
  writer.WriteU32(0x6789ABCD);
  writer.WriteU64(0xEFFEDCBA98765432);
  writer.WriteU8(0x10);
  EXPECT_EQ(out, kAll);
}

TEST(ByteWriter, AppendsTextAndBytes) {
  Bytes out = {9};
  ByteWriter writer(out);
  writer.WriteText("ab");
  writer.WriteBytes(Bytes{1, 2});
  writer.WriteBytes({});
  EXPECT_EQ(out, (Bytes{9, 'a', 'b', 1, 2}));
}

}  // namespace
}  // namespace pairwire
