// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "signaling/auth/base64url.h"
#include "signaling/protocol/json.h"

namespace pairwire::auth {
namespace {

using protocol::JsonObject;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

// Drops what OpenSSL noted about a failure meanwhile: TLS on the same thread would take it for its
// own (SSL_get_error).
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumber ToNumber(std::string_view bytes) {
  return BigNumber(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A member that may be missing but must be this word when it is there.
bool IsOrAbsent(const JsonObject& key, std::string_view name, std::string_view word) {
  const auto value = key.OptionalString(name, 64);
  return value && (!value->has_value() || **value == word);
}

// For us: an RSA key whose owner did not say that it is for something else.
bool IsForUs(const JsonObject& key) {
  const auto kty = key.OptionalString("kty", 16);
  if (!kty || *kty != "RSA") return false;
  if (!IsOrAbsent(key, "use", "sig") || !IsOrAbsent(key, "alg", "RS256")) return false;
  const auto operations = key.OptionalStrings("key_ops", 16, 32);
  if (!operations) return false;
  return !operations->has_value() ||
         std::find((*operations)->begin(), (*operations)->end(), "verify") != (*operations)->end();
}

std::optional<RsaKey> ReadKey(const JsonObject& key) {
  const auto n = key.String("n", RsaKey::kMaxBits / 6 + 8);
  const auto e = key.String("e", 16);
  if (!n || !e) return std::nullopt;
  const auto n_bytes = DecodeBase64Url(*n);
  const auto e_bytes = DecodeBase64Url(*e);
  if (!n_bytes || !e_bytes) return std::nullopt;
  auto made = RsaKey::Make(*n_bytes, *e_bytes);
  if (!made) return std::nullopt;
  return std::move(*made);
}

}  // namespace

struct RsaKey::Impl {
  Key key;
};

RsaKey::RsaKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

Result<RsaKey> RsaKey::Make(std::string_view n, std::string_view e) {
  if (n.size() > kMaxBits / 8 || e.size() > 4) {
    return Fail(Errc::kLimitExceeded, "an RSA key is too large");
  }
  const QuietErrors quiet;
  const BigNumber modulus = ToNumber(n);
  const BigNumber exponent = ToNumber(e);
  if (!modulus || !exponent) return Fail(Errc::kParseError, "not an RSA key");
  if (BN_num_bits(modulus.get()) < kMinBits) {
    return Fail(Errc::kLimitExceeded, "an RSA key has less than 2048 bits");
  }
  if (!BN_is_odd(modulus.get()) || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) {
    return Fail(Errc::kParseError, "an RSA key has an unusable modulus or exponent");
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return Fail(Errc::kParseError, "not an RSA key");
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return Fail(Errc::kParseError, "not an RSA key");
  }
  return RsaKey(std::make_unique<Impl>(Impl{Key(key)}));
}

bool RsaKey::Verifies(std::string_view text, std::string_view signature) const {
  // PKCS #1 wants the full length; said here so that no library's leniency matters.
  if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get()))) {
    return false;
  }
  const QuietErrors quiet;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // the digest context's own
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr,
                              impl_->key.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PADDING) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                          text.size()) == 1;
}

Result<KeySet> KeySet::Parse(std::string_view jwks) {
  const auto set = JsonObject::Parse(jwks, kMaxBytes);
  if (!set) return Fail(set.error().code, "the key set is not valid: " + set.error().detail);
  const auto keys = set->Objects("keys");
  if (!keys) return Fail(keys.error().code, "the key set is not valid: " + keys.error().detail);
  KeySet out;
  for (const JsonObject& key : *keys) {
    const auto kid = key.OptionalString("kid", kMaxKidBytes);
    auto made = kid && IsForUs(key) ? ReadKey(key) : std::nullopt;
    if (!made) {
      ++out.ignored_;
      continue;
    }
    const std::string name = kid->value_or("");
    if (out.FindEntry(name) != nullptr) {
      return Fail(Errc::kParseError, "the key set has two keys of one name");
    }
    if (out.keys_.size() >= kMaxKeys) {
      return Fail(Errc::kLimitExceeded, "the key set has too many keys");
    }
    out.keys_.push_back({name, std::move(*made), std::nullopt});
  }
  if (out.empty()) {
    return Fail(Errc::kParseError, "the key set has no RSA key of 2048 to 8192 bits for RS256");
  }
  return out;
}

KeySet::Entry* KeySet::FindEntry(std::string_view kid) {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const Entry& entry) { return entry.kid == kid; });
  return found == keys_.end() ? nullptr : &*found;
}

void KeySet::Merge(KeySet newer, TimePoint now, std::chrono::seconds keep) {
  std::vector<Entry> retired;
  for (Entry& entry : keys_) {
    if (newer.FindEntry(entry.kid) != nullptr) continue;
    if (!entry.retired_until) entry.retired_until = now + keep;
    if (*entry.retired_until > now) retired.push_back(std::move(entry));
  }
  // The one that lasts longest comes first.
  std::stable_sort(retired.begin(), retired.end(), [](const Entry& a, const Entry& b) {
    return *a.retired_until > *b.retired_until;
  });
  keys_ = std::move(newer.keys_);
  ignored_ = newer.ignored_;
  for (Entry& entry : retired) {
    if (keys_.size() >= kMaxKeys) break;
    keys_.push_back(std::move(entry));
  }
}

const RsaKey* KeySet::Find(std::string_view kid, TimePoint now) const {
  const Entry* only = nullptr;
  for (const Entry& entry : keys_) {
    if (kid.empty()) {
      if (entry.retired_until) continue;
      if (only != nullptr) return nullptr;
      only = &entry;
    } else if (entry.kid == kid) {
      return !entry.retired_until || *entry.retired_until > now ? &entry.key : nullptr;
    }
  }
  return only == nullptr ? nullptr : &only->key;
}

}  // namespace pairwire::auth
