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

// RFC 9260 appendix A, bit by bit.
std::uint32_t Reference(ByteSpan data) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

TEST(Crc32cTest, KnowsThePublishedValues) {
  for (auto* const crc : {&Crc32c, &Crc32cByTable}) {
    EXPECT_EQ(crc(AsBytes("123456789")), 0xE3069283u);
    EXPECT_EQ(crc({}), 0u);
    EXPECT_EQ(crc(Bytes(32, 0x00)), 0x8A9136AAu);
    EXPECT_EQ(crc(Bytes(32, 0xff)), 0x62A8AB43u);
    Bytes rising(32);
    std::iota(rising.begin(), rising.end(), std::uint8_t{0});
    EXPECT_EQ(crc(rising), 0x46DD794Eu);
    const Bytes falling(rising.rbegin(), rising.rend());
    EXPECT_EQ(crc(falling), 0x113FDB5Cu);
  }
}

TEST(Crc32cTest, InstructionAndTableAreRightAtEveryLengthAndAlignment) {
  test::SeededRandom random(1);
  Bytes bytes(1600);
  random.Fill(bytes);
  for (std::size_t size = 0; size <= 1500; ++size) {
    const ByteSpan part = ByteSpan(bytes).subspan(size % 8, size);
    const std::uint32_t expected = Reference(part);
    ASSERT_EQ(Crc32c(part), expected) << size;
    ASSERT_EQ(Crc32cByTable(part), expected) << size;
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
