// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TlsTunnel against a real TLS server: bytes go through, and each failure has its sentence.
#include "peer/net/tls_tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/peer/net/network_namespace.h"
#include "tests/peer/net/test_certificate.h"
#include "tests/peer/net/tls_echo_server.h"
#include "tests/peer/net/tunnel_client.h"
#include "tests/support/fd_count.h"

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;
using test::TestCertificate;
using test::TlsEchoServer;
using test::TunnelClient;
using test::TunnelOnLoop;
using testing::HasSubstr;
using testing::StartsWith;

class TlsTunnelTest : public testing::Test {
 protected:
  TlsTunnel::Options To(const std::string& host, std::uint16_t port) const {
    return {host, port, certificate_.authority()};
  }
  // What the tunnel says after a connection through it came to nothing.
  static std::string FailureOf(TlsTunnel::Options options) {
    TunnelOnLoop tunnel(std::move(options));
    TunnelClient client(tunnel.port());
    EXPECT_TRUE(client.Send("hello"));
    EXPECT_TRUE(client.WaitForEnd());
    EXPECT_EQ(tunnel.connections(), 0U);
    return tunnel.last_error();
  }

  const TestCertificate certificate_{"DNS:localhost,IP:127.0.0.1"};
};

TEST_F(TlsTunnelTest, CarriesBytesBothWays) {
  const TlsEchoServer server(certificate_);
  TunnelOnLoop tunnel(To("localhost", server.port()));
  TunnelClient client(tunnel.port());
  ASSERT_TRUE(client.Send("hello"));
  EXPECT_EQ(client.Receive(5), "hello");
  EXPECT_EQ(server.seen().Get().server_name, "localhost");
  EXPECT_EQ(tunnel.last_error(), "");
  EXPECT_EQ(tunnel.connections(), 1U);

  client.Close();
  EXPECT_TRUE(server.seen().WaitUntil([](const auto& seen) { return seen.open == 0; }));
  EXPECT_EQ(tunnel.last_error(), "") << "the user's own end is no failure";
}

TEST_F(TlsTunnelTest, AnAddressIsVerifiedAsOneAndIsNoServerName) {
  const TlsEchoServer server(certificate_);
  TunnelOnLoop tunnel(To("127.0.0.1", server.port()));
  TunnelClient client(tunnel.port());
  ASSERT_TRUE(client.Send("hello"));
  EXPECT_EQ(client.Receive(5), "hello");
  EXPECT_EQ(server.seen().Get().server_name, "");
}

TEST_F(TlsTunnelTest, AMegabyteThroughEachOfFourConnections) {
  const TlsEchoServer server(certificate_);
  TunnelOnLoop tunnel(To("127.0.0.1", server.port()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < TlsTunnel::kMaxConnections; ++i) {
    threads.emplace_back([&, i] {
      TunnelClient client(tunnel.port());
      std::string sent;
      for (int k = 0; sent.size() < 1'000'000; ++k)
        sent += std::to_string(k) + "," + std::string(i, '.');
      std::thread sender([&] { EXPECT_TRUE(client.Send(sent)); });
      EXPECT_TRUE(client.Receive(sent.size()) == sent);
      sender.join();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(TlsTunnelTest, TheFifthConnectionIsTurnedAway) {
  const TlsEchoServer server(certificate_);
  TunnelOnLoop tunnel(To("127.0.0.1", server.port()));
  std::vector<std::unique_ptr<TunnelClient>> clients;
  for (std::size_t i = 0; i < TlsTunnel::kMaxConnections; ++i) {
    clients.push_back(std::make_unique<TunnelClient>(tunnel.port()));
    ASSERT_TRUE(clients.back()->Send("x"));
    ASSERT_EQ(clients.back()->Receive(1), "x");
  }
  TunnelClient fifth(tunnel.port());
  EXPECT_TRUE(fifth.WaitForEnd());
  clients.front()->Close();
  EXPECT_TRUE(server.seen().WaitUntil([](const auto& seen) { return seen.open == 3; }));
  TunnelClient sixth(tunnel.port());
  ASSERT_TRUE(sixth.Send("x"));
  EXPECT_EQ(sixth.Receive(1), "x") << "there is room again";
}

// More than the buffers of the kernel's sockets and the tunnel's own hold is not taken.
TEST_F(TlsTunnelTest, AServerThatReadsNothingSlowsTheSenderDown) {
  const TlsEchoServer server(certificate_, {.reads = false});
  TunnelOnLoop tunnel(To("127.0.0.1", server.port()));
  TunnelClient client(tunnel.port());
  const std::string block(64 * 1024, 'x');
  constexpr std::size_t kFarMore = 256 * 1024 * 1024;
  std::size_t taken = 0;
  while (taken < kFarMore) {
    pollfd ready{client.fd(), POLLOUT, 0};
    if (poll(&ready, 1, 1'000) == 0) break;  // stuck for a second
    const ssize_t sent = send(client.fd(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    taken += static_cast<std::size_t>(sent);
  }
  EXPECT_LT(taken, kFarMore / 4);
  EXPECT_EQ(tunnel.connections(), 1U);
}

TEST_F(TlsTunnelTest, ACertificateForAnotherName) {
  const TestCertificate other("DNS:turn.example,DNS:*.example");
  const TlsEchoServer server(other);
  EXPECT_EQ(FailureOf({"localhost", server.port(), other.authority()}),
            "the certificate does not match localhost");
  EXPECT_EQ(FailureOf({"127.0.0.1", server.port(), other.authority()}),
            "the certificate does not match 127.0.0.1");
}

TEST_F(TlsTunnelTest, ACertificateThatNobodyWeTrustVouchesFor) {
  const TestCertificate other("DNS:localhost");
  const TlsEchoServer server(certificate_);
  EXPECT_THAT(FailureOf({"localhost", server.port(), other.authority()}),
              StartsWith("the certificate of localhost is not trusted: "));
  EXPECT_THAT(FailureOf({"localhost", server.port()}),
              StartsWith("the certificate of localhost is not trusted: "))
      << "by the system's";
}

TEST_F(TlsTunnelTest, ACertificateThatHasExpired) {
  const TestCertificate old("DNS:localhost", -1);
  const TlsEchoServer server(old);
  EXPECT_EQ(FailureOf({"localhost", server.port(), old.authority()}),
            "the certificate of localhost is not trusted: certificate has expired");
}

TEST_F(TlsTunnelTest, AServerThatSpeaksOnlyOldTls) {
  const TlsEchoServer server(certificate_, {.newest_version = TLS1_1_VERSION});
  EXPECT_THAT(FailureOf(To("localhost", server.port())), HasSubstr("the TLS handshake with"));
}

TEST_F(TlsTunnelTest, NobodyListens) {
  std::uint16_t port = 0;
  {
    const TlsEchoServer gone(certificate_);
    port = gone.port();
  }
  EXPECT_EQ(FailureOf(To("127.0.0.1", port)),
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(TlsTunnelTest, ANameThatNobodyKnows) {
  EXPECT_THAT(FailureOf(To("turn.invalid", 5349)), StartsWith("cannot find turn.invalid: "));
}

TEST_F(TlsTunnelTest, AServerThatAcceptsAndSaysNothing) {
  const TlsEchoServer server(certificate_, {.silent = true});
  TlsTunnel::Options options = To("127.0.0.1", server.port());
  options.connect_deadline = milliseconds(200);
  EXPECT_EQ(FailureOf(options),
            "127.0.0.1:" + std::to_string(server.port()) + " does not answer the TLS handshake");
}

TEST_F(TlsTunnelTest, AHostThatDoesNotAnswerAtAll) {
  const test::NetworkNamespace here;
  const test::NetworkNamespace there;
  if (!here.ok() || !there.ok()) GTEST_SKIP() << test::kNeedsRoot;
  test::Join(here, there);
  const test::InNetwork inside(here);
  // A neighbour for whom nobody answers, so that its packets go nowhere.
  test::Command(
      {"ip", "neighbour", "add", "192.0.2.9", "lladdr", "02:00:00:00:00:09", "dev", "veth-a"});
  TlsTunnel::Options options = To("192.0.2.9", 5349);
  options.connect_deadline = milliseconds(200);
  EXPECT_EQ(FailureOf(options), "cannot connect to 192.0.2.9:5349: no answer");
}

TEST_F(TlsTunnelTest, AServerThatClosesMidway) {
  const TlsEchoServer server(certificate_, {.close_after = 5});
  TunnelOnLoop tunnel(To("localhost", server.port()));
  TunnelClient client(tunnel.port());
  ASSERT_TRUE(client.Send("hello"));
  EXPECT_EQ(client.Receive(100), "hello") << "what it sent before comes through, then the end";
  EXPECT_EQ(tunnel.last_error(),
            "localhost:" + std::to_string(server.port()) + " closed the connection");
  TunnelClient again(tunnel.port());
  ASSERT_TRUE(again.Send("x"));
  EXPECT_EQ(again.Receive(1), "x");
  EXPECT_EQ(tunnel.last_error(), "") << "one got through since";
}

TEST_F(TlsTunnelTest, WhatCreateRefuses) {
  AsioLoop loop("tunnel");
  ASSERT_TRUE(loop.Start().has_value());
  ASSERT_TRUE(RunAndWait(loop, [&] {
    for (const TlsTunnel::Options& options :
         {To("", 5349), To("localhost", 0),
          TlsTunnel::Options{"localhost", 5349, "/nowhere.pem"}}) {
      const auto tunnel = TlsTunnel::Create(loop, options);
      ASSERT_FALSE(tunnel.has_value());
      EXPECT_EQ(tunnel.error().code, Errc::kInvalidArgument);
    }
  }));
}

// In each state of a connection.
TEST_F(TlsTunnelTest, DestroyedAtEveryStep) {
  const TlsEchoServer echo(certificate_);
  const TlsEchoServer silent(certificate_, {.silent = true});
  const std::size_t before = test::OpenFdCount();
  const auto destroy = [](TlsTunnel::Options options, const auto& when) {
    TunnelOnLoop tunnel(std::move(options));
    TunnelClient client(tunnel.port());
    when(client);
    tunnel.Destroy();
    EXPECT_TRUE(client.WaitForEnd());
  };
  destroy(To("127.0.0.1", echo.port()), [](TunnelClient&) {});
  destroy(To("turn.invalid", echo.port()), [](TunnelClient&) {});
  destroy(To("127.0.0.1", silent.port()), [&](TunnelClient&) {
    EXPECT_TRUE(silent.seen().WaitUntil([](const auto& seen) { return seen.accepted == 1; }));
  });
  destroy(To("127.0.0.1", echo.port()), [](TunnelClient& client) {
    EXPECT_TRUE(client.Send("x"));
    EXPECT_EQ(client.Receive(1), "x");
    EXPECT_TRUE(client.Send(std::string(100'000, 'y')));
  });
  for (const auto* server : {&echo, &silent}) {
    EXPECT_TRUE(server->seen().WaitUntil([](const auto& seen) { return seen.open == 0; }));
  }
  EXPECT_TRUE(test::WaitForFdCount(before)) << "the lookup of turn.invalid ends on its own";
}

}  // namespace
}  // namespace pairwire::net
