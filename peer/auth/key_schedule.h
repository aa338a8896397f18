// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// From CPace's key to the keys of a session: HKDF-SHA512 (RFC 5869) and HMAC-SHA512 (RFC 2104), by
// OpenSSL.
#ifndef PAIRWIRE_PEER_AUTH_KEY_SCHEDULE_H_
#define PAIRWIRE_PEER_AUTH_KEY_SCHEDULE_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "peer/auth/secret.h"

namespace pairwire::auth {

std::array<std::uint8_t, 64> Sha512(ByteSpan data);
std::array<std::uint8_t, 64> HmacSha512(ByteSpan key, ByteSpan data);
// At most 255 * 64 bytes (checked).
void HkdfSha512(ByteSpan key, ByteSpan salt, ByteSpan info, std::span<std::uint8_t> out);

using BoxKey = Secret<32>;     // AES-256
using BindKey = Secret<64>;    // HMAC-SHA512
using ResumeKey = Secret<64>;  // the start of the ratchet of later connections

// HKDF-SHA512(key, salt = session id, info = label || SHA-512(transcript)), a label for each.
struct SessionKeys {
  BoxKey controller_to_display;  // "c2d"
  BoxKey display_to_controller;  // "d2c"
  BindKey bind;                  // "bind"
  ResumeKey resume;              // "resume"
};
SessionKeys DeriveSessionKeys(const Secret<64>& key, ByteSpan session_id, ByteSpan transcript);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_KEY_SCHEDULE_H_
