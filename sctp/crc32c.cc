// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace pairwire::sctp {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78;
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kChecksumOffset = 8;

using Table = std::array<std::uint32_t, 256>;

// kTables[k][b]: the CRC of the byte `b` with `k` zero bytes behind it. Eight of them take eight
// bytes at a time ("slicing by 8", Kounavis and Berry).
constexpr std::array<Table, 8> MakeTables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::uint32_t i = 0; i < 256; ++i) {
      const std::uint32_t crc = tables[k - 1][i];
      tables[k][i] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}

constexpr auto kTables = MakeTables();

std::uint32_t Read32Little(const std::uint8_t* data) {
  return data[0] | (std::uint32_t{data[1]} << 8) | (std::uint32_t{data[2]} << 16) |
         (std::uint32_t{data[3]} << 24);
}

std::uint32_t ExtendByTable(std::uint32_t crc, const std::uint8_t* data, std::size_t size) {
  for (; size >= 8; size -= 8, data += 8) {
    const std::uint32_t low = crc ^ Read32Little(data);
    const std::uint32_t high = Read32Little(data + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; size > 0; --size, ++data) crc = (crc >> 8) ^ kTables[0][(crc ^ *data) & 0xff];
  return crc;
}

#if defined(__x86_64__)

// The instruction takes three cycles, and a new one can begin in each: so three parts of the data
// go side by side, and are joined by moving a CRC over the zero bytes that stand for the part
// behind.
constexpr std::size_t kPart = 128;

// kPartShift[k][b]: the CRC `b << 8 * k` moved over kPart zero bytes. Linear, so from single bits.
constexpr std::array<Table, 4> MakePartShift() {
  std::array<std::uint32_t, 32> bits{};
  for (std::size_t bit = 0; bit < bits.size(); ++bit) {
    std::uint32_t crc = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kPart; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xff];
    bits[bit] = crc;
  }
  std::array<Table, 4> shift{};
  for (std::size_t k = 0; k < shift.size(); ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((i >> bit & 1) != 0) shift[k][i] ^= bits[8 * k + bit];
      }
    }
  }
  return shift;
}

constexpr auto kPartShift = MakePartShift();

std::uint32_t ShiftByPart(std::uint64_t crc) {
  return kPartShift[0][crc & 0xff] ^ kPartShift[1][crc >> 8 & 0xff] ^
         kPartShift[2][crc >> 16 & 0xff] ^ kPartShift[3][crc >> 24 & 0xff];
}

std::uint64_t Read64(const std::uint8_t* data) {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t ExtendByHardware(std::uint32_t crc,
                                                                 const std::uint8_t* data,
                                                                 std::size_t size) {
  std::uint64_t first = crc;
  for (; size >= 3 * kPart; size -= 3 * kPart, data += 3 * kPart) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kPart; i += 8) {
      first = _mm_crc32_u64(first, Read64(data + i));
      second = _mm_crc32_u64(second, Read64(data + kPart + i));
      third = _mm_crc32_u64(third, Read64(data + 2 * kPart + i));
    }
    first = ShiftByPart(ShiftByPart(first) ^ second) ^ third;
  }
  for (; size >= 8; size -= 8, data += 8) first = _mm_crc32_u64(first, Read64(data));
  crc = static_cast<std::uint32_t>(first);
  for (; size > 0; --size, ++data) crc = _mm_crc32_u8(crc, *data);
  return crc;
}

bool HasHardware() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") != 0;
}

#elif defined(__aarch64__) && defined(__linux__)

__attribute__((target("+crc"))) std::uint32_t ExtendByHardware(std::uint32_t crc,
                                                               const std::uint8_t* data,
                                                               std::size_t size) {
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    crc = __crc32cd(crc, word);
  }
  for (; size > 0; --size, ++data) crc = __crc32cb(crc, *data);
  return crc;
}

bool HasHardware() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

std::uint32_t ExtendByHardware(std::uint32_t crc, const std::uint8_t* data, std::size_t size) {
  return ExtendByTable(crc, data, size);
}

bool HasHardware() { return false; }

#endif

std::uint32_t Extend(std::uint32_t crc, const std::uint8_t* data, std::size_t size) {
  static const bool has_hardware = HasHardware();
  return has_hardware ? ExtendByHardware(crc, data, size) : ExtendByTable(crc, data, size);
}

}  // namespace

std::uint32_t Crc32c(ByteSpan data) { return ~Extend(0xffffffff, data.data(), data.size()); }

std::uint32_t Crc32cByTable(ByteSpan data) {
  return ~ExtendByTable(0xffffffff, data.data(), data.size());
}

void SetSctpChecksum(std::span<std::uint8_t> packet) {
  if (packet.size() < kHeaderSize) return;
  std::uint8_t* const field = packet.data() + kChecksumOffset;
  std::memset(field, 0, 4);
  const std::uint32_t crc = Crc32c(packet);
  for (int i = 0; i < 4; ++i) field[i] = static_cast<std::uint8_t>(crc >> (8 * i));
}

}  // namespace pairwire::sctp
