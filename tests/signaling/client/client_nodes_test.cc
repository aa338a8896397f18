// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The client among the nodes of one relay, all of them real processes on a real Redis: which is the
// nearest, and going on at another one with what came meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "signaling/client/nearest_relay.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/signaling_socket.h"
#include "signaling/net/event_loop.h"
#include "signaling/protocol/events.h"
#include "tests/signaling/client/fake_relay.h"
#include "tests/signaling/net/net_harness.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/redis_server.h"
#include "tests/support/relay_node.h"
#include "tests/support/server_port.h"

namespace pairwire {
namespace {

using test::ClientLoop;
using test::FakeConnection;
using test::FakeRelay;
using test::HttpAnswer;
using test::RelayNode;
using test::Watched;
using ::testing::HasSubstr;

RelayUrl UrlOf(std::uint16_t port) { return {false, "127.0.0.1", port, {}}; }

// Asks `asked` for the others until `enough` says that the answer is the one that is waited for.
// The loop runs the proxies of the test.
std::uint16_t Nearest(net::EventLoop& loop, const RelayUrl& asked,
                      const std::function<bool(std::uint16_t)>& enough) {
  ClientLoop client(asked);
  std::uint16_t found = 0;
  const auto end = std::chrono::steady_clock::now() + test::kDeadline;
  while (std::chrono::steady_clock::now() < end) {
    Watched<std::uint16_t> nearest(0);
    std::optional<NearestRelay> search;
    client.Do([&] {
      search.emplace(client.endpoint(), [&](const RelayUrl& url) { nearest.Set(url.port); });
    });
    EXPECT_TRUE(net::testing::RunUntil(loop, [&] { return nearest.Get() != 0; }));
    client.Do([&] { search.reset(); });
    found = nearest.Get();
    if (enough(found)) break;
  }
  return found;
}

// Row A3: three nodes whose ways differ in length; each in turn is the nearest.
TEST(NearestRelayTest, MeasuresThreeNodes) {
  test::RedisServer redis;
  net::EventLoop loop;
  std::vector<std::unique_ptr<test::FaultProxy>> ways;
  std::vector<std::unique_ptr<RelayNode>> nodes;
  for (int i = 0; i < 3; ++i) {
    const std::uint16_t port = test::ServerPort();
    ways.push_back(std::make_unique<test::FaultProxy>(loop, port));
    nodes.push_back(std::make_unique<RelayNode>(
        redis, "node-" + std::to_string(i),
        std::vector<std::string>{"--region", "region-" + std::to_string(i), "--advertise-url",
                                 "http://127.0.0.1:" + std::to_string(ways.back()->port())},
        port));
  }
  WaitForNodes(redis, 3);
  for (const std::size_t nearest : {1U, 2U, 0U}) {
    for (std::size_t i = 0; i < 3; ++i) {
      // Far more than a loaded machine adds to one of three samples.
      ways[i]->SetDelay(std::chrono::milliseconds(i == nearest ? 0 : 200));
    }
    const std::uint16_t wanted = ways[nearest]->port();
    EXPECT_EQ(Nearest(loop, UrlOf(nodes[0]->port()), [&](std::uint16_t p) { return p == wanted; }),
              wanted);
  }
  // One that takes no connections any more is not chosen, however near it is.
  ways[0]->RefuseNew(true);
  ways[1]->SetDelay(std::chrono::milliseconds(100));
  const std::uint16_t wanted = ways[1]->port();
  EXPECT_EQ(Nearest(loop, UrlOf(nodes[2]->port()), [&](std::uint16_t p) { return p == wanted; }),
            wanted);
}

TEST(NearestRelayTest, WithoutAListItIsTheOneThatWasAsked) {
  for (const std::string& answer :
       {HttpAnswer("404 Not Found", ""), HttpAnswer("200 OK", "{}"), HttpAnswer("200 OK", "hello"),
        HttpAnswer("200 OK", R"({"nodes":[]})"),
        HttpAnswer("200 OK", R"({"nodes":[{"url":"http://127.0.0.1:1"}]})"),
        HttpAnswer("200 OK", R"({"nodes":[{"url":"ftp://a"},{"url":"b"}]})"),
        // Nobody is there.
        HttpAnswer("200 OK",
                   R"({"nodes":[{"url":"http://127.0.0.1:1"},{"url":"http://127.0.0.1:2"}]})")}) {
    FakeRelay relay([&](FakeConnection& connection) {
      EXPECT_THAT(connection.ReadRequest(), HasSubstr("GET /api/nodes "));
      connection.Write(answer);
    });
    net::EventLoop loop;
    EXPECT_EQ(Nearest(loop, relay.url(), [](std::uint16_t) { return true; }), relay.port())
        << answer;
  }
}

TEST(NearestRelayTest, AListThatLeavesTlsIsNotFollowedAndALongOneIsCut) {
  // More nodes than are looked at, all of them the relay itself: it is asked so many times at most.
  std::atomic<int> asked{0};
  std::string nodes;
  std::uint16_t port = 0;
  FakeRelay relay([&](FakeConnection& connection) {
    const std::string request = connection.ReadRequest();
    if (request.find("/api/nodes") == std::string::npos) ++asked;
    connection.Write(HttpAnswer("200 OK", nodes));
  });
  port = relay.port();
  nodes = R"({"nodes":[)";
  for (int i = 0; i < 40; ++i) {
    nodes += (i == 0 ? "" : ",") + std::string(R"({"url":"http://127.0.0.1:)") +
             std::to_string(port) + R"(","loadPercent":)" + std::to_string(i) + "}";
  }
  nodes += "]}";
  net::EventLoop loop;
  EXPECT_EQ(Nearest(loop, relay.url(), [](std::uint16_t) { return true; }), port);
  EXPECT_LE(asked, static_cast<int>(NearestRelay::kMaxNodes) * NearestRelay::kSamples);
  EXPECT_GE(asked, 2);
}

// Until the node that `client` asks knows `count` nodes: before, it can name no other.
void WaitUntilListed(ClientLoop& client, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + test::kDeadline;
  std::size_t listed = 0;
  while (listed != count && std::chrono::steady_clock::now() < end) {
    Watched<std::optional<std::size_t>> answer;
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      HttpRequest request;
      request.target = {client.endpoint().url, "/api/nodes"};
      call = std::make_unique<HttpCall>(
          client.endpoint(), std::move(request), [&](const Result<HttpResponse>& response) {
            const auto nodes = protocol::ParseNodesResponse(response ? response->body : "");
            answer.Set(nodes ? nodes->nodes.size() : 0);
          });
    });
    ASSERT_TRUE(answer.WaitUntil([](const auto& value) { return value.has_value(); }));
    client.Do([&] { call.reset(); });
    listed = *answer.Get();
  }
  EXPECT_EQ(listed, count);
}

// One end of a session.
struct Member {
  std::string session_id, token, code;
  std::unique_ptr<SignalingSocket> socket;
  Watched<std::vector<std::string>> got;
  Watched<std::string> resume_token;
  Watched<std::string> draining;
  Watched<bool> closed{false};
};

template <typename T, typename Call>
T Ask(ClientLoop& client, Call call) {
  Watched<std::optional<T>> answer;
  std::unique_ptr<HttpCall> running;
  client.Do([&] {
    running = call([&](RelayResult<T> result) {
      EXPECT_TRUE(result) << result.error().error.detail;
      answer.Set(result ? std::move(*result) : T{});
    });
  });
  EXPECT_TRUE(answer.WaitUntil([](const auto& value) { return value.has_value(); }));
  client.Do([&] { running.reset(); });
  return answer.Get().value_or(T{});
}

void Open(ClientLoop& client, Member& member, std::optional<protocol::Resume> resume = {}) {
  SignalingSocketOptions options;
  options.url = "/ws";
  options.token = member.token;
  options.resume = std::move(resume);
  SignalingSocketEvents on;
  on.on_welcome = [&](const protocol::Welcome& welcome) {
    member.resume_token.Set(welcome.resume_token);
  };
  on.on_message = [&](const protocol::Envelope& envelope) {
    if (envelope.type == protocol::kServerDraining) {
      member.draining.Set(protocol::ParseServerDraining(envelope.data)->url);
    } else if (envelope.type == protocol::kWebrtcOffer ||
               envelope.type == protocol::kMessageReceived) {
      member.got.Update([&](auto& got) { got.push_back(envelope.data.text); });
    } else if (envelope.type == protocol::kError) {
      ADD_FAILURE() << envelope.data.text;
    }
  };
  on.on_closed = [&](const RelayFailure&) { member.closed.Set(true); };
  member.resume_token.Set("");
  client.Do([&] {
    member.socket = std::make_unique<SignalingSocket>(client.endpoint(), options, std::move(on));
  });
  EXPECT_TRUE(member.resume_token.WaitUntil([](const auto& token) { return !token.empty(); }));
}

void Say(ClientLoop& client, Member& member, std::string_view type, int number) {
  client.Do([&] {
    protocol::Envelope envelope;
    envelope.type = type;
    envelope.data.text = R"({"n":)" + std::to_string(number) + "}";
    EXPECT_TRUE(member.socket->Send(envelope));
  });
}

std::vector<std::string> Numbers(int from, int to) {
  std::vector<std::string> numbers;
  for (int i = from; i < to; ++i) numbers.push_back(R"({"n":)" + std::to_string(i) + "}");
  return numbers;
}

// The display's member at `at`, the controller's at `from`.
void Connect(ClientLoop& at, Member& display, ClientLoop& from, Member& controller) {
  const auto registered = Ask<protocol::RegisterResponse>(
      at, [&](auto done) { return RegisterDisplay(at.endpoint(), {}, std::move(done)); });
  display.token = registered.display_token;
  const auto paired = Ask<protocol::PairResponse>(from, [&](auto done) {
    return PairController(from.endpoint(), {registered.code, "", {}}, std::move(done));
  });
  controller.token = paired.controller_token;
  Open(at, display);
  Open(from, controller);
}

void End(ClientLoop& client, Member& member) {
  client.Do([&] { member.socket.reset(); });
}

// Row A6: the node goes, its client goes to the node that it names, and nothing is missing.
TEST(SignalingSocketNodes, GoesToThePeerThatADrainingNodeNames) {
  test::RedisServer redis;
  const std::uint16_t port_a = test::ServerPort();
  const std::uint16_t port_b = test::ServerPort();
  const auto advertise = [](std::uint16_t port) {
    return std::vector<std::string>{"--advertise-url", "http://127.0.0.1:" + std::to_string(port),
                                    "--drain-seconds", "20"};
  };
  RelayNode a(redis, "a", advertise(port_a), port_a);
  RelayNode b(redis, "b", advertise(port_b), port_b);
  WaitForNodes(redis, 2);
  ClientLoop at_a(UrlOf(port_a));
  ClientLoop at_b(UrlOf(port_b));
  Member display;
  Member controller;
  Connect(at_a, display, at_b, controller);
  for (int i = 0; i < 5; ++i) Say(at_b, controller, protocol::kWebrtcOffer, i);
  ASSERT_TRUE(display.got.WaitUntil([](const auto& got) { return got.size() == 5; }));

  WaitUntilListed(at_a, 2);
  a.process().Signal(SIGTERM);
  ASSERT_TRUE(display.draining.WaitUntil([](const auto& url) { return !url.empty(); }));
  EXPECT_EQ(display.draining.Get(), "http://127.0.0.1:" + std::to_string(port_b));
  // What comes while it is nowhere.
  std::string last_id;
  at_a.Do([&] {
    last_id = display.socket->last_id();
    display.socket->Close();
    display.socket.reset();
  });
  for (int i = 5; i < 10; ++i) Say(at_b, controller, protocol::kWebrtcOffer, i);
  Open(at_b, display, protocol::Resume{display.resume_token.Get(), last_id});
  for (int i = 10; i < 12; ++i) Say(at_b, controller, protocol::kWebrtcOffer, i);
  ASSERT_TRUE(display.got.WaitUntil([](const auto& got) { return got.size() >= 12; }));
  EXPECT_EQ(display.got.Get(), Numbers(0, 12));
  End(at_b, display);
  End(at_b, controller);
  EXPECT_EQ(a.process().WaitForExit(), 0);
}

// Row L13: the switch takes WebRTC's signaling off and carries messages instead, between nodes too.
TEST(SignalingSocketNodes, RelayedMessagesTravelBetweenNodes) {
  test::RedisServer redis;
  RelayNode a(redis, "a", {"--signaling", "relayed", "--expiry", "sweep"});
  RelayNode b(redis, "b", {"--signaling", "relayed", "--expiry", "sweep"});
  WaitForNodes(redis, 2);
  ClientLoop at_a(UrlOf(a.port()));
  ClientLoop at_b(UrlOf(b.port()));
  Member display;
  Member controller;
  Connect(at_a, display, at_b, controller);
  for (int i = 0; i < 50; ++i) {
    Say(at_a, display, protocol::kMessageSend, i);
    Say(at_b, controller, protocol::kMessageSend, i);
  }
  for (Member* member : {&display, &controller}) {
    ASSERT_TRUE(member->got.WaitUntil([](const auto& got) { return got.size() == 50; }));
    EXPECT_EQ(member->got.Get(), Numbers(0, 50));
  }
  End(at_a, display);
  End(at_b, controller);
}

}  // namespace
}  // namespace pairwire
