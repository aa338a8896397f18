// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificates as we make them, and fingerprints as SDP writes them (RFC 8122 section 5).
#include "peer/dtls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <set>
#include <string>

#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {
namespace {

// SHA-256 of "abc" (FIPS 180-2 appendix B.1), and the same for the longer ones.
constexpr const char* kAbc256 =
    "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:"
    "AD";
constexpr const char* kAbc384 =
    "CB:00:75:3F:45:A3:5E:8B:B5:A0:3D:69:9A:C6:50:07:27:2C:32:AB:0E:DE:D1:63:1A:8B:60:5A:43:FF:5B:"
    "ED:80:86:07:2B:A1:E7:CC:23:58:BA:EC:A1:34:C8:25:A7";
constexpr const char* kAbc512 =
    "DD:AF:35:A1:93:61:7A:BA:CC:41:73:49:AE:20:41:31:12:E6:FA:4E:89:A9:7E:A2:0A:9E:EE:E6:4B:55:D3:"
    "9A:21:92:99:2A:27:4F:C1:A8:36:BA:3C:23:A3:FE:EB:BD:45:4D:44:23:64:3C:E8:0E:2A:9A:C9:4F:A5:4C:"
    "A4:9F";

X509Handle Parse(const Bytes& der) {
  const unsigned char* at = der.data();
  return X509Handle(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

std::string SubjectOf(const X509* x509) {
  char text[128] = {};
  X509_NAME_oneline(X509_get_subject_name(x509), text, sizeof(text));
  return text;
}

TEST(Fingerprint, DigestsOfKnownBytes) {
  EXPECT_EQ(ToString(*FingerprintOf(AsBytes("abc"), HashAlgorithm::kSha256)),
            std::string("sha-256 ") + kAbc256);
  EXPECT_EQ(ToString(*FingerprintOf(AsBytes("abc"), HashAlgorithm::kSha384)),
            std::string("sha-384 ") + kAbc384);
  EXPECT_EQ(ToString(*FingerprintOf(AsBytes("abc"), HashAlgorithm::kSha512)),
            std::string("sha-512 ") + kAbc512);
}

TEST(Fingerprint, ParsesWhatItPrints) {
  for (const auto& [name, value] :
       {std::pair("sha-256", kAbc256), {"sha-384", kAbc384}, {"sha-512", kAbc512}}) {
    const auto parsed = ParseFingerprint(name, value);
    ASSERT_TRUE(parsed.has_value()) << name;
    EXPECT_EQ(ToString(*parsed), std::string(name) + " " + value);
  }
}

TEST(Fingerprint, CaseDoesNotMatter) {
  std::string lower(kAbc256);
  for (char& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  EXPECT_EQ(ParseFingerprint("SHA-256", lower), ParseFingerprint("sha-256", kAbc256));
}

TEST(Fingerprint, OtherHashesAreUnsupported) {
  for (const char* name : {"sha-1", "md5", "md2", "sha-224", "SHA-1", "sha3-256", "sha-256x"}) {
    const auto parsed = ParseFingerprint(name, kAbc256);
    ASSERT_FALSE(parsed.has_value()) << name;
    EXPECT_EQ(parsed.error().code, Errc::kUnsupported) << name;
  }
}

TEST(Fingerprint, RefusesEachCutShortValueAndEachWrongCharacter) {
  const std::string whole(kAbc256);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(ParseFingerprint("sha-256", whole.substr(0, length)).error().code, Errc::kParseError);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char wrong : {'G', ' ', ':', '0', '\0', '\xff', '/', '@', '`'}) {
      std::string changed = whole;
      if (whole[at] == ':' ? wrong == ':' : wrong == '0') continue;  // would be right
      changed[at] = wrong;
      EXPECT_FALSE(ParseFingerprint("sha-256", changed).has_value()) << at << wrong;
    }
  }
  for (const std::string& bad : {whole + ":", whole + ":AD", whole + " ", " " + whole}) {
    EXPECT_EQ(ParseFingerprint("sha-256", bad).error().code, Errc::kParseError) << bad;
  }
  EXPECT_EQ(ParseFingerprint("sha-512", kAbc256).error().code, Errc::kParseError);
  for (const std::string& name :
       {std::string(), std::string("sha 256"), std::string("sha-256\0", 8)}) {
    EXPECT_EQ(ParseFingerprint(name, whole).error().code, Errc::kParseError) << name;
  }
}

TEST(Fingerprint, NothingHasNoDigest) {
  EXPECT_EQ(FingerprintOf({}, HashAlgorithm::kSha256).error().code, Errc::kInvalidArgument);
}

TEST(Certificate, IsWhatRfc8827Asks) {
  const auto certificate = Certificate::Generate();
  ASSERT_TRUE(certificate.has_value());
  const X509Handle x509 = Parse(certificate->der());
  ASSERT_NE(x509, nullptr);
  EXPECT_EQ(certificate->fingerprint(), *FingerprintOf(certificate->der(), HashAlgorithm::kSha256));

  EVP_PKEY* const key = X509_get0_pubkey(x509.get());
  EXPECT_EQ(EVP_PKEY_get_base_id(key), EVP_PKEY_EC);
  char group[32] = {};
  ASSERT_EQ(EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr), 1);
  EXPECT_STREQ(group, "prime256v1");
  EXPECT_EQ(X509_get_signature_nid(x509.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_verify(x509.get(), key), 1);
  EXPECT_EQ(X509_NAME_cmp(X509_get_subject_name(x509.get()), X509_get_issuer_name(x509.get())), 0);
  EXPECT_EQ(X509_get_version(x509.get()), X509_VERSION_3);
  EXPECT_LT(certificate->der().size(), 400U);
}

TEST(Certificate, IsValidSinceYesterdayForAsLongAsAsked) {
  const auto now = std::chrono::system_clock::from_time_t(1'900'000'000);
  for (const auto lifetime : {std::chrono::seconds(1), std::chrono::seconds(30 * 86400),
                              std::chrono::seconds(365 * 86400)}) {
    const auto certificate = Certificate::Generate({.lifetime = lifetime}, now);
    ASSERT_TRUE(certificate.has_value());
    EXPECT_EQ(certificate->expires(), now + lifetime);
    const X509Handle x509 = Parse(certificate->der());
    std::time_t begin = 1'900'000'000 - 86'400;
    std::time_t before = begin - 1;
    EXPECT_LE(X509_cmp_time(X509_get0_notBefore(x509.get()), &begin), 0);
    EXPECT_GT(X509_cmp_time(X509_get0_notBefore(x509.get()), &before), 0);
  }
  const auto days_30 = std::chrono::system_clock::now() + std::chrono::hours(30 * 24);
  const auto expires = Certificate::Generate()->expires();
  EXPECT_LT(expires - days_30, std::chrono::seconds(5));
  EXPECT_LT(days_30 - expires, std::chrono::seconds(5));
}

TEST(Certificate, LifetimesThatAreNone) {
  for (const auto lifetime : {std::chrono::seconds(0), std::chrono::seconds(-1),
                              std::chrono::seconds(365 * 86400 + 1), std::chrono::seconds::max()}) {
    EXPECT_EQ(Certificate::Generate({.lifetime = lifetime}).error().code, Errc::kInvalidArgument);
  }
}

TEST(Certificate, NoTwoAreAlike) {
  std::set<std::string> serials;
  std::set<std::string> names;
  std::set<Bytes> fingerprints;
  constexpr std::size_t kCount = 50;
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto certificate = Certificate::Generate();
    ASSERT_TRUE(certificate.has_value());
    const X509Handle x509 = Parse(certificate->der());
    const ASN1_INTEGER* const serial = X509_get0_serialNumber(x509.get());
    EXPECT_EQ(ASN1_STRING_length(serial), 16);
    EXPECT_EQ(ASN1_STRING_get0_data(serial)[0] & 0x80, 0);
    serials.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), 16);
    names.insert(SubjectOf(x509.get()));
    fingerprints.insert(certificate->fingerprint().value);
  }
  EXPECT_EQ(serials.size(), kCount);
  EXPECT_EQ(names.size(), kCount);
  EXPECT_EQ(fingerprints.size(), kCount);
}

TEST(Certificate, CanBeMoved) {
  auto first = *Certificate::Generate();
  const Bytes der = first.der();
  Certificate second = std::move(first);
  EXPECT_EQ(second.der(), der);
  second = *Certificate::Generate();
  EXPECT_NE(second.der(), der);
}

}  // namespace
}  // namespace pairwire::dtls
