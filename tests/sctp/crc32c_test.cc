// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CRC32c against published values (RFC 3720 appendix B.4) and its own table. That usrsctp's packets
// get the same bytes from us as from the library is in usrsctp_association_test.cc.
#include "sctp/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

TEST(Crc32cTest, KnowsThePublishedValues) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283u);
  EXPECT_EQ(Crc32c({}), 0u);
  EXPECT_EQ(Crc32c(Bytes(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(Bytes(32, 0xff)), 0x62A8AB43u);
  Bytes rising(32);
  std::iota(rising.begin(), rising.end(), std::uint8_t{0});
  EXPECT_EQ(Crc32c(rising), 0x46DD794Eu);
  const Bytes falling(rising.rbegin(), rising.rend());
  EXPECT_EQ(Crc32c(falling), 0x113FDB5Cu);
}

TEST(Crc32cTest, HardwareAndTableAgreeAtEveryLengthAndAlignment) {
  test::SeededRandom random(1);
  Bytes bytes(1300);
  random.Fill(bytes);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    for (std::size_t size = 0; size <= 1200; size += size < 40 ? 1 : 29) {
      const ByteSpan part = ByteSpan(bytes).subspan(offset, size);
      ASSERT_EQ(Crc32c(part), Crc32cByTable(part)) << offset << " " << size;
    }
  }
}

TEST(Crc32cTest, ChecksumIsComputedOverZeroesAndStoredLowByteFirst) {
  Bytes packet(28, 0x11);
  SetSctpChecksum(packet);
  Bytes zeroed = packet;
  for (std::size_t i = 8; i < 12; ++i) zeroed[i] = 0;
  const std::uint32_t crc = Crc32cByTable(zeroed);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(packet[static_cast<std::size_t>(8 + i)], static_cast<std::uint8_t>(crc >> (8 * i)));
  }
  const Bytes once = packet;
  SetSctpChecksum(packet);
  EXPECT_EQ(packet, once);
}

TEST(Crc32cTest, LeavesWhatHasNoHeaderAlone) {
  Bytes packet(11, 0x11);
  SetSctpChecksum(packet);
  EXPECT_EQ(packet, Bytes(11, 0x11));
}

}  // namespace
}  // namespace pairwire::sctp
