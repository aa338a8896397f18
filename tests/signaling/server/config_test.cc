// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's options: command line, environment, file, and the one line for each wrong use.
#include "signaling/server/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>

namespace pairwire::server {
namespace {

using Variables = std::map<std::string, std::string>;

CommandLine Parse(const std::vector<std::string>& arguments, Variables variables = {}) {
  return ParseCommandLine(arguments, [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

class File {
 public:
  explicit File(const std::string& text)
      : path_(::testing::TempDir() + "relay_config_" + std::to_string(::getpid())) {
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ConfigTest, DefaultsAreThoseOfTheDesign) {
  const CommandLine line = Parse({});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->listen_host, "127.0.0.1");
  EXPECT_EQ(line.config->listen_port, 8080);
  EXPECT_EQ(line.config->limits.header_bytes, 8U * 1024);
  EXPECT_EQ(line.config->limits.body_bytes, 16U * 1024);
  EXPECT_EQ(line.config->timeouts.request, std::chrono::seconds(10));
  EXPECT_TRUE(line.config->rate_limits);
}

TEST(ConfigTest, EveryOptionReachesItsField) {
  const CommandLine line = Parse({"--listen",
                                  "[::1]:0",
                                  "--store",
                                  "memory",
                                  "--region",
                                  "eu-1",
                                  "--node-id",
                                  "n1",
                                  "--web",
                                  "/srv/web",
                                  "--log-level",
                                  "debug",
                                  "--origin",
                                  "https://a.example",
                                  "--origin",
                                  "http://localhost:3000",
                                  "--drain-seconds",
                                  "2.5",
                                  "--max-connections",
                                  "11",
                                  "--max-connections-per-ip",
                                  "12",
                                  "--max-half-open",
                                  "13",
                                  "--limit-loopback",
                                  "--max-sessions",
                                  "14",
                                  "--session-seconds",
                                  "15",
                                  "--rate-limits",
                                  "off",
                                  "--request-seconds",
                                  "0.5",
                                  "--idle-seconds",
                                  "16",
                                  "--public-url",
                                  "https://relay.example/base"});
  ASSERT_TRUE(line.config) << line.text;
  const ServerConfig& config = *line.config;
  EXPECT_EQ(config.listen_host, "::1");
  EXPECT_EQ(config.listen_port, 0);
  EXPECT_EQ(config.region, "eu-1");
  EXPECT_EQ(config.node_id, "n1");
  EXPECT_EQ(config.web_dir, "/srv/web");
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(config.origins,
            (std::vector<std::string>{"https://a.example", "http://localhost:3000"}));
  EXPECT_EQ(config.drain_window, std::chrono::milliseconds(2500));
  EXPECT_EQ(config.limits.connections, 11U);
  EXPECT_EQ(config.limits.connections_per_ip, 12U);
  EXPECT_EQ(config.limits.half_open, 13U);
  EXPECT_TRUE(config.limit_loopback);
  EXPECT_EQ(config.max_sessions, 14U);
  EXPECT_EQ(config.session_ttl, std::chrono::seconds(15));
  EXPECT_FALSE(config.rate_limits);
  EXPECT_EQ(config.timeouts.request, std::chrono::milliseconds(500));
  EXPECT_EQ(config.timeouts.ws_idle, std::chrono::seconds(16));
  EXPECT_EQ(config.public_url, "https://relay.example/base");
}

TEST(ConfigTest, OperatorsListenerAndProxies) {
  const CommandLine line = Parse({"--internal-listen", "[::1]:9090", "--trusted-proxy",
                                  "10.0.0.0/8", "--trusted-proxy", "fd00::/8,192.0.2.1"});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->internal_host, "::1");
  EXPECT_EQ(line.config->internal_port, 9090);
  EXPECT_EQ(line.config->trusted_proxies,
            (std::vector<std::string>{"10.0.0.0/8", "fd00::/8", "192.0.2.1"}));
  EXPECT_TRUE(Parse({}).config->internal_host.empty());
  EXPECT_TRUE(Parse({}).config->trusted_proxies.empty());
  EXPECT_NE(Parse({"--internal-listen", "9090"}).text.find("--internal-listen must look like"),
            std::string::npos);
}

TEST(ConfigTest, SwitchesBackToHowThingsWere) {
  const CommandLine line = Parse({"--connection", "immediate", "--signaling", "relayed"},
                                 {{"PAIRWIRE_EXPIRY", "sweep"}});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->connection, relay::ConnectionMode::kImmediate);
  EXPECT_EQ(line.config->signaling, relay::SignalingMode::kRelayed);
  EXPECT_FALSE(line.config->expiry_hints);
  const CommandLine both = Parse({"--signaling", "both"});
  ASSERT_TRUE(both.config) << both.text;
  EXPECT_EQ(both.config->signaling, relay::SignalingMode::kBoth);
  EXPECT_NE(Parse({"--signaling", "either"}).text.find("--signaling must be p2p, relayed or both"),
            std::string::npos);
  const CommandLine plain = Parse({"--connection", "lazy", "--signaling", "p2p"});
  ASSERT_TRUE(plain.config) << plain.text;
  for (const CommandLine& usual : {plain, Parse({})}) {
    EXPECT_EQ(usual.config->connection, relay::ConnectionMode::kLazy);
    EXPECT_EQ(usual.config->signaling, relay::SignalingMode::kPeerToPeer);
    EXPECT_TRUE(usual.config->expiry_hints);
  }
}

TEST(ConfigTest, CommandLineBeatsEnvironmentBeatsFile) {
  const File file(
      "region = from-file\nnode-id = from-file\nmax-sessions = 5\norigin = https://file.example\n");
  const CommandLine line = Parse({"--config", file.path(), "--region", "from-line"},
                                 {{"PAIRWIRE_REGION", "from-env"},
                                  {"PAIRWIRE_NODE_ID", "from-env"},
                                  {"PAIRWIRE_LISTEN", "127.0.0.1:81"}});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->region, "from-line");
  EXPECT_EQ(line.config->node_id, "from-env");
  EXPECT_EQ(line.config->max_sessions, 5U);
  EXPECT_EQ(line.config->listen_port, 81);
  EXPECT_EQ(line.config->origins, std::vector<std::string>{"https://file.example"});
}

TEST(ConfigTest, EnvironmentNamesTheFileAndFlags) {
  const File file("region = from-file\n");
  const CommandLine line = Parse({}, {{"PAIRWIRE_CONFIG", file.path()},
                                      {"PAIRWIRE_LIMIT_LOOPBACK", "true"},
                                      {"PAIRWIRE_ORIGIN", "https://a.example,https://b.example"}});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->region, "from-file");
  EXPECT_TRUE(line.config->limit_loopback);
  EXPECT_EQ(line.config->origins.size(), 2U);
}

TEST(ConfigTest, EventsIsASubcommandWithOptionsOfItsOwn) {
  const CommandLine line = Parse({"events", "--redis", "redis://host", "--follow", "--json",
                                  "--after", "1-2", "--redis-cert", "/n.pem", "--redis-key", "/n"});
  ASSERT_TRUE(line.config) << line.text;
  ASSERT_TRUE(line.events);
  EXPECT_TRUE(line.events->follow);
  EXPECT_TRUE(line.events->json);
  EXPECT_FALSE(line.events->state);
  EXPECT_EQ(line.events->after, "1-2");
  EXPECT_EQ(line.config->redis_certificate_file, "/n.pem");
  EXPECT_EQ(line.config->redis_key_file, "/n");
  EXPECT_FALSE(line.check);
  EXPECT_FALSE(Parse({"check"}).events);
}

TEST(ConfigTest, WrongUseIsOneLineAndTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--nonsense"},
      {"extra"},
      {"--listen"},
      {"--listen", "8080"},
      {"--listen", "127.0.0.1"},
      {"--listen", "127.0.0.1:"},
      {"--listen", "127.0.0.1:65536"},
      {"--listen", "127.0.0.1:80x"},
      {"--listen", "::1:8080"},
      {"--listen", "[::1]8080"},
      {"--listen", ":8080"},
      {"--store", "redis"},
      {"--redis", "http://127.0.0.1"},
      {"--redis", "redis://"},
      {"--redis-prefix", ""},
      {"--redis-prefix", "a:b"},
      {"--redis-prefix", "{a}"},
      {"--redis-cert", "/node.pem"},
      {"--redis-key", "/node.key"},
      {"events"},
      {"--follow"},
      {"events", "--redis", "redis://host", "--state", "--follow"},
      {"events", "--redis", "redis://host", "--after"},
      {"--log-level", "loud"},
      {"--origin", "example.org"},
      {"--origin", "https://example.org/path"},
      {"--origin", "*"},
      {"--region", "a b"},
      {"--node-id", std::string(65, 'n')},
      {"--drain-seconds", "-1"},
      {"--drain-seconds", "nan"},
      {"--request-seconds", "0"},
      {"--idle-seconds", "0"},
      {"--session-seconds", "0"},
      {"--max-sessions", "0"},
      {"--max-sessions", "many"},
      {"--max-half-open", "0"},
      {"--max-connections", "-1"},
      {"--rate-limits", "maybe"},
      {"--internal-listen", "9090"},
      {"--connection", "eager"},
      {"--signaling", "on"},
      {"--expiry", "never"},
      {"--trusted-proxy", "10.1.2.3/8"},
      {"--trusted-proxy", "proxy.example"},
      {"--public-url", "relay.example"},
      {"--public-url", "https://relay.example/"},
      {"--jwt-jwks", "keys.json"},
      {"--jwt-jwks", "keys.json", "--jwt-issuer", "i"},
      {"--jwt-jwks", "keys.json", "--jwt-audience", "a"},
      {"--jwt-issuer", "i"},
      {"--jwt-audience", "a"},
      {"--jwt-ca", "ca.pem"},
      {"--jwt-jwks", "keys.json", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-ca", "x"},
      {"--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-jwks", "http://issuer/keys"},
      {"--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-jwks", "https://user:pw@issuer/keys"},
      {"--config", "/does/not/exist"},
  };
  for (const auto& arguments : wrong) {
    const CommandLine line = Parse(arguments);
    EXPECT_FALSE(line.config) << arguments.back();
    EXPECT_EQ(line.exit_code, 2) << arguments.back();
    EXPECT_FALSE(line.text.empty());
    EXPECT_EQ(line.text.find('\n'), std::string::npos) << line.text;
    EXPECT_EQ(line.text.rfind("pairwire-relay: ", 0), 0U) << line.text;
  }
}

TEST(ConfigTest, RedisIsAUrlAndItsPasswordIsNotRepeated) {
  const CommandLine line =
      Parse({"--redis", "rediss://user:secret@redis.example/3", "--redis-prefix", "hall",
             "--redis-ca", "/ca.pem", "--advertise-url", "https://a.relay.example"});
  ASSERT_TRUE(line.config);
  ASSERT_TRUE(line.config->redis);
  EXPECT_TRUE(line.config->redis->tls);
  EXPECT_EQ(line.config->redis->login.password, "secret");
  EXPECT_EQ(line.config->redis_prefix, "hall");
  EXPECT_EQ(line.config->redis_ca, "/ca.pem");
  EXPECT_EQ(line.config->advertise_url, "https://a.relay.example");
  EXPECT_FALSE(Parse({}).config->redis);
  EXPECT_EQ(Parse({"--redis", "redis://user:secret@host/nonsense"}).text.find("secret"),
            std::string::npos);
}

TEST(ConfigTest, UsersNeedKeysAnIssuerAndAnAudience) {
  const File file(
      "jwt-jwks = https://issuer.example/keys\njwt-issuer = i\njwt-audience = a\njwt-ca = "
      "/ca.pem\n");
  const CommandLine line = Parse({"--config", file.path()});
  ASSERT_TRUE(line.config) << line.text;
  EXPECT_EQ(line.config->jwt_jwks, "https://issuer.example/keys");
  EXPECT_EQ(line.config->jwt_issuer, "i");
  EXPECT_EQ(line.config->jwt_audience, "a");
  EXPECT_EQ(line.config->jwt_ca, "/ca.pem");
  EXPECT_TRUE(Parse({}).config->jwt_jwks.empty());
  EXPECT_NE(Parse({"--jwt-jwks", "keys.json"}).text.find("--jwt-issuer"), std::string::npos);
}

TEST(ConfigTest, UnknownNameInTheFileIsRefused) {
  const File file("regoin = eu\n");
  EXPECT_EQ(Parse({"--config", file.path()}).exit_code, 2);
}

TEST(ConfigTest, HelpAndVersionEndWithZero) {
  const CommandLine help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.text.find("--listen"), std::string::npos);
  EXPECT_NE(help.text.find("PAIRWIRE_LISTEN"), std::string::npos);
  const CommandLine version = Parse({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.text.rfind("pairwire-relay ", 0), 0U);
}

}  // namespace
}  // namespace pairwire::server
