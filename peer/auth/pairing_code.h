// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The code on the screen, `NNNN-LLLLL`: digits by which the relay finds the display, and letters
// that never leave the two ends. Digits and letters are disjoint and have to be typed apart, so
// that no slip of a finger or of a parser sends letters to the relay. The same as a URL for a QR
// code, with 128 bits in the fragment, which browsers do not send to the server. Codes without
// letters are signaling/protocol/code.h's.
#ifndef PAIRWIRE_PEER_AUTH_PAIRING_CODE_H_
#define PAIRWIRE_PEER_AUTH_PAIRING_CODE_H_

#include <pairwire/result.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "peer/auth/secret.h"
#include "peer/base/random.h"

namespace pairwire::auth {

// RFC 8628, section 6.1: no vowels, so no words; no digits; no Y; read aloud and from afar without
// doubt.
inline constexpr std::string_view kCodeLetters = "BCDFGHJKLMNPQRSTVWXZ";
// Digits that the relay gives out: 4, growing to 6 as they fill.
inline constexpr std::size_t kMinLookupDigits = 4;
inline constexpr std::size_t kMaxLookupDigits = 6;
// A code as typed, with whatever blanks stand in it.
inline constexpr std::size_t kMaxTypedBytes = 64;
inline constexpr std::size_t kMaxPairingUrlBytes = 2048;

// How many letters: how long a guesser needs (docs/security.md has the arithmetic).
enum class SecretLength {
  kFive = 5,   // 21.6 bits: a home or an office
  kSix = 6,    // 25.9 bits: above some hundred displays
  kEight = 8,  // 34.6 bits: under attack
};

// Where a secret came from; said in the open, as the display has to know which of its two is meant.
enum class SecretKind { kLetters, kUrl };
std::string_view ToString(SecretKind kind);  // "letters", "url"

struct PairingSecret {
  SecretKind kind = SecretKind::kLetters;
  // Upper-case letters, or 22 characters of base64url: what CPace takes as the password.
  SecretText text;

  PairingSecret Clone() const { return {kind, text.Clone()}; }
};

PairingSecret DrawLetters(SecretLength length, RandomSource& random);
PairingSecret DrawUrlSecret(RandomSource& random);

struct SplitCode {
  std::string lookup;  // digits only: the one part for the relay
  PairingSecret secret;
};

// Takes "4821-kmrtw", "482 193 - KMRT WXZB", "4821.KMRTW", "4821 KMRTW". kInvalidArgument with a
// sentence for the person who types; it never repeats what was typed.
Result<SplitCode> ParsePairingCode(std::string_view typed);

// "4821-KMRTW"; from 6 letters on in two groups ("4821-KMR TWX"), from 6 digits on too. The caller
// shows it and wipes it.
std::string FormatPairingCode(std::string_view lookup, const PairingSecret& letters);

// `page` and the fragment "#pair=4821.SECRET". kInvalidArgument: `page` is no http or https URL, or
// has a fragment, or is too long.
Result<std::string> MakePairingUrl(std::string_view page, std::string_view lookup,
                                   const PairingSecret& secret);
// The way back, from a whole URL or from its fragment alone. kInvalidArgument.
Result<SplitCode> ParsePairingUrl(std::string_view url);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_PAIRING_CODE_H_
