// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// https: only a relay whose certificate is trusted and names it is spoken to. The other end is
// OpenSSL's own server, with certificates made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "signaling/client/http_client.h"
#include "tests/signaling/client/fake_relay.h"
#include "tests/support/child_process.h"

namespace pairwire {
namespace {

using test::ChildProcess;
using test::ClientLoop;
using test::Watched;
using ::testing::HasSubstr;

constexpr char kOpenssl[] = "/usr/bin/openssl";

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (access(kOpenssl, X_OK) != 0) GTEST_SKIP() << "SKIPPED: no openssl program";
    std::string name = (std::filesystem::temp_directory_path() / "pairwire-tls-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override {
    server_.reset();
    unsetenv("SSL_CERT_FILE");
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string Certificate() const { return folder_ + "/cert.pem"; }

  // A server whose certificate names `name` ("IP:127.0.0.1", "DNS:x").
  void Start(const std::string& name) {
    const std::string key = folder_ + "/key.pem";
    ChildProcess made({kOpenssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-days", "2",
                       "-addext", "subjectAltName=" + name, "-keyout", key, "-out", Certificate()});
    ASSERT_EQ(made.WaitForExit(), 0) << made.errors();
    server_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{kOpenssl, "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
                                 Certificate(), "-key", key});
    const auto line =
        server_->WaitForLine([](const std::string& text) { return text.starts_with("ACCEPT "); });
    ASSERT_TRUE(line) << server_->errors();
    port_ = static_cast<std::uint16_t>(std::stoi(line->substr(line->rfind(':') + 1)));
  }

  Result<HttpResponse> Get() {
    const RelayUrl url{true, "127.0.0.1", port_, {}};
    ClientLoop client(url);
    Watched<std::optional<Result<HttpResponse>>> result;
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      HttpRequest request;
      request.target = {url, "/"};
      call = std::make_unique<HttpCall>(client.endpoint(), request, [&](Result<HttpResponse> got) {
        result.Set(std::move(got));
      });
    });
    EXPECT_TRUE(result.WaitUntil([](const auto& value) { return value.has_value(); }));
    client.Do([&] { call.reset(); });
    return result.Get().value_or(Fail(Errc::kTimedOut));
  }

  std::string folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

TEST_F(TlsTest, ATrustedRelayIsSpokenTo) {
  Start("IP:127.0.0.1");
  setenv("SSL_CERT_FILE", Certificate().c_str(), 1);
  const auto answer = Get();
  ASSERT_TRUE(answer) << ToString(answer.error());
  EXPECT_EQ(answer->status, 200);
}

TEST_F(TlsTest, AnUnknownCertificateIsRefused) {
  Start("IP:127.0.0.1");
  const auto answer = Get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kRelayUnreachable);
  EXPECT_THAT(answer.error().detail, HasSubstr("certificate verify failed"));
}

TEST_F(TlsTest, ACertificateOfAnotherNameIsRefused) {
  Start("DNS:other.example,IP:127.0.0.2");
  setenv("SSL_CERT_FILE", Certificate().c_str(), 1);
  const auto answer = Get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kRelayUnreachable);
  EXPECT_THAT(answer.error().detail, HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace pairwire
