// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What an operator relies on, with the real program and real servers: Sentinels and TLS as
// docs/relay.md describes them, rates that hold over processes, the event log, and a log without
// secrets.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "signaling/server/events_command.h"
#include "tests/signaling/net/net_harness.h"
#include "tests/signaling/server/test_client.h"
#include "tests/support/child_process.h"
#include "tests/support/redis_server.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using ::testing::HasSubstr;
using ::testing::Not;

// As docs/relay.md gives them to the relay's user of Redis.
std::vector<std::string> RightsOfTheDocs() {
  std::ifstream in(PAIRWIRE_RELAY_DOCS);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = text.find("ACL SETUSER relay ");
  std::istringstream words(text.substr(begin, text.find("```", begin) - begin));
  std::vector<std::string> rights{std::istream_iterator<std::string>(words), {}};
  EXPECT_GT(rights.size(), 40U);
  return rights;
}

class Node {
 public:
  Node(const std::string& url, const std::string& id, std::vector<std::string> more = {})
      : process_(Arguments(url, id, std::move(more))) {
    const auto line =
        process_.WaitForLine([](const std::string& l) { return l.rfind("listening on", 0) == 0; });
    EXPECT_TRUE(line) << process_.errors();
    if (line) port_ = static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
    WaitReady(200);
  }
  std::uint16_t port() const { return port_; }
  test::ChildProcess& process() { return process_; }
  void WaitReady(int status) const {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    int is = 0;
    while ((is = Request(port_, "GET", "/readyz").status) != status) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "/readyz says " << is;
      // Another process' state can only be asked for again and again.
      poll(nullptr, 0, 10);
    }
  }

 private:
  static std::vector<std::string> Arguments(const std::string& url, const std::string& id,
                                            std::vector<std::string> more) {
    std::vector<std::string> all = {
        PAIRWIRE_RELAY_PROGRAM, "--listen", "127.0.0.1:0", "--node-id", id, "--redis", url,
        "--drain-seconds",      "0.2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  test::ChildProcess process_;
  std::uint16_t port_ = 0;
};

const std::vector<std::string> kQuietWithoutRates = {"--log-level", "off", "--rate-limits", "off"};

// A display at `a`, its controller at `b`, and a text from one to the other.
void ExpectPairing(const Node& a, const Node& b) {
  const Registered display = RegisterDisplay(a.port());
  ASSERT_NE(display.code, "");
  RawClient events = OpenEvents(a.port(), display);
  Paired controller = PairController(b.port(), display.code);
  // 503 says: come again. A relay may be ready and not again, while its Redis fails over.
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (controller.status == 503 && std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, 100);
    controller = PairController(b.port(), display.code);
  }
  ASSERT_EQ(controller.status, 200);
  ASSERT_THAT(events.ReadUntil(controller.controller_id), HasSubstr("pairing:ready"));
  WsClient at_display;
  WsClient at_controller;
  ASSERT_EQ(at_display.ConnectWithBearer(a.port(), display.token), 101);
  ASSERT_TRUE(at_display.ReadType("welcome"));
  ASSERT_EQ(at_controller.ConnectWithBearer(b.port(), controller.token), 101);
  ASSERT_TRUE(at_controller.ReadType("welcome"));
  ASSERT_TRUE(at_display.Send(R"({"type":"webrtc:offer","id":"1","data":{"sdp":"x"}})"));
  EXPECT_TRUE(at_controller.ReadType("webrtc:offer"));
  EXPECT_TRUE(at_display.ReadType("ack"));
}

TEST(OperationTest, SentinelsCarryARelayThroughAFailOver) {
  auto master = std::make_unique<test::RedisServer>();
  test::RedisServer::Options options;
  options.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(master->port())};
  test::RedisServer replica(options);
  replica.WaitForCli({"INFO", "replication"}, [](const std::string& info) {
    return info.find("master_link_status:up") != std::string::npos;
  });
  test::RedisServer::Options watching;
  watching.sentinel = {
      "requirepass watch",
      "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master->port()) + " 1",
      "sentinel down-after-milliseconds mymaster 1000",
      "sentinel failover-timeout mymaster 10000",
  };
  watching.cli_arguments = {"-a", "watch", "--no-auth-warning"};
  test::RedisServer sentinel(watching);
  sentinel.WaitForCli({"SENTINEL", "REPLICAS", "mymaster"}, [](const std::string& text) {
    return text.find("role-reported\nslave") != std::string::npos &&
           text.find("master-link-status\nok") != std::string::npos;
  });
  const std::string url =
      "redis+sentinel://" + sentinel.Address() + "/mymaster?sentinel_password=watch";
  Node a(url, "a", kQuietWithoutRates);
  Node b(url, "b", kQuietWithoutRates);
  ASSERT_NO_FATAL_FAILURE(ExpectPairing(a, b));
  const Registered before = RegisterDisplay(a.port());
  RawClient events = OpenEvents(a.port(), before);
  // What a master did not pass on before it died is lost with it.
  for (const std::string& key : {"pw:session:" + before.session_id, "pw:code:" + before.code}) {
    replica.WaitForCli({"EXISTS", key}, [](const std::string& is) { return is == "1"; });
  }
  master->Kill();
  a.WaitReady(503);
  a.WaitReady(200);
  b.WaitReady(200);
  ASSERT_NO_FATAL_FAILURE(ExpectPairing(b, a));
  // A code that was on a screen before still works.
  const Paired late = PairController(b.port(), before.code);
  ASSERT_EQ(late.status, 200);
  EXPECT_THAT(events.ReadUntil(late.controller_id), HasSubstr("pairing:ready"));
}

TEST(OperationTest, TlsAndAUserWithTheRightsOfTheDocsCarryARelay) {
  net::testing::TestCertificates certificates;
  certificates.Make("server", "IP:127.0.0.1");
  certificates.Make("node", "DNS:node.test");
  test::RedisServer::Options options;
  options.tls_certificate = certificates.Certificate("server");
  options.tls_key = certificates.Key("server");
  options.tls_authority = certificates.Authority();
  options.arguments = {"--tls-auth-clients", "yes"};
  options.cli_arguments = {"--tls",
                           "--cacert",
                           certificates.Authority(),
                           "--cert",
                           certificates.Certificate("node"),
                           "--key",
                           certificates.Key("node")};
  test::RedisServer redis(options);
  ASSERT_EQ(redis.Cli(RightsOfTheDocs()), "OK");
  const std::string url = "rediss://relay:password@" + redis.Address();
  const std::vector<std::string> more = {"--log-level",  "off",
                                         "--redis-ca",   certificates.Authority(),
                                         "--redis-cert", certificates.Certificate("node"),
                                         "--redis-key",  certificates.Key("node")};
  {
    Node a(url, "a", more);
    Node b(url, "b", more);
    ASSERT_NO_FATAL_FAILURE(ExpectPairing(a, b));
    EXPECT_EQ(PairController(a.port(), "999999999").status, 404);
    b.process().Signal(SIGTERM);
    EXPECT_EQ(b.process().WaitForExit(), 0);
  }
  EXPECT_EQ(redis.Cli({"ACL", "LOG"}), "") << "nothing was refused";
}

Response GuessFrom(std::uint16_t port, const std::string& address, const std::string& code) {
  return Request(port, "POST", "/api/sessions/pair", R"({"code":")" + code + "\"}",
                 {{"X-Forwarded-For", address}});
}

TEST(OperationTest, RatesHoldOverThreeProcesses) {
  test::RedisServer redis;
  const std::vector<std::string> more = {"--log-level", "off", "--trusted-proxy", "127.0.0.1"};
  std::vector<std::unique_ptr<Node>> nodes;
  const auto begin = std::chrono::steady_clock::now();
  for (const char* id : {"a", "b", "c"}) {
    nodes.push_back(std::make_unique<Node>("redis://" + redis.Address(), id, more));
  }
  // One address: five wrong codes at once, wherever it goes, then one in six seconds.
  int wrong = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    const int status = GuessFrom(nodes[i % 3]->port(), "198.51.100.7", "999999999").status;
    EXPECT_TRUE(status == 404 || status == 429) << status;
    wrong += status == 404 ? 1 : 0;
  }
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  EXPECT_GE(wrong, 5);
  EXPECT_LE(wrong, 5 + seconds() / 6);

  // Many addresses: the ceiling is one for all three nodes. Each alone would let all of these pass.
  constexpr int kRounds = 9;
  constexpr int kAtOnce = 48;
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < kAtOnce; ++i) {
      const int number = round * kAtOnce + i;
      clients.emplace_back(nodes[static_cast<std::size_t>(number) % 3]->port());
      std::string body = R"({"code":")" + std::to_string(100'000'000 + number) + "\"}";
      clients.back().Send(RequestText(
          "POST", "/api/sessions/pair", body,
          {{"Content-Type", "application/json"},
           {"X-Forwarded-For",
            "203.0." + std::to_string(number / 200) + "." + std::to_string(number % 200 + 1)}}));
    }
    for (RawClient& client : clients) {
      const int status = client.ReadResponse().status;
      EXPECT_TRUE(status == 404 || status == 429) << status;
      ++(status == 404 ? wrong : refused);
    }
  }
  EXPECT_GE(wrong, 200) << "the attack was real";
  EXPECT_LE(wrong, 240 + 2 * seconds() + 1);
  EXPECT_GT(refused, 0);
  // Whoever counts is gone: nobody gets in, neither with a right code.
  const Registered display = RegisterDisplay(nodes[0]->port());
  ASSERT_NE(display.code, "");
  redis.Kill();
  for (const auto& node : nodes) node->WaitReady(503);
  EXPECT_EQ(PairController(nodes[1]->port(), display.code).status, 503);
  EXPECT_EQ(Request(nodes[2]->port(), "POST", "/api/sessions/register", "{}").status, 503);
}

std::string Relayed(const std::string& type, const std::string& data) {
  return R"({"type":")" + type + R"(","id":"1","data":)" + data + "}";
}

// All that must not be in a log, of a scenario in which each of them was there.
TEST(OperationTest, LogsHoldNoSecrets) {
  test::RedisServer redis;
  const std::vector<std::string> more = {"--log-level", "debug", "--trusted-proxy", "127.0.0.1"};
  const std::string url = "redis://" + redis.Address();
  const std::string address = "203.0.113.77";
  std::vector<std::string> secrets = {address,       "2001:db8:77",      "marker-name",
                                      "marker-sdp",  "marker-candidate", "198.51.100.23",
                                      "marker-hello"};
  std::string log;
  std::string events;
  {
    Node a(url, "a", more);
    Node b(url, "b", more);
    const Response registered =
        Request(a.port(), "POST", "/api/sessions/register", R"({"name":"marker-name"})",
                {{"X-Forwarded-For", address}});
    ASSERT_EQ(registered.status, 201);
    Registered display;
    display.session_id = JsonValue(registered.body, "sessionId");
    display.code = JsonValue(registered.body, "code");
    display.token = JsonValue(registered.body, "displayToken");
    RawClient stream = OpenEvents(a.port(), display);
    GuessFrom(a.port(), address, "987654321");
    GuessFrom(b.port(), "2001:db8:77::1", "987-654-322");
    const Response paired = Request(
        b.port(), "POST", "/api/sessions/pair",
        R"({"code":")" + display.code + R"(","name":"marker-name","hello":{"x":"marker-hello"}})",
        {{"X-Forwarded-For", "2001:db8:77::2"}});
    ASSERT_EQ(paired.status, 200);
    const std::string controller = JsonValue(paired.body, "controllerToken");
    EXPECT_THAT(stream.ReadUntil("marker-hello"), HasSubstr("pairing:ready"));
    WsClient at_display;
    WsClient at_controller;
    ASSERT_EQ(at_display.ConnectWithBearer(a.port(), display.token), 101);
    ASSERT_TRUE(at_display.ReadType("welcome"));
    ASSERT_EQ(at_controller.ConnectWithBearer(b.port(), controller), 101);
    const auto welcome = at_controller.ReadType("welcome");
    ASSERT_TRUE(welcome);
    ASSERT_TRUE(at_display.Send(Relayed("webrtc:offer", R"({"sdp":"v=0 marker-sdp"})")));
    ASSERT_TRUE(at_controller.ReadType("webrtc:offer"));
    ASSERT_TRUE(at_controller.Send(Relayed(
        "webrtc:ice-candidate", R"({"candidate":"marker-candidate udp 1 198.51.100.23 9"})")));
    ASSERT_TRUE(at_display.ReadType("webrtc:ice-candidate"));
    // What goes wrong is told with care as well.
    ASSERT_TRUE(at_controller.Send("marker-sdp is no JSON"));
    ASSERT_TRUE(at_controller.ReadType("error"));
    Request(a.port(), "GET", "/api/sessions/" + display.session_id + "/poll?timeout=0&after=0", "",
            Bearer("s_x.marker-sdp"));
    RawClient rude(a.port());
    rude.Send("GET /marker-sdp HTTP/1.1\r\nmarker-name\r\n\r\n");
    rude.WaitForEnd();
    EXPECT_EQ(Request(a.port(), "DELETE", "/api/sessions/" + display.session_id, "",
                      Bearer(display.token))
                  .status,
              204);
    ASSERT_TRUE(at_controller.ReadType("session:terminated"));
    redis.Kill();
    a.WaitReady(503);
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (a.process().errors().find("store_down") == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      poll(nullptr, 0, 10);
    }
    redis.Start();
    a.WaitReady(200);
    b.WaitReady(200);
    RegisterDisplay(a.port());
    test::ChildProcess reader({PAIRWIRE_RELAY_PROGRAM, "events", "--redis", url, "--json"});
    EXPECT_EQ(reader.WaitForExit(), 0) << reader.errors();
    for (const std::string& line : reader.lines()) events += line + "\n";
    for (Node* node : {&a, &b}) {
      node->process().Signal(SIGTERM);
      EXPECT_EQ(node->process().WaitForExit(), 0);
      log += node->process().errors();
    }
    secrets.insert(
        secrets.end(),
        {display.token, controller, JsonValue(*welcome, "resumeToken"), "987654321", "987-654-322",
         // Of the token after the session's id, which may be named.
         display.token.substr(display.token.find('.') + 1),
         // A number of four digits may stand there by chance, in its context not.
         "code=" + display.code, "\"" + display.code + "\""});
  }
  EXPECT_THAT(log, HasSubstr("store_down"));
  EXPECT_THAT(log, HasSubstr("store_up"));
  EXPECT_THAT(log, HasSubstr("/api/sessions/pair")) << "all is logged that can be";
  EXPECT_THAT(events, HasSubstr("session_registered"));
  for (const std::string& secret : secrets) {
    ASSERT_GE(secret.size(), 4U);
    EXPECT_THAT(log, Not(HasSubstr(secret)));
    EXPECT_THAT(events, Not(HasSubstr(secret)));
  }
}

TEST(OperationTest, TheStateOfTheStoreIsMeasured) {
  test::RedisServer redis;
  const std::string url = "redis://" + redis.Address();
  Node a(url, "a", kQuietWithoutRates);
  Node b(url, "b", kQuietWithoutRates);
  const auto becomes = [&](const char* name, const char* label, double least) {
    return WaitForMetric(a.port(), name, label, [&](double value) { return value >= least; });
  };
  EXPECT_TRUE(becomes("pairwire_nodes", "", 2));
  EXPECT_EQ(Metric(a.port(), "pairwire_store_up"), 1);
  EXPECT_EQ(Metric(a.port(), "pairwire_store_reconnects_total"), 0);
  ASSERT_NO_FATAL_FAILURE(ExpectPairing(a, b));
  EXPECT_TRUE(becomes("pairwire_signal_across_seconds_count", "", 1));
  EXPECT_GE(Metric(a.port(), "pairwire_node_signals_total", "step=\"sent\""), 1);
  EXPECT_EQ(Metric(a.port(), "pairwire_ready_seconds_count"), 0) << "its ends were at two nodes";
  ASSERT_NO_FATAL_FAILURE(ExpectPairing(a, a));
  EXPECT_EQ(Metric(a.port(), "pairwire_ready_seconds_count"), 1);
  EXPECT_EQ(Metric(a.port(), "pairwire_store_step_seconds_count", "step=\"claim\""), 1);
  EXPECT_GE(Metric(a.port(), "pairwire_turn_seconds_count"), 10);
  redis.Kill();
  EXPECT_TRUE(WaitForMetric(a.port(), "pairwire_store_up", "", [](double up) { return up == 0; }));
  redis.Start();
  EXPECT_TRUE(becomes("pairwire_store_up", "", 1));
  EXPECT_TRUE(becomes("pairwire_store_reconnects_total", "", 1));
}

struct Ran {
  int exit_code = -1;
  std::vector<std::string> lines;
  std::string errors;
};
Ran RunEventsProgram(const std::string& url, const std::vector<std::string>& more) {
  std::vector<std::string> command = {PAIRWIRE_RELAY_PROGRAM, "events"};
  if (!url.empty()) command.insert(command.end(), {"--redis", url});
  command.insert(command.end(), more.begin(), more.end());
  test::ChildProcess process(command);
  Ran ran;
  ran.exit_code = process.WaitForExit();
  ran.lines = process.lines();
  ran.errors = process.errors();
  return ran;
}

TEST(OperationTest, TheEventLogIsPrintedAndFollowed) {
  test::RedisServer redis;
  const std::string url = "redis://" + redis.Address();
  Node a(url, "a", kQuietWithoutRates);
  const Registered display = RegisterDisplay(a.port());
  const Ran first = RunEventsProgram(url, {});
  EXPECT_EQ(first.exit_code, 0) << first.errors;
  ASSERT_EQ(first.lines.size(), 2U);
  EXPECT_THAT(first.lines[0], HasSubstr(" node_up node=a"));
  EXPECT_THAT(first.lines[1], HasSubstr(" session_registered session=" + display.session_id));
  const Ran json = RunEventsProgram(url, {"--json"});
  ASSERT_EQ(json.lines.size(), 2U);
  const auto last = nlohmann::json::parse(json.lines[1], nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(last.is_object());
  EXPECT_EQ(last["type"], "session_registered");
  EXPECT_EQ(last["sessionId"], display.session_id);
  EXPECT_EQ(last["role"], "display");
  EXPECT_FALSE(last.contains("reason"));
  const auto cursor = last["cursor"].get<std::string>();

  // Followed, it goes on through a loss of the connection.
  test::ChildProcess follower(
      {PAIRWIRE_RELAY_PROGRAM, "events", "--redis", url, "--follow", "--after", cursor});
  const Paired controller = PairController(a.port(), display.code);
  const auto wait = [&](const std::string& text) {
    return follower
        .WaitForLine([&](const std::string& l) { return l.find(text) != std::string::npos; })
        .value_or("");
  };
  EXPECT_THAT(wait("code_claimed"), HasSubstr("member=" + controller.controller_id));
  redis.Cli({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  redis.Cli({"CLIENT", "KILL", "TYPE", "pubsub"});
  a.WaitReady(200);
  Response ended;
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while ((ended = Request(a.port(), "DELETE", "/api/sessions/" + display.session_id, "",
                          Bearer(display.token)))
             .status == 503) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    poll(nullptr, 0, 10);
  }
  EXPECT_EQ(ended.status, 204);
  EXPECT_THAT(wait("session_ended"), HasSubstr("reason=ended"));
  for (const std::string& line : follower.lines()) {
    EXPECT_THAT(line, Not(HasSubstr("session_registered"))) << "before the cursor";
  }
  const Ran state = RunEventsProgram(url, {"--state"});
  EXPECT_EQ(state.exit_code, 0);
  EXPECT_THAT(state.lines, ::testing::ElementsAre("node=a"));
}

TEST(OperationTest, EventsSaysWhatIsWrong) {
  const Ran alone = RunEventsProgram("", {});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.errors, HasSubstr("events needs --redis"));
  ServerConfig config;
  config.redis = *redis::ParseRedisUrl("redis://127.0.0.1:1");
  std::string complaint;
  const int exit_code = RunEvents(
      config, {}, [](const std::string&) { return true; },
      [&](const std::string& line) {
        complaint += line;
        return true;
      },
      std::chrono::milliseconds(200));
  EXPECT_EQ(exit_code, 1);
  EXPECT_THAT(complaint, HasSubstr("Redis is not reached: "));
}

}  // namespace
}  // namespace pairwire::server
