// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// STUN messages as bytes (RFC 8489): writes requests, reads and authenticates what comes back. For
// our own consent requests and server probes; connectivity checks are libnice's.
//
// Pure: no socket, no transactions, no retransmission. What is read comes from the network and is
// hostile until HasIntegrity said otherwise.
#ifndef PAIRWIRE_PEER_ICE_STUN_MESSAGE_H_
#define PAIRWIRE_PEER_ICE_STUN_MESSAGE_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/random.h"

namespace pairwire::ice {

// Class and method bits together, as they stand in the first two bytes (RFC 8489 section 5).
enum class StunType : std::uint16_t {
  kBindingRequest = 0x0001,
  kBindingSuccess = 0x0101,
  kBindingError = 0x0111,
  kAllocateRequest = 0x0003,  // RFC 8656
  kAllocateSuccess = 0x0103,
  kAllocateError = 0x0113,
  kRefreshRequest = 0x0004,
};

enum class StunAttribute : std::uint16_t {
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kLifetime = 0x000d,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kRequestedTransport = 0x0019,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802a,
};

using StunTransactionId = std::array<std::uint8_t, 12>;
StunTransactionId MakeStunTransactionId(RandomSource& random);

inline constexpr std::size_t kStunHeaderSize = 20;
inline constexpr std::uint32_t kStunCookie = 0x2112a442;

// Builds one message, attribute by attribute, in the order of the calls.
class StunBuilder {
 public:
  StunBuilder(StunType type, const StunTransactionId& id);

  // At most 763 bytes (the longest that an attribute of RFC 8489 has); padding is added.
  StunBuilder& Add(StunAttribute attribute, ByteSpan value);
  StunBuilder& AddText(StunAttribute attribute, std::string_view value);
  StunBuilder& AddU32(StunAttribute attribute, std::uint32_t value);
  StunBuilder& AddU64(StunAttribute attribute, std::uint64_t value);

  // MESSAGE-INTEGRITY (HMAC-SHA1) over all before it; then at most a fingerprint may follow.
  StunBuilder& AddIntegrity(ByteSpan key);
  StunBuilder& AddFingerprint();

  const Bytes& bytes() const { return bytes_; }

 private:
  void SetLength(std::size_t attributes_size);

  Bytes bytes_;
};

// A view of one received message; `bytes` outlives it.
class StunMessage {
 public:
  // The message at the front of `bytes`; more may follow behind it (a packet seen in a stream).
  // nullopt: no STUN header with the cookie, a length that is no multiple of 4, an attribute that
  // overruns the message, or a message cut short.
  static std::optional<StunMessage> Parse(ByteSpan bytes);

  // The class and method may be ones that StunType has no name for.
  StunType type() const { return type_; }
  const StunTransactionId& id() const { return id_; }
  std::size_t size() const { return message_.size(); }

  // The first of its kind before MESSAGE-INTEGRITY (what follows that is to be ignored, RFC 8489
  // section 14.5).
  std::optional<ByteSpan> Find(StunAttribute attribute) const;
  // 300..699, and the phrase of the server (at most 763 bytes, any bytes).
  std::optional<int> error_code() const;

  // False: it has an attribute before MESSAGE-INTEGRITY that must be understood (RFC 8489
  // section 14: types below 0x8000) and that has no place in a check.
  bool IsPlainCheck() const;

  // True when there is a MESSAGE-INTEGRITY made with `key`. Takes the same time for each wrong one.
  bool HasIntegrity(ByteSpan key) const;

 private:
  explicit StunMessage(ByteSpan message) : message_(message) {}

  ByteSpan message_;
  StunType type_{};
  StunTransactionId id_{};
  // Where MESSAGE-INTEGRITY begins, or the message's end.
  std::size_t integrity_at_ = 0;
};

// RFC 8489 section 9.2.2: the key of long-term credentials.
std::array<std::uint8_t, 16> LongTermStunKey(std::string_view username, std::string_view realm,
                                             std::string_view password);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_STUN_MESSAGE_H_
