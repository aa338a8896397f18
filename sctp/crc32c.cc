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

constexpr std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

constexpr auto kTable = MakeTable();

std::uint32_t ExtendByTable(std::uint32_t crc, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kTable[(crc ^ data[i]) & 0xff];
  return crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t ExtendByHardware(std::uint32_t crc,
                                                                 const std::uint8_t* data,
                                                                 std::size_t size) {
  std::uint64_t wide = crc;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
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
