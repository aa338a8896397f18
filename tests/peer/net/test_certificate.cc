// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/net/test_certificate.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace pairwire::test {
namespace {

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* pointer) const { Free(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION, X509_EXTENSION_free>>;
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

void AddExtension(X509* certificate, int nid, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  ASSERT_NE(extension, nullptr) << value;
  ASSERT_EQ(X509_add_ext(certificate, extension.get(), -1), 1);
}

Certificate Unsigned(EVP_PKEY* key, const std::string& name, long serial, int valid_days) {
  Certificate certificate(X509_new());
  constexpr long kDay = 24L * 60 * 60;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_days * kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void Write(const std::filesystem::path& path, X509* certificate) {
  const File file(std::fopen(path.c_str(), "w"));
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(PEM_write_X509(file.get(), certificate), 1);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& names, int valid_days) {
  std::string pattern = std::filesystem::temp_directory_path() / "pairwire-tls-XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;

  const Key authority_key(EVP_EC_gen("P-256"));
  const Certificate authority = Unsigned(authority_key.get(), "Pairwire test authority", 1, 100);
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  AddExtension(authority.get(), NID_basic_constraints, "critical,CA:TRUE");
  EXPECT_GT(X509_sign(authority.get(), authority_key.get(), EVP_sha256()), 0);
  Write(folder_ / "authority.pem", authority.get());

  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = Unsigned(key.get(), "Pairwire test server", 2, valid_days);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  AddExtension(certificate.get(), NID_subject_alt_name, names);
  EXPECT_GT(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()), 0);
  Write(folder_ / "certificate.pem", certificate.get());

  const File file(std::fopen((folder_ / "key.pem").c_str(), "w"));
  EXPECT_EQ(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace pairwire::test
