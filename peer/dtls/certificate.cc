// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/certificate.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "peer/dtls/certificate_impl.h"
#include "peer/dtls/ssl_context.h"

namespace pairwire::dtls {
namespace {

constexpr long kSecondsPerDay = 24 * 60 * 60;
// Valid from yesterday, because the other end's clock may be behind ours, for 30 days in all.
constexpr long kValidFrom = -kSecondsPerDay;
constexpr long kValidUntil = 29 * kSecondsPerDay;

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

X509Handle MakeSelfSigned(EVP_PKEY* key) {
  X509Handle x509(X509_new());
  const bool made = x509 != nullptr && X509_set_version(x509.get(), X509_VERSION_3) == 1 &&
                    SetSerial(x509.get()) && SetNames(x509.get()) &&
                    X509_gmtime_adj(X509_getm_notBefore(x509.get()), kValidFrom) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(x509.get()), kValidUntil) != nullptr &&
                    X509_set_pubkey(x509.get(), key) == 1 &&
                    X509_sign(x509.get(), key, EVP_sha256()) > 0;
  if (!made) return nullptr;
  return x509;
}

Bytes DerOf(const X509* x509) {
  const int size = i2d_X509(x509, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(x509, &out);
  return der;
}

}  // namespace

Result<Certificate> Certificate::Generate() {
  const ErrorQueueScope errors;
  auto impl = std::make_unique<Impl>();
  impl->key.reset(EVP_EC_gen("P-256"));
  if (impl->key != nullptr) impl->x509 = MakeSelfSigned(impl->key.get());
  if (impl->x509 != nullptr) impl->der = DerOf(impl->x509.get());
  if (impl->der.empty()) {
    return Fail(Errc::kDtlsFailed, "cannot make a certificate: " + NewestErrorText());
  }
  auto context = CreateSslContext(impl->x509.get(), impl->key.get());
  if (!context) return tl::unexpected(context.error());
  impl->context = std::move(*context);
  auto fingerprint = FingerprintOf(impl->der, HashAlgorithm::kSha256);
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  impl->fingerprint = std::move(*fingerprint);
  return Certificate(std::move(impl));
}

Certificate::Certificate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

const Fingerprint& Certificate::fingerprint() const { return impl_->fingerprint; }
const Bytes& Certificate::der() const { return impl_->der; }

}  // namespace pairwire::dtls
