// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/key_ratchet.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::auth {
namespace {

Secret<64> Derive(const Secret<64>& key, std::string_view label) {
  Secret<64> derived;
  HkdfSha512(key.bytes(), {}, AsBytes(label), derived.writable());
  return derived;
}

}  // namespace

KeyRatchet::KeyRatchet(ResumeKey start) : current_(std::move(start)) {}

bool KeyRatchet::Knows(std::uint32_t generation) const {
  // The last number is never reached: each step costs a handshake of both ends.
  if (!current_ || generation == std::numeric_limits<std::uint32_t>::max()) return false;
  if (generation == own_ || generation == own_ + 1) return true;
  return previous_ && generation + 1 == own_;
}

std::optional<Secret<64>> KeyRatchet::TagKey(std::uint32_t generation) const {
  if (!Knows(generation)) return std::nullopt;
  if (generation == own_) return Derive(*current_, "hello");
  if (generation < own_) return Derive(*previous_, "hello");
  return Derive(Derive(*current_, "next"), "hello");
}

Result<HelloTag> KeyRatchet::Tag(std::uint32_t generation, ByteSpan data) const {
  const auto key = TagKey(generation);
  if (!key) return Fail(Errc::kInvalidState, "there is no key of this generation");
  return HmacSha512(key->bytes(), data);
}

bool KeyRatchet::Check(std::uint32_t generation, ByteSpan data, ByteSpan tag) const {
  const auto expected = Tag(generation, data);
  return expected && EqualInConstantTime(*expected, tag);
}

void KeyRatchet::Advance() {
  Secret<64> next = Derive(*current_, "next");
  previous_ = std::move(current_);
  current_ = std::move(next);
  ++own_;
}

void KeyRatchet::Agree(std::uint32_t peer_sent) {
  PAIRWIRE_CHECK(Knows(peer_sent));
  peer_sent_ = peer_sent;
  const std::uint32_t agreed = std::max(own_, peer_sent + 1);
  while (own_ < agreed) Advance();
}

void KeyRatchet::Settle(std::uint32_t own_sent) {
  if (!current_ || own_sent > own_) return;
  if (own_ == own_sent) Advance();
  // The other end's next HELLO is under this generation or a later one.
  if (std::max(peer_sent_, own_sent + 1) >= own_) previous_.reset();
}

void KeyRatchet::Wipe() {
  current_.reset();
  previous_.reset();
}

}  // namespace pairwire::auth
