// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/cpace.h"

#include <sodium.h>

#include <algorithm>

#include "peer/auth/key_schedule.h"
#include "peer/auth/length_values.h"
#include "peer/base/check.h"

namespace pairwire::auth {
namespace {

constexpr std::string_view kDsi = "CPaceRistretto255";
constexpr std::string_view kDsiIsk = "CPaceRistretto255_ISK";
constexpr std::string_view kMacLabel = "CPaceMac";
// SHA-512's block: the password and what stands before it fill the first one, so that hashing takes
// as long for each password.
constexpr std::size_t kHashBlock = 128;

static_assert(crypto_core_ristretto255_BYTES == 32);
static_assert(crypto_core_ristretto255_SCALARBYTES == 32);

std::size_t LengthBytes(std::size_t size) { return size < 0x80 ? 1 : size < 0x4000 ? 2 : 3; }

Bytes Concatenate(std::initializer_list<ByteSpan> parts) {
  std::size_t size = 0;
  for (const ByteSpan part : parts) size += part.size();
  Bytes out;
  out.reserve(size);
  for (const ByteSpan part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

Bytes CpaceGeneratorString(ByteSpan password, ByteSpan channel, ByteSpan session_id) {
  // len(prepend_len(PRS)), len(prepend_len(DSI)) and the padding's own length byte.
  const std::size_t taken =
      LengthBytes(password.size()) + password.size() + LengthBytes(kDsi.size()) + kDsi.size() + 1;
  const Bytes padding(taken < kHashBlock ? kHashBlock - taken : 0);
  return LvCat({AsBytes(kDsi), password, padding, channel, session_id});
}

Secret<32> CpaceGenerator(ByteSpan password, ByteSpan channel, ByteSpan session_id) {
  Bytes text = CpaceGeneratorString(password, channel, session_id);
  auto hash = Sha512(text);
  Wipe(text);
  Secret<32> generator;
  PAIRWIRE_CHECK(crypto_core_ristretto255_from_hash(generator.writable().data(), hash.data()) == 0);
  Wipe(hash);
  return generator;
}

CpaceScalar DrawCpaceScalar(RandomSource& random) {
  CpaceScalar scalar;
  // 512 bits modulo an order of 253 are uniform as far as anybody can tell. A zero comes with
  // 2^-252, or from a source that is broken: then for ever.
  bool nothing_but_zeros = true;
  for (int tries = 0; tries < 3 && nothing_but_zeros; ++tries) {
    Secret<64> wide;
    random.Fill(wide.writable());
    crypto_core_ristretto255_scalar_reduce(scalar.writable().data(), wide.bytes().data());
    nothing_but_zeros = sodium_is_zero(scalar.bytes().data(), CpaceScalar::size()) == 1;
  }
  PAIRWIRE_CHECK(!nothing_but_zeros);
  return scalar;
}

bool IsCpaceShare(ByteSpan share) {
  if (share.size() != crypto_core_ristretto255_BYTES) return false;
  // libsodium 1.0.18 ignores the highest bit, which canonical encodings do not have.
  return (share.back() & 0x80) == 0 && sodium_is_zero(share.data(), share.size()) == 0 &&
         crypto_core_ristretto255_is_valid_point(share.data()) == 1;
}

std::optional<Secret<32>> CpaceMultiply(const CpaceScalar& scalar, ByteSpan point) {
  if (!IsCpaceShare(point)) return std::nullopt;
  Secret<32> product;
  // -1: the product is the identity.
  if (crypto_scalarmult_ristretto255(product.writable().data(), scalar.bytes().data(),
                                     point.data()) != 0) {
    return std::nullopt;
  }
  return product;
}

Bytes CpaceTranscript(ByteSpan share_a, ByteSpan data_a, ByteSpan share_b, ByteSpan data_b) {
  return Concatenate({LvCat({share_a, data_a}), LvCat({share_b, data_b})});
}

CpaceKey CpaceSessionKey(ByteSpan session_id, const Secret<32>& shared, ByteSpan transcript) {
  Bytes head = LvCat({AsBytes(kDsiIsk), session_id, shared.bytes()});
  Bytes input = Concatenate({head, transcript});
  auto hash = Sha512(input);
  CpaceKey key;
  std::copy(hash.begin(), hash.end(), key.writable().begin());
  Wipe(head);
  Wipe(input);
  Wipe(hash);
  return key;
}

CpaceTag CpaceConfirmation(const CpaceKey& key, ByteSpan session_id, ByteSpan share,
                           ByteSpan data) {
  Bytes input = Concatenate({AsBytes(kMacLabel), session_id, key.bytes()});
  auto mac_key = Sha512(input);
  const CpaceTag tag = HmacSha512(mac_key, LvCat({share, data}));
  Wipe(input);
  Wipe(mac_key);
  return tag;
}

CpaceRun::CpaceRun(Role role, ByteSpan password, ByteSpan channel, ByteSpan session_id,
                   ByteSpan own_data, RandomSource& random)
    : role_(role),
      session_id_(session_id.begin(), session_id.end()),
      own_data_(own_data.begin(), own_data.end()),
      scalar_(DrawCpaceScalar(random)) {
  // Chooses libsodium's fastest code; any thread, any number of times.
  PAIRWIRE_CHECK(sodium_init() >= 0);
  const Secret<32> generator = CpaceGenerator(password, channel, session_id);
  const auto share = CpaceMultiply(*scalar_, generator.bytes());
  // A hash onto the group that gives the identity: 2^-252.
  PAIRWIRE_CHECK(share.has_value());
  std::copy(share->bytes().begin(), share->bytes().end(), share_.begin());
}

std::optional<CpaceRun::Outcome> CpaceRun::Finish(ByteSpan peer_share, ByteSpan peer_data) {
  if (!scalar_) return std::nullopt;
  const std::optional<Secret<32>> shared = CpaceMultiply(*scalar_, peer_share);
  scalar_.reset();
  if (!shared) return std::nullopt;
  Outcome outcome;
  outcome.transcript = role_ == Role::kInitiator
                           ? CpaceTranscript(share_, own_data_, peer_share, peer_data)
                           : CpaceTranscript(peer_share, peer_data, share_, own_data_);
  outcome.key = CpaceSessionKey(session_id_, *shared, outcome.transcript);
  outcome.own_tag = CpaceConfirmation(outcome.key, session_id_, share_, own_data_);
  outcome.peer_tag = CpaceConfirmation(outcome.key, session_id_, peer_share, peer_data);
  return outcome;
}

}  // namespace pairwire::auth
