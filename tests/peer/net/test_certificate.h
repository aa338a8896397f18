// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TestCertificate: a certificate for a server of a test and the authority that vouches for it.
#ifndef PAIRWIRE_TESTS_PEER_NET_TEST_CERTIFICATE_H_
#define PAIRWIRE_TESTS_PEER_NET_TEST_CERTIFICATE_H_

#include <filesystem>
#include <string>

namespace pairwire::test {

class TestCertificate {
 public:
  // Files in a folder of their own, gone with the object.
  // `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". `valid_days` may be negative.
  explicit TestCertificate(const std::string& names, int valid_days = 1);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string authority() const { return folder_ / "authority.pem"; }
  std::string certificate() const { return folder_ / "certificate.pem"; }
  std::string key() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_NET_TEST_CERTIFICATE_H_
