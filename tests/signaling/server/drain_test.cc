// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The end of a relay: drained in this process, and the real program with signals, bad options and a
// port in use.
#include <gtest/gtest.h>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

TEST(DrainTest, WithoutClientsItEndsAtOnce) {
  ServerConfig config = TestConfig();
  config.drain_window = std::chrono::hours(1);
  TestRelay relay(config);
  EXPECT_EQ(Request(relay.port(), "GET", "/healthz").status, 200);
  relay.server().Drain();
  relay.server().Drain();
  EXPECT_TRUE(relay.WaitUntilEnded());
}

TEST(DrainTest, EverybodyIsToldAndClosedWithinTheWindow) {
  ServerConfig config = TestConfig();
  config.drain_window = std::chrono::milliseconds(600);
  TestRelay relay(config);
  const std::uint16_t port = relay.port();
  std::vector<Registered> displays;
  std::vector<RawClient> streams;
  for (int i = 0; i < 10; ++i) {
    displays.push_back(RegisterDisplay(port));
    streams.push_back(OpenEvents(port, displays.back()));
  }
  const Registered paired = RegisterDisplay(port);
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(port, paired.token), 101);
  ASSERT_TRUE(socket.ReadType("welcome"));
  const Registered polling = RegisterDisplay(port);
  RawClient poll(port);
  poll.Send(RequestText("GET", "/api/sessions/" + polling.session_id + "/poll?timeout=25", {},
                        Bearer(polling.token)));
  ASSERT_TRUE(WaitForMetric(port, "pairwire_polls", "", [](double n) { return n == 1; }));
  RawClient idle(port);
  idle.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(idle.ReadResponse().status, 200);
  // In the middle of a request: it is still answered, with the last word of the connection.
  RawClient busy(port);
  busy.Send("GET /readyz HTTP/1.1\r\n");
  ASSERT_TRUE(WaitForMetric(port, "pairwire_connections", "kind=\"http\"",
                            [](double n) { return n == 4; }));

  relay.server().Drain();
  EXPECT_TRUE(idle.WaitForEnd());
  busy.Send("Host: h\r\n\r\n");
  const Response ready = busy.ReadResponse();
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.Header("Connection"), "close");
  EXPECT_FALSE(ready.Header("Retry-After").empty());
  EXPECT_FALSE(RawClient(port).connected()) << "the port is closed at once";
  for (RawClient& stream : streams) {
    std::string all;
    EXPECT_TRUE(stream.ReadToEnd(all));
    EXPECT_NE(all.find("server:draining"), std::string::npos);
  }
  EXPECT_TRUE(socket.ReadType("server:draining"));
  EXPECT_EQ(socket.ReadToClose(), 1001);
  EXPECT_NE(poll.ReadResponse().status, 0);
  busy.Close();
  poll.Close();
  EXPECT_TRUE(relay.WaitUntilEnded());
}

TEST(DrainTest, ADeafClientCannotHoldItUp) {
  ServerConfig config = TestConfig();
  config.drain_window = std::chrono::milliseconds(100);
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  const RawClient socket = UpgradeByHand(relay.port(), display.token);  // never answers the close
  const RawClient stream = OpenEvents(relay.port(), display);
  const RawClient silent(relay.port());
  relay.server().Drain();
  EXPECT_TRUE(relay.WaitUntilEnded());
}

TEST(DrainTest, DestroyedAtAnyMomentWithOpenConnections) {
  for (int step = 0; step < 6; ++step) {
    TestRelay relay;
    const Registered display = RegisterDisplay(relay.port());
    std::vector<RawClient> clients;
    if (step >= 1) clients.push_back(OpenEvents(relay.port(), display));
    if (step >= 2) clients.push_back(UpgradeByHand(relay.port(), display.token));
    if (step >= 3) {
      clients.emplace_back(relay.port());
      const std::string path = "/api/sessions/" + display.session_id + "/poll?timeout=25";
      clients.back().Send(RequestText("GET", path, {}, Bearer(display.token)));
    }
    if (step >= 4) {
      clients.emplace_back(relay.port());
      clients.back().Send("GET / HTTP");
    }
    if (step >= 5) relay.server().Drain();
  }
}

}  // namespace
}  // namespace pairwire::server
