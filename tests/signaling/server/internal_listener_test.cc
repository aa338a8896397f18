// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The operators' listener: what is there, what is no longer on the public one, and that it is there
// when it is needed most: while the node is full or drains.
#include <gtest/gtest.h>

#include <vector>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

ServerConfig WithInternal() {
  ServerConfig config = TestConfig();
  config.internal_host = "127.0.0.1";
  return config;
}

int Get(std::uint16_t port, const std::string& path) { return Request(port, "GET", path).status; }

TEST(InternalListener, MetricsMoveThere) {
  TestRelay relay(WithInternal());
  const std::uint16_t internal = relay.server().internal_port();
  ASSERT_NE(internal, 0);
  ASSERT_NE(internal, relay.port());
  EXPECT_EQ(Get(relay.port(), "/metrics"), 404);
  const Response metrics = Request(internal, "GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("pairwire_connections"), std::string::npos);
  for (const char* path : {"/healthz", "/readyz", "/version"}) {
    EXPECT_EQ(Get(relay.port(), path), 200) << path;
    EXPECT_EQ(Get(internal, path), 200) << path;
  }
}

TEST(InternalListener, ServesNoClient) {
  TestRelay relay(WithInternal());
  const std::uint16_t internal = relay.server().internal_port();
  EXPECT_EQ(Request(internal, "POST", "/api/sessions/register", "{}").status, 404);
  EXPECT_EQ(Request(internal, "POST", "/api/sessions/pair", R"({"code":"1234"})").status, 404);
  EXPECT_EQ(Get(internal, "/ws"), 404);
  EXPECT_EQ(Get(internal, "/"), 404);
  EXPECT_EQ(Request(relay.port(), "POST", "/api/sessions/register", "{}").status, 201);
}

TEST(InternalListener, WithoutOneMetricsArePublic) {
  TestRelay relay;
  EXPECT_EQ(relay.server().internal_port(), 0);
  EXPECT_EQ(Get(relay.port(), "/metrics"), 200);
}

TEST(InternalListener, IsReachedWhileThePublicOneIsFull) {
  ServerConfig config = WithInternal();
  config.limits.connections = 2;
  TestRelay relay(config);
  std::vector<RawClient> held;
  for (int i = 0; i < 2; ++i) {
    held.emplace_back(relay.port());
    held.back().Send(RequestText("GET", "/healthz"));
    EXPECT_EQ(held.back().ReadResponse().status, 200);
  }
  EXPECT_EQ(Get(relay.port(), "/healthz"), 503);
  EXPECT_EQ(Get(relay.server().internal_port(), "/healthz"), 200);
  EXPECT_EQ(Get(relay.server().internal_port(), "/metrics"), 200);
}

TEST(InternalListener, TellsThatTheNodeDrains) {
  ServerConfig config = WithInternal();
  config.drain_window = std::chrono::seconds(60);
  TestRelay relay(config);
  const std::uint16_t internal = relay.server().internal_port();
  // Keeps the drain going; the node may close it at any moment of the window.
  std::vector<RawClient> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(OpenEvents(relay.port(), RegisterDisplay(relay.port())));
  }
  relay.server().Drain();
  ASSERT_FALSE(streams.front().ReadUntil("server:draining").empty());
  EXPECT_EQ(Get(internal, "/readyz"), 503);
  EXPECT_EQ(Get(internal, "/healthz"), 200);
  EXPECT_EQ(Get(internal, "/metrics"), 200);
  relay.server().Stop();
  EXPECT_TRUE(relay.WaitUntilEnded());
}

TEST(InternalListener, APortInUseIsSaidWithItsOption) {
  TestRelay relay;
  ServerConfig config = TestConfig();
  config.internal_host = "127.0.0.1";
  config.internal_port = relay.port();
  const auto server = Server::Create(config);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().detail.find("another port with --internal-listen"), std::string::npos)
      << server.error().detail;
}

TEST(InternalListener, BroadcastsToARoom) {
  TestRelay relay(WithInternal());
  const std::uint16_t internal = relay.server().internal_port();
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(relay.port(), RegisterDisplay(relay.port()).token), 101);
  ASSERT_TRUE(socket.ReadType("welcome"));
  ASSERT_TRUE(socket.Send(R"({"type":"subscribe_room","id":"1","room":"design:spring"})"));
  ASSERT_TRUE(socket.ReadType("ack"));
  const std::string body = R"({"room":"design:spring","event":"refresh","data":{"at":7}})";
  EXPECT_EQ(Request(relay.port(), "POST", "/broadcast", body).status, 404) << "for operators only";
  EXPECT_EQ(Request(internal, "POST", "/broadcast", body).status, 204);
  const auto heard = socket.ReadType("refresh");
  ASSERT_TRUE(heard);
  EXPECT_EQ(*heard, R"({"type":"refresh","room":"design:spring","data":{"at":7}})");
  for (const std::string& wrong :
       {std::string("{}"), std::string(R"({"room":"r"})"), std::string(R"({"event":"e"})"),
        std::string(R"({"room":"r","event":"e","data":[1]})"),
        std::string(R"({"room":"r","event":"welcome"})"),
        std::string(R"({"room":"r","event":"session:terminated","data":{}})"),
        R"({"room":")" + std::string(65, 'r') + R"(","event":"e"})"}) {
    EXPECT_EQ(Request(internal, "POST", "/broadcast", wrong).status, 400) << wrong;
  }
  EXPECT_EQ(Get(internal, "/broadcast"), 405);
}

TEST(InternalListener, WithoutOneNobodyBroadcasts) {
  TestRelay relay;
  EXPECT_EQ(Request(relay.port(), "POST", "/broadcast", R"({"room":"r","event":"e"})").status, 404);
}

}  // namespace
}  // namespace pairwire::server
