// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The messages of an authenticated pairing as values and as bytes, without their meaning
// (pairing_exchange.h). In the relay's JSON they are base64url: `hello` in the pair request, `pake`
// and `box` in webrtc:offer, webrtc:answer and webrtc:ice-candidate. All of them are lists of
// length-value items (length_values.h):
//
//   hello                sid, Ya, ADa
//   pake of the display  Yb, ADb, Tb
//   pake of the controller  Ta
//   ADa                  "controller", version, features, "letters" or "url"
//   ADb                  "display", version, features
//   description (in a box)  role, fingerprint, room, SDP
//
// version names the protocol and its suite; another one is refused. features is a list of words in
// ascending order, with a blank between two. As both go into CPace's transcript, a relay that takes
// one away only makes the pairing fail.
#ifndef PAIRWIRE_PEER_AUTH_PAIRING_MESSAGES_H_
#define PAIRWIRE_PEER_AUTH_PAIRING_MESSAGES_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/auth/code_guard.h"
#include "peer/auth/cpace.h"
#include "peer/auth/pairing_code.h"

namespace pairwire::auth {

inline constexpr std::string_view kPairingVersion = "pair/1 CPACE-RISTR255-SHA512";
inline constexpr std::size_t kMaxFeatures = 16;
inline constexpr std::size_t kMaxFeatureBytes = 32;
inline constexpr std::size_t kMaxRoomBytes = 64;  // as signaling/protocol/limits.h, kMaxIdBytes
inline constexpr std::size_t kMaxSdpBytes = 32 * 1024;

enum class PairingRole { kController, kDisplay };
std::string_view ToString(PairingRole role);  // "controller", "display"

// Words of a-z, 0-9, '.' and '-', ascending, each once.
using Features = std::vector<std::string>;
// kInvalidArgument: not such words; kLimitExceeded: more or longer ones than we speak of.
Result<void> CheckFeatures(const Features& features);
// The words in one text, with a blank between two, and the way back (none: CheckFeatures refuses
// it).
std::string FeaturesText(const Features& features);
std::optional<Features> ParseFeatures(std::string_view text);
inline constexpr std::size_t kMaxFeaturesTextBytes = kMaxFeatures * (kMaxFeatureBytes + 1);
// What both can do.
Features CommonFeatures(const Features& a, const Features& b);

// SHA-256 of a certificate's DER, as in a=fingerprint.
using Fingerprint256 = std::array<std::uint8_t, 32>;

struct AssociatedData {
  PairingRole role = PairingRole::kController;
  Features features;
  SecretKind secret = SecretKind::kLetters;  // said by controllers only

  bool operator==(const AssociatedData&) const = default;
};
Bytes EncodeAssociatedData(const AssociatedData& data);
std::optional<AssociatedData> DecodeAssociatedData(ByteSpan bytes);

struct HelloMessage {
  PairingSessionId session_id{};
  CpacePoint share{};
  Bytes data;  // ADa, as it came

  bool operator==(const HelloMessage&) const = default;
};
std::string EncodeHello(const HelloMessage& hello);
// None: not such bytes, or the share is no canonical point, or the identity.
std::optional<HelloMessage> DecodeHello(std::string_view text);

struct ReplyMessage {
  CpacePoint share{};
  Bytes data;  // ADb
  CpaceTag tag{};

  bool operator==(const ReplyMessage&) const = default;
};
std::string EncodeReply(const ReplyMessage& reply);
std::optional<ReplyMessage> DecodeReply(std::string_view text);

std::string EncodeConfirmation(const CpaceTag& tag);
std::optional<CpaceTag> DecodeConfirmation(std::string_view text);

// What an end says about itself, in its first box.
struct PairingDescription {
  Fingerprint256 fingerprint{};
  std::string room;  // the relay's session id: a box is good in one session
  std::string sdp;

  bool operator==(const PairingDescription&) const = default;
};
Bytes EncodeDescription(PairingRole role, const PairingDescription& description);
// None: not such bytes, of another role, or the SDP promises another certificate than the
// fingerprint's, or more than one.
std::optional<PairingDescription> DecodeDescription(PairingRole role, ByteSpan bytes);

// The one certificate that an SDP promises: each of its a=fingerprint lines is sha-256 and has the
// same value. None: there is no such line, or a different one, or another hash.
std::optional<Fingerprint256> OnlyFingerprint(std::string_view sdp);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_PAIRING_MESSAGES_H_
