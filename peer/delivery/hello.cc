// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/hello.h"

#include <algorithm>

#include "peer/auth/length_values.h"
#include "peer/base/byte_reader.h"
#include "peer/base/check.h"
#include "peer/delivery/frame.h"

namespace pairwire::delivery {
namespace {

constexpr std::size_t kTagBytes = std::tuple_size_v<auth::HelloTag>;
constexpr std::uint8_t kKnownFlags = kHelloFirst | kHelloPlain;

template <std::size_t kSize>
bool ReadArray(ByteReader& reader, std::array<std::uint8_t, kSize>& out) {
  ByteSpan bytes;
  if (!reader.ReadBytes(kSize, bytes)) return false;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

bool ReadChannels(ByteReader& reader, Hello& hello) {
  std::uint8_t count = 0;
  if (!reader.ReadU8(count) || count > kMaxHelloChannels) return false;
  for (std::uint8_t i = 0; i < count; ++i) {
    std::uint16_t chan = 0;
    std::uint64_t last = 0;
    if (!reader.ReadU16(chan) || !reader.ReadU64(last)) return false;
    if (i > 0 && chan <= hello.last_delivered.back().first) return false;
    hello.last_delivered.emplace_back(chan, last);
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> Hello::LastDelivered(std::uint16_t chan) const {
  for (const auto& [known, last] : last_delivered) {
    if (known == chan) return last;
  }
  return std::nullopt;
}

Bytes EncodeHello(const Hello& hello) {
  PAIRWIRE_CHECK(hello.last_delivered.size() <= kMaxHelloChannels);
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteBytes(hello.session);
  writer.WriteBytes(hello.mine);
  writer.WriteBytes(hello.yours);
  writer.WriteU64(hello.counter);
  writer.WriteU32(hello.generation);
  writer.WriteU8(hello.flags);
  writer.WriteU8(static_cast<std::uint8_t>(hello.last_delivered.size()));
  for (const auto& [chan, last] : hello.last_delivered) {
    writer.WriteU16(chan);
    writer.WriteU64(last);
  }
  auth::AppendLengthValue(bytes, AsBytes(auth::FeaturesText(hello.features)));
  auth::AppendLengthValue(bytes, hello.plain_secret);
  return bytes;
}

Bytes EncodeHelloWithTag(const Hello& hello, const auth::KeyRatchet* ratchet,
                         auth::PairingRole role, const auth::Fingerprints& link) {
  Bytes bytes = EncodeHello(hello);
  auth::HelloTag tag{};
  if (ratchet != nullptr) {
    PAIRWIRE_CHECK(hello.generation == ratchet->own());
    const auto made = auth::MakeHelloTag(*ratchet, role, link, bytes);
    PAIRWIRE_CHECK(made.has_value());
    tag = *made;
  }
  bytes.insert(bytes.end(), tag.begin(), tag.end());
  return bytes;
}

std::optional<ParsedHello> ParseHello(ByteSpan payload) {
  if (payload.size() < kTagBytes || payload.size() > kMaxHelloBytes) return std::nullopt;
  ParsedHello parsed;
  parsed.covered = payload.first(payload.size() - kTagBytes);
  parsed.tag = payload.last(kTagBytes);
  Hello& hello = parsed.hello;
  ByteReader reader(parsed.covered);
  if (!ReadArray(reader, hello.session) || !ReadArray(reader, hello.mine) ||
      !ReadArray(reader, hello.yours) || !reader.ReadU64(hello.counter) ||
      !reader.ReadU32(hello.generation) || !reader.ReadU8(hello.flags) ||
      (hello.flags & ~kKnownFlags) != 0 || !ReadChannels(reader, hello)) {
    return std::nullopt;
  }
  auth::LengthValueReader items(reader.rest());
  ByteSpan features;
  ByteSpan secret;
  if (!items.Read(auth::kMaxFeaturesTextBytes, features) ||
      !items.Read(auth::kContributionBytes, secret) || !items.at_end() ||
      (!secret.empty() && secret.size() != auth::kContributionBytes)) {
    return std::nullopt;
  }
  auto words = auth::ParseFeatures(AsText(features));
  if (!words) return std::nullopt;
  hello.features = std::move(*words);
  hello.plain_secret.assign(secret.begin(), secret.end());
  return parsed;
}

ResumeVerdict Judge(const Remembered& remembered, const Hello& hello, std::uint64_t sent) {
  constexpr Epoch kNone{};
  if (hello.session != remembered.session || hello.mine == kNone) return ResumeVerdict::kRefuse;
  if (hello.counter <= remembered.their_counter) return ResumeVerdict::kRefuse;
  const bool knows_us = hello.yours != kNone;
  if (knows_us && hello.yours != remembered.mine) return ResumeVerdict::kStateLost;
  const bool known = remembered.theirs != kNone;
  if (known && hello.mine != remembered.theirs) return ResumeVerdict::kStateLost;
  const auto last = hello.LastDelivered(kCommandChannel);
  if (!last || *last > sent) return ResumeVerdict::kCorrupt;
  return known ? ResumeVerdict::kResume : ResumeVerdict::kFirst;
}

}  // namespace pairwire::delivery
