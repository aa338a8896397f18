// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TLS of both ends, with certificates made for the test: bytes in every size, who is trusted, a
// certificate that is renewed, and connections that are cut.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "signaling/net/socket.h"
#include "signaling/net/tls_context.h"
#include "tests/signaling/net/net_harness.h"

namespace pairwire::net {
namespace {

using testing::ConnectedPair;
using testing::End;
using testing::RunUntil;
using testing::RunUntilIdle;
using testing::TestCertificates;
using Status = Socket::Io::Status;

// The client's side of a handshake.
class Shaker final : public Socket::Events {
 public:
  explicit Shaker(Socket s) : socket(std::move(s)) {
    socket.SetEvents(this);
    Go();
  }
  void OnReadable() override { Go(); }
  void OnWritable() override { Go(); }

  Socket socket;
  bool done = false;
  bool failed = false;

 private:
  void Go() {
    const Socket::Io io = socket.Handshake();
    done = io.status == Status::kOk;
    failed = !done && io.status != Status::kWouldBlock;
    if (done || failed) socket.SetEvents(nullptr);
  }
};

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    certificates_.Make("server", "DNS:relay.test,IP:127.0.0.1");
    auto server =
        TlsContext::Server({certificates_.Certificate("server"), certificates_.Key("server")});
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
    auto client = TlsContext::Client({certificates_.Authority(), {}, {}});
    ASSERT_TRUE(client) << client.error().detail;
    client_ = std::move(*client);
  }

  // A server's end that reads, which does its handshake, and a client in the middle of its own.
  void Begin(const std::string& name, int buffer = 0, std::size_t chunk = 4096) {
    const auto [left, right] = ConnectedPair(buffer);
    Socket accepted(loop_, left);
    ASSERT_TRUE(accepted.StartTlsServer(*server_));
    accepted_ = std::make_unique<End>(std::move(accepted), chunk);
    Socket dialled(loop_, right);
    ASSERT_TRUE(dialled.StartTlsClient(*client_, name));
    shaker_ = std::make_unique<Shaker>(std::move(dialled));
  }

  // The handshake done; `dialled_` is the client's end.
  void Connect(int buffer = 0, std::size_t chunk = 4096) {
    Begin("relay.test", buffer, chunk);
    ASSERT_TRUE(RunUntil(loop_, [&] { return shaker_->done || shaker_->failed; }));
    ASSERT_TRUE(shaker_->done) << shaker_->socket.error();
    dialled_ = std::make_unique<End>(std::move(shaker_->socket), chunk);
  }

  // Why the client did not want this server.
  std::string Refused(const std::string& name) {
    Begin(name);
    EXPECT_TRUE(RunUntil(loop_, [&] { return shaker_->done || shaker_->failed; }));
    EXPECT_FALSE(shaker_->done);
    return shaker_->socket.error();
  }

  EventLoop loop_;
  TestCertificates certificates_;
  std::unique_ptr<TlsContext> server_;
  std::unique_ptr<TlsContext> client_;
  std::unique_ptr<End> accepted_;
  std::unique_ptr<Shaker> shaker_;
  std::unique_ptr<End> dialled_;
};

TEST_F(TlsTest, BytesOfEverySizeBothWaysThroughShortWrites) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{100}, std::size_t{40'000}}) {
    Connect(4096, chunk);
    std::string bytes;
    for (int i = 0; i < 50'000; ++i) bytes += static_cast<char>(i * 7 + i / 253);
    accepted_->Send(bytes);
    dialled_->Send(bytes);
    accepted_->FinishSending();
    dialled_->FinishSending();
    ASSERT_TRUE(RunUntil(loop_, [&] { return accepted_->ended && dialled_->ended; }));
    EXPECT_EQ(accepted_->received, bytes);
    EXPECT_EQ(dialled_->received, bytes);
  }
}

TEST_F(TlsTest, WhatWasReadAheadIsToldWithoutTheKernel) {
  Connect(0, 1);
  // One record: after its first byte the kernel has nothing more to tell.
  dialled_->Send("a whole record");
  ASSERT_TRUE(RunUntil(loop_, [&] { return accepted_->received.size() >= 3; }));
  accepted_->socket.WantRead(false);
  const std::string before = accepted_->received;
  RunUntilIdle(loop_);
  EXPECT_EQ(accepted_->received, before) << "it was not wanted";
  accepted_->socket.WantRead(true);
  ASSERT_TRUE(RunUntil(loop_, [&] { return accepted_->received == "a whole record"; }));
}

TEST_F(TlsTest, SniAndWrongNameRefused) {
  Connect();
  // By address, as a name server's answer would be dialled.
  Begin("127.0.0.1");
  ASSERT_TRUE(RunUntil(loop_, [&] { return shaker_->done; }));
  EXPECT_NE(Refused("other.test").find("ostname mismatch"), std::string::npos);
  EXPECT_NE(Refused("127.0.0.2").find("IP address mismatch"), std::string::npos);
  Socket socket(loop_, ConnectedPair().first);
  EXPECT_FALSE(socket.StartTlsClient(*client_, ""));
}

TEST_F(TlsTest, AnUnknownAuthorityIsRefused) {
  const TestCertificates others;
  client_ = std::move(*TlsContext::Client({others.Authority(), {}, {}}));
  EXPECT_NE(Refused("relay.test").find("certificate"), std::string::npos);
  client_ = std::move(*TlsContext::Client({}));
  EXPECT_NE(Refused("relay.test").find("certificate"), std::string::npos) << "the system's store";
}

TEST_F(TlsTest, RenewedCertificateServesNew) {
  Connect();
  const auto before = std::move(dialled_);
  const auto before_server = std::move(accepted_);
  // Renewed under the same names: from now on for another host only.
  certificates_.Make("server", "DNS:renewed.test");
  EXPECT_EQ(Refused("renewed.test").empty(), false) << "not before it is read";
  ASSERT_TRUE(server_->Reload());
  Begin("renewed.test");
  ASSERT_TRUE(RunUntil(loop_, [&] { return shaker_->done; }));
  // The old connection goes on.
  before->Send("still here");
  ASSERT_TRUE(RunUntil(loop_, [&] { return before_server->received == "still here"; }));
}

TEST_F(TlsTest, AReloadThatFailsKeepsWhatWasThere) {
  std::ofstream(certificates_.Key("server")) << "nonsense";
  const auto reloaded = server_->Reload();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().detail.find(certificates_.Key("server")), std::string::npos)
      << reloaded.error().detail;
  Connect();
}

TEST_F(TlsTest, FilesThatDoNotDo) {
  certificates_.Make("other", "DNS:other.test");
  EXPECT_FALSE(TlsContext::Server({"/does/not/exist", certificates_.Key("server")}));
  EXPECT_FALSE(
      TlsContext::Server({certificates_.Certificate("server"), certificates_.Key("other")}));
  EXPECT_FALSE(TlsContext::Server({certificates_.Certificate("server"), ""}));
  EXPECT_FALSE(TlsContext::Client({"/does/not/exist", {}, {}}));
  EXPECT_FALSE(TlsContext::Client({{}, certificates_.Certificate("server"), {}}));
}

TEST_F(TlsTest, NothingOlderThanTls12) {
  SSL_CTX_set_max_proto_version(client_->native(), TLS1_1_VERSION);
  EXPECT_FALSE(Refused("relay.test").empty());
}

TEST_F(TlsTest, PlainBytesAreRefused) {
  const auto [left, right] = ConnectedPair();
  Socket accepted(loop_, left);
  ASSERT_TRUE(accepted.StartTlsServer(*server_));
  End server(std::move(accepted));
  End plain(Socket(loop_, right));
  plain.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return server.failed; }));
  EXPECT_NE(server.socket.error().find("http request"), std::string::npos);
}

// Carries bytes between two descriptors and cuts after so many of the first direction.
class CuttingWire {
 public:
  CuttingWire(EventLoop& loop, int a, int b, std::size_t limit)
      : a_(Socket(loop, a)), b_(Socket(loop, b)), limit_(limit) {}

  // True once it is cut.
  bool Carry() {
    const std::size_t take = std::min(a_.received.size(), limit_ - carried_);
    b_.Send(a_.received.substr(0, take));
    carried_ += take;
    a_.received.clear();
    a_.Send(std::exchange(b_.received, {}));
    if (carried_ < limit_) return false;
    a_.socket.Close();
    b_.socket.Close();
    return true;
  }
  std::size_t carried() const { return carried_; }

 private:
  End a_;
  End b_;
  const std::size_t limit_;
  std::size_t carried_ = 0;
};

TEST_F(TlsTest, TlsCutAtEveryByte) {
  // The handshake and one message of the client, cut after each number of its bytes: the server
  // ends without a byte that was not sent, and is left with nothing.
  std::size_t whole = 0;
  for (std::size_t limit = 0; whole == 0; limit += 1 + limit / 40) {
    const auto [server_fd, wire_b] = ConnectedPair();
    const auto [client_fd, wire_a] = ConnectedPair();
    Socket accepted(loop_, server_fd);
    ASSERT_TRUE(accepted.StartTlsServer(*server_));
    End server(std::move(accepted));
    Socket dialled(loop_, client_fd);
    ASSERT_TRUE(dialled.StartTlsClient(*client_, "relay.test"));
    Shaker shaker(std::move(dialled));
    CuttingWire wire(loop_, wire_a, wire_b, limit);
    std::unique_ptr<End> client;
    ASSERT_TRUE(RunUntil(loop_, [&] {
      if (shaker.done && !client) {
        client = std::make_unique<End>(std::move(shaker.socket));
        client->Send("hello");
      }
      return wire.Carry() || server.received == "hello";
    }));
    if (server.received == "hello" && client) {
      whole = wire.carried();
      break;
    }
    ASSERT_TRUE(RunUntil(loop_, [&] { return server.failed || server.ended; })) << limit;
    EXPECT_EQ(std::string("hello").rfind(server.received, 0), 0U);
  }
  EXPECT_GT(whole, 300U);
}

}  // namespace
}  // namespace pairwire::net
