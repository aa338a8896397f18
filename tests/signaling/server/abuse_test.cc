// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Clients that do not play by the rules: too many, too slow, too much, cut short, or plain garbage.
// The relay answers or closes, forgets them, and goes on serving the others.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// Only the connection that asks for the metrics is left.
bool OnlyTheAskerIsLeft(const TestRelay& relay) {
  return WaitForMetric(relay.port(), "pairwire_connections", "kind=\"http\"",
                       [](double n) { return n == 1; }) &&
         Metric(relay.port(), "pairwire_connections", "kind=\"events\"") == 0;
}

TEST(AbuseTest, HttpCutShortAtEveryByte) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  const std::string request =
      RequestText("POST", "/api/sessions/pair", R"({"code":"000000000","name":"x"})") +
      RequestText("GET", "/api/sessions/" + display.session_id + "/events", {},
                  Bearer(display.token));
  for (std::size_t size = 0; size < request.size(); ++size) {
    RawClient client(relay.port());
    ASSERT_TRUE(client.connected());
    ASSERT_TRUE(client.Send(request.substr(0, size)));
    if (size % 3 == 0) client.Reset();
    if (size % 3 == 1) client.Close();
    if (size % 3 == 2) {
      client.CloseSending();
      EXPECT_TRUE(client.WaitForEnd()) << size;
    }
  }
  EXPECT_TRUE(OnlyTheAskerIsLeft(relay));
}

TEST(AbuseTest, GarbageIsAnsweredWith400AndClosed) {
  TestRelay relay;
  std::mt19937 random(42);
  for (int round = 0; round < 50; ++round) {
    std::string garbage;
    for (int i = 0; i < 200; ++i) garbage += static_cast<char>(random());
    RawClient client(relay.port());
    client.Send(garbage + "\r\n\r\n");
    std::string answer;
    EXPECT_TRUE(client.ReadToEnd(answer));
    EXPECT_EQ(answer.rfind("HTTP/1.1 4", 0), 0U) << answer;
  }
  EXPECT_TRUE(OnlyTheAskerIsLeft(relay));
}

TEST(AbuseTest, OversizedHeadersAndBodiesAreNamed) {
  TestRelay relay;
  {
    RawClient client(relay.port());
    client.Send(RequestText("GET", "/healthz", {}, {{"X-Long", std::string(9'000, 'h')}}));
    const Response response = client.ReadResponse();
    EXPECT_EQ(response.status, 431);
    EXPECT_EQ(JsonValue(response.body, "code"), "headers_too_large");
    EXPECT_TRUE(client.WaitForEnd());
  }
  {
    RawClient client(relay.port());
    client.Send(RequestText("GET", "/" + std::string(9'000, 'p')));
    EXPECT_EQ(client.ReadResponse().status, 431);
  }
  {
    RawClient client(relay.port());
    client.Send(RequestText("POST", "/api/sessions/register", std::string(17 * 1024, ' ')));
    const Response response = client.ReadResponse();
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(JsonValue(response.body, "code"), "payload_too_large");
    EXPECT_EQ(response.Header("Connection"), "close");
  }
  {
    RawClient client(relay.port());
    std::string endless =
        "POST /api/sessions/register HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 40; ++i) endless += "400\r\n" + std::string(1024, 'c') + "\r\n";
    client.Send(endless);
    EXPECT_EQ(client.ReadResponse().status, 413);
  }
}

TEST(AbuseTest, TheAnswerToAHugeUploadStillArrives) {
  // The rest of the upload is read away for a while; closing at once would reset the connection.
  TestRelay relay;
  RawClient client(relay.port());
  client.Send("POST /api/sessions/register HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_TRUE(client.Send(std::string(200'000, 'u'))) << "reset before it was all sent";
  EXPECT_EQ(client.ReadResponse().status, 413);
}

TEST(AbuseTest, SlowlorisIsCutAfterTheRequestTime) {
  ServerConfig config = TestConfig();
  config.timeouts.request = std::chrono::milliseconds(300);
  TestRelay relay(config);
  RawClient silent(relay.port());
  RawClient started(relay.port());
  started.Send("GET /healthz HTTP/1.1\r\nHo");
  RawClient half_body(relay.port());
  half_body.Send("POST /api/sessions/register HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{");
  std::string answer;
  EXPECT_TRUE(silent.ReadToEnd(answer));
  EXPECT_EQ(answer, "");
  EXPECT_EQ(started.ReadResponse().status, 408);
  EXPECT_TRUE(started.WaitForEnd());
  EXPECT_EQ(half_body.ReadResponse().status, 408);
  // One that keeps sending a byte now and then gains nothing: the time is for the whole request.
  RawClient trickle(relay.port());
  trickle.Send("GET /healthz HTTP/1.1\r\nX: ");
  int sent = 0;
  for (; sent < 8'000 && !trickle.HasInput(); ++sent) {
    trickle.Send("x");
    // A whole request of another client in between, so that time passes.
    EXPECT_EQ(Request(relay.port(), "GET", "/healthz").status, 200);
  }
  EXPECT_EQ(trickle.ReadResponse().status, 408) << "after " << sent << " bytes";
  EXPECT_TRUE(trickle.WaitForEnd());
  EXPECT_TRUE(OnlyTheAskerIsLeft(relay));
}

TEST(AbuseTest, IdleKeptConnectionsAreClosed) {
  ServerConfig config = TestConfig();
  config.timeouts.keep_alive = std::chrono::milliseconds(200);
  TestRelay relay(config);
  RawClient client(relay.port());
  client.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(AbuseTest, OneWhoDoesNotReadAResponseIsCut) {
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / ("relay_slow_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "big.bin") << std::string(7'000'000, 'b');
  ServerConfig config = TestConfig();
  config.web_dir = folder.string();
  config.limits.static_file_bytes = 8'000'000;
  config.timeouts.write =
      std::chrono::milliseconds(200) - std::chrono::seconds(7'000'000 / (16 * 1024));
  TestRelay relay(config);
  RawClient slow(relay.port(), 4096);
  slow.Send(RequestText("GET", "/big.bin"));
  EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_slow_consumers_total", "kind=\"http\"",
                            [](double n) { return n >= 1; }));
  std::string got;
  EXPECT_TRUE(slow.ReadToEnd(got));
  EXPECT_LT(got.size(), 7'000'000U);
  std::filesystem::remove_all(folder);
}

TEST(AbuseTest, PipelineBehindAWaitingRequestIsBounded) {
  // The relay stops reading while the poll waits, so the client's sends block instead of filling
  // memory.
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  RawClient client(relay.port());
  client.Send(RequestText("GET", "/api/sessions/" + display.session_id + "/poll?timeout=25", {},
                          Bearer(display.token)));
  ASSERT_TRUE(WaitForMetric(relay.port(), "pairwire_polls", "", [](double n) { return n == 1; }));
  constexpr int kRequests = 4'000;
  const std::string request = RequestText("GET", "/healthz", {}, {{"X", std::string(4'000, 'x')}});
  std::atomic<int> sent{0};
  std::thread sender([&] {
    while (sent < kRequests && client.Send(request)) ++sent;
  });
  // Blocked: no progress while another client is served many times over.
  for (int before = -1, quiet = 0; quiet < 100; before = sent) {
    EXPECT_EQ(Request(relay.port(), "GET", "/healthz").status, 200);
    quiet = before == sent ? quiet + 1 : 0;
  }
  EXPECT_LT(sent, kRequests) << "16 MB cannot be in the sockets' buffers";
  EXPECT_EQ(PairController(relay.port(), display.code).status, 200);
  EXPECT_EQ(client.ReadResponse().status, 200);
  int answered = 0;
  while (answered < kRequests && client.ReadResponse().status == 200) ++answered;
  EXPECT_EQ(answered, kRequests);
  client.CloseSending();  // frees the sender should something have gone wrong
  sender.join();
}

TEST(AbuseTest, TooManyConnectionsAreTold503) {
  ServerConfig config = TestConfig();
  config.limits.connections = 3;
  TestRelay relay(config);
  std::vector<RawClient> held;
  for (int i = 0; i < 3; ++i) {
    held.emplace_back(relay.port());
    held.back().Send(RequestText("GET", "/healthz"));
    EXPECT_EQ(held.back().ReadResponse().status, 200);
  }
  RawClient refused(relay.port());
  refused.Send(RequestText("GET", "/healthz"));
  const Response response = refused.ReadResponse();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(JsonValue(response.body, "code"), "not_ready");
  EXPECT_FALSE(response.Header("Retry-After").empty());
  EXPECT_TRUE(refused.WaitForEnd());
  // Those that are in go on, and a place that is given back is there again.
  held[0].Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(held[0].ReadResponse().status, 200);
  held.pop_back();
  EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_connections_refused_total",
                            "bound=\"connections\"", [](double n) { return n >= 1; }));
}

TEST(AbuseTest, OneAddressCannotTakeEverything) {
  ServerConfig config = TestConfig();
  config.limits.connections_per_ip = 2;
  config.limit_loopback = true;
  TestRelay relay(config);
  RawClient first(relay.port());
  RawClient second(relay.port());
  for (RawClient* client : {&first, &second}) {
    client->Send(RequestText("GET", "/healthz"));
    EXPECT_EQ(client->ReadResponse().status, 200);
  }
  RawClient third(relay.port());
  EXPECT_EQ(third.ReadResponse().status, 503) << "refused without a word from the client";
  // Over and over: refusals leak nothing, and far more than 64 at once are closed without an
  // answer.
  for (int i = 0; i < 300; ++i) RawClient(relay.port()).Close();
  first.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(first.ReadResponse().status, 200);
}

TEST(AbuseTest, HalfOpenConnectionsAreBounded) {
  ServerConfig config = TestConfig();
  config.limits.half_open = 2;
  TestRelay relay(config);
  RawClient established(relay.port());
  established.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(established.ReadResponse().status, 200);
  RawClient first(relay.port());
  RawClient second(relay.port());
  established.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(established.ReadResponse().status, 200);
  RawClient third(relay.port());
  EXPECT_EQ(third.ReadResponse().status, 503);
  first.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(first.ReadResponse().status, 200);
  RawClient fourth(relay.port());
  fourth.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(fourth.ReadResponse().status, 200);
}

TEST(AbuseTest, RateLimitedRequestsAreTold429) {
  ServerConfig config = TestConfig();
  config.rate_limits = true;
  TestRelay relay(config);
  int limited = 0;
  for (int i = 0; i < 40 && limited == 0; ++i) {
    const Response response =
        Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":"123456789"})");
    if (response.status != 429) {
      EXPECT_EQ(response.status, 404);
      continue;
    }
    ++limited;
    EXPECT_EQ(JsonValue(response.body, "code"), "rate_limited");
    EXPECT_GT(std::atoi(response.Header("Retry-After").c_str()), 0);
  }
  EXPECT_EQ(limited, 1);
}

TEST(AbuseTest, AWrongCodeIsAnsweredLateARightOneAtOnce) {
  TestRelay relay;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":"123456789"})").status,
            404);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(49));
  // Others are served meanwhile, and nobody minds when the client does not wait for it.
  RawClient waiting(relay.port());
  waiting.Send(RequestText("POST", "/api/sessions/pair", R"({"code":"123456789"})"));
  EXPECT_EQ(PairController(relay.port(), RegisterDisplay(relay.port()).code).status, 200);
  {
    RawClient left(relay.port());
    left.Send(RequestText("POST", "/api/sessions/pair", R"({"code":"1"})"));
  }
  EXPECT_EQ(waiting.ReadResponse().status, 404);
}

// More than one socket's burst (RelayOptions::messages_per_socket) in one go.
TEST(AbuseTest, WithoutRateLimitsASocketMaySendAsFastAsItCan) {
  constexpr int kMessages = 600;
  for (const bool rate_limits : {false, true}) {
    ServerConfig config = TestConfig();
    config.rate_limits = rate_limits;
    TestRelay relay(config);
    const Registered display = RegisterDisplay(relay.port());
    WsClient socket;
    ASSERT_EQ(socket.ConnectWithBearer(relay.port(), display.token), 101);
    ASSERT_TRUE(socket.ReadType("welcome"));
    for (int i = 0; i < kMessages; ++i) {
      socket.Send(R"({"type":"heartbeat","id":")" + std::to_string(i) + R"("})");
    }
    int acked = 0;
    for (int i = 0; i < kMessages; ++i) {
      const auto answer = socket.Read();
      if (!answer) break;
      if (JsonValue(*answer, "type") == "ack") ++acked;
    }
    if (rate_limits) {
      EXPECT_LT(acked, kMessages) << "the bound is there when it is asked for";
    } else {
      EXPECT_EQ(acked, kMessages);
    }
  }
}

TEST(AbuseTest, PathsThatLeaveTheWebFolderAreNotFound) {
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / ("relay_paths_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "web");
  std::ofstream(folder / "web" / "index.html") << "page";
  std::ofstream(folder / "secret.txt") << "secret";
  ServerConfig config = TestConfig();
  config.web_dir = (folder / "web").string();
  TestRelay relay(config);
  const Response page = Request(relay.port(), "GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "page");
  EXPECT_NE(page.Header("Content-Security-Policy").find("connect-src 'self' ws://relay.test"),
            std::string::npos);
  EXPECT_EQ(Request(relay.port(), "HEAD", "/").Header("Content-Length"), "4");
  EXPECT_EQ(Request(relay.port(), "GET", "/", {}, {{"If-None-Match", page.Header("ETag")}}).status,
            304);
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt", "/..%2fsecret.txt",
        "/..%5csecret.txt", "/x/../../secret.txt", "/%252e%252e/secret.txt", "//secret.txt", "/%00",
        "/index.html%00.txt", "/etc/passwd"}) {
    const int status = Request(relay.port(), "GET", path).status;
    EXPECT_TRUE(status == 404 || status == 400) << path << " " << status;
  }
  EXPECT_EQ(Request(relay.port(), "GET", "/?query=../secret.txt").status, 200);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pairwire::server
