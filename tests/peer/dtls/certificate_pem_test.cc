// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificates from PEM and to PEM: what is taken, and what is said of what is not. And the
// application's handle of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pairwire/certificate.h>

#include <chrono>
#include <string>

#include "peer/dtls/certificate_access.h"
#include "peer/dtls/openssl_handles.h"
#include "tests/peer/dtls/dtls_pair.h"

namespace pairwire::dtls::test {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1'900'000'000;

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// A key of any kind and a certificate for it, made by hand; valid from an hour before kNow to an
// hour after.
struct Made {
  explicit Made(EVP_PKEY* made_key, const EVP_MD* digest = EVP_sha256(), int names = 1)
      : key(made_key), x509(X509_new()) {
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 5);
    ASN1_TIME_set(X509_getm_notBefore(x509.get()), kNow - 3600);
    ASN1_TIME_set(X509_getm_notAfter(x509.get()), kNow + 3600);
    for (int i = 0; i < names; ++i) {
      X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("a name"), -1, -1, 0);
    }
    X509_set_pubkey(x509.get(), key.get());
    EXPECT_GT(X509_sign(x509.get(), key.get(), digest), 0);
  }
  std::string certificate() const {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_X509(bio.get(), x509.get()), 1);
    return Text(bio.get());
  }
  std::string private_key(const EVP_CIPHER* cipher = nullptr) const {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), cipher, "pass", 4, nullptr, nullptr),
        1);
    return Text(bio.get());
  }
  std::string traditional_key(const EVP_CIPHER* cipher = nullptr) const {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    unsigned char pass[] = "pass";
    EXPECT_EQ(PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), cipher, pass, 4, nullptr,
                                                   nullptr),
              1);
    return Text(bio.get());
  }

  EvpKeyHandle key;
  X509Handle x509;
};

const Certificate::Time kTime = std::chrono::system_clock::from_time_t(kNow);

Result<Certificate> Load(const Made& made) {
  return Certificate::FromPem(made.certificate(), made.private_key(), kTime);
}

TEST(CertificatePem, EachKindOfKey) {
  for (EVP_PKEY* const key : {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048U)}) {
    const Made made(key);
    const auto loaded = Load(made);
    ASSERT_TRUE(loaded.has_value()) << ToString(loaded.error());
    EXPECT_EQ(loaded->der(), DerOf(made.x509.get()));
    EXPECT_EQ(loaded->expires(), kTime + 1h);
    EXPECT_TRUE(Certificate::FromPem(made.certificate(), made.traditional_key(), kTime));
  }
}

TEST(CertificatePem, ThereAndBack) {
  for (const auto algorithm : {KeyAlgorithm::kEcdsaP256, KeyAlgorithm::kRsa2048}) {
    const auto certificate = Certificate::Generate({.algorithm = algorithm});
    ASSERT_TRUE(certificate.has_value());
    const auto pem = certificate->ToPem();
    ASSERT_TRUE(pem.has_value());
    EXPECT_THAT(pem->certificate, testing::StartsWith("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_THAT(pem->private_key, testing::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = Certificate::FromPem(pem->certificate, pem->private_key);
    ASSERT_TRUE(again.has_value()) << ToString(again.error());
    EXPECT_EQ(again->der(), certificate->der());
    EXPECT_EQ(again->expires(), certificate->expires());
    EXPECT_EQ(again->ToPem()->private_key, pem->private_key);
  }
}

TEST(CertificatePem, TextAroundThePemIsAllowed) {
  const Made made(EVP_EC_gen("P-256"));
  EXPECT_TRUE(Certificate::FromPem("subject: x\n" + made.certificate() + "\nend",
                                   "Key:\n" + made.private_key(), kTime));
  // One text that holds both, as many tools keep them.
  const std::string both = made.private_key() + made.certificate();
  EXPECT_TRUE(Certificate::FromPem(both, both, kTime));
}

void ExpectRefused(const std::string& certificate, const std::string& key, Errc code,
                   const char* words, Certificate::Time now = kTime) {
  const auto loaded = Certificate::FromPem(certificate, key, now);
  ASSERT_FALSE(loaded.has_value()) << words;
  EXPECT_EQ(loaded.error().code, code) << words;
  EXPECT_THAT(loaded.error().detail, HasSubstr(words));
}

TEST(CertificatePem, KeysOfOtherKinds) {
  for (const int bits : {1024, 2047}) {
    const Made made(EVP_RSA_gen(static_cast<unsigned>(bits)));
    ExpectRefused(made.certificate(), made.private_key(), Errc::kUnsupported, "2048 to 8192 bits");
  }
  const Made curve(EVP_EC_gen("P-521"));
  ExpectRefused(curve.certificate(), curve.private_key(), Errc::kUnsupported, "not on secp521r1");
  const Made edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), nullptr);
  ExpectRefused(edwards.certificate(), edwards.private_key(), Errc::kUnsupported,
                "neither ECDSA nor RSA");
}

TEST(CertificatePem, HalvesThatDoNotBelongTogether) {
  const Made one(EVP_EC_gen("P-256"));
  const Made other(EVP_EC_gen("P-256"));
  const Made rsa(EVP_RSA_gen(2048U));
  for (const Made* wrong : {&other, &rsa}) {
    ExpectRefused(one.certificate(), wrong->private_key(), Errc::kInvalidArgument,
                  "does not belong");
  }
}

TEST(CertificatePem, APublicHalfIsNoProofOfThePrivateOne) {
  // A SEC 1 key whose private number is another key's but whose public point is the certificate's.
  const Made made(EVP_EC_gen("P-256"));
  const EvpKeyHandle other(EVP_EC_gen("P-256"));
  const auto der_of = [](const EVP_PKEY* key) {
    unsigned char* out = nullptr;
    const int size = i2d_PrivateKey(key, &out);
    Bytes der(out, out + size);
    OPENSSL_free(out);
    return der;
  };
  Bytes mixed = der_of(made.key.get());
  const Bytes donor = der_of(other.get());
  ASSERT_EQ(mixed.size(), donor.size());
  // SEQUENCE, version 1, OCTET STRING of 32 bytes: the number begins at 7.
  std::copy(donor.begin() + 7, donor.begin() + 7 + 32, mixed.begin() + 7);
  const BioHandle bio(BIO_new(BIO_s_mem()));
  ASSERT_GT(
      PEM_write_bio(bio.get(), "EC PRIVATE KEY", "", mixed.data(), static_cast<long>(mixed.size())),
      0);
  ExpectRefused(made.certificate(), Text(bio.get()), Errc::kInvalidArgument, "does not belong");
}

TEST(CertificatePem, OutOfItsTime) {
  const Made made(EVP_EC_gen("P-256"));
  const auto certificate = made.certificate();
  const auto key = made.private_key();
  ExpectRefused(certificate, key, Errc::kInvalidArgument, "not valid yet", kTime - 3601s);
  ExpectRefused(certificate, key, Errc::kInvalidArgument, "expired", kTime + 3601s);
  EXPECT_TRUE(Certificate::FromPem(certificate, key, kTime + 3599s));
}

TEST(CertificatePem, EncryptedKeysAreRefusedWithoutAsking) {
  const Made made(EVP_EC_gen("P-256"));
  for (const std::string& key :
       {made.private_key(EVP_aes_128_cbc()), made.traditional_key(EVP_aes_128_cbc())}) {
    ExpectRefused(made.certificate(), key, Errc::kParseError, "encrypted");
  }
}

TEST(CertificatePem, WhatIsNoPem) {
  const Made made(EVP_EC_gen("P-256"));
  const std::string certificate = made.certificate();
  const std::string key = made.private_key();
  for (const std::string& bad :
       {std::string(), std::string("hello"), key, std::string(1000, '\0'),
        std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
        certificate.substr(0, certificate.size() / 2)}) {
    ExpectRefused(bad, key, Errc::kParseError, "certificate");
  }
  for (const std::string& bad :
       {std::string(), std::string("hello"), certificate, key.substr(0, key.size() / 2)}) {
    ExpectRefused(certificate, bad, Errc::kParseError, "private key");
  }
  const std::string long_text(64 * 1024 + 1, ' ');
  ExpectRefused(long_text, key, Errc::kParseError, "64 KiB");
  ExpectRefused(certificate, long_text, Errc::kParseError, "64 KiB");
  ExpectRefused(certificate + certificate, key, Errc::kParseError, "several");
}

TEST(CertificatePem, ACertificateThatIsTooLarge) {
  const Made made(EVP_EC_gen("P-256"), EVP_sha256(), 300);
  ExpectRefused(made.certificate(), made.private_key(), Errc::kInvalidArgument, "4 KiB");
}

TEST(CertificatePem, CutShortAtEachByte) {
  const Made made(EVP_EC_gen("P-256"));
  const std::string certificate = made.certificate();
  const std::string key = made.private_key();
  // The last characters may go: the line's end, and OpenSSL is content without some dashes.
  for (std::size_t cut = 0; cut + 30 < certificate.size(); ++cut) {
    EXPECT_FALSE(Certificate::FromPem(certificate.substr(0, cut), key, kTime)) << cut;
  }
  for (std::size_t cut = 0; cut + 30 < key.size(); ++cut) {
    EXPECT_FALSE(Certificate::FromPem(certificate, key.substr(0, cut), kTime)) << cut;
  }
}

// ---- The application's handle

TEST(PublicCertificate, IsAValue) {
  const auto made = pairwire::Certificate::Generate();
  ASSERT_TRUE(made.has_value());
  pairwire::Certificate copy = *made;
  EXPECT_EQ(copy, *made);
  EXPECT_EQ(copy.Fingerprints(), made->Fingerprints());
  const auto other = pairwire::Certificate::Generate();
  EXPECT_FALSE(copy == *other);
  copy = *other;
  EXPECT_EQ(copy, *other);
}

TEST(PublicCertificate, Fingerprints) {
  const auto made = pairwire::Certificate::Generate();
  const Certificate inner = CertificateAccess::Unwrap(*made);
  EXPECT_THAT(made->Fingerprints(),
              testing::ElementsAre(ToString(DigestOf(inner, HashAlgorithm::kSha256)),
                                   ToString(DigestOf(inner, HashAlgorithm::kSha384)),
                                   ToString(DigestOf(inner, HashAlgorithm::kSha512))));
  EXPECT_THAT(made->Fingerprints()[0],
              testing::MatchesRegex("sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}"));
}

TEST(PublicCertificate, ThroughPem) {
  const auto made = pairwire::Certificate::Generate({.lifetime = 1h});
  const auto pem = made->ToPem();
  ASSERT_TRUE(pem.has_value());
  const auto again = pairwire::Certificate::FromPem(pem->certificate, pem->private_key);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->Fingerprints(), made->Fingerprints());
  EXPECT_EQ(again->expires(), made->expires());
  EXPECT_EQ(pairwire::Certificate::FromPem("", "").error().code, Errc::kParseError);
  EXPECT_EQ(pairwire::Certificate::Generate({.lifetime = 0s}).error().code, Errc::kInvalidArgument);
}

TEST(PublicCertificate, ServesSeveralConnections) {
  const auto made = pairwire::Certificate::Generate();
  const Certificate ours = CertificateAccess::Unwrap(*made);
  for (int i = 0; i < 3; ++i) {
    Pair pair({.delay = 10ms}, {}, {}, ours, NewCertificate());
    pair.Connect();
    EXPECT_EQ(pair.server.transport().remote_certificate(), ours.der());
  }
}

}  // namespace
}  // namespace pairwire::dtls::test
