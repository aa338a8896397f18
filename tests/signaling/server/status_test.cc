// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The status calls over real sockets: who may report, who may read, and that they are off unless
// asked for.
#include <gtest/gtest.h>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

ServerConfig WithStatus() {
  ServerConfig config = TestConfig();
  config.status = true;
  return config;
}

TEST(StatusCalls, FourEndpoints) {
  TestRelay relay(WithStatus());
  const Registered display = RegisterDisplay(relay.port());
  const std::string base = "/api/displays/" + display.display_id;
  Response read = Request(relay.port(), "GET", base + "/status");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(JsonValue(read.body, "status"), "offline");
  EXPECT_EQ(Request(relay.port(), "POST", base + "/heartbeat", {}, Bearer(display.token)).status,
            204);
  EXPECT_EQ(JsonValue(Request(relay.port(), "GET", base + "/status").body, "status"), "online");
  EXPECT_EQ(Request(relay.port(), "POST", base + "/status",
                    R"({"status":"degraded","designId":"spring","metrics":{"fps":29.97}})",
                    Bearer(display.token))
                .status,
            204);
  read = Request(relay.port(), "GET", base + "/status");
  EXPECT_EQ(JsonValue(read.body, "status"), "degraded");
  EXPECT_NE(read.body.find(R"("metrics":{"fps":29.97})"), std::string::npos);
  const Response design = Request(relay.port(), "GET", "/api/designs/spring/status");
  EXPECT_EQ(design.status, 200);
  EXPECT_NE(design.body.find(R"("online":1,"total":1)"), std::string::npos) << design.body;
  EXPECT_NE(design.body.find(display.display_id), std::string::npos);
}

TEST(StatusCalls, OnlyTheDisplayItselfReports) {
  TestRelay relay(WithStatus());
  const Registered display = RegisterDisplay(relay.port());
  const Registered other = RegisterDisplay(relay.port());
  const Paired controller = PairController(relay.port(), display.code);
  const std::string path = "/api/displays/" + display.display_id + "/status";
  const std::string body = R"({"status":"online"})";
  EXPECT_EQ(Request(relay.port(), "POST", path, body).status, 401);
  EXPECT_EQ(Request(relay.port(), "POST", path, body, Bearer(other.token)).status, 401);
  EXPECT_EQ(Request(relay.port(), "POST", path, body, Bearer(controller.token)).status, 401);
  EXPECT_EQ(Request(relay.port(), "POST", path, "{}", Bearer(display.token)).status, 400);
  EXPECT_EQ(Request(relay.port(), "PUT", path, body, Bearer(display.token)).status, 405);
  EXPECT_EQ(JsonValue(Request(relay.port(), "GET", path).body, "status"), "offline");
}

TEST(StatusCalls, AreOffUnlessAskedFor) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  const std::string base = "/api/displays/" + display.display_id;
  EXPECT_EQ(Request(relay.port(), "GET", base + "/status").status, 404);
  EXPECT_EQ(Request(relay.port(), "GET", "/api/designs/d/status").status, 404);
  EXPECT_EQ(Request(relay.port(), "POST", base + "/heartbeat", {}, Bearer(display.token)).status,
            204);
}

TEST(StatusCalls, WatchersHear) {
  TestRelay relay(WithStatus());
  const Registered display = RegisterDisplay(relay.port());
  const Registered other = RegisterDisplay(relay.port());
  WsClient watcher;
  ASSERT_EQ(watcher.ConnectWithBearer(relay.port(), other.token), 101);
  ASSERT_TRUE(watcher.ReadType("welcome"));
  ASSERT_TRUE(watcher.Send(R"({"type":"subscribe_room","id":"1","room":"display:)" +
                           display.display_id + "\"}"));
  EXPECT_TRUE(watcher.ReadType("ack"));
  const std::string base = "/api/displays/" + display.display_id;
  EXPECT_EQ(Request(relay.port(), "POST", base + "/status",
                    R"({"status":"degraded","metrics":{"fps":12}})", Bearer(display.token))
                .status,
            204);
  const auto heard = watcher.ReadType("display:status");
  ASSERT_TRUE(heard);
  EXPECT_EQ(JsonValue(*heard, "displayId"), display.display_id);
  EXPECT_EQ(JsonValue(*heard, "status"), "degraded");
  EXPECT_NE(heard->find(R"("metrics":{"fps":12})"), std::string::npos);
  EXPECT_EQ(Request(relay.port(), "POST", base + "/heartbeat", {}, Bearer(display.token)).status,
            204);
  EXPECT_TRUE(watcher.ReadType("display:status"));
}

}  // namespace
}  // namespace pairwire::server
