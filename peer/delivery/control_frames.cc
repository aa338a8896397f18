// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/control_frames.h"

#include <algorithm>

#include "peer/base/byte_reader.h"
#include "peer/base/check.h"
#include "peer/delivery/frame.h"

namespace pairwire::delivery {
namespace {

// One of an enumeration whose values are first..last, as the whole payload.
template <typename E>
std::optional<E> ParseByte(ByteSpan payload, E first, E last) {
  if (payload.size() != 1 || payload[0] < static_cast<std::uint8_t>(first) ||
      payload[0] > static_cast<std::uint8_t>(last)) {
    return std::nullopt;
  }
  return static_cast<E>(payload[0]);
}

template <typename E>
bool ReadByte(ByteReader& reader, E first, E last, E& out) {
  std::uint8_t byte = 0;
  if (!reader.ReadU8(byte) || byte < static_cast<std::uint8_t>(first) ||
      byte > static_cast<std::uint8_t>(last)) {
    return false;
  }
  out = static_cast<E>(byte);
  return true;
}

bool ReadKey(ByteReader& reader, std::string_view& key) {
  std::uint8_t size = 0;
  ByteSpan bytes;
  if (!reader.ReadU8(size) || size == 0 || size > kMaxStateKeyBytes ||
      !reader.ReadBytes(size, bytes)) {
    return false;
  }
  key = AsText(bytes);
  return true;
}

}  // namespace

std::string_view ToString(ResetReason reason) {
  switch (reason) {
    case ResetReason::kCorrupt:
      return "corrupt";
    case ResetReason::kStateLost:
      return "state-lost";
    case ResetReason::kProtocol:
      return "protocol";
    case ResetReason::kRefused:
      return "refused";
  }
  return "unknown";
}

Bytes ResetPayload(ResetReason reason) { return {static_cast<std::uint8_t>(reason)}; }

std::optional<ResetReason> ParseReset(ByteSpan payload) {
  return ParseByte(payload, ResetReason::kCorrupt, ResetReason::kRefused);
}

std::string_view ToString(CloseReason reason) {
  switch (reason) {
    case CloseReason::kBye:
      return "bye";
    case CloseReason::kReplaced:
      return "replaced";
    case CloseReason::kRevoked:
      return "revoked";
  }
  return "unknown";
}

Bytes ClosePayload(CloseReason reason) { return {static_cast<std::uint8_t>(reason)}; }

std::optional<CloseReason> ParseClose(ByteSpan payload) {
  return ParseByte(payload, CloseReason::kBye, CloseReason::kRevoked);
}

Bytes PingPayload(const Ping& ping) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU32(ping.id);
  writer.WriteU64(ping.t0);
  return bytes;
}

std::optional<Ping> ParsePing(ByteSpan payload) {
  ByteReader reader(payload);
  Ping ping;
  if (!reader.ReadU32(ping.id) || !reader.ReadU64(ping.t0) || reader.remaining() > 0) {
    return std::nullopt;
  }
  return ping;
}

Bytes PongPayload(const Pong& pong) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU32(pong.id);
  for (const std::uint64_t time : {pong.t0, pong.t1, pong.t2}) writer.WriteU64(time);
  return bytes;
}

std::optional<Pong> ParsePong(ByteSpan payload) {
  ByteReader reader(payload);
  Pong pong;
  if (!reader.ReadU32(pong.id) || !reader.ReadU64(pong.t0) || !reader.ReadU64(pong.t1) ||
      !reader.ReadU64(pong.t2) || reader.remaining() > 0) {
    return std::nullopt;
  }
  return pong;
}

Bytes NegotiationPayload(const Negotiation& negotiation) {
  PAIRWIRE_CHECK(negotiation.text.size() <= kMaxNegotiationBytes);
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU8(static_cast<std::uint8_t>(negotiation.kind));
  writer.WriteText(negotiation.text);
  return bytes;
}

std::optional<Negotiation> ParseNegotiation(ByteSpan payload) {
  ByteReader reader(payload);
  Negotiation negotiation;
  if (!ReadByte(reader, NegotiationKind::kOffer, NegotiationKind::kRollback, negotiation.kind) ||
      reader.remaining() > kMaxNegotiationBytes) {
    return std::nullopt;
  }
  negotiation.text = AsText(reader.rest());
  return negotiation;
}

Bytes StateAckPayload(const std::vector<std::uint64_t>& versions) {
  PAIRWIRE_CHECK(!versions.empty() && versions.size() <= kMaxStateAcks);
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU8(static_cast<std::uint8_t>(versions.size()));
  for (const std::uint64_t version : versions) writer.WriteU64(version);
  return bytes;
}

std::optional<std::vector<std::uint64_t>> ParseStateAck(ByteSpan payload) {
  ByteReader reader(payload);
  std::uint8_t count = 0;
  if (!reader.ReadU8(count) || count == 0 || count > kMaxStateAcks ||
      reader.remaining() != count * sizeof(std::uint64_t)) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> versions(count);
  for (std::uint64_t& version : versions) {
    if (!reader.ReadU64(version)) return std::nullopt;
  }
  return versions;
}

Bytes RememberPayload(const Remember& remember) {
  PAIRWIRE_CHECK(remember.name.size() <= Remember::kMaxNameBytes);
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU8(static_cast<std::uint8_t>(remember.kind));
  writer.WriteBytes(remember.contribution);
  // lv(name): up to 127 bytes its length is one byte.
  writer.WriteU8(static_cast<std::uint8_t>(remember.name.size()));
  writer.WriteText(remember.name);
  return bytes;
}

std::optional<Remember> ParseRemember(ByteSpan payload) {
  ByteReader reader(payload);
  Remember remember;
  ByteSpan contribution;
  std::uint8_t size = 0;
  if (!ReadByte(reader, RememberKind::kOffer, RememberKind::kForget, remember.kind) ||
      !reader.ReadBytes(remember.contribution.size(), contribution) || !reader.ReadU8(size) ||
      size > Remember::kMaxNameBytes || reader.remaining() != size) {
    return std::nullopt;
  }
  std::copy(contribution.begin(), contribution.end(), remember.contribution.begin());
  remember.name = AsText(reader.rest());
  return remember;
}

void AppendStateKey(Bytes& out, std::string_view key) {
  PAIRWIRE_CHECK(!key.empty() && key.size() <= kMaxStateKeyBytes);
  ByteWriter writer(out);
  writer.WriteU8(static_cast<std::uint8_t>(key.size()));
  writer.WriteText(key);
}

void AppendStateValue(Bytes& out, const StateValue& state) {
  PAIRWIRE_CHECK(state.value.size() <= kMaxStateValueBytes);
  AppendStateKey(out, state.key);
  ByteWriter writer(out);
  writer.WriteU8(static_cast<std::uint8_t>(state.kind));
  writer.WriteBytes(state.value);
}

std::optional<StateValue> ParseStateValue(ByteSpan payload) {
  ByteReader reader(payload);
  StateValue state;
  if (!ReadKey(reader, state.key) ||
      !ReadByte(reader, ValueKind::kBinary, ValueKind::kEvent, state.kind) ||
      reader.remaining() > kMaxStateValueBytes) {
    return std::nullopt;
  }
  state.value = reader.rest();
  return state;
}

std::optional<std::string_view> ParseStateKey(ByteSpan payload) {
  ByteReader reader(payload);
  std::string_view key;
  if (!ReadKey(reader, key) || reader.remaining() > 0) return std::nullopt;
  return key;
}

}  // namespace pairwire::delivery
