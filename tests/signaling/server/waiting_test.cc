// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The waiting display over real sockets: event streams and long-polls.
#include <gtest/gtest.h>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

std::string PollPath(const Registered& display, const std::string& query) {
  return "/api/sessions/" + display.session_id + "/poll?" + query;
}

TEST(EventStreamTest, HeadIsFitForProxies) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  RawClient client(relay.port());
  client.Send(RequestText("GET", "/api/sessions/" + display.session_id + "/events", {},
                          Bearer(display.token)));
  const std::string head = client.ReadUntil("\r\n\r\n");
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n",
                           "Cache-Control: no-store\r\n", "X-Accel-Buffering: no\r\n"}) {
    EXPECT_NE(head.find(line), std::string::npos) << line;
  }
  EXPECT_FALSE(client.ReadUntil(":\n\n").empty()) << "something follows at once";
}

TEST(EventStreamTest, CommentsKeepTheConnectionAlive) {
  ServerConfig config = TestConfig();
  config.timeouts.sse_heartbeat = std::chrono::milliseconds(300);
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  RawClient events = OpenEvents(relay.port(), display);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(events.ReadUntil(":\n\n").empty());
}

TEST(EventStreamTest, LastEventIdResumes) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port(), R"({"maxControllers":3})");
  ASSERT_EQ(PairController(relay.port(), display.code).status, 200);
  std::string first_id;
  {
    RawClient events = OpenEvents(relay.port(), display);
    events.ReadUntil("id: ");
    first_id = events.ReadUntil("\n");
    first_id.pop_back();
  }
  const Paired second = PairController(relay.port(), display.code);
  const Paired third = PairController(relay.port(), display.code);
  ASSERT_EQ(third.status, 200);
  RawClient events = OpenEvents(relay.port(), display, first_id);
  const std::string seen = events.ReadUntil(third.controller_id);
  EXPECT_NE(seen.find(second.controller_id), std::string::npos);
  EXPECT_EQ(seen.find("id: " + first_id + "\n"), std::string::npos)
      << "what was read does not come again";
}

TEST(EventStreamTest, ADepartedClientIsNoticed) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  for (int i = 0; i < 3; ++i) {
    RawClient events = OpenEvents(relay.port(), display);
    ASSERT_TRUE(WaitForMetric(relay.port(), "pairwire_connections", "kind=\"events\"",
                              [](double n) { return n == 1; }));
    if (i == 0) events.Close();
    if (i == 1) events.Reset();
    if (i == 2) events.CloseSending();
    EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_connections", "kind=\"events\"",
                              [](double n) { return n == 0; }));
  }
}

TEST(EventStreamTest, ANewerStreamReplacesTheOlder) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  RawClient older = OpenEvents(relay.port(), display);
  RawClient newer = OpenEvents(relay.port(), display);
  EXPECT_TRUE(older.WaitForEnd());
  ASSERT_EQ(PairController(relay.port(), display.code).status, 200);
  EXPECT_FALSE(newer.ReadUntil("pairing:ready").empty());
}

TEST(EventStreamTest, AClientBehindByMoreThanTheBoundIsClosed) {
  ServerConfig config = TestConfig();
  config.limits.queue_bytes = 1'000;  // enough for the head of the response
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  RawClient events = OpenEvents(relay.port(), display);
  const std::string hello = R"(,"hello":{"share":")" + std::string(2'000, 'h') + "\"}";
  ASSERT_EQ(PairController(relay.port(), display.code, hello).status, 200);
  EXPECT_TRUE(events.WaitForEnd());
  EXPECT_EQ(Metric(relay.port(), "pairwire_slow_consumers_total", "kind=\"events\""), 1);
  // The event is kept, so nothing is lost: a poll has it.
  const Response poll =
      Request(relay.port(), "GET", PollPath(display, "timeout=0"), {}, Bearer(display.token));
  EXPECT_EQ(poll.status, 200);
}

TEST(EventStreamTest, MessagesInTheQueueAreCountedToo) {
  ServerConfig config = TestConfig();
  config.limits.queue_messages = 0;
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  RawClient client(relay.port());
  client.Send(RequestText("GET", "/api/sessions/" + display.session_id + "/events", {},
                          Bearer(display.token)));
  EXPECT_TRUE(client.WaitForEnd());
}

TEST(LongPollTest, EventThatIsThereAlreadyComesAtOnce) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  ASSERT_EQ(PairController(relay.port(), display.code).status, 200);
  const Response response =
      Request(relay.port(), "GET", PollPath(display, "timeout=25"), {}, Bearer(display.token));
  ASSERT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("pairing:ready"), std::string::npos);
  const std::string id = JsonValue(response.body, "id");
  const Response after = Request(relay.port(), "GET", PollPath(display, "timeout=0&after=" + id),
                                 {}, Bearer(display.token));
  EXPECT_EQ(after.status, 204);
}

TEST(LongPollTest, EventThatComesLaterEndsTheWait) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  RawClient poll(relay.port());
  poll.Send(RequestText("GET", PollPath(display, "timeout=25"), {}, Bearer(display.token)));
  ASSERT_TRUE(WaitForMetric(relay.port(), "pairwire_polls", "", [](double n) { return n == 1; }));
  ASSERT_EQ(PairController(relay.port(), display.code).status, 200);
  const Response response = poll.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("pairing:ready"), std::string::npos);
  // The connection goes on.
  poll.Send(RequestText("GET", "/healthz"));
  EXPECT_EQ(poll.ReadResponse().status, 200);
}

TEST(LongPollTest, NothingByTheTimeOutIs204) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  const auto start = std::chrono::steady_clock::now();
  const Response response =
      Request(relay.port(), "GET", PollPath(display, "timeout=1"), {}, Bearer(display.token));
  EXPECT_EQ(response.status, 204);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(990));
}

TEST(LongPollTest, ADepartedClientIsNoticed) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  for (const bool reset : {false, true}) {
    RawClient poll(relay.port());
    poll.Send(RequestText("GET", PollPath(display, "timeout=25"), {}, Bearer(display.token)));
    ASSERT_TRUE(WaitForMetric(relay.port(), "pairwire_polls", "", [](double n) { return n == 1; }));
    if (reset) {
      poll.Reset();
    } else {
      poll.Close();
    }
    EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_polls", "", [](double n) { return n == 0; }));
  }
}

TEST(LongPollTest, PipelinedBehindAPollWaits) {
  TestRelay relay;
  const Registered display = RegisterDisplay(relay.port());
  RawClient client(relay.port());
  client.Send(RequestText("GET", PollPath(display, "timeout=1"), {}, Bearer(display.token)) +
              RequestText("GET", "/healthz"));
  EXPECT_EQ(client.ReadResponse().status, 204);
  EXPECT_EQ(client.ReadResponse().status, 200);
}

}  // namespace
}  // namespace pairwire::server
