// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/pairing_messages.h"

#include <algorithm>
#include <iterator>

#include "peer/auth/base64url.h"
#include "peer/auth/length_values.h"

namespace pairwire::auth {
namespace {

constexpr std::size_t kMaxFeatureListBytes = kMaxFeatures * (kMaxFeatureBytes + 1);
constexpr std::size_t kMaxDataBytes = 64 + kMaxFeatureListBytes;
// Share, tag, sid and the lengths before them.
constexpr std::size_t kMaxMessageBytes = kMaxDataBytes + 256;

bool IsFeature(std::string_view word) {
  return !word.empty() && word.size() <= kMaxFeatureBytes &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

template <std::size_t kSize>
bool ReadArray(LengthValueReader& reader, std::array<std::uint8_t, kSize>& out) {
  ByteSpan item;
  if (!reader.ReadExactly(kSize, item)) return false;
  std::copy(item.begin(), item.end(), out.begin());
  return true;
}

bool ReadBytes(LengthValueReader& reader, std::size_t max_size, Bytes& out) {
  ByteSpan item;
  if (!reader.Read(max_size, item)) return false;
  out.assign(item.begin(), item.end());
  return true;
}

bool ReadText(LengthValueReader& reader, std::size_t max_size, std::string& out) {
  ByteSpan item;
  if (!reader.Read(max_size, item)) return false;
  out = AsText(item);
  return true;
}

std::optional<std::uint8_t> HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(), [](char x, char y) {
           return x == (y >= 'A' && y <= 'Z' ? static_cast<char>(y - 'A' + 'a') : y);
         });
}

// "sha-256 AB:CD:…", nothing behind it.
std::optional<Fingerprint256> ParseFingerprint(std::string_view text) {
  constexpr std::string_view kHash = "sha-256 ";
  if (!StartsWithIgnoringCase(text, kHash)) return std::nullopt;
  text.remove_prefix(kHash.size());
  Fingerprint256 value{};
  if (text.size() != value.size() * 3 - 1) return std::nullopt;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto high = HexValue(text[i * 3]);
    const auto low = HexValue(text[i * 3 + 1]);
    if (!high || !low || (i + 1 < value.size() && text[i * 3 + 2] != ':')) return std::nullopt;
    value[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return value;
}

}  // namespace

std::string_view ToString(PairingRole role) {
  switch (role) {
    case PairingRole::kController:
      return "controller";
    case PairingRole::kDisplay:
      return "display";
  }
  return "";
}

std::string FeaturesText(const Features& features) {
  std::string list;
  for (const std::string& feature : features) {
    if (!list.empty()) list += ' ';
    list += feature;
  }
  return list;
}

std::optional<Features> ParseFeatures(std::string_view list) {
  Features features;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    features.emplace_back(list.substr(0, end));
    // A blank at the end leaves an empty word, which is none.
    if (end + 1 == list.size()) return std::nullopt;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  if (!CheckFeatures(features)) return std::nullopt;
  return features;
}

Result<void> CheckFeatures(const Features& features) {
  if (features.size() > kMaxFeatures) return Fail(Errc::kLimitExceeded, "too many features");
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (!IsFeature(features[i]) || (i > 0 && features[i - 1] >= features[i])) {
      return Fail(Errc::kInvalidArgument,
                  "features are words of a-z, 0-9, '.' and '-', ascending, each once");
    }
  }
  return {};
}

Features CommonFeatures(const Features& a, const Features& b) {
  Features common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

Bytes EncodeAssociatedData(const AssociatedData& data) {
  const std::string features = FeaturesText(data.features);
  Bytes bytes = LvCat({AsBytes(ToString(data.role)), AsBytes(kPairingVersion), AsBytes(features)});
  if (data.role == PairingRole::kController) {
    AppendLengthValue(bytes, AsBytes(ToString(data.secret)));
  }
  return bytes;
}

std::optional<AssociatedData> DecodeAssociatedData(ByteSpan bytes) {
  LengthValueReader reader(bytes);
  AssociatedData data;
  std::string role;
  std::string list;
  if (!ReadText(reader, 16, role) || !reader.Expect(kPairingVersion) ||
      !ReadText(reader, kMaxFeatureListBytes, list)) {
    return std::nullopt;
  }
  auto features = ParseFeatures(list);
  if (!features) return std::nullopt;
  data.features = std::move(*features);
  if (role == ToString(PairingRole::kController)) {
    std::string secret;
    if (!ReadText(reader, 16, secret)) return std::nullopt;
    if (secret == ToString(SecretKind::kUrl)) {
      data.secret = SecretKind::kUrl;
    } else if (secret != ToString(SecretKind::kLetters)) {
      return std::nullopt;
    }
  } else if (role == ToString(PairingRole::kDisplay)) {
    data.role = PairingRole::kDisplay;
  } else {
    return std::nullopt;
  }
  if (!reader.at_end()) return std::nullopt;
  return data;
}

std::string EncodeHello(const HelloMessage& hello) {
  return ToBase64Url(LvCat({hello.session_id, hello.share, hello.data}));
}

std::optional<HelloMessage> DecodeHello(std::string_view text) {
  const auto bytes = FromBase64Url(text, kMaxMessageBytes);
  if (!bytes) return std::nullopt;
  LengthValueReader reader(*bytes);
  HelloMessage hello;
  if (!ReadArray(reader, hello.session_id) || !ReadArray(reader, hello.share) ||
      !ReadBytes(reader, kMaxDataBytes, hello.data) || !reader.at_end() ||
      !IsCpaceShare(hello.share)) {
    return std::nullopt;
  }
  return hello;
}

std::string EncodeReply(const ReplyMessage& reply) {
  return ToBase64Url(LvCat({reply.share, reply.data, reply.tag}));
}

std::optional<ReplyMessage> DecodeReply(std::string_view text) {
  const auto bytes = FromBase64Url(text, kMaxMessageBytes);
  if (!bytes) return std::nullopt;
  LengthValueReader reader(*bytes);
  ReplyMessage reply;
  if (!ReadArray(reader, reply.share) || !ReadBytes(reader, kMaxDataBytes, reply.data) ||
      !ReadArray(reader, reply.tag) || !reader.at_end() || !IsCpaceShare(reply.share)) {
    return std::nullopt;
  }
  return reply;
}

std::string EncodeConfirmation(const CpaceTag& tag) { return ToBase64Url(LvCat({tag})); }

std::optional<CpaceTag> DecodeConfirmation(std::string_view text) {
  const auto bytes = FromBase64Url(text, kMaxMessageBytes);
  if (!bytes) return std::nullopt;
  LengthValueReader reader(*bytes);
  CpaceTag tag{};
  if (!ReadArray(reader, tag) || !reader.at_end()) return std::nullopt;
  return tag;
}

Bytes EncodeDescription(PairingRole role, const PairingDescription& description) {
  return LvCat({AsBytes(ToString(role)), description.fingerprint, AsBytes(description.room),
                AsBytes(description.sdp)});
}

std::optional<PairingDescription> DecodeDescription(PairingRole role, ByteSpan bytes) {
  LengthValueReader reader(bytes);
  PairingDescription description;
  if (!reader.Expect(ToString(role)) || !ReadArray(reader, description.fingerprint) ||
      !ReadText(reader, kMaxRoomBytes, description.room) ||
      !ReadText(reader, kMaxSdpBytes, description.sdp) || !reader.at_end() ||
      OnlyFingerprint(description.sdp) != description.fingerprint) {
    return std::nullopt;
  }
  return description;
}

std::optional<Fingerprint256> OnlyFingerprint(std::string_view sdp) {
  constexpr std::string_view kAttribute = "a=fingerprint:";
  std::optional<Fingerprint256> only;
  while (!sdp.empty()) {
    // SDP ends a line with CR LF; a bare CR or LF ends one as well for some parsers, so here too.
    const std::size_t end = std::min(sdp.find_first_of("\r\n"), sdp.size());
    const std::string_view line = sdp.substr(0, end);
    sdp.remove_prefix(std::min(end + 1, sdp.size()));
    if (!StartsWithIgnoringCase(line, kAttribute)) continue;
    const auto value = ParseFingerprint(line.substr(kAttribute.size()));
    if (!value || (only && *only != *value)) return std::nullopt;
    only = value;
  }
  return only;
}

}  // namespace pairwire::auth
