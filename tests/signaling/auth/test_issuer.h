// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An issuer of tokens for tests: RSA keys, their JWK form, and signatures of every kind that an
// attacker may try.
#ifndef PAIRWIRE_TESTS_SIGNALING_AUTH_TEST_ISSUER_H_
#define PAIRWIRE_TESTS_SIGNALING_AUTH_TEST_ISSUER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::auth {

class IssuerKey {
 public:
  IssuerKey(std::string kid, int bits = 2048);
  IssuerKey(IssuerKey&&) noexcept;
  ~IssuerKey();

  const std::string& kid() const { return kid_; }
  // {"kty":"RSA","kid":…,"n":…,"e":…} with `extra` members in front.
  std::string Jwk(std::string_view extra = R"("use":"sig","alg":"RS256",)") const;
  std::string PublicPem() const;
  // Raw signatures over `text`.
  std::string SignRs256(std::string_view text) const;
  std::string SignPs256(std::string_view text) const;
  std::string SignRs512(std::string_view text) const;

  // header "." payload "." signature, the first two as JSON text.
  std::string Token(std::string_view header, std::string_view payload) const;
  // With {"alg":"RS256","typ":"JWT","kid":…}.
  std::string Token(std::string_view payload) const;

 private:
  struct Impl;
  std::string kid_;
  std::unique_ptr<Impl> impl_;
};

std::string Jwks(const std::vector<std::string>& jwks);
std::string HmacSha256(std::string_view key, std::string_view text);
// The first two parts of a token.
std::string SigningInput(std::string_view header, std::string_view payload);
std::string WithSignature(std::string_view signing_input, std::string_view signature);

// Made once for all tests: making an RSA key takes a while.
const IssuerKey& KeyA();
const IssuerKey& KeyB();

}  // namespace pairwire::auth

#endif  // PAIRWIRE_TESTS_SIGNALING_AUTH_TEST_ISSUER_H_
