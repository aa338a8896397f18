// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairwire-relay check --redis URL` against real servers: nothing is said of those that are as
// docs/relay.md wants them, and each thing that is not has one line with what to do.
#include "signaling/server/redis_check.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "signaling/redis/script_commands.h"
#include "tests/signaling/net/net_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::server {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Lines = std::vector<std::string>;

const std::vector<std::string> kEvents = {"--notify-keyspace-events", "Ex"};

ServerConfig ConfigOf(const std::string& url) {
  ServerConfig config;
  const auto parsed = redis::ParseRedisUrl(url);
  EXPECT_TRUE(parsed) << url;
  if (parsed) config.redis = *parsed;
  config.node_id = "me";
  return config;
}

std::chrono::system_clock::time_point Now() { return std::chrono::system_clock::now(); }

Lines LinesOf(const std::vector<Finding>& findings) {
  Lines lines;
  std::istringstream text(ToText(findings));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

Lines Check(const ServerConfig& config) { return LinesOf(CheckRedis(config, Now)); }
Lines Check(const std::string& url) { return Check(ConfigOf(url)); }

Lines NotOk(const Lines& lines) {
  Lines rest;
  for (const std::string& line : lines) {
    // A machine that is busy with other tests may be slow.
    if (line.rfind("ok", 0) != 0 && line.find("round trip") == line.npos) rest.push_back(line);
  }
  return rest;
}

std::string Url(const test::RedisServer& server, const std::string& user = {}) {
  return "redis://" + user + server.Address();
}

test::RedisServer::Options With(std::vector<std::string> arguments) {
  test::RedisServer::Options options;
  options.arguments = std::move(arguments);
  return options;
}

// Of the documented user, with some words left out or added.
std::vector<std::string> RightsOfTheDocs(const std::vector<std::string>& without = {},
                                         const std::vector<std::string>& with = {}) {
  std::ifstream in(PAIRWIRE_RELAY_DOCS);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = text.find("ACL SETUSER relay ");
  std::istringstream words(text.substr(begin, text.find("```", begin) - begin));
  std::vector<std::string> rights;
  for (std::string word; words >> word;) {
    if (std::find(without.begin(), without.end(), word) == without.end()) rights.push_back(word);
  }
  rights.insert(rights.end(), with.begin(), with.end());
  return rights;
}

TEST(RedisCheckTest, EachCommandOfTheScriptsCanBeTried) {
  const auto scripts = redis::MakeScripts({}, redis::RedisKeys("pw:", false));
  const auto commands = redis::CommandsOf(scripts);
  EXPECT_GT(commands.size(), 25U);
  for (const std::string& command : commands) {
    EXPECT_TRUE(redis::TrialOf(command, "key", "channel")) << command;
  }
  EXPECT_FALSE(redis::TrialOf("FLUSHALL", "key", "channel"));
}

TEST(RedisCheckTest, AGoodServerHasNothingButOk) {
  test::RedisServer server(With(kEvents));
  const Lines lines = Check(Url(server));
  EXPECT_THAT(NotOk(lines), ElementsAre());
  for (const char* part : {"is reached", "Redis 7", "noeviction", "a round trip takes", "its clock",
                           "takes all", "may do what scripts do", "published messages are heard",
                           "tells of keys that expire", "--redis-prefix pw is free"}) {
    EXPECT_THAT(lines, Contains(HasSubstr(part))) << part;
  }
  EXPECT_THAT(lines, Contains(StartsWith("ok       --redis: " + server.Address() + ": ")));
  // It leaves nothing that a term does not take away.
  std::istringstream keys(server.Cli({"KEYS", "*"}));
  for (std::string key; std::getline(keys, key);) {
    if (key.empty()) continue;
    EXPECT_NE(server.Cli({"TTL", key}), "-1") << key;
  }
}

TEST(RedisCheckTest, SaysThatNothingIsThere) {
  const Lines lines = Check("redis://127.0.0.1:1");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(StartsWith("error    --redis: cannot connect to 127.0.0.1:1: "),
                              HasSubstr("is it running")));
  EXPECT_EQ(ExitCode(CheckRedis(ConfigOf("redis://127.0.0.1:1"), Now)), 1);
  EXPECT_THAT(Check("redis://no.such.name.invalid"),
              ElementsAre(AllOf(StartsWith("error"), HasSubstr("no.such.name.invalid"))));
}

TEST(RedisCheckTest, SaysThatThePasswordIsWrong) {
  test::RedisServer::Options options = With({"--requirepass", "secret"});
  options.cli_arguments = {"-a", "secret", "--no-auth-warning"};
  test::RedisServer server(options);
  const Lines wrong = Check(Url(server, ":other@"));
  EXPECT_THAT(wrong, ElementsAre(AllOf(StartsWith("error"), HasSubstr("AUTH: WRONGPASS"),
                                       HasSubstr("password of --redis wrong"))));
  EXPECT_THAT(wrong, ElementsAre(Not(HasSubstr("other"))));
  EXPECT_THAT(Check(Url(server)), ElementsAre(HasSubstr("it wants a password")));
  EXPECT_THAT(NotOk(Check(Url(server, ":secret@"))), ElementsAre(HasSubstr("keys that expire")));
}

TEST(RedisCheckTest, TheRightsOfTheDocsSuffice) {
  test::RedisServer server(With(kEvents));
  ASSERT_EQ(server.Cli(RightsOfTheDocs()), "OK");
  const Lines lines = Check(Url(server, "relay:password@"));
  // What it may not see deserves a look, and is all.
  EXPECT_THAT(NotOk(lines), ElementsAre(AllOf(StartsWith("warning"),
                                              HasSubstr("maxmemory-policy is not shown"))));
  EXPECT_THAT(lines, Contains(HasSubstr("Redis 7"))) << "without INFO";
  EXPECT_THAT(lines, Contains(HasSubstr("as user relay")));
  ASSERT_EQ(server.Cli(RightsOfTheDocs({}, {"+info"})), "OK");
  EXPECT_THAT(NotOk(Check(Url(server, "relay:password@"))), ElementsAre());
}

TEST(RedisCheckTest, EachMissingRightIsNamed) {
  struct Case {
    std::vector<std::string> without;
    std::vector<std::string> with;
    std::vector<std::string> words;
  };
  const std::vector<Case> cases = {
      {{"+hincrby", "+xadd"}, {}, {"HINCRBY, XADD", "ACL SETUSER relay +hincrby +xadd"}},
      {{"+hgetall"}, {}, {"HGETALL", "ACL SETUSER relay +hgetall"}},
      {{"+set"}, {}, {"SET", "+set"}},
      {{"+role"}, {}, {"ROLE", "+role"}},
      {{"+script|load"}, {}, {"SCRIPT LOAD", "+script|load"}},
      {{"+evalsha"}, {}, {"EVALSHA", "+evalsha"}},
      {{"+eval"}, {}, {"EVAL", "+eval"}},
      {{"+time"}, {}, {"TIME", "+time"}},
      {{"~pw:*"}, {"~other:*"}, {"keys that begin with pw:", "ACL SETUSER relay ~pw:*"}},
      {{"&pw:*"}, {}, {"pw:channel:inbox:", "&pw:*"}},
      {{"&__keyevent@*"}, {}, {"__keyevent@0__:expired", "&__keyevent@*"}},
      {{"+subscribe"}, {}, {"may not listen", "+subscribe"}},
      {{"+publish"}, {}, {"PUBLISH", "+publish"}},
      {{"+ping"}, {}, {"PING", "give the user its rights"}},
  };
  test::RedisServer server(With(kEvents));
  for (const Case& one : cases) {
    server.Cli({"ACL", "DELUSER", "relay"});
    ASSERT_EQ(server.Cli(RightsOfTheDocs(one.without, one.with)), "OK");
    const auto findings = CheckRedis(ConfigOf(Url(server, "relay:password@")), Now);
    EXPECT_EQ(ExitCode(findings), 1) << one.words[0];
    std::string errors;
    for (const std::string& line : LinesOf(findings)) {
      if (line.rfind("error", 0) == 0) errors += line + "\n";
    }
    for (const std::string& word : one.words) EXPECT_THAT(errors, HasSubstr(word));
  }
}

TEST(RedisCheckTest, SaysThatItEvicts) {
  test::RedisServer server(With(kEvents));
  server.Cli({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  EXPECT_THAT(NotOk(Check(Url(server))),
              ElementsAre(AllOf(StartsWith("warning"), HasSubstr("is allkeys-lru"))));
  server.Cli({"CONFIG", "SET", "maxmemory", "200mb"});
  EXPECT_THAT(NotOk(Check(Url(server))),
              ElementsAre(AllOf(StartsWith("error"), HasSubstr("is allkeys-lru"),
                                HasSubstr("CONFIG SET maxmemory-policy noeviction"))));
}

TEST(RedisCheckTest, SaysThatThereAreNoEvents) {
  test::RedisServer server;
  EXPECT_THAT(
      NotOk(Check(Url(server))),
      ElementsAre(AllOf(StartsWith("warning"), HasSubstr("CONFIG SET notify-keyspace-events Ex"))));
}

TEST(RedisCheckTest, SaysThatClocksDiffer) {
  test::RedisServer server(With(kEvents));
  const auto early = [] { return Now() - std::chrono::seconds(10); };
  EXPECT_THAT(NotOk(LinesOf(CheckRedis(ConfigOf(Url(server)), early))),
              ElementsAre(AllOf(StartsWith("warning"), HasSubstr("ms ahead of ours"))));
  const auto late = [] { return Now() + std::chrono::seconds(10); };
  EXPECT_THAT(NotOk(LinesOf(CheckRedis(ConfigOf(Url(server)), late))),
              ElementsAre(AllOf(StartsWith("warning"), HasSubstr("ms behind ours"))));
}

TEST(RedisCheckTest, SaysWhoHasThePrefix) {
  test::RedisServer server(With(kEvents));
  // As hello.lua and announce.lua leave them.
  server.Cli({"SET", "pw:store", "77"});
  EXPECT_THAT(Check(Url(server)), Contains(HasSubstr("does not run now")));
  const std::string node = "1:a1:10:0:2:up3:0.01:01:0";
  const std::string row = "14:90000000000000" + std::to_string(node.size()) + ":" + node;
  server.Cli({"HSET", "pw:nodes", "a", row});
  EXPECT_THAT(Check(Url(server)), Contains(HasSubstr("that of a relay of 1 node: a")));
  ServerConfig config = ConfigOf(Url(server));
  config.node_id = "a";
  EXPECT_THAT(NotOk(Check(config)), ElementsAre(HasSubstr("--node-id a runs already")));
  config.redis_prefix = "other";
  EXPECT_THAT(Check(config), Contains(HasSubstr("--redis-prefix other is free")));
  server.Cli({"DEL", "pw:store"});
  server.Cli({"LPUSH", "pw:store", "x"});
  EXPECT_THAT(NotOk(Check(Url(server))), ElementsAre(HasSubstr("no relay's")));
}

TEST(RedisCheckTest, TlsIsVerified) {
  net::testing::TestCertificates certificates;
  certificates.Make("server", "IP:127.0.0.1");
  net::testing::TestCertificates others;
  test::RedisServer::Options options = With(kEvents);
  options.tls_certificate = certificates.Certificate("server");
  options.tls_key = certificates.Key("server");
  options.tls_authority = certificates.Authority();
  test::RedisServer server(options);
  ServerConfig config = ConfigOf("rediss://" + server.Address());
  config.redis_ca = certificates.Authority();
  const Lines good = Check(config);
  EXPECT_THAT(NotOk(good), ElementsAre());
  EXPECT_THAT(good, Contains(HasSubstr("is reached by TLS")));
  config.redis_ca = others.Authority();
  EXPECT_THAT(Check(config), ElementsAre(AllOf(StartsWith("error"), HasSubstr("--redis-ca"))));
  config.redis_ca = "/does/not/exist";
  EXPECT_THAT(Check(config), ElementsAre(AllOf(StartsWith("error"), HasSubstr("/does/not/exist"))));
  EXPECT_THAT(Check(Url(server)), ElementsAre(AllOf(StartsWith("error"), HasSubstr("rediss://"))));
  test::RedisServer plain;
  EXPECT_THAT(Check("rediss://" + plain.Address()),
              ElementsAre(AllOf(StartsWith("error"), HasSubstr("Plain is redis://"))));
}

TEST(RedisCheckTest, SentinelsAreAsked) {
  test::RedisServer master(With(kEvents));
  test::RedisServer replica(With({"--replicaof", "127.0.0.1 " + std::to_string(master.port())}));
  test::RedisServer::Options watching;
  watching.sentinel = {"sentinel monitor mymaster 127.0.0.1 " + std::to_string(master.port()) +
                       " 1"};
  test::RedisServer sentinel(watching);
  const std::string url = "redis+sentinel://127.0.0.1:1," + sentinel.Address() + "/";
  const Lines good = Check(url + "mymaster");
  EXPECT_THAT(NotOk(good), ElementsAre(AllOf(StartsWith("warning"), HasSubstr("127.0.0.1:1:"))));
  EXPECT_THAT(good, Contains(HasSubstr("says that mymaster is " + master.Address())));
  EXPECT_THAT(Check(url + "other"),
              Contains(AllOf(StartsWith("error"), HasSubstr("knows no master other"))));
  EXPECT_THAT(Check(Url(sentinel)), ElementsAre(HasSubstr("is a Sentinel: use redis+sentinel://")));
  replica.WaitForCli({"INFO", "replication"}, [](const std::string& info) {
    return info.find("master_link_status:up") != std::string::npos;
  });
  EXPECT_THAT(Check(Url(replica)), ElementsAre(HasSubstr("is a replica")));
  EXPECT_THAT(Check("redis+sentinel://127.0.0.1:1/mymaster"),
              ElementsAre(AllOf(StartsWith("error"), HasSubstr("127.0.0.1:1"))));
}

TEST(RedisCheckTest, EachMasterOfAClusterIsLookedAt) {
  test::RedisCluster cluster;
  cluster.server(1).Cli({"CONFIG", "SET", "notify-keyspace-events", "Ex"});
  cluster.server(2).Cli({"CONFIG", "SET", "notify-keyspace-events", "Ex"});
  const Lines lines = Check(cluster.Url());
  EXPECT_THAT(lines, Contains(HasSubstr("the Cluster has 3 masters")));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const std::string server = cluster.server(i).Address();
    EXPECT_THAT(lines, Contains(AllOf(HasSubstr(server), HasSubstr("may do what scripts do"))));
  }
  EXPECT_THAT(NotOk(lines), ElementsAre(AllOf(HasSubstr(cluster.server(0).Address()),
                                              HasSubstr("notify-keyspace-events"))));
  // Wrong kinds of URL, both ways.
  EXPECT_THAT(NotOk(Check(Url(cluster.server(0)))),
              Contains(AllOf(StartsWith("error"), HasSubstr("use redis+cluster://"))));
  test::RedisServer alone;
  EXPECT_THAT(Check("redis+cluster://" + alone.Address()),
              ElementsAre(AllOf(StartsWith("error"), HasSubstr("is of no Cluster"))));
}

}  // namespace
}  // namespace pairwire::server
