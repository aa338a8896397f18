// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Secrets in memory: fixed size, never on the heap, overwritten when they go. They can be moved,
// which wipes the source, but not copied by accident, and have no operator==: what compares secrets
// uses EqualInConstantTime. Not here: locking pages into memory; core dumps are the program's
// matter.
#ifndef PAIRWIRE_PEER_AUTH_SECRET_H_
#define PAIRWIRE_PEER_AUTH_SECRET_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace pairwire::auth {

// Overwrites in a way that the compiler keeps.
void Wipe(std::span<std::uint8_t> bytes);

// Takes as long for equal as for different bytes. False when the sizes differ (sizes are public).
[[nodiscard]] bool EqualInConstantTime(ByteSpan a, ByteSpan b);

// kSize secret bytes, zero at first.
template <std::size_t kSize>
class Secret {
 public:
  Secret() = default;
  Secret(Secret&& other) noexcept { *this = std::move(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      Wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { Wipe(bytes_); }

  std::span<std::uint8_t, kSize> writable() { return bytes_; }
  std::span<const std::uint8_t, kSize> bytes() const { return bytes_; }
  static constexpr std::size_t size() { return kSize; }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

// A secret that is text: the letters of a code, or the secret of a pairing URL.
class SecretText {
 public:
  // 128 bits in base64url take 22 characters.
  static constexpr std::size_t kMaxBytes = 32;

  SecretText() = default;
  // At most kMaxBytes (checked: callers have parsed or made the text).
  explicit SecretText(std::string_view text);
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText() { Wipe(text_.writable()); }

  SecretText Clone() const { return SecretText(view()); }
  // For the eye of a person, and for the generator. A copy of it is the caller's to wipe.
  std::string_view view() const { return AsText(ByteSpan(text_.bytes().data(), size_)); }
  bool empty() const { return size_ == 0; }

 private:
  Secret<kMaxBytes> text_;
  std::size_t size_ = 0;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_SECRET_H_
