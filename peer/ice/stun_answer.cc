// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/stun_answer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "peer/ice/stun_message.h"

namespace pairwire::ice {
namespace {

// RFC 8489 section 14.2: port and address under the cookie and, beyond four bytes, the id.
Bytes XorMappedAddress(const udp::SocketAddress& address, const StunTransactionId& id) {
  std::array<std::uint8_t, 16> mask{};
  for (std::size_t i = 0; i < 4; ++i) {
    mask[i] = static_cast<std::uint8_t>(kStunCookie >> (24 - 8 * i));
  }
  std::copy(id.begin(), id.end(), mask.begin() + 4);
  Bytes value = {0, static_cast<std::uint8_t>(address.v6() ? 2 : 1),
                 static_cast<std::uint8_t>((address.port() >> 8) ^ mask[0]),
                 static_cast<std::uint8_t>((address.port() & 0xff) ^ mask[1])};
  const ByteSpan ip = address.ip();
  for (std::size_t i = 0; i < ip.size(); ++i) {
    value.push_back(static_cast<std::uint8_t>(ip[i] ^ mask[i]));
  }
  return value;
}

bool IsCheck(const StunMessage& message, const Credentials& local) {
  if (message.type() != StunType::kBindingRequest) return false;
  const auto username = message.Find(StunAttribute::kUsername);
  return username && AsText(*username).starts_with(local.ufrag + ":") &&
         message.HasIntegrity(AsBytes(local.password));
}

}  // namespace

bool IsCheck(ByteSpan bytes, const Credentials& local) {
  const auto message = StunMessage::Parse(bytes);
  return message && IsCheck(*message, local);
}

std::optional<Bytes> AnswerCheck(ByteSpan bytes, const Credentials& local,
                                 const udp::SocketAddress& from) {
  const auto request = StunMessage::Parse(bytes);
  if (!request || !request->IsPlainCheck() || !IsCheck(*request, local)) return std::nullopt;
  StunBuilder answer(StunType::kBindingSuccess, request->id());
  answer.Add(StunAttribute::kXorMappedAddress, XorMappedAddress(from, request->id()))
      .AddIntegrity(AsBytes(local.password))
      .AddFingerprint();
  return answer.bytes();
}

}  // namespace pairwire::ice
