// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/pairing_code.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "peer/auth/base64url.h"
#include "peer/base/check.h"

namespace pairwire::auth {
namespace {

constexpr std::string_view kFragment = "pair=";
constexpr std::size_t kUrlSecretBytes = 16;
constexpr std::size_t kUrlSecretText = 22;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSeparator(char c) { return c == ' ' || c == '\t' || c == '-' || c == '.'; }
char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool IsLetter(char c) { return ToUpper(c) >= 'A' && ToUpper(c) <= 'Z'; }
bool IsCodeLetter(char c) { return kCodeLetters.find(ToUpper(c)) != std::string_view::npos; }

bool IsLookup(std::string_view text) {
  return text.size() >= kMinLookupDigits && text.size() <= kMaxLookupDigits &&
         std::all_of(text.begin(), text.end(), IsDigit);
}

bool IsSecretLength(std::size_t letters) { return letters == 5 || letters == 6 || letters == 8; }

tl::unexpected<Error> Refused(std::string_view why) {
  return Fail(Errc::kInvalidArgument, std::string(why));
}

// In two groups from six characters on: what the eye takes in at once.
void AppendGrouped(std::string& out, std::string_view text) {
  const std::size_t half = text.size() < 6 ? text.size() : text.size() / 2;
  out += text.substr(0, half);
  if (half < text.size()) {
    out += ' ';
    out += text.substr(half);
  }
}

}  // namespace

std::string_view ToString(SecretKind kind) {
  switch (kind) {
    case SecretKind::kLetters:
      return "letters";
    case SecretKind::kUrl:
      return "url";
  }
  return "";
}

PairingSecret DrawLetters(SecretLength length, RandomSource& random) {
  const auto count = static_cast<std::size_t>(length);
  PAIRWIRE_CHECK(IsSecretLength(count));
  // The most whole alphabets that fit into a byte; what is above would favour the first letters.
  constexpr std::size_t kAccepted = 256 / kCodeLetters.size() * kCodeLetters.size();
  Secret<8> letters;
  for (std::size_t i = 0; i < count;) {
    Secret<1> byte;
    random.Fill(byte.writable());
    const std::size_t value = byte.bytes()[0];
    if (value < kAccepted) {
      letters.writable()[i++] =
          static_cast<std::uint8_t>(kCodeLetters[value % kCodeLetters.size()]);
    }
  }
  return {SecretKind::kLetters, SecretText(AsText(ByteSpan(letters.bytes()).first(count)))};
}

PairingSecret DrawUrlSecret(RandomSource& random) {
  Secret<kUrlSecretBytes> bytes;
  random.Fill(bytes.writable());
  std::string text = ToBase64Url(bytes.bytes());
  PairingSecret secret{SecretKind::kUrl, SecretText(text)};
  Wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return secret;
}

Result<SplitCode> ParsePairingCode(std::string_view typed) {
  if (typed.size() > kMaxTypedBytes) return Refused("this is too long for a code");
  SplitCode code;
  Secret<8> letters;
  std::size_t letter_count = 0;
  bool separated = false;
  for (const char c : typed) {
    if (IsSeparator(c)) {
      separated = true;
      continue;
    }
    if (IsDigit(c)) {
      if (letter_count > 0) {
        return Refused("no digit stands among the letters: look whether it is a letter");
      }
      if (code.lookup.size() == kMaxLookupDigits) return Refused("a code has 4 to 6 digits");
      code.lookup.push_back(c);
    } else if (IsLetter(c)) {
      if (code.lookup.empty()) return Refused("a code begins with digits: type all of it");
      if (letter_count == 0 && !separated) {
        return Refused("type a hyphen between the digits and the letters");
      }
      if (!IsCodeLetter(c)) return Refused("A, E, I, O, U and Y are in no code: look again");
      if (letter_count == letters.size()) return Refused("a code has 5, 6 or 8 letters");
      letters.writable()[letter_count++] = static_cast<std::uint8_t>(ToUpper(c));
    } else {
      return Refused("a code has digits, a hyphen and letters");
    }
    separated = false;
  }
  if (code.lookup.empty()) return Refused("type the code that the display shows: 1234-BCDFG");
  if (code.lookup.size() < kMinLookupDigits) return Refused("a code has 4 to 6 digits");
  if (letter_count == 0) return Refused("the letters behind the digits are missing");
  if (!IsSecretLength(letter_count)) return Refused("a code has 5, 6 or 8 letters");
  code.secret = {SecretKind::kLetters,
                 SecretText(AsText(ByteSpan(letters.bytes()).first(letter_count)))};
  return code;
}

std::string FormatPairingCode(std::string_view lookup, const PairingSecret& letters) {
  std::string shown;
  AppendGrouped(shown, lookup);
  shown += '-';
  AppendGrouped(shown, letters.text.view());
  return shown;
}

Result<std::string> MakePairingUrl(std::string_view page, std::string_view lookup,
                                   const PairingSecret& secret) {
  if (page.substr(0, 7) != "http://" && page.substr(0, 8) != "https://") {
    return Refused("the page's address begins with http:// or https://");
  }
  if (page.find('#') != std::string_view::npos) {
    return Refused("the page's address has a fragment; the secret's place is there");
  }
  if (!IsLookup(lookup) || secret.kind != SecretKind::kUrl) {
    return Refused("a pairing URL takes 4 to 6 digits and a secret made for it");
  }
  std::string url;
  url.reserve(kMaxPairingUrlBytes);
  if (page.size() + 64 > kMaxPairingUrlBytes) return Refused("the page's address is too long");
  url.append(page).append("#").append(kFragment).append(lookup).append(".");
  url.append(secret.text.view());
  return url;
}

Result<SplitCode> ParsePairingUrl(std::string_view url) {
  if (url.size() > kMaxPairingUrlBytes) return Refused("this is too long for a pairing URL");
  std::string_view fragment =
      url.substr(url.find('#') == std::string_view::npos ? url.size() : url.find('#') + 1);
  if (fragment.substr(0, kFragment.size()) != kFragment) {
    return Refused("this address has no pairing code in it");
  }
  fragment.remove_prefix(kFragment.size());
  const std::size_t dot = std::min(fragment.find('.'), fragment.size());
  const std::string_view lookup = fragment.substr(0, dot);
  const std::string_view secret = fragment.substr(std::min(dot + 1, fragment.size()));
  std::optional<Bytes> bytes = FromBase64Url(secret, kUrlSecretBytes);
  const bool good = IsLookup(lookup) && secret.size() == kUrlSecretText && bytes &&
                    bytes->size() == kUrlSecretBytes;
  if (bytes) Wipe(*bytes);
  if (!good) return Refused("the pairing code in this address is damaged: scan it again");
  return SplitCode{std::string(lookup), {SecretKind::kUrl, SecretText(secret)}};
}

}  // namespace pairwire::auth
