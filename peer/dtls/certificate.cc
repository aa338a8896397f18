// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/certificate.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <cstddef>
#include <ctime>
#include <span>
#include <utility>

#include "peer/dtls/certificate_impl.h"

namespace pairwire::dtls {
namespace {

// Validity begins a day early, because the other end's clock may be behind ours.
constexpr std::chrono::hours kValidSince{24};
constexpr std::chrono::seconds kMinLifetime{1};
constexpr std::chrono::hours kMaxLifetime{365 * 24};

// RFC 5280 section 4.1.2.2: positive and at most 20 octets; 16 random ones never meet twice.
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kNameBytes = 8;

using BignumHandle = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

// The name says nothing about the program or the person: RFC 8827 section 6.5 wants no tracking by
// it.
std::string HexOf(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool SetSerial(X509* x509) {
  std::array<std::uint8_t, kSerialBytes> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and never short
  const BignumHandle number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool SetNames(X509* x509) {
  std::array<std::uint8_t, kNameBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
  const std::string name = HexOf(random);
  X509_NAME* const subject = X509_get_subject_name(x509);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(x509, subject) == 1;
}

EvpKeyHandle MakeKey(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::kEcdsaP256:
      return EvpKeyHandle(EVP_EC_gen("P-256"));
    case KeyAlgorithm::kRsa2048:
      return EvpKeyHandle(EVP_RSA_gen(2048U));
  }
  return nullptr;
}

bool SetTime(ASN1_TIME* field, Certificate::Time time) {
  return ASN1_TIME_adj(field, std::chrono::system_clock::to_time_t(time), 0, 0) != nullptr;
}

X509Handle MakeSelfSigned(EVP_PKEY* key, Certificate::Time now, std::chrono::seconds lifetime) {
  X509Handle x509(X509_new());
  const bool made = x509 != nullptr && X509_set_version(x509.get(), X509_VERSION_3) == 1 &&
                    SetSerial(x509.get()) && SetNames(x509.get()) &&
                    SetTime(X509_getm_notBefore(x509.get()), now - kValidSince) &&
                    SetTime(X509_getm_notAfter(x509.get()), now + lifetime) &&
                    X509_set_pubkey(x509.get(), key) == 1 &&
                    X509_sign(x509.get(), key, EVP_sha256()) > 0;
  if (!made) return nullptr;
  return x509;
}

}  // namespace

// ---- What both ways of making one end with

Result<std::shared_ptr<const Certificate::Impl>> Certificate::Impl::Create(EvpKeyHandle key,
                                                                           X509Handle x509) {
  auto impl = std::make_shared<Impl>();
  impl->der = DerOf(x509.get());
  std::tm end{};
  if (impl->der.empty() || ASN1_TIME_to_tm(X509_get0_notAfter(x509.get()), &end) != 1) {
    return Fail(Errc::kDtlsFailed, "cannot read the certificate: " + NewestErrorText());
  }
  impl->expires = std::chrono::system_clock::from_time_t(timegm(&end));
  impl->key = std::move(key);
  impl->x509 = std::move(x509);
  auto fingerprint = FingerprintOf(impl->der, HashAlgorithm::kSha256);
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  impl->fingerprint = std::move(*fingerprint);
  return impl;
}

Result<Certificate> Certificate::Generate(const CertificateOptions& options, Time now) {
  if (options.lifetime < kMinLifetime || options.lifetime > kMaxLifetime) {
    return Fail(Errc::kInvalidArgument, "a certificate's lifetime is 1 second to 365 days");
  }
  const ErrorQueueScope errors;
  EvpKeyHandle key = MakeKey(options.algorithm);
  X509Handle x509 = key == nullptr ? nullptr : MakeSelfSigned(key.get(), now, options.lifetime);
  if (x509 == nullptr) {
    return Fail(Errc::kDtlsFailed, "cannot make a certificate: " + NewestErrorText());
  }
  auto impl = Impl::Create(std::move(key), std::move(x509));
  if (!impl) return tl::unexpected(impl.error());
  return Certificate(std::move(*impl));
}

Certificate::Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

const Fingerprint& Certificate::fingerprint() const { return impl_->fingerprint; }
const Bytes& Certificate::der() const { return impl_->der; }
Certificate::Time Certificate::expires() const { return impl_->expires; }

}  // namespace pairwire::dtls
