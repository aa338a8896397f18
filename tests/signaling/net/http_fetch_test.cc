// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fetching one document over https: responses of every kind at every cut, hostile ones, and a real
// TLS server that does not behave.
#include "signaling/net/http_fetch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "tests/signaling/net/net_harness.h"

namespace pairwire::net {
namespace {

using namespace std::chrono_literals;
using testing::End;
using testing::RunUntil;
using testing::TestCertificates;

TEST(HttpsUrl, WhatIsOneAndWhatIsNot) {
  const auto url = HttpsUrl::Parse("https://issuer.example/a/jwks?v=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "issuer.example");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/jwks?v=1");
  EXPECT_EQ(url->Authority(), "issuer.example");
  const auto six = HttpsUrl::Parse("HTTPS://[::1]:8443");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->target, "/");
  EXPECT_EQ(six->Authority(), "[::1]:8443");
  EXPECT_EQ(HttpsUrl::Parse("https://h?x").value().target, "/?x");
  for (const char* text :
       {"", "http://h/", "ftp://h/", "https://", "https:///x", "https://u:secret@h/", "https://h:/",
        "https://h:0/", "https://h:65536/", "https://h:1x/", "https://[::1", "https://[::1]x/",
        "https://h/a b", "https://h/a\r\nX: y", "https://h/#f", "https://:1/"}) {
    const auto refused = HttpsUrl::Parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos);
  }
  EXPECT_FALSE(HttpsUrl::Parse("https://h/" + std::string(3000, 'x')));
}

constexpr std::size_t kMax = 64;

TEST(HttpResponse, EveryFormAtEveryCut) {
  const struct {
    std::string bytes;
    bool needs_end;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
      {"HTTP/1.1 200 OK\r\ncontent-length:5 \r\nContent-Length: 5\r\n\r\nhello", false},
      {"HTTP/1.0 200 OK\r\n\r\nhello", true},
      {"HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
       false},
      {"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       false},
  };
  for (const auto& test : cases) {
    const std::string& bytes = test.bytes;
    const auto whole = ParseHttpResponse(bytes, test.needs_end, kMax);
    ASSERT_TRUE(whole && *whole) << bytes;
    EXPECT_EQ(**whole, "hello");
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const auto part = ParseHttpResponse(std::string_view(bytes).substr(0, cut), false, kMax);
      ASSERT_TRUE(part) << bytes << " cut at " << cut;
      // After the last chunk's "0" line nothing more is needed.
      EXPECT_TRUE(!part->has_value() || cut >= bytes.size() - 2) << bytes << " cut at " << cut;
      const auto early = ParseHttpResponse(std::string_view(bytes).substr(0, cut), true, kMax);
      const bool complete = early && *early && **early == "hello";
      const bool shorter = test.needs_end && early && *early;
      EXPECT_TRUE(complete || shorter || !early) << bytes << " ended at " << cut;
    }
  }
}

TEST(HttpResponse, HostileOnes) {
  const auto code = [](const std::string& bytes) -> std::optional<Errc> {
    const auto result = ParseHttpResponse(bytes, true, kMax);
    if (result) return std::nullopt;
    return result.error().code;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(code("HTTP/1.1 301 Moved\r\nLocation: https://evil/\r\n\r\n"), Errc::kSystem);
  EXPECT_EQ(code("HTTP/1.1 204 No\r\n\r\n"), Errc::kSystem);
  EXPECT_EQ(code("HTTP/1.1 101 Switching\r\n\r\n"), Errc::kSystem);
  for (const char* head : {"", "SSH-2.0", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n"}) {
    EXPECT_TRUE(code(head).has_value()) << head;
  }
  EXPECT_EQ(code(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), Errc::kParseError);
  EXPECT_EQ(code(ok + "Content-Length: -1\r\n\r\n"), Errc::kParseError);
  EXPECT_EQ(code(ok + "Content-Length: 99999999999999999999\r\n\r\n"), Errc::kParseError);
  EXPECT_EQ(code(ok + "Content-Length: 65\r\n\r\n"), Errc::kLimitExceeded);
  EXPECT_EQ(code(ok + "Transfer-Encoding: gzip\r\n\r\n"), Errc::kParseError);
  EXPECT_EQ(code(ok + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"), Errc::kParseError);
  EXPECT_EQ(code(ok + "no colon\r\n\r\n"), Errc::kParseError);
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(code(chunked + "ffffffffffffffff\r\n"), Errc::kLimitExceeded);
  EXPECT_EQ(code(chunked + "41\r\n"), Errc::kLimitExceeded);
  EXPECT_EQ(code(chunked + "x\r\n"), Errc::kParseError);
  EXPECT_TRUE(code(chunked + "1\r\nabc").has_value());
  EXPECT_TRUE(code(chunked + std::string(1000, '0')).has_value());
  EXPECT_EQ(code(ok + std::string(kMaxHeadBytes, 'x')), Errc::kLimitExceeded);
  EXPECT_EQ(code(ok + "\r\n" + std::string(kMax + 1, 'x')), Errc::kLimitExceeded);
}

// A TLS server for one connection at a time.
class HttpFetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    certificates_.Make("issuer", "IP:127.0.0.1");
    auto server =
        TlsContext::Server({certificates_.Certificate("issuer"), certificates_.Key("issuer")});
    auto client = TlsContext::Client({certificates_.Authority(), {}, {}});
    ASSERT_TRUE(server && client);
    server_ = std::move(*server);
    client_ = std::move(*client);
    std::tie(listener_, port_) = testing::ListenOnLoopback();
    url_ = HttpsUrl::Parse("https://127.0.0.1:" + std::to_string(port_) + "/jwks").value();
  }
  void TearDown() override { ::close(listener_); }
  void Get(std::chrono::milliseconds deadline = 20s) {
    result_.reset();
    fetch_.Get(url_, *client_, 1000, deadline,
               [this](Result<std::string> body) { result_ = std::move(body); });
  }
  // The dialler needs the loop to get here.
  Socket Accept() {
    int fd = -1;
    EXPECT_TRUE(RunUntil(loop_, [&] {
      fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      return fd >= 0;
    }));
    return fd < 0 ? Socket() : Socket(loop_, fd);
  }
  // Accepts, and answers the request with `text`.
  std::unique_ptr<End> Serve(const std::string& text, bool end) {
    Socket accepted = Accept();
    EXPECT_TRUE(accepted.StartTlsServer(*server_));
    auto peer = std::make_unique<End>(std::move(accepted));
    EXPECT_TRUE(RunUntil(loop_, [&] {
      return peer->received.find("\r\n\r\n") != std::string::npos || result_.has_value();
    }));
    peer->Send(text);
    if (end) peer->FinishSending();
    return peer;
  }

  EventLoop loop_;
  Resolver resolver_{loop_};
  TestCertificates certificates_;
  std::unique_ptr<TlsContext> server_;
  std::unique_ptr<TlsContext> client_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  HttpsUrl url_;
  HttpFetch fetch_{loop_, resolver_};
  std::optional<Result<std::string>> result_;
};

TEST_F(HttpFetchTest, GetsADocumentAndAnother) {
  for (const std::string body : {"one", "two"}) {
    Get();
    EXPECT_FALSE(result_.has_value());
    const auto peer = Serve("HTTP/1.1 200 OK\r\n\r\n" + body, true);
    ASSERT_TRUE(RunUntil(loop_, [&] { return result_.has_value(); }));
    ASSERT_TRUE(*result_) << result_->error().detail;
    EXPECT_EQ(**result_, body);
    EXPECT_EQ(peer->received.rfind(
                  "GET /jwks HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n", 0),
              0u)
        << peer->received;
  }
}

TEST_F(HttpFetchTest, GivesUpOnTheSilentTheEndlessAndTheUntrusted) {
  Get(300ms);
  const auto silent = Serve("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxx", false);
  ASSERT_TRUE(RunUntil(loop_, [&] { return result_.has_value(); }));
  EXPECT_EQ(result_->error().code, Errc::kTimedOut);

  Get();
  std::string endless;
  while (endless.size() < 100'000) endless += "HTTP/1.1 103 Early\r\n\r\n";
  const auto talker = Serve(endless, false);
  ASSERT_TRUE(RunUntil(loop_, [&] { return result_.has_value(); }));
  EXPECT_EQ(result_->error().code, Errc::kLimitExceeded);

  Get();
  const auto cut = Serve("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxx", true);
  ASSERT_TRUE(RunUntil(loop_, [&] { return result_.has_value(); }));
  EXPECT_FALSE(*result_);

  client_ = std::move(*TlsContext::Client({}));  // does not know the authority
  Get();
  Socket accepted = Accept();
  ASSERT_TRUE(accepted.StartTlsServer(*server_));
  End peer(std::move(accepted));
  ASSERT_TRUE(RunUntil(loop_, [&] { return result_.has_value(); }));
  EXPECT_EQ(result_->error().code, Errc::kSystem);
}

TEST_F(HttpFetchTest, CancelledOrDestroyedItSaysNothing) {
  Get();
  fetch_.Cancel();
  testing::RunUntilIdle(loop_);
  EXPECT_FALSE(result_.has_value());
  bool told = false;
  auto another = std::make_unique<HttpFetch>(loop_, resolver_);
  another->Get(url_, *client_, 1000, 20s, [&](const Result<std::string>&) { told = true; });
  another.reset();
  testing::RunUntilIdle(loop_);
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace pairwire::net
