// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/capture/pcapng.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pairwire::capture {
namespace {

// ---- Little-endian blocks

void Put16(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}

void Put32(Bytes& out, std::uint32_t value) {
  Put16(out, static_cast<std::uint16_t>(value));
  Put16(out, static_cast<std::uint16_t>(value >> 16));
}

void PutPadded(Bytes& out, ByteSpan bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  while (out.size() % 4 != 0) out.push_back(0);
}

// Type, length, what `body` holds, length again.
Bytes Block(std::uint32_t type, ByteSpan body) {
  constexpr std::size_t kFrame = 12;
  const auto length = static_cast<std::uint32_t>(body.size() + kFrame);
  Bytes block;
  block.reserve(length);
  Put32(block, type);
  Put32(block, length);
  block.insert(block.end(), body.begin(), body.end());
  Put32(block, length);
  return block;
}

constexpr std::uint16_t kEndOfOptions = 0;

// ---- Headers in network order

void PutNet16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void SetNet16(Bytes& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071: the sum of 16-bit words; Fold makes the checksum out of it.
std::uint32_t AddWords(std::uint32_t sum, ByteSpan bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  return sum;
}

std::uint16_t Fold(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kHopLimit = 64;

Address Mapped(const Address& address) {
  if (address.is_ipv6) return address;
  Address mapped{.is_ipv6 = true, .port = address.port};
  mapped.ip[10] = mapped.ip[11] = 0xff;  // RFC 4291 section 2.5.5.2
  std::copy_n(address.ip.begin(), 4, mapped.ip.begin() + 12);
  return mapped;
}

ByteSpan IpOf(const Address& address) {
  return ByteSpan(address.ip).first(address.is_ipv6 ? 16 : 4);
}

void PutIpv4(Bytes& out, const Address& from, const Address& to, std::size_t udp_length) {
  const std::size_t start = out.size();
  out.insert(out.end(), {0x45, 0});  // version and header length; no service class
  PutNet16(out, kIpv4Header + udp_length);
  out.insert(out.end(), {0, 0, 0x40, 0, kHopLimit, kUdp, 0, 0});  // no id; don't fragment; checksum
  for (const Address* address : {&from, &to}) {
    out.insert(out.end(), address->ip.begin(), address->ip.begin() + 4);
  }
  SetNet16(out, start + 10, Fold(AddWords(0, ByteSpan(out).subspan(start))));
}

void PutIpv6(Bytes& out, const Address& from, const Address& to, std::size_t udp_length) {
  out.insert(out.end(), {0x60, 0, 0, 0});
  PutNet16(out, udp_length);
  out.insert(out.end(), {kUdp, kHopLimit});
  for (const Address* address : {&from, &to}) {
    out.insert(out.end(), address->ip.begin(), address->ip.end());
  }
}

void PutUdp(Bytes& out, const Address& from, const Address& to, ByteSpan payload) {
  const std::size_t start = out.size();
  const std::size_t length = kUdpHeader + payload.size();
  PutNet16(out, from.port);
  PutNet16(out, to.port);
  PutNet16(out, length);
  PutNet16(out, 0);
  out.insert(out.end(), payload.begin(), payload.end());
  // The pseudo header of RFC 768 and RFC 8200 section 8.1 adds the same numbers for both families.
  std::uint32_t sum = AddWords(AddWords(0, IpOf(from)), IpOf(to));
  sum += kUdp + static_cast<std::uint32_t>(length);
  const std::uint16_t checksum = Fold(AddWords(sum, ByteSpan(out).subspan(start)));
  SetNet16(out, start + 6, checksum == 0 ? 0xffff : checksum);  // 0 would mean: none
}

Bytes IpPacket(const Address& from, const Address& to, ByteSpan payload) {
  Bytes packet;
  packet.reserve(kIpv6Header + kUdpHeader + payload.size());
  if (from.is_ipv6) {
    PutIpv6(packet, from, to, kUdpHeader + payload.size());
  } else {
    PutIpv4(packet, from, to, kUdpHeader + payload.size());
  }
  PutUdp(packet, from, to, payload);
  return packet;
}

}  // namespace

Bytes FileStart() {
  constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kByteOrder = 0x1a2b3c4d;
  constexpr std::uint32_t kInterface = 1;
  constexpr std::uint16_t kLinktypeRaw = 101;
  constexpr std::uint16_t kApplication = 4;
  constexpr std::string_view kName = "Pairwire";
  Bytes section;
  Put32(section, kByteOrder);
  Put16(section, 1);  // version 1.0
  Put16(section, 0);
  Put32(section, 0xffff'ffff);  // length of the section: not known
  Put32(section, 0xffff'ffff);
  Put16(section, kApplication);
  Put16(section, static_cast<std::uint16_t>(kName.size()));
  PutPadded(section, AsBytes(kName));
  Put16(section, kEndOfOptions);
  Put16(section, 0);
  Bytes interface;
  Put16(interface, kLinktypeRaw);
  Put16(interface, 0);
  Put32(interface, 0);  // packets are never cut short
  Bytes start = Block(kSectionHeader, section);
  const Bytes second = Block(kInterface, interface);
  start.insert(start.end(), second.begin(), second.end());
  return start;
}

Bytes PacketBlock(std::chrono::system_clock::time_point time, Direction direction,
                  const Address& local, const Address& remote, ByteSpan payload) {
  constexpr std::uint32_t kEnhancedPacket = 6;
  constexpr std::uint16_t kFlags = 2;
  constexpr std::uint32_t kInbound = 1, kOutbound = 2;
  const bool mapped = local.is_ipv6 != remote.is_ipv6;
  const Address ours = mapped ? Mapped(local) : local;
  const Address theirs = mapped ? Mapped(remote) : remote;
  const bool sent = direction == Direction::kSent;
  const Bytes packet = sent ? IpPacket(ours, theirs, payload) : IpPacket(theirs, ours, payload);
  const auto microseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
  Bytes body;
  body.reserve(packet.size() + 40);
  Put32(body, 0);  // the interface
  Put32(body, static_cast<std::uint32_t>(microseconds >> 32));
  Put32(body, static_cast<std::uint32_t>(microseconds));
  Put32(body, static_cast<std::uint32_t>(packet.size()));
  Put32(body, static_cast<std::uint32_t>(packet.size()));
  PutPadded(body, packet);
  Put16(body, kFlags);
  Put16(body, 4);
  Put32(body, sent ? kOutbound : kInbound);
  Put16(body, kEndOfOptions);
  Put16(body, 0);
  return Block(kEnhancedPacket, body);
}

Bytes SecretsBlock(std::string_view line) {
  constexpr std::uint32_t kDecryptionSecrets = 10;
  constexpr std::uint32_t kTlsKeyLog = 0x544c534b;
  Bytes body;
  Put32(body, kTlsKeyLog);
  Put32(body, static_cast<std::uint32_t>(line.size() + 1));
  body.insert(body.end(), line.begin(), line.end());
  body.push_back('\n');
  PutPadded(body, {});
  return Block(kDecryptionSecrets, body);
}

}  // namespace pairwire::capture
