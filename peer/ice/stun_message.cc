// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/stun_message.h"

#include <glib.h>

#include <algorithm>
#include <memory>

#include "peer/base/byte_reader.h"
#include "peer/base/check.h"

namespace pairwire::ice {
namespace {

constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::size_t kSha1Size = 20;
constexpr std::size_t kIntegritySize = kAttributeHeaderSize + kSha1Size;
constexpr std::size_t kFingerprintSize = kAttributeHeaderSize + 4;
constexpr std::uint32_t kFingerprintXor = 0x5354554e;  // RFC 8489 section 14.7
constexpr std::size_t kMaxValue = 763;

using Sha1 = std::array<std::uint8_t, kSha1Size>;

struct HmacUnref {
  void operator()(GHmac* hmac) const { g_hmac_unref(hmac); }
};
struct ChecksumFree {
  void operator()(GChecksum* checksum) const { g_checksum_free(checksum); }
};

std::size_t Padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The HMAC of the message up to `end`, with a length field as if MESSAGE-INTEGRITY were its last
// attribute (RFC 8489 section 14.5).
Sha1 Integrity(ByteSpan message, std::size_t end, ByteSpan key) {
  const std::size_t length = end + kIntegritySize - kStunHeaderSize;
  const std::array<std::uint8_t, 4> head = {message[0], message[1],
                                            static_cast<std::uint8_t>(length >> 8),
                                            static_cast<std::uint8_t>(length)};
  const std::unique_ptr<GHmac, HmacUnref> hmac(g_hmac_new(G_CHECKSUM_SHA1, key.data(), key.size()));
  g_hmac_update(hmac.get(), head.data(), static_cast<gssize>(head.size()));
  const ByteSpan rest = message.subspan(head.size(), end - head.size());
  g_hmac_update(hmac.get(), rest.data(), static_cast<gssize>(rest.size()));
  Sha1 digest{};
  gsize size = digest.size();
  g_hmac_get_digest(hmac.get(), digest.data(), &size);
  return digest;
}

// What four bits, on their own, make of a checksum.
constexpr std::array<std::uint32_t, 16> MakeCrcTable() {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 4; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 16> kCrcTable = MakeCrcTable();

// ISO 3309, half a byte at a time: short messages, and a table that needs one line of cache.
std::uint32_t Crc32(ByteSpan bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    crc = (crc >> 4) ^ kCrcTable[crc & 15];
    crc = (crc >> 4) ^ kCrcTable[crc & 15];
  }
  return ~crc;
}

}  // namespace

StunTransactionId MakeStunTransactionId(RandomSource& random) {
  StunTransactionId id{};
  random.Fill(id);
  return id;
}

StunBuilder::StunBuilder(StunType type, const StunTransactionId& id) {
  bytes_.reserve(256);
  ByteWriter writer(bytes_);
  writer.WriteU16(static_cast<std::uint16_t>(type));
  writer.WriteU16(0);
  writer.WriteU32(kStunCookie);
  writer.WriteBytes(id);
}

void StunBuilder::SetLength(std::size_t attributes_size) {
  bytes_[2] = static_cast<std::uint8_t>(attributes_size >> 8);
  bytes_[3] = static_cast<std::uint8_t>(attributes_size);
}

StunBuilder& StunBuilder::Add(StunAttribute attribute, ByteSpan value) {
  PAIRWIRE_CHECK(value.size() <= kMaxValue);
  ByteWriter writer(bytes_);
  writer.WriteU16(static_cast<std::uint16_t>(attribute));
  writer.WriteU16(static_cast<std::uint16_t>(value.size()));
  writer.WriteBytes(value);
  bytes_.resize(Padded(bytes_.size()));
  SetLength(bytes_.size() - kStunHeaderSize);
  return *this;
}

StunBuilder& StunBuilder::AddText(StunAttribute attribute, std::string_view value) {
  return Add(attribute, AsBytes(value));
}

StunBuilder& StunBuilder::AddU32(StunAttribute attribute, std::uint32_t value) {
  Bytes bytes;
  ByteWriter(bytes).WriteU32(value);
  return Add(attribute, bytes);
}

StunBuilder& StunBuilder::AddU64(StunAttribute attribute, std::uint64_t value) {
  Bytes bytes;
  ByteWriter(bytes).WriteU64(value);
  return Add(attribute, bytes);
}

StunBuilder& StunBuilder::AddIntegrity(ByteSpan key) {
  const Sha1 digest = Integrity(bytes_, bytes_.size(), key);
  return Add(StunAttribute::kMessageIntegrity, digest);
}

StunBuilder& StunBuilder::AddFingerprint() {
  // The length has to count the fingerprint already.
  SetLength(bytes_.size() + kFingerprintSize - kStunHeaderSize);
  return AddU32(StunAttribute::kFingerprint, Crc32(bytes_) ^ kFingerprintXor);
}

std::optional<StunMessage> StunMessage::Parse(ByteSpan bytes) {
  ByteReader reader(bytes);
  std::uint16_t type = 0;
  std::uint16_t length = 0;
  std::uint32_t cookie = 0;
  ByteSpan id;
  if (!reader.ReadU16(type) || !reader.ReadU16(length) || !reader.ReadU32(cookie) ||
      !reader.ReadBytes(12, id)) {
    return std::nullopt;
  }
  if ((type & 0xc000) != 0 || cookie != kStunCookie || length % 4 != 0) return std::nullopt;
  if (reader.remaining() < length) return std::nullopt;

  StunMessage message(bytes.first(kStunHeaderSize + length));
  message.type_ = static_cast<StunType>(type);
  std::copy(id.begin(), id.end(), message.id_.begin());
  message.integrity_at_ = message.message_.size();

  ByteReader attributes(message.message_.subspan(kStunHeaderSize));
  while (attributes.remaining() > 0) {
    const std::size_t at = message.message_.size() - attributes.remaining();
    std::uint16_t attribute = 0;
    std::uint16_t size = 0;
    if (!attributes.ReadU16(attribute) || !attributes.ReadU16(size) ||
        !attributes.Skip(Padded(size))) {
      return std::nullopt;
    }
    const bool integrity =
        attribute == static_cast<std::uint16_t>(StunAttribute::kMessageIntegrity);
    if (integrity && size == kSha1Size && message.integrity_at_ == message.message_.size()) {
      message.integrity_at_ = at;
    }
  }
  return message;
}

std::optional<ByteSpan> StunMessage::Find(StunAttribute wanted) const {
  ByteReader attributes(message_.subspan(kStunHeaderSize, integrity_at_ - kStunHeaderSize));
  while (attributes.remaining() > 0) {
    std::uint16_t attribute = 0;
    std::uint16_t size = 0;
    ByteSpan value;
    if (!attributes.ReadU16(attribute) || !attributes.ReadU16(size) ||
        !attributes.ReadBytes(size, value)) {
      return std::nullopt;
    }
    if (attribute == static_cast<std::uint16_t>(wanted)) return value;
    if (!attributes.Skip(Padded(size) - size)) return std::nullopt;
  }
  return std::nullopt;
}

bool StunMessage::IsPlainCheck() const {
  constexpr std::uint16_t kOptional = 0x8000;
  ByteReader attributes(message_.subspan(kStunHeaderSize, integrity_at_ - kStunHeaderSize));
  std::uint16_t type = 0;
  std::uint16_t size = 0;
  while (attributes.ReadU16(type) && attributes.ReadU16(size) && attributes.Skip(Padded(size))) {
    const auto attribute = static_cast<StunAttribute>(type);
    if (type < kOptional && attribute != StunAttribute::kUsername &&
        attribute != StunAttribute::kPriority && attribute != StunAttribute::kUseCandidate) {
      return false;
    }
  }
  return true;
}

std::optional<int> StunMessage::error_code() const {
  const auto value = Find(StunAttribute::kErrorCode);
  if (!value || value->size() < 4) return std::nullopt;
  const int hundreds = (*value)[2] & 0x07;
  const int rest = (*value)[3];
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return hundreds * 100 + rest;
}

bool StunMessage::HasIntegrity(ByteSpan key) const {
  if (integrity_at_ == message_.size()) return false;
  const Sha1 expected = Integrity(message_, integrity_at_, key);
  const ByteSpan received = message_.subspan(integrity_at_ + kAttributeHeaderSize, kSha1Size);
  unsigned difference = 0;
  for (std::size_t i = 0; i < kSha1Size; ++i) difference |= expected[i] ^ received[i];
  return difference == 0;
}

std::array<std::uint8_t, 16> LongTermStunKey(std::string_view username, std::string_view realm,
                                             std::string_view password) {
  const std::string text =
      std::string(username).append(":").append(realm).append(":").append(password);
  const std::unique_ptr<GChecksum, ChecksumFree> md5(g_checksum_new(G_CHECKSUM_MD5));
  g_checksum_update(md5.get(), reinterpret_cast<const guchar*>(text.data()),
                    static_cast<gssize>(text.size()));
  std::array<std::uint8_t, 16> key{};
  gsize size = key.size();
  g_checksum_get_digest(md5.get(), key.data(), &size);
  return key;
}

}  // namespace pairwire::ice
