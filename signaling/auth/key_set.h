// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// KeySet: the public keys that may sign users' tokens, read from a JWK Set (RFC 7517), and what of
// an older set still counts after a rotation. RSA of at least 2048 bits; everything else of a set
// is left out, as RFC 7517 section 5 wants it.
//
// Not here: where the set comes from and how often it is fetched (jwks_keeper.h).
#ifndef PAIRWIRE_SIGNALING_AUTH_KEY_SET_H_
#define PAIRWIRE_SIGNALING_AUTH_KEY_SET_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/protocol/time.h"

namespace pairwire::auth {

using protocol::TimePoint;

// One RSA public key. Move-only.
class RsaKey {
 public:
  // NIST SP 800-131A: nothing shorter is acceptable. The upper bound keeps one verification below a
  // millisecond, whoever wrote the set.
  static constexpr int kMinBits = 2048;
  static constexpr int kMaxBits = 8192;

  // From the big-endian bytes of `n` and `e` (RFC 7518 section 6.3.1). kLimitExceeded: the size;
  // kParseError: an exponent that is even, below 3 or above 32 bits (1 would let anybody sign), or
  // OpenSSL's refusal.
  static Result<RsaKey> Make(std::string_view n, std::string_view e);
  RsaKey(RsaKey&&) noexcept;
  RsaKey& operator=(RsaKey&&) noexcept;
  ~RsaKey();

  // RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3), and nothing else.
  bool Verifies(std::string_view text, std::string_view signature) const;

 private:
  struct Impl;
  explicit RsaKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class KeySet {
 public:
  // A set of three issuers with certificate chains in it is some 30 KiB.
  static constexpr std::size_t kMaxBytes = 256 * 1024;
  // Usable keys, retired ones included. Issuers show two or three.
  static constexpr std::size_t kMaxKeys = 32;
  static constexpr std::size_t kMaxKidBytes = 256;

  KeySet() = default;

  // kParseError: not a JWK Set, two usable keys of one name, or none that is usable;
  // kLimitExceeded: too large. The detail is a sentence for the operator without any key in it.
  static Result<KeySet> Parse(std::string_view jwks);

  // Takes `newer` over. Keys that are missing from it go on counting until `now + keep`, so that
  // tokens signed just before the rotation live out their time; a key of the same name is replaced
  // at once. Beyond kMaxKeys the retired ones that would end first are dropped.
  void Merge(KeySet newer, TimePoint now, std::chrono::seconds keep);

  // The key that a token names, or null. An empty `kid` means the only key of the set, if there is
  // just one that is not retired.
  const RsaKey* Find(std::string_view kid, TimePoint now) const;

  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }
  // Keys of the parsed set that are not for us: other kinds and uses, too short.
  std::size_t ignored() const { return ignored_; }

 private:
  struct Entry {
    std::string kid;
    RsaKey key;
    std::optional<TimePoint> retired_until;
  };

  Entry* FindEntry(std::string_view kid);

  std::vector<Entry> keys_;
  std::size_t ignored_ = 0;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_SIGNALING_AUTH_KEY_SET_H_
