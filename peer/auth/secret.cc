// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/secret.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::auth {

void Wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

bool EqualInConstantTime(ByteSpan a, ByteSpan b) {
  if (a.size() != b.size()) return false;
  return a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

SecretText::SecretText(std::string_view text) : size_(text.size()) {
  PAIRWIRE_CHECK(text.size() <= kMaxBytes);
  std::copy(text.begin(), text.end(), text_.writable().begin());
}

SecretText::SecretText(SecretText&& other) noexcept
    : text_(std::move(other.text_)), size_(std::exchange(other.size_, 0)) {}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this != &other) {
    text_ = std::move(other.text_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

}  // namespace pairwire::auth
