// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay as HTTPS: requests, event streams and WebSockets over TLS, a certificate that is
// renewed while it runs, and clients that do not speak TLS.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "signaling/net/dialer.h"
#include "signaling/server/ws_accept.h"
#include "tests/signaling/net/net_harness.h"
#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using net::testing::End;
using net::testing::RunUntil;
using net::testing::TestCertificates;

class TlsRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    certificates_.Make("relay", "DNS:relay.test");
    ServerConfig config = TestConfig();
    config.tls_certificate_file = certificates_.Certificate("relay");
    config.tls_key_file = certificates_.Key("relay");
    relay_ = std::make_unique<TestRelay>(config);
    auto trust = net::TlsContext::Client({certificates_.Authority(), {}, {}});
    ASSERT_TRUE(trust) << trust.error().detail;
    trust_ = std::move(*trust);
  }

  // A connection whose certificate names `name`, or why there is none.
  Result<std::unique_ptr<End>> Connect(const std::string& name) {
    net::Dialer dialer(loop_, resolver_);
    std::optional<Result<net::Socket>> result;
    dialer.Dial({"127.0.0.1", relay_->port(), trust_.get(), name}, kDeadline,
                [&](Result<net::Socket> got) { result = std::move(got); });
    if (!RunUntil(loop_, [&] { return result.has_value(); })) return Fail(Errc::kTimedOut);
    if (!*result) return tl::unexpected(result->error());
    return std::make_unique<End>(std::move(**result));
  }

  bool Hears(End& client, const std::string& text) {
    return RunUntil(loop_, [&] { return client.received.find(text) != std::string::npos; });
  }

  static std::string Post(const std::string& path, const std::string& body) {
    return RequestText("POST", path, body, {{"Content-Type", "application/json"}});
  }

  TestCertificates certificates_;
  std::unique_ptr<TestRelay> relay_;
  net::EventLoop loop_;
  net::Resolver resolver_{loop_};
  std::unique_ptr<net::TlsContext> trust_;
};

TEST_F(TlsRelayTest, RequestsStreamsAndWebSockets) {
  EXPECT_EQ(relay_->server().url(), "https://127.0.0.1:" + std::to_string(relay_->port()));
  auto rest = Connect("relay.test");
  ASSERT_TRUE(rest) << rest.error().detail;
  (*rest)->Send(Post("/api/sessions/register", "{}"));
  ASSERT_TRUE(Hears(**rest, "displayToken"));
  const std::string body = (*rest)->received.substr((*rest)->received.find("\r\n\r\n") + 4);
  const std::string token = JsonValue(body, "displayToken");
  const std::string session = JsonValue(body, "sessionId");

  auto events = Connect("relay.test");
  ASSERT_TRUE(events);
  (*events)->Send(RequestText("GET", "/api/sessions/" + session + "/events", {}, Bearer(token)));
  ASSERT_TRUE(Hears(**events, "retry: 2000"));
  (*rest)->Send(Post("/api/sessions/pair", "{\"code\":\"" + JsonValue(body, "code") + "\"}"));
  ASSERT_TRUE(Hears(**events, "pairing:ready"));

  auto socket = Connect("relay.test");
  ASSERT_TRUE(socket);
  Headers headers = Bearer(token);
  headers.insert(headers.end(), {{"Upgrade", "websocket"},
                                 {"Connection", "Upgrade"},
                                 {"Sec-WebSocket-Version", "13"},
                                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                 {"Sec-WebSocket-Protocol", "pairwire.v1"}});
  (*socket)->Send(RequestText("GET", "/ws", {}, headers));
  // RFC 6455 1.3.
  ASSERT_TRUE(Hears(**socket, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  ASSERT_TRUE(Hears(**socket, "welcome"));
  // Larger than a TLS record.
  const std::string large =
      R"({"type":"webrtc:offer","id":"big","data":{"sdp":")" + std::string(60'000, 's') + R"("}})";
  (*socket)->Send(ClientFrame(0x81, large));
  ASSERT_TRUE(Hears(**socket, "\"big\""));
  (*socket)->Send(ClientFrame(0x88, std::string("\x03\xe8", 2)));
  EXPECT_TRUE(RunUntil(loop_, [&] { return (*socket)->ended; })) << "with a close_notify";
}

TEST_F(TlsRelayTest, ARenewedCertificateServesNewConnections) {
  auto before = Connect("relay.test");
  ASSERT_TRUE(before);
  EXPECT_FALSE(Connect("renewed.test"));
  certificates_.Make("relay", "DNS:renewed.test");
  relay_->server().ReloadCertificate();
  // Posted: a connection that comes in the same turn may still be shown the old one.
  auto after = Connect("renewed.test");
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!after && std::chrono::steady_clock::now() < deadline) after = Connect("renewed.test");
  ASSERT_TRUE(after) << after.error().detail;
  (*after)->Send(RequestText("GET", "/healthz"));
  EXPECT_TRUE(Hears(**after, "200 OK"));
  (*before)->Send(RequestText("GET", "/healthz"));
  EXPECT_TRUE(Hears(**before, "200 OK")) << "the old one goes on";
  std::ofstream(certificates_.Key("relay")) << "nonsense";
  relay_->server().ReloadCertificate();
  EXPECT_TRUE(Connect("renewed.test")) << "what does not do is not used";
}

TEST_F(TlsRelayTest, PlainAndSilentClientsAreGivenUp) {
  RawClient plain(relay_->port());
  plain.Send(RequestText("GET", "/healthz"));
  EXPECT_TRUE(plain.WaitForEnd());
  RawClient garbage(relay_->port());
  garbage.Send(std::string(5'000, '\x16'));
  EXPECT_TRUE(garbage.WaitForEnd());
  EXPECT_TRUE(Connect("relay.test"));
}

TEST(TlsRelayFilesTest, FilesThatDoNotDoAreSaidAtTheStart) {
  ServerConfig config = TestConfig();
  config.tls_certificate_file = "/does/not/exist.pem";
  config.tls_key_file = "/does/not/exist.key";
  const auto server = Server::Create(config);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Errc::kInvalidArgument);
  EXPECT_NE(server.error().detail.find("/does/not/exist.pem"), std::string::npos);
  const CommandLine line =
      ParseCommandLine({"--tls-cert", "x.pem"}, [](const std::string&) { return std::string(); });
  EXPECT_EQ(line.exit_code, 2);
}

TEST(WsAcceptTest, KeysAreSixteenBytes) {
  EXPECT_TRUE(IsWebSocketKey("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_FALSE(IsWebSocketKey("dGhlIHNhbXBsZSBub25jZQ="));
  EXPECT_FALSE(IsWebSocketKey("dGhlIHNhbXBsZSBub25jZ==="));
  EXPECT_FALSE(IsWebSocketKey("dGhlIHNhbXBsZSBub25j\r\nQ=="));
}

}  // namespace
}  // namespace pairwire::server
