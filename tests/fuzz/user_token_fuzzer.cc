// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever may stand where a user's token or a key set should: the first byte chooses between a
// whole token, a header or a payload that is encoded and signed by a known key (so that what lies
// behind the signature is reached as well), a key set, and an answer to a proof of work. What is
// accepted must keep every promise of signaling/auth/jwt.h.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/auth/base64url.h"
#include "signaling/auth/jwt.h"
#include "signaling/auth/proof_of_work.h"

namespace {

using namespace pairwire::auth;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t kNow = 1'800'000'000;
const TimePoint kNowTime{std::chrono::seconds(kNow)};

void Require(bool holds) {
  if (!holds) std::abort();
}

class Issuer {
 public:
  Issuer() : key_(EVP_RSA_gen(2048)) {
    Require(key_ != nullptr);
    const std::string jwks = R"({"keys":[{"kty":"RSA","kid":"k","n":")" +
                             Number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
                             Number(OSSL_PKEY_PARAM_RSA_E) + "\"}]}";
    keys = KeySet::Parse(jwks).value();
  }
  ~Issuer() { EVP_PKEY_free(key_); }
  Issuer(const Issuer&) = delete;
  Issuer& operator=(const Issuer&) = delete;

  std::string Token(std::string_view header, std::string_view payload) const {
    const std::string input = EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::string signature(256, '\0');
    std::size_t size = signature.size();
    Require(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_) == 1);
    Require(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(input.data()),
                           input.size()) == 1);
    EVP_MD_CTX_free(context);
    return input + "." + EncodeBase64Url(signature);
  }

  KeySet keys;

 private:
  std::string Number(const char* name) const {
    BIGNUM* number = nullptr;
    Require(EVP_PKEY_get_bn_param(key_, name, &number) == 1);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(number);
    return EncodeBase64Url(bytes);
  }

  EVP_PKEY* key_;
};

void CheckToken(const std::string& token, const KeySet& keys) {
  JwtOptions options;
  options.issuer = "i";
  options.audience = "a";
  const JwtVerifier verifier(options);
  const JwtResult result = verifier.Verify(token, keys, kNowTime);
  Require(verifier.Verify(token, keys, kNowTime) == result);
  if (!result) {
    Require(!ToString(result.error()).empty());
    return;
  }
  Require(token.size() <= options.max_bytes);
  Require(!result->user_id.empty() && result->user_id.size() <= 64);
  for (const char c : result->user_id) Require(c > ' ' && c <= '~' && c != ':' && c != '{');
  Require(result->name.size() <= 64);
  Require(result->expires > kNowTime);
  Require(result->expires <= kNowTime + options.max_life + 2 * options.leeway);
  Require(!verifier.Verify(token, KeySet(), kNowTime));
  Require(!verifier.Verify(token, keys, result->expires));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Issuer issuer;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 't':
      CheckToken(text, issuer.keys);
      break;
    case 'h':
      CheckToken(issuer.Token(text, R"({"iss":"i","aud":"a","sub":"u","nbf":1800000000,)"
                                    R"("exp":1800000060})"),
                 issuer.keys);
      break;
    case 'p':
      CheckToken(issuer.Token(R"({"alg":"RS256","typ":"JWT","kid":"k"})", text), issuer.keys);
      break;
    case 'k':
      if (auto keys = KeySet::Parse(text)) {
        Require(keys->size() >= 1 && keys->size() <= KeySet::kMaxKeys);
        keys->Merge(KeySet::Parse(text).value(), kNowTime, std::chrono::hours(1));
        Require(keys->size() <= KeySet::kMaxKeys);
      }
      break;
    case 'w': {
      ProofOfWork proof(ProofOfWork::Secret{});
      const std::size_t dot = text.find('.');
      const std::string challenge = text.substr(0, dot);
      const std::string answer = dot == std::string::npos ? "" : text.substr(dot + 1);
      if (proof.Redeem(challenge, answer, "a", kNowTime)) {
        Require(!proof.Redeem(challenge, answer, "a", kNowTime));
        Require(!proof.Redeem(challenge, answer, "b", kNowTime));
      }
      (void)SolveProofOfWork(challenge, 16);
      break;
    }
    default:
      break;
  }
  if (const auto bytes = DecodeBase64Url(text)) {
    Require(EncodeBase64Url(std::string_view(*bytes)) == text);
  }
  return 0;
}
