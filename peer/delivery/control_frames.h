// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The payloads of frames as values and back: small control frames and states. Not here: HELLO
// (hello.h), and the frames themselves (frame.h), which have bounded the sizes before.
//
// A Parse... gives none when the bytes are not exactly such a payload.
#ifndef PAIRWIRE_PEER_DELIVERY_CONTROL_FRAMES_H_
#define PAIRWIRE_PEER_DELIVERY_CONTROL_FRAMES_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::delivery {

enum class ResetReason : std::uint8_t { kCorrupt = 1, kStateLost = 2, kProtocol = 3, kRefused = 4 };
std::string_view ToString(ResetReason reason);
Bytes ResetPayload(ResetReason reason);
std::optional<ResetReason> ParseReset(ByteSpan payload);

enum class CloseReason : std::uint8_t { kBye = 0, kReplaced = 1, kRevoked = 2 };
std::string_view ToString(CloseReason reason);
Bytes ClosePayload(CloseReason reason);
std::optional<CloseReason> ParseClose(ByteSpan payload);

// Microseconds of a monotonic clock each: of the asker at sending, of the answerer at receiving and
// at answering.
struct Ping {
  std::uint32_t id = 0;
  std::uint64_t t0 = 0;

  bool operator==(const Ping&) const = default;
};
Bytes PingPayload(const Ping& ping);
std::optional<Ping> ParsePing(ByteSpan payload);

struct Pong {
  std::uint32_t id = 0;
  std::uint64_t t0 = 0;
  std::uint64_t t1 = 0;
  std::uint64_t t2 = 0;

  bool operator==(const Pong&) const = default;
};
Bytes PongPayload(const Pong& pong);
std::optional<Pong> ParsePong(ByteSpan payload);

enum class NegotiationKind : std::uint8_t {
  kOffer = 1,
  kAnswer = 2,
  kCandidate = 3,
  kWantRestart = 4,
  kRollback = 5,
};
struct Negotiation {
  NegotiationKind kind = NegotiationKind::kOffer;
  std::string text;  // SDP, or a candidate as JSON (docs/session.md)

  bool operator==(const Negotiation&) const = default;
};
Bytes NegotiationPayload(const Negotiation& negotiation);
std::optional<Negotiation> ParseNegotiation(ByteSpan payload);

inline constexpr std::size_t kMaxStateAcks = 32;
// 1 to kMaxStateAcks versions (checked).
Bytes StateAckPayload(const std::vector<std::uint64_t>& versions);
std::optional<std::vector<std::uint64_t>> ParseStateAck(ByteSpan payload);

enum class RememberKind : std::uint8_t { kOffer = 1, kAccept = 2, kRefuse = 3, kForget = 4 };
struct Remember {
  static constexpr std::size_t kMaxNameBytes = 63;

  RememberKind kind = RememberKind::kOffer;
  std::array<std::uint8_t, 32> contribution{};
  std::string name;  // of the device that says it, at most kMaxNameBytes (checked)

  bool operator==(const Remember&) const = default;
};
Bytes RememberPayload(const Remember& remember);
std::optional<Remember> ParseRemember(ByteSpan payload);

enum class ValueKind : std::uint8_t { kBinary = 0, kText = 1, kEvent = 2 };
struct StateValue {
  std::string_view key;
  ValueKind kind = ValueKind::kBinary;
  ByteSpan value;
};
// Appends; key and value within their bounds (checked).
void AppendStateValue(Bytes& out, const StateValue& state);
void AppendStateKey(Bytes& out, std::string_view key);
// Views of `payload`.
std::optional<StateValue> ParseStateValue(ByteSpan payload);
std::optional<std::string_view> ParseStateKey(ByteSpan payload);

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_CONTROL_FRAMES_H_
