// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/signaling/redis/redis_harness.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis {
namespace {

using test::RedisServer;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RedisConnectionTest : public testing::RedisTest, private RedisConnection::Events {
 protected:
  void Make(RedisConnection::Options options = {}) {
    connection_ = std::make_unique<RedisConnection>(loop_, resolver_, std::move(options),
                                                    static_cast<RedisConnection::Events&>(*this));
  }
  void Open(std::uint16_t port, const std::string& host = "127.0.0.1") {
    closed_.clear();
    connection_->Open({host, port});
    EXPECT_FALSE(connection_->ready());
  }
  // Empty when it became ready, else why not.
  std::string OpenAndWait(std::uint16_t port, const std::string& host = "127.0.0.1") {
    Open(port, host);
    EXPECT_TRUE(RunUntil([&] { return connection_->ready() || !closed_.empty(); }));
    return closed_.empty() ? "" : closed_.front().detail;
  }
  void Send(const Args& args) {
    ++sent_;
    connection_->Send(args, [this](const Result<Reply>& reply) {
      answers_.push_back(testing::ToText(reply));
      codes_.push_back(reply ? std::nullopt : std::optional<Errc>(reply.error().code));
    });
  }
  [[nodiscard]] bool WaitForAnswers() {
    return RunUntil([&] { return answers_.size() == sent_; });
  }
  [[nodiscard]] bool WaitClosed() {
    return RunUntil([&] { return !closed_.empty(); });
  }

  std::unique_ptr<RedisConnection> connection_;
  int ready_ = 0;
  std::vector<Error> closed_;
  std::size_t sent_ = 0;
  std::vector<std::string> answers_;
  std::vector<std::optional<Errc>> codes_;

 private:
  void OnReady() override { ++ready_; }
  void OnClosed(const Error& why) override {
    EXPECT_EQ(answers_.size(), sent_) << "what was pending is answered first";
    closed_.push_back(why);
  }
};

TEST_F(RedisConnectionTest, AnswersInOrder) {
  RedisServer server;
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  for (int i = 0; i < 1000; ++i) Send({"ECHO", std::to_string(i)});
  ASSERT_TRUE(WaitForAnswers());
  for (std::size_t i = 0; i < answers_.size(); ++i) EXPECT_EQ(answers_[i], std::to_string(i));
}

TEST_F(RedisConnectionTest, WhatIsForgottenShiftsNoAnswer) {
  RedisServer server;
  for (const bool allowed : {true, false}) {
    const std::string rights = allowed ? "+client|reply" : "-client|reply";
    ASSERT_EQ(server.Cli({"ACL", "SETUSER", "pair", "on", ">pass", "~*", "&*", "+@all", rights}),
              "OK");
    ASSERT_EQ(server.Cli({"DEL", "forgotten", "list"}).find("ERR"), std::string::npos);
    RedisConnection::Options options;
    options.login = {"pair", "pass"};
    Make(options);
    ASSERT_EQ(OpenAndWait(server.port()), "");
    sent_ = 0;
    answers_.clear();
    for (int i = 0; i < 100; ++i) {
      connection_->SendForgotten({"INCR", "forgotten"});
      Send({"ECHO", std::to_string(i)});
      connection_->SendForgotten({"LPUSH", "forgotten", "an error that nobody hears"});
    }
    EXPECT_EQ(connection_->pending(), allowed ? 100u : 300u);
    Send({"GET", "forgotten"});
    ASSERT_TRUE(WaitForAnswers());
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(answers_[i], std::to_string(i));
    EXPECT_EQ(answers_.back(), "100");
  }
}

TEST_F(RedisConnectionTest, AuthenticatesAndSelects) {
  RedisServer::Options with_users;
  with_users.arguments = {"--requirepass", "se cret", "--user", "pair", "on",
                          ">pass~word",    "~*",      "&*",     "+@all"};
  with_users.cli_arguments = {"-a", "se cret", "--no-auth-warning"};
  RedisServer server(with_users);
  RedisConnection::Options options;
  options.login = {"pair", "pass~word"};
  options.database = 3;
  options.client_name = "node-7";
  Make(options);
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"ACL", "WHOAMI"});
  Send({"CLIENT", "GETNAME"});
  Send({"SET", "here", "1"});
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_THAT(answers_, ElementsAre("pair", "node-7", "OK"));
  EXPECT_EQ(server.Cli({"-n", "3", "EXISTS", "here"}), "1");

  // The default user by the password alone.
  options.login = {"", "se cret"};
  Make(options);
  EXPECT_EQ(OpenAndWait(server.port()), "");
  options.login = {"", "wrong one"};
  Make(options);
  const std::string why = OpenAndWait(server.port());
  EXPECT_THAT(why, HasSubstr("WRONGPASS"));
  EXPECT_THAT(why, Not(HasSubstr("wrong one")));
  EXPECT_EQ(closed_.front().code, Errc::kUnauthorized);
  options.login = {};
  Make(options);
  EXPECT_THAT(OpenAndWait(server.port()), HasSubstr("NOAUTH"));
  options.login = {"", "se cret"};
  options.database = 1023;
  Make(options);
  EXPECT_THAT(OpenAndWait(server.port()), HasSubstr("SELECT"));
}

TEST_F(RedisConnectionTest, TlsVerifies) {
  net::testing::TestCertificates certificates;
  certificates.Make("server", "IP:127.0.0.1");
  certificates.Make("other", "DNS:elsewhere.test");
  RedisServer::Options server_options;
  server_options.tls_certificate = certificates.Certificate("server");
  server_options.tls_key = certificates.Key("server");
  server_options.tls_authority = certificates.Authority();
  RedisServer server(server_options);
  server_options.tls_certificate = certificates.Certificate("other");
  server_options.tls_key = certificates.Key("other");
  RedisServer misnamed(server_options);

  const auto trusting = net::TlsContext::Client({certificates.Authority(), "", ""});
  ASSERT_TRUE(trusting.has_value());
  RedisConnection::Options options;
  options.tls = trusting->get();
  Make(options);
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"ECHO", std::string(300'000, 'x')});
  Send({"ECHO", "after"});
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(answers_[0].size(), 300'000U);
  EXPECT_EQ(answers_[1], "after");

  EXPECT_THAT(OpenAndWait(misnamed.port()), HasSubstr("verify"));
  const auto strict = net::TlsContext::Client({});  // the system's authorities alone
  ASSERT_TRUE(strict.has_value());
  options.tls = strict->get();
  Make(options);
  EXPECT_THAT(OpenAndWait(server.port()), HasSubstr("verify"));
  options.tls = nullptr;
  Make(options);
  EXPECT_NE(OpenAndWait(server.port()), "") << "plain text to a TLS port";
}

TEST_F(RedisConnectionTest, TimesOutOnAStoppedServer) {
  RedisServer server;
  RedisConnection::Options options;
  options.command_timeout = std::chrono::milliseconds(200);
  Make(options);
  ASSERT_EQ(OpenAndWait(server.port()), "");
  server.Pause();
  Send({"ECHO", "1"});
  Send({"ECHO", "2"});
  ASSERT_TRUE(WaitClosed());
  EXPECT_EQ(closed_.front().code, Errc::kTimedOut);
  EXPECT_THAT(codes_, ElementsAre(Errc::kTimedOut, Errc::kTimedOut));
  // Neither is the greeting waited for: the kernel still takes connections.
  EXPECT_THAT(OpenAndWait(server.port()), HasSubstr("in time"));
  server.Resume();
  EXPECT_EQ(OpenAndWait(server.port()), "");
  RunFor(std::chrono::milliseconds(500));
  EXPECT_TRUE(connection_->ready()) << "silence without a command is no time-out";
}

TEST_F(RedisConnectionTest, FailsAllPendingOnce) {
  RedisServer server;
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  server.Pause();
  for (int i = 0; i < 100; ++i) Send({"ECHO", "x"});
  RunFor(std::chrono::milliseconds(20));
  server.Kill();
  ASSERT_TRUE(WaitClosed());
  EXPECT_EQ(answers_.size(), 100U);
  EXPECT_THAT(codes_, Each(std::optional<Errc>(Errc::kClosed)));
  // Refused, but not from inside Send.
  Send({"ECHO", "late"});
  EXPECT_EQ(answers_.size(), 100U);
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(codes_.back(), Errc::kInvalidState);
  EXPECT_EQ(closed_.size(), 1U);
  // By ourselves: answered, and nothing is told.
  server.Start();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"ECHO", "x"});
  connection_->Close();
  EXPECT_EQ(answers_.size(), 102U);
  EXPECT_EQ(codes_.back(), Errc::kClosed);
  EXPECT_TRUE(closed_.empty());
}

TEST_F(RedisConnectionTest, BoundsItsOutput) {
  RedisServer server;
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  server.Pause();
  const std::string megabyte(1024 * 1024, 'x');
  const int fits = RedisConnection::kMaxOutputBytes / (1024 * 1024) - 1;
  for (int i = 0; i < 2 * fits; ++i) Send({"ECHO", megabyte});
  EXPECT_LE(connection_->output_bytes(), RedisConnection::kMaxOutputBytes);
  server.Resume();
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(std::count(codes_.begin(), codes_.end(), std::nullopt), fits);
  EXPECT_EQ(std::count(codes_.begin(), codes_.end(), Errc::kBufferFull), fits);
  EXPECT_EQ(connection_->output_bytes(), 0U);
}

TEST_F(RedisConnectionTest, NameThatDoesNotResolve) {
  Make();
  EXPECT_THAT(OpenAndWait(6379, "no-such-host.invalid"), HasSubstr("no-such-host.invalid"));
  EXPECT_TRUE(connection_->closed());
}

TEST_F(RedisConnectionTest, NamesResolve) {
  RedisServer server;
  Make();
  EXPECT_EQ(OpenAndWait(server.port(), "localhost"), "");
}

TEST_F(RedisConnectionTest, NobodyListens) {
  RedisServer server;
  server.Kill();
  Make();
  EXPECT_THAT(OpenAndWait(server.port()), HasSubstr(std::to_string(server.port())));
}

TEST_F(RedisConnectionTest, RefusesAReplica) {
  RedisServer master;
  RedisServer::Options following;
  following.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(master.port())};
  RedisServer replica(following);
  Make();
  EXPECT_THAT(OpenAndWait(replica.port()), HasSubstr("replica"));
  RedisConnection::Options options;
  options.must_be_master = false;
  Make(options);
  replica.WaitForCli({"INFO", "replication"}, [](const std::string& info) {
    return info.find("master_link_status:up") != std::string::npos;
  });
  EXPECT_EQ(OpenAndWait(replica.port()), "");
  // One that became a replica is left at the first refusal.
  Send({"SET", "a", "b"});
  ASSERT_TRUE(WaitClosed());
  EXPECT_THAT(answers_.back(), HasSubstr("READONLY"));
  EXPECT_THAT(closed_.front().detail, HasSubstr("READONLY"));
}

TEST_F(RedisConnectionTest, OneWriteForATurn) {
  testing::ScriptedServer server(loop_, [](const Args&) { return "+OK\r\n"; });
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  for (int i = 0; i < 100; ++i) Send({"SET", "k", "v"});
  const std::size_t one = connection_->output_bytes() / 100;
  EXPECT_GT(one, 0U) << "nothing leaves before the turn ends";
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(server.commands.size(), 100U);
}

TEST_F(RedisConnectionTest, WhatNobodyAskedForEndsIt) {
  testing::ScriptedServer server(loop_, [](const Args&) { return "+OK\r\n+OK\r\n"; });
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"GET", "k"});
  ASSERT_TRUE(WaitClosed());
  EXPECT_EQ(answers_, std::vector<std::string>{"OK"});
}

TEST_F(RedisConnectionTest, WhatIsNoRespEndsIt) {
  testing::ScriptedServer server(loop_, [](const Args&) { return "HTTP/1.1 400 Bad Request\r\n"; });
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"GET", "k"});
  ASSERT_TRUE(WaitClosed());
  EXPECT_THAT(closed_.front().detail, HasSubstr("RESP"));
}

TEST_F(RedisConnectionTest, ALoadingServerIsNotReady) {
  testing::ScriptedServer server(loop_, [](const Args&) { return "-LOADING it is\r\n"; });
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  Send({"GET", "k"});
  ASSERT_TRUE(WaitClosed());
  EXPECT_THAT(closed_.front().detail, HasSubstr("LOADING"));
}

TEST_F(RedisConnectionTest, HandlersMayCloseAndOpen) {
  RedisServer server;
  Make();
  ASSERT_EQ(OpenAndWait(server.port()), "");
  int answered = 0;
  connection_->Send({"ECHO", "1"}, [&](const Result<Reply>&) {
    ++answered;
    connection_->Open({"127.0.0.1", server.port()});
  });
  connection_->Send({"ECHO", "2"}, [&](const Result<Reply>& reply) {
    ++answered;
    EXPECT_FALSE(reply.has_value());
  });
  ASSERT_TRUE(RunUntil([&] { return ready_ == 2; }));
  EXPECT_EQ(answered, 2);
  EXPECT_TRUE(closed_.empty());
}

}  // namespace
}  // namespace pairwire::redis
