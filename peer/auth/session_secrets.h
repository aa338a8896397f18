// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a session derives from the key of its first link, k0, besides the ratchet. All of it is made
// at once, as the ratchet wipes k0. In each case HKDF-SHA512 with an empty salt and a label of its
// own, so that none of these says anything about another.
#ifndef PAIRWIRE_PEER_AUTH_SESSION_SECRETS_H_
#define PAIRWIRE_PEER_AUTH_SESSION_SECRETS_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstdint>
#include <string>

#include "peer/auth/key_schedule.h"
#include "peer/auth/pairing_code.h"

namespace pairwire::auth {

using SessionId = std::array<std::uint8_t, 16>;
// What an end throws in: for the key of a plain session, for that of a remembered pairing.
inline constexpr std::size_t kContributionBytes = 32;

struct SessionSecrets {
  SessionId id{};       // "pairwire session/1"; not secret
  Secret<64> meet;      // "pairwire meet-secret/1": by which the two ends find each other again
  Secret<64> remember;  // "pairwire remember-secret/1": for RememberedSecret
};
SessionSecrets DeriveSessionSecrets(const ResumeKey& first);

// k0 of a session that was paired without letters, from what the first HELLOs carry
// (kContributionBytes each, checked): trust on first connect, no more.
ResumeKey PlainFirstKey(ByteSpan display, ByteSpan controller);

// The key of a pairing that both ends want to remember. Contributions as above.
Secret<64> RememberedSecret(const SessionSecrets& session, ByteSpan display, ByteSpan controller);

// What names such a pairing, the same at both ends and no secret: 32 hexadecimal digits.
std::string RememberedId(const Secret<64>& remembered);

// From `meet`, or from a remembered secret: the name to ask the relay for, 43 characters, and
// CPace's password for that meeting. `kind` says which of the two it is.
std::string MeetName(const Secret<64>& secret);
PairingSecret MeetPassword(const Secret<64>& secret, SecretKind kind);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_SESSION_SECRETS_H_
