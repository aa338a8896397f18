// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificate from and to PEM text (RFC 7468): what is accepted, and the words for what is not.
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <cstddef>
#include <ctime>
#include <utility>

#include "peer/dtls/certificate.h"
#include "peer/dtls/certificate_impl.h"

namespace pairwire::dtls {
namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;
// Peers bound the handshake message that carries it; ours takes 8 KiB.
constexpr std::size_t kMaxCertificateBytes = 4 * 1024;
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // one signature with it takes tens of milliseconds already

// Reads only; `text` outlives it.
BioHandle ReaderOf(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

// Without it OpenSSL asks for a pass phrase on the terminal. 0 means: there is none.
int NoPassPhrase(char*, int, int, void*) noexcept { return 0; }

bool IsEncrypted(std::string_view key_pem) {
  return key_pem.find("ENCRYPTED") != std::string_view::npos;
}

Result<void> CheckSize(std::string_view what, std::string_view pem) {
  if (pem.size() <= kMaxPemBytes) return {};
  return Fail(Errc::kParseError, "the " + std::string(what) + " PEM is longer than 64 KiB");
}

Result<X509Handle> ReadCertificate(std::string_view pem) {
  if (auto checked = CheckSize("certificate", pem); !checked) {
    return tl::unexpected(checked.error());
  }
  const BioHandle reader = ReaderOf(pem);
  X509Handle x509(reader == nullptr
                      ? nullptr
                      : PEM_read_bio_X509(reader.get(), nullptr, NoPassPhrase, nullptr));
  if (x509 == nullptr) {
    return Fail(Errc::kParseError, "there is no PEM certificate: " + NewestErrorText());
  }
  const X509Handle second(PEM_read_bio_X509(reader.get(), nullptr, NoPassPhrase, nullptr));
  if (second != nullptr) {
    return Fail(Errc::kParseError,
                "the PEM holds several certificates; only the one of the key is used, without its "
                "chain");
  }
  if (i2d_X509(x509.get(), nullptr) > static_cast<int>(kMaxCertificateBytes)) {
    return Fail(Errc::kInvalidArgument, "the certificate is larger than 4 KiB");
  }
  return x509;
}

Result<EvpKeyHandle> ReadKey(std::string_view pem) {
  if (auto checked = CheckSize("private key", pem); !checked) {
    return tl::unexpected(checked.error());
  }
  const BioHandle reader = ReaderOf(pem);
  EvpKeyHandle key(reader == nullptr
                       ? nullptr
                       : PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassPhrase, nullptr));
  if (key != nullptr) return key;
  if (IsEncrypted(pem)) {
    return Fail(Errc::kParseError, "the private key is encrypted; give it decrypted");
  }
  return Fail(Errc::kParseError, "there is no PEM private key: " + NewestErrorText());
}

Result<void> CheckKind(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    char group[32] = {};
    const bool named = EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr) == 1;
    const std::string_view name(group);
    if (named && (name == "prime256v1" || name == "secp384r1")) return {};
    return Fail(Errc::kUnsupported,
                "an ECDSA key is on P-256 or P-384, not on " + (named ? std::string(name) : "?"));
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return {};
    return Fail(Errc::kUnsupported,
                "an RSA key has 2048 to 8192 bits, not " + std::to_string(bits));
  }
  return Fail(Errc::kUnsupported, "the key is neither ECDSA nor RSA");
}

// That the public halves are equal is not enough: the private half may belong to neither.
bool BelongTogether(const X509* x509, EVP_PKEY* key) {
  if (X509_check_private_key(x509, key) != 1) return false;
  const std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new(key, nullptr));
  return context != nullptr && EVP_PKEY_pairwise_check(context.get()) == 1;
}

Result<void> CheckTime(const X509* x509, Certificate::Time now) {
  std::time_t time = std::chrono::system_clock::to_time_t(now);
  const int begin = X509_cmp_time(X509_get0_notBefore(x509), &time);
  const int end = X509_cmp_time(X509_get0_notAfter(x509), &time);
  if (begin == 0 || end == 0)
    return Fail(Errc::kParseError, "the certificate's dates are no dates");
  if (begin > 0) return Fail(Errc::kInvalidArgument, "the certificate is not valid yet");
  if (end < 0) return Fail(Errc::kInvalidArgument, "the certificate has expired");
  return {};
}

}  // namespace

Result<Certificate> Certificate::FromPem(std::string_view certificate_pem,
                                         std::string_view private_key_pem, Time now) {
  const ErrorQueueScope errors;
  auto x509 = ReadCertificate(certificate_pem);
  if (!x509) return tl::unexpected(x509.error());
  auto key = ReadKey(private_key_pem);
  if (!key) return tl::unexpected(key.error());
  const EVP_PKEY* const public_key = X509_get0_pubkey(x509->get());
  if (public_key == nullptr) {
    return Fail(Errc::kParseError, "the certificate's key cannot be read: " + NewestErrorText());
  }
  if (auto checked = CheckKind(key->get()); !checked) return tl::unexpected(checked.error());
  if (!BelongTogether(x509->get(), key->get())) {
    return Fail(Errc::kInvalidArgument, "the private key does not belong to the certificate");
  }
  if (auto checked = CheckTime(x509->get(), now); !checked) {
    return tl::unexpected(checked.error());
  }
  auto impl = Impl::Create(std::move(*key), std::move(*x509));
  if (!impl) return tl::unexpected(impl.error());
  return Certificate(std::move(*impl));
}

Result<CertificatePem> Certificate::ToPem() const {
  const ErrorQueueScope errors;
  const BioHandle certificate(BIO_new(BIO_s_mem()));
  const BioHandle key(BIO_new(BIO_s_secmem()));  // wiped when it is freed
  if (certificate == nullptr || key == nullptr ||
      PEM_write_bio_X509(certificate.get(), impl_->x509.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return Fail(Errc::kDtlsFailed, "cannot write PEM: " + NewestErrorText());
  }
  return CertificatePem{.certificate = TextOf(certificate.get()), .private_key = TextOf(key.get())};
}

}  // namespace pairwire::dtls
