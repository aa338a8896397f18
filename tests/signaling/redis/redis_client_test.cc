// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One server: subscriptions, loss and return.
#include "signaling/redis/redis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "signaling/redis/backoff.h"
#include "signaling/redis/redis_link.h"
#include "tests/signaling/redis/redis_harness.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis {
namespace {

using std::chrono::milliseconds;
using test::FaultProxy;
using test::RedisServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Heard;
using testing::TestClient;

std::string UrlOf(std::uint16_t port) { return "redis://127.0.0.1:" + std::to_string(port); }

class RedisClientTest : public testing::RedisTest {};
class Subscriptions : public testing::RedisTest {};

TEST(BackoffTest, DoublesUpToItsBoundAndTakesAPartOfIt) {
  std::vector<std::uint64_t> bounds;
  Backoff backoff([&](std::uint64_t bound) {
    bounds.push_back(bound - 1);
    return bound / 2;
  });
  milliseconds last{};
  for (int i = 0; i < 8; ++i) last = backoff.Next();
  EXPECT_THAT(bounds, ElementsAre(50, 100, 200, 400, 800, 1600, 2000, 2000));
  EXPECT_EQ(last, milliseconds(1000));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), milliseconds(25));
}

TEST_F(RedisClientTest, Commands) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  EXPECT_THAT(client.Text({"GET", "a"}), HasSubstr("!")) << "not started";
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.ups, 1);
  EXPECT_EQ(client.Text({"SET", "a", "1"}), "OK");
  EXPECT_EQ(client.Text({"INCR", "a"}), "2");
  EXPECT_EQ(client.Text({"GET", "nothing"}), "(nil)");
  EXPECT_THAT(client.Text({"HGET", "a", "b"}), HasSubstr("WRONGTYPE"));
  EXPECT_EQ(client.Text({"EVAL", "return {KEYS[1], ARGV[1], 3}", "1", "a", "b"}), "[3]");
  const RedisHealth health = client->health();
  EXPECT_TRUE(health.up);
  EXPECT_EQ(health.masters, 1U);
  EXPECT_EQ(health.times_up, 1U);
}

TEST_F(RedisClientTest, ComesBackAfterItWasKilled) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client.WaitUp());
  ASSERT_EQ(client.Text({"SET", "a", "1"}), "OK");
  server.Kill();
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  EXPECT_THAT(client.Text({"GET", "a"}), HasSubstr("!"));
  EXPECT_THAT(client->health().last_error, HasSubstr("127.0.0.1"));
  RunFor(milliseconds(300));
  server.Start();
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.downs, 1);
  EXPECT_EQ(client.Text({"GET", "a"}), "(nil)") << "it came back empty";
}

TEST_F(RedisClientTest, AStoppedServerIsNoticedAndComesBack) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client.WaitUp());
  server.Pause();
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  server.Resume();
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.Text({"PING"}), "PONG");
}

TEST_F(RedisClientTest, APartitionIsNoticedAndHeals) {
  RedisServer server;
  FaultProxy proxy(loop_, server.port());
  TestClient client(loop_, resolver_, UrlOf(proxy.port()));
  ASSERT_TRUE(client.WaitUp());
  proxy.Hold();
  proxy.HoldNew(true);
  client.Add({"SET", "a", "1"});
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  EXPECT_THAT(client.answers, ElementsAre(HasSubstr("!")));
  const std::size_t attempts = proxy.accepted();
  ASSERT_TRUE(RunUntil([&] { return proxy.accepted() >= attempts + 4; })) << "it tries again";
  EXPECT_FALSE(client->up());
  proxy.HoldNew(false);
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.Text({"GET", "a"}), "(nil)");
}

TEST_F(RedisClientTest, DelayAloneIsNoLoss) {
  RedisServer server;
  FaultProxy proxy(loop_, server.port());
  proxy.SetDelay(milliseconds(100));
  TestClient client(loop_, resolver_, UrlOf(proxy.port()));
  ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  for (int i = 0; i < 100; ++i) client.Add({"PUBLISH", "room", std::to_string(i)});
  ASSERT_TRUE(client.WaitForAnswers());
  ASSERT_TRUE(RunUntil([&] { return client.heard.size() == 100; }));
  RunFor(2 * RedisLink::kDeafAfter);
  EXPECT_EQ(client.downs, 0);
}

TEST_F(RedisClientTest, StopAnswersAndIsQuiet) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client.WaitUp());
  client.Add({"GET", "a"});
  client->Stop();
  EXPECT_EQ(client.answers.size(), 1U);
  EXPECT_FALSE(client->up());
  RunFor(milliseconds(50));
  EXPECT_EQ(client.downs, 0);
  EXPECT_THAT(server.Cli({"CLIENT", "LIST"}), ::testing::Not(HasSubstr("pairwire-relay")));
  ASSERT_TRUE(client.WaitUp()) << "it may start again";
}

TEST_F(RedisClientTest, RefusesATlsFileThatIsNotThere) {
  RedisOptions options = TestClient::Options("rediss://127.0.0.1");
  options.tls.ca_file = "/nonexistent/ca.pem";
  struct NoEvents final : RedisClient::Events {
    void OnRedisUp() override {}
    void OnRedisDown(const Error&) override {}
    void OnRedisMessage(std::string_view, std::string_view) override {}
  } events;
  const auto made = MakeRedisClient(loop_, resolver_, options, testing::Middle, events);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().detail, HasSubstr("/nonexistent/ca.pem"));
}

TEST_F(RedisClientTest, OverTls) {
  net::testing::TestCertificates certificates;
  certificates.Make("server", "IP:127.0.0.1");
  certificates.Make("client", "DNS:node.test");
  RedisServer::Options server_options;
  server_options.tls_certificate = certificates.Certificate("server");
  server_options.tls_key = certificates.Key("server");
  server_options.tls_authority = certificates.Authority();
  server_options.arguments = {"--tls-auth-clients", "yes"};
  RedisServer server(server_options);
  RedisOptions options = TestClient::Options("rediss://127.0.0.1:" + std::to_string(server.port()));
  options.tls = {certificates.Authority(), certificates.Certificate("client"),
                 certificates.Key("client")};
  TestClient client(loop_, resolver_, options);
  ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.Text({"PUBLISH", "room", std::string(200'000, 'x')}), "1");
  ASSERT_TRUE(RunUntil([&] { return client.heard.size() == 1; }));
  EXPECT_EQ(client.heard[0].payload.size(), 200'000U);
  // The server asks for a certificate; without one it is refused.
  options.tls = {certificates.Authority(), "", ""};
  TestClient stranger(loop_, resolver_, options);
  stranger->Start();
  ASSERT_TRUE(RunUntil([&] { return !stranger->health().last_error.empty(); }));
  EXPECT_FALSE(stranger->up());
}

TEST_F(Subscriptions, HearWhatIsPublished) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client->Subscribe("before").has_value());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.Text({"PUBLISH", "before", "1"}), "1");
  ASSERT_TRUE(client->Subscribe("after").has_value());
  server.WaitForCli({"PUBSUB", "NUMSUB", "after"}, [&](const std::string& text) {
    RunFor(milliseconds(1));
    return text == "after\n1";
  });
  EXPECT_EQ(client.Text({"PUBLISH", "after", std::string("2\r\n\0", 4)}), "1");
  ASSERT_TRUE(RunUntil([&] { return client.heard.size() == 2; }));
  EXPECT_THAT(client.heard,
              ElementsAre(Heard{"before", "1"}, Heard{"after", std::string("2\r\n\0", 4)}));
}

TEST_F(Subscriptions, CountsChannels) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->Subscribe("room").has_value());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.Text({"PUBLISH", "room", "once"}), "1");
  client->Unsubscribe("room");
  client->Unsubscribe("room");
  EXPECT_EQ(client.Text({"PUBLISH", "room", "still"}), "1");
  client->Unsubscribe("room");
  client->Unsubscribe("room");  // one too many
  EXPECT_EQ(client.Text({"PUBLISH", "other", ""}), "0");
  ASSERT_TRUE(RunUntil([&] { return client.Text({"PUBLISH", "room", "gone"}) == "0"; }));
  EXPECT_THAT(client.heard, ElementsAre(Heard{"room", "once"}, Heard{"room", "still"}));
}

TEST_F(Subscriptions, ResubscribesAll) {
  RedisServer server;
  FaultProxy proxy(loop_, server.port());
  TestClient client(loop_, resolver_, UrlOf(proxy.port()));
  constexpr int kChannels = 1000;
  for (int i = 0; i < kChannels; ++i) {
    ASSERT_TRUE(client->Subscribe("room:" + std::to_string(i)).has_value());
  }
  ASSERT_TRUE(client.WaitUp());
  client->Unsubscribe("room:0");
  proxy.CutAll();
  ASSERT_TRUE(client.WaitUp(2));
  EXPECT_EQ(client.downs, 1);
  for (int i = 0; i < kChannels; ++i) client.Add({"PUBLISH", "room:" + std::to_string(i), "x"});
  ASSERT_TRUE(client.WaitForAnswers());
  EXPECT_EQ(client.answers.front(), "0");
  EXPECT_EQ(std::count(client.answers.begin(), client.answers.end(), "1"), kChannels - 1);
  EXPECT_TRUE(RunUntil([&] { return client.heard.size() == kChannels - 1; }));
}

TEST_F(Subscriptions, NoticesADeadSubscriptionWithinTwoSeconds) {
  RedisServer server;
  FaultProxy proxy(loop_, server.port());
  TestClient client(loop_, resolver_, UrlOf(proxy.port()));
  ASSERT_TRUE(client.WaitUp());
  // The subscription's connection stays open, and commands go on being answered.
  const auto since = loop_.Now();
  proxy.Hold("SUBSCRIBE");
  EXPECT_EQ(client.Text({"PING"}), "PONG");
  ASSERT_TRUE(RunUntil([&] { return client.downs == 1; }));
  EXPECT_THAT(client.last_down.detail, HasSubstr("subscription"));
  // What the rule promises, by its constants; the clock only shows that it was not another reason.
  EXPECT_LE(RedisLink::kPingInterval + RedisLink::kDeafAfter, std::chrono::seconds(2));
  EXPECT_GE(loop_.Now() - since, RedisLink::kDeafAfter - RedisLink::kPingInterval);
  ASSERT_TRUE(client.WaitUp(2));
}

TEST_F(Subscriptions, ABusyProcessIsNotDeaf) {
  RedisServer server;
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client.WaitUp());
  RunFor(milliseconds(50));
  // The loop stands still for longer than it may be deaf; the answers wait in the socket.
  server.Cli({"DEBUG", "SLEEP", "0"});
  const auto until = loop_.Now() + RedisLink::kDeafAfter + milliseconds(200);
  while (loop_.Now() < until) server.Cli({"PING"});
  RunFor(milliseconds(500));
  EXPECT_EQ(client.downs, 0);
}

TEST_F(Subscriptions, ARefusedChannelSaysWhy) {
  RedisServer::Options options;
  options.arguments = {"--user", "pair", "on", ">p", "~*", "resetchannels", "&pw:*", "+@all"};
  RedisServer server(options);
  TestClient client(loop_, resolver_, "redis://pair:p@127.0.0.1:" + std::to_string(server.port()));
  ASSERT_TRUE(client->Subscribe("foreign").has_value());
  client->Start();
  ASSERT_TRUE(RunUntil([&] { return !client->health().last_error.empty(); }));
  EXPECT_THAT(client->health().last_error, HasSubstr("NOPERM"));
  client->Unsubscribe("foreign");
  ASSERT_TRUE(client.WaitUp());
}

TEST_F(RedisClientTest, NeedsNoMoreThanTheseCommands) {
  RedisServer::Options options;
  options.arguments = {"--user",        "pair",  "on",       ">p",         "~pw:*",
                       "resetchannels", "&pw:*", "+auth",    "+select",    "+client|setname",
                       "+role",         "+ping", "+publish", "+subscribe", "+unsubscribe",
                       "+get"};
  RedisServer server(options);
  TestClient client(loop_, resolver_,
                    "redis://pair:p@127.0.0.1:" + std::to_string(server.port()) + "/1");
  ASSERT_TRUE(client.WaitUp());
  ASSERT_TRUE(client->Subscribe("pw:room").has_value());
  client->Unsubscribe("pw:room");
  EXPECT_EQ(client.Text({"GET", "pw:a"}), "(nil)");
  EXPECT_THAT(client.Text({"SET", "pw:a", "1"}), HasSubstr("NOPERM"));
  EXPECT_THAT(client.Text({"GET", "other"}), HasSubstr("NOPERM"));
  EXPECT_EQ(client.downs, 0);
}

TEST_F(Subscriptions, ARefusedPingSaysWhy) {
  RedisServer::Options options;
  options.arguments = {"--user", "pair", "on", ">p", "~*", "&*", "+@all", "-publish"};
  RedisServer server(options);
  TestClient client(loop_, resolver_, "redis://pair:p@127.0.0.1:" + std::to_string(server.port()));
  client->Start();
  ASSERT_TRUE(RunUntil([&] { return client.downs > 0; }));
  EXPECT_THAT(client.last_down.detail, HasSubstr("PUBLISH: NOPERM"));
}

TEST_F(Subscriptions, KeyspaceEvents) {
  RedisServer::Options options;
  options.arguments = {"--notify-keyspace-events", "Ex"};
  RedisServer server(options);
  TestClient client(loop_, resolver_, UrlOf(server.port()));
  ASSERT_TRUE(client->SubscribeEverywhere("__keyevent@0__:expired").has_value());
  ASSERT_TRUE(client.WaitUp());
  EXPECT_EQ(client.Text({"SET", "short", "", "PX", "20"}), "OK");
  ASSERT_TRUE(RunUntil([&] { return !client.heard.empty(); }));
  EXPECT_THAT(client.heard, ElementsAre(Heard{"__keyevent@0__:expired", "short"}));
}

}  // namespace
}  // namespace pairwire::redis
