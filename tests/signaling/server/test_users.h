// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Users for tests of the server: tokens of an issuer of ours, and a file with its keys that can be
// rotated.
#ifndef PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_USERS_H_
#define PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_USERS_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/signaling/auth/test_issuer.h"

namespace pairwire::server::testing {

inline constexpr const char* kIssuer = "https://issuer.test/";
inline constexpr const char* kAudience = "pairwire";

inline long long NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Claims {
  std::string issuer = kIssuer;
  std::string audience = std::string("\"") + kAudience + "\"";  // JSON
  std::string subject = "ann";
  long long not_before = -600;  // seconds from now
  std::string expires = "600";  // seconds from now; anything else is put in as it is

  std::string Json() const {
    const long long now = NowSeconds();
    char* end = nullptr;
    const long long life = std::strtoll(expires.c_str(), &end, 10);
    const bool number = !expires.empty() && *end == '\0';
    return R"({"iss":")" + issuer + R"(","aud":)" + audience + R"(,"sub":")" + subject +
           R"(","name":"Name of )" + subject + R"(","nbf":)" + std::to_string(now + not_before) +
           R"(,"exp":)" + (number ? std::to_string(now + life) : expires) + "}";
  }
};

inline std::string UserToken(const auth::IssuerKey& key, const std::string& user,
                             long long expires = 600) {
  Claims claims;
  claims.subject = user;
  claims.expires = std::to_string(expires);
  return key.Token(claims.Json());
}

// A file, replaced as a whole as who rotates keys does it; gone with the object.
class KeyFile {
 public:
  explicit KeyFile(const std::string& name)
      : path_(::testing::TempDir() + name + "_" + std::to_string(::getpid()) + ".json") {}
  ~KeyFile() { std::remove(path_.c_str()); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  void Write(const std::string& text) const {
    std::ofstream(path_ + ".new") << text;
    EXPECT_EQ(std::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  }
  void Write(const std::vector<const auth::IssuerKey*>& keys) const {
    std::vector<std::string> jwks;
    for (const auth::IssuerKey* key : keys) jwks.push_back(key->Jwk());
    Write(auth::Jwks(jwks));
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace pairwire::server::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_USERS_H_
