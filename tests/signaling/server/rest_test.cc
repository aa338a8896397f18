// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The REST side of the relay over real sockets: each call, each refusal, and how HTTP itself is
// spoken.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

TEST(RestTest, WholeFlowFromRegisterToDelete) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  EXPECT_EQ(display.code.size(), 4U);
  RawClient events = OpenEvents(relay.port(), display);

  const Paired controller =
      PairController(relay.port(), display.code, R"(,"name":"Phone","hello":{"share":"abc"})");
  ASSERT_EQ(controller.status, 200);
  const std::string ready = events.ReadUntil("\n\n") + events.ReadUntil("\n\n");
  EXPECT_NE(ready.find("event: pairing:ready\n"), std::string::npos) << ready;
  EXPECT_NE(ready.find("id: "), std::string::npos);
  EXPECT_NE(ready.find(controller.controller_id), std::string::npos);
  EXPECT_NE(ready.find(R"("hello":{"share":"abc"})"), std::string::npos);

  WsClient display_socket;
  WsClient controller_socket;
  ASSERT_EQ(display_socket.ConnectWithBearer(relay.port(), display.token), 101);
  ASSERT_EQ(controller_socket.ConnectWithBearer(relay.port(), controller.token), 101);
  ASSERT_TRUE(display_socket.ReadType("welcome"));
  ASSERT_TRUE(controller_socket.ReadType("welcome"));

  ASSERT_TRUE(
      display_socket.Send(R"({"type":"webrtc:offer","id":"m1","data":{"sdp":"v=0 offer"}})"));
  ASSERT_TRUE(display_socket.ReadType("ack"));
  const auto offer = controller_socket.ReadType("webrtc:offer");
  ASSERT_TRUE(offer);
  EXPECT_EQ(JsonValue(*offer, "sdp"), "v=0 offer");
  EXPECT_FALSE(JsonValue(*offer, "from").empty());
  ASSERT_TRUE(controller_socket.Send(R"({"type":"webrtc:answer","data":{"sdp":"v=0 answer"}})"));
  ASSERT_TRUE(display_socket.ReadType("webrtc:answer"));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(controller_socket.Send(R"({"type":"webrtc:ice-candidate","data":{"candidate":"c)" +
                                       std::to_string(i) + "\"}}"));
  }
  for (int i = 0; i < 20; ++i) {
    const auto candidate = display_socket.ReadType("webrtc:ice-candidate");
    ASSERT_TRUE(candidate);
    EXPECT_EQ(JsonValue(*candidate, "candidate"), "c" + std::to_string(i));
  }

  const Response ended = Request(relay.port(), "DELETE", "/api/sessions/" + display.session_id, {},
                                 Bearer(controller.token));
  EXPECT_EQ(ended.status, 204);
  ASSERT_TRUE(display_socket.ReadType("session:terminated"));
  EXPECT_EQ(display_socket.ReadToClose(), 1000);
  const std::string last = events.ReadUntil("session:terminated");
  EXPECT_FALSE(last.empty());
  EXPECT_TRUE(events.WaitForEnd());
}

TEST(RestTest, AnswersHaveTheFieldsOfTheProtocol) {
  TestRelay relay;
  const Response response =
      Request(relay.port(), "POST", "/api/sessions/register", R"({"plain":true})");
  ASSERT_EQ(response.status, 201);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  EXPECT_EQ(JsonValue(response.body, "code").size(), 9U);
  for (const char* name : {"sessionId", "displayId", "displayToken", "expiresIn", "expiresAt",
                           "eventsUrl", "pollUrl", "wsUrl", "heartbeatInterval"}) {
    EXPECT_FALSE(JsonValue(response.body, name).empty()) << name;
  }
  EXPECT_EQ(JsonValue(response.body, "eventsUrl"),
            "/api/sessions/" + JsonValue(response.body, "sessionId") + "/events");
  EXPECT_EQ(Request(relay.port(), "POST", "/api/sessions/register").status, 201)
      << "an empty body is {}";
}

TEST(RestTest, PublicUrlComesBeforeThePaths) {
  ServerConfig config = TestConfig();
  config.public_url = "https://relay.example/base";
  TestRelay relay(config);
  const Response response = Request(relay.port(), "POST", "/api/sessions/register", "{}");
  EXPECT_EQ(JsonValue(response.body, "eventsUrl").rfind("https://relay.example/base/api/", 0), 0U);
}

TEST(RestTest, UnknownUsedAndEndedCodesAreTheSame404) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  ASSERT_EQ(PairController(relay.port(), display.code).status, 200);
  const Response used =
      Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":")" + display.code + "\"}");
  EXPECT_EQ(used.status, 404);
  EXPECT_EQ(used.Header("Content-Type"), "application/problem+json");
  EXPECT_EQ(JsonValue(used.body, "code"), "code_not_found");

  const Registered other = RegisterDisplay(relay.port());
  EXPECT_EQ(
      Request(relay.port(), "DELETE", "/api/sessions/" + other.session_id, {}, Bearer(other.token))
          .status,
      204);
  const Response ended =
      Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":")" + other.code + "\"}");
  std::string unknown_code = "0000";
  for (int i = 0; unknown_code == display.code || unknown_code == other.code; ++i)
    unknown_code[3] = static_cast<char>('1' + i);
  const Response unknown =
      Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":")" + unknown_code + "\"}");
  EXPECT_EQ(ended.status, 404);
  EXPECT_EQ(ended.body, used.body);
  EXPECT_EQ(unknown.body, used.body);
}

TEST(RestTest, SeparatorsInACodeAreIgnored) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port(), R"({"plain":true})");
  const std::string typed =
      display.code.substr(0, 3) + " " + display.code.substr(3, 3) + "-" + display.code.substr(6);
  EXPECT_EQ(PairController(relay.port(), typed).status, 200);
}

TEST(RestTest, ExactlyOneOfRacingControllersWins) {
  TestRelay relay;
  for (int round = 0; round < 20; ++round) {
    const Registered display = RegisterDisplay(relay.port());
    std::atomic<int> won{0};
    std::atomic<int> lost{0};
    std::vector<std::thread> racers;
    for (int i = 0; i < 4; ++i) {
      racers.emplace_back([&] {
        const int status = PairController(relay.port(), display.code).status;
        if (status == 200) ++won;
        if (status == 404) ++lost;
      });
    }
    for (std::thread& racer : racers) racer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 3);
  }
}

TEST(RestTest, ExpiredSessionEndsEverywhere) {
  ServerConfig config = TestConfig();
  config.session_ttl = std::chrono::seconds(1);
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  RawClient events = OpenEvents(relay.port(), display);
  EXPECT_FALSE(events.ReadUntil("event: session:terminated").empty());
  EXPECT_FALSE(events.ReadUntil("expired").empty());
  EXPECT_TRUE(events.WaitForEnd());
  EXPECT_EQ(PairController(relay.port(), display.code).status, 404);
}

TEST(RestTest, TokensAreChecked) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  const Registered other = RegisterDisplay(relay.port());
  const std::string events = "/api/sessions/" + display.session_id + "/events";
  const std::string poll = "/api/sessions/" + display.session_id + "/poll";
  const std::string heartbeat = "/api/displays/" + display.display_id + "/heartbeat";
  for (const std::string& token :
       {std::string(), std::string("wrong"), other.token, display.token + "x",
        std::string(300, 'a'), display.session_id + "."}) {
    const Headers headers = token.empty() ? Headers{} : Bearer(token);
    EXPECT_EQ(Request(relay.port(), "GET", events, {}, headers).status, 401) << token;
    EXPECT_EQ(Request(relay.port(), "GET", poll, {}, headers).status, 401);
    EXPECT_EQ(
        Request(relay.port(), "DELETE", "/api/sessions/" + display.session_id, {}, headers).status,
        401);
    EXPECT_EQ(Request(relay.port(), "POST", heartbeat, {}, headers).status, 401);
  }
  const Response refused = Request(relay.port(), "GET", events);
  EXPECT_EQ(JsonValue(refused.body, "code"), "unauthorized");
  EXPECT_EQ(refused.Header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(Request(relay.port(), "POST", heartbeat, {}, Bearer(display.token)).status, 204);
}

TEST(RestTest, BadBodiesAreNamed) {
  TestRelay relay;
  const char* register_path = "/api/sessions/register";
  for (const char* body :
       {"{", "[]", "null", "{\"name\":1}", "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"maxControllers\":0}", "{\"maxControllers\":1e400}", "{\"name\":\"\xff\"}", "{}x"}) {
    const Response response = Request(relay.port(), "POST", register_path, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(JsonValue(response.body, "code"), "invalid_request") << body;
  }
  const Response type =
      Request(relay.port(), "POST", register_path, "{}", {{"Content-Type", "application/xml"}});
  EXPECT_EQ(type.status, 415);
  for (const char* usual : {"text/plain;charset=UTF-8", "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(Request(relay.port(), "POST", register_path, "{}", {{"Content-Type", usual}}).status,
              201);
    EXPECT_EQ(Request(relay.port(), "POST", register_path, "{}",
                      {{"Content-Type", usual}, {"Origin", "https://elsewhere.example"}})
                  .status,
              403);
  }
  EXPECT_EQ(Request(relay.port(), "POST", register_path, "{}",
                    {{"Content-Type", "application/json; charset=utf-8"}})
                .status,
            201);
  EXPECT_EQ(Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":"12ab"})").status, 400);
}

TEST(RestTest, UnknownPathsAndMethods) {
  TestRelay relay;
  for (const char* path :
       {"/", "/api", "/api/sessions", "/api/sessions/x/nope", "/api/displays//heartbeat",
        "/healthz/", "/api/sessions/a/b/events", "/ws/x"}) {
    const Response response = Request(relay.port(), "GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(JsonValue(response.body, "code"), "not_found") << path;
  }
  const Response method = Request(relay.port(), "PUT", "/api/sessions/register", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.Header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(Request(relay.port(), "GET", "/api/sessions/register").status, 405);
  EXPECT_EQ(Request(relay.port(), "BREW", "/healthz").status, 405);
  EXPECT_EQ(Request(relay.port(), "POST", "/nowhere", "{}").status, 404);
}

TEST(RestTest, HealthReadyVersionAndMetrics) {
  TestRelay relay;
  EXPECT_EQ(Request(relay.port(), "GET", "/healthz").status, 200);
  EXPECT_EQ(Request(relay.port(), "GET", "/readyz").status, 200);
  const Response version = Request(relay.port(), "GET", "/version");
  EXPECT_EQ(JsonValue(version.body, "protocol"), "pairwire.v1");
  RegisterDisplay(relay.port());
  const Response metrics = Request(relay.port(), "GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.Header("Content-Type").rfind("text/plain; version=0.0.4", 0), 0U);
  EXPECT_EQ(Metric(relay.port(), "pairwire_sessions_registered_total"), 1);
  EXPECT_EQ(Metric(relay.port(), "pairwire_sessions", "state=\"waiting\""), 1);
  EXPECT_GE(Metric(relay.port(), "pairwire_http_requests_total", "route=\"/version\""), 1);
  EXPECT_GE(Metric(relay.port(), "pairwire_http_request_seconds_count", "route=\"/healthz\""), 1);
  EXPECT_GE(Metric(relay.port(), "pairwire_connections", "kind=\"http\""), 1);
  EXPECT_GT(Metric(relay.port(), "pairwire_process_resident_bytes"), 1e6);
  EXPECT_EQ(metrics.body.find("/api/sessions/s_"), std::string::npos) << "no ids in labels";
}

TEST(RestTest, HeadAndOptions) {
  TestRelay relay;
  RawClient client(relay.port());
  client.Send(RequestText("HEAD", "/healthz") + RequestText("GET", "/healthz"));
  const Response head = client.ReadResponse(true);
  const Response get = client.ReadResponse();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("Content-Length"), get.Header("Content-Length"));
  EXPECT_EQ(get.body, R"({"status":"ok"})");
  const Response options = Request(relay.port(), "OPTIONS", "/api/sessions/pair");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.Header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(options.Header("Access-Control-Allow-Origin"), "");
}

TEST(RestTest, OnlyListedOriginsAndTheOwnHostMayAsk) {
  ServerConfig config = TestConfig();
  config.origins = {"https://app.example"};
  TestRelay relay(config);
  const auto ask = [&](const std::string& origin) {
    return Request(relay.port(), "POST", "/api/sessions/register", "{}", {{"Origin", origin}});
  };
  const Response listed = ask("https://app.example");
  EXPECT_EQ(listed.status, 201);
  EXPECT_EQ(listed.Header("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(listed.Header("Vary"), "Origin");
  const Response own = ask("http://relay.test");
  EXPECT_EQ(own.status, 201);
  EXPECT_EQ(own.Header("Access-Control-Allow-Origin"), "");
  const Response foreign = ask("https://evil.example");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(JsonValue(foreign.body, "code"), "forbidden_origin");
  EXPECT_EQ(foreign.Header("Access-Control-Allow-Origin"), "");
  const Response preflight =
      Request(relay.port(), "OPTIONS", "/api/sessions/pair", {},
              {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_NE(preflight.Header("Access-Control-Allow-Headers").find("Authorization"),
            std::string::npos);
  EXPECT_EQ(preflight.Header("Access-Control-Allow-Credentials"), "");
}

TEST(RestTest, PipelinedRequestsAreAnsweredInOrder) {
  TestRelay relay;
  RawClient client(relay.port());
  std::string burst;
  for (int i = 0; i < 300; ++i) burst += RequestText("GET", i % 2 == 0 ? "/healthz" : "/version");
  ASSERT_TRUE(client.Send(burst));
  for (int i = 0; i < 300; ++i) {
    const Response response = client.ReadResponse();
    ASSERT_EQ(response.status, 200) << i;
    ASSERT_EQ(response.body.find("pairwire-relay") != std::string::npos, i % 2 == 1) << i;
  }
}

TEST(RestTest, PipelinedRegistersAreAnsweredInOrder) {
  // Each answer comes from inside the core, which must not be entered again for the next request.
  TestRelay relay;
  RawClient client(relay.port());
  std::string burst;
  for (int i = 0; i < 50; ++i) burst += RequestText("POST", "/api/sessions/register", "{}");
  ASSERT_TRUE(client.Send(burst));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client.ReadResponse().status, 201) << i;
  ASSERT_TRUE(client.Send("GET /healthz HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().Header("Connection"), "close");
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(RestTest, ConnectionCloseAndHalfCloseAreHonoured) {
  TestRelay relay;
  {
    RawClient client(relay.port());
    client.Send(RequestText("GET", "/healthz", {}, {{"Connection", "close"}}));
    EXPECT_EQ(client.ReadResponse().Header("Connection"), "close");
    EXPECT_TRUE(client.WaitForEnd());
  }
  {
    RawClient client(relay.port());
    client.Send(RequestText("GET", "/healthz"));
    client.CloseSending();
    EXPECT_EQ(client.ReadResponse().status, 200);
    EXPECT_TRUE(client.WaitForEnd());
  }
}

TEST(RestTest, ExpectContinueIsAnswered) {
  TestRelay relay;
  RawClient client(relay.port());
  client.Send(
      "POST /api/sessions/register HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("{}");
  EXPECT_EQ(client.ReadResponse().status, 201);
}

TEST(RestTest, Ipv6Works) {
  ServerConfig config = TestConfig();
  config.listen_host = "::1";
  auto server = Server::Create(config);
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().detail;
  EXPECT_EQ((*server)->url(), "http://[::1]:" + std::to_string((*server)->port()));
}

TEST(RestTest, PortInUseIsOneClearSentence) {
  TestRelay relay;
  ServerConfig config = TestConfig();
  config.listen_port = relay.port();
  const auto second = Server::Create(config);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kSystem);
  EXPECT_NE(second.error().detail.find("is in use"), std::string::npos);
}

TEST(RestTest, NodesAreListedOnceTheyHaveAnAddress) {
  TestRelay alone;
  EXPECT_EQ(Request(alone.port(), "GET", "/api/nodes").body, R"({"nodes":[]})");
  ServerConfig config = TestConfig();
  config.node_id = "n1";
  config.region = "eu-1";
  config.advertise_url = "https://n1.relay.example";
  TestRelay relay(config);
  const Response nodes = Request(relay.port(), "GET", "/api/nodes");
  EXPECT_EQ(nodes.status, 200);
  EXPECT_EQ(
      nodes.body,
      R"({"nodes":[{"nodeId":"n1","url":"https://n1.relay.example","region":"eu-1","loadPercent":0}]})");
}

TEST(RestTest, TheSwitchesAreTold) {
  ServerConfig config = TestConfig();
  config.connection = relay::ConnectionMode::kImmediate;
  config.signaling = relay::SignalingMode::kRelayed;
  TestRelay relay(config);
  const Response registered = Request(relay.port(), "POST", "/api/sessions/register", "{}");
  EXPECT_EQ(JsonValue(registered.body, "connection"), "immediate");
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(relay.port(), JsonValue(registered.body, "displayToken")),
            101);
  EXPECT_EQ(JsonValue(socket.ReadType("welcome").value_or(""), "mode"), "relayed");
}

}  // namespace
}  // namespace pairwire::server
