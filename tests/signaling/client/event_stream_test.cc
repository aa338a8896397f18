// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventStream: server-sent events, the fall-back to long-polling, resuming, and a relay that talks
// rubbish.
#include "signaling/client/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/signaling/client/fake_relay.h"

namespace pairwire {
namespace {

using std::chrono::milliseconds;
using test::ClientLoop;
using test::FakeConnection;
using test::FakeRelay;
using test::HttpAnswer;
using test::Watched;
using ::testing::HasSubstr;

constexpr char kSseHeader[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

struct Heard {
  int opened = 0;
  std::vector<RelayEvent> events;
  std::vector<Errc> lost;
};

class EventStreamTest : public ::testing::Test {
 protected:
  void Serve(std::function<void(FakeConnection&, const std::string& request)> serve) {
    relay_ = std::make_unique<FakeRelay>([serve = std::move(serve)](FakeConnection& connection) {
      const std::string request = connection.ReadRequest();
      if (!request.empty()) serve(connection, request);
    });
    client_ = std::make_unique<ClientLoop>(relay_->url());
  }

  void Open() {
    options_.events_url = "/events";
    options_.poll_url = "/poll";
    options_.token = "tok";
    EventStreamEvents on;
    on.on_open = [this] { heard_.Update([](Heard& all) { ++all.opened; }); };
    on.on_event = [this](const RelayEvent& event) {
      heard_.Update([&](Heard& all) { all.events.push_back(event); });
    };
    on.on_lost = [this](const RelayFailure& failure) {
      heard_.Update([&](Heard& all) { all.lost.push_back(failure.error.code); });
    };
    client_->Do(
        [&] { stream_ = std::make_unique<EventStream>(client_->endpoint(), options_, on); });
  }

  bool WaitForEvents(std::size_t count) {
    return heard_.WaitUntil([&](const Heard& all) { return all.events.size() >= count; });
  }
  Errc Lost() {
    const bool lost = heard_.WaitUntil([](const Heard& all) { return !all.lost.empty(); });
    return lost ? heard_.Get().lost.front() : Errc::kInvalidState;
  }

  // Ends client and relay before a test's own variables go, which the relay's thread uses: declared
  // after them.
  struct Stopper {
    EventStreamTest& test;
    ~Stopper() {
      if (test.client_) test.client_->Do([this] { test.stream_.reset(); });
      test.relay_.reset();
    }
  };

  void TearDown() override { const Stopper stopper{*this}; }

  EventStreamOptions options_;
  Watched<Heard> heard_;
  std::unique_ptr<FakeRelay> relay_;
  std::unique_ptr<ClientLoop> client_;
  std::unique_ptr<EventStream> stream_;
};

TEST_F(EventStreamTest, BringsEventsAsTheyCome) {
  Watched<std::string> asked;
  Watched<int> stage(0);
  const Stopper stopper{*this};
  Serve([&](FakeConnection& connection, const std::string& request) {
    asked.Set(request);
    connection.Write(kSseHeader + Chunk(": hi\n\nid: 1\neve"));
    if (!stage.WaitFor(1)) return;
    connection.Write(Chunk("nt: pairing:ready\ndata: {}\n\nid: 2\ndata: x\n\n"));
    connection.WaitForEnd();
  });
  options_.last_event_id = "0";
  Open();
  ASSERT_TRUE(heard_.WaitUntil([](const Heard& all) { return all.opened == 1; }));
  stage.Set(1);
  ASSERT_TRUE(WaitForEvents(2));
  EXPECT_EQ(heard_.Get().events[0], (RelayEvent{"1", "pairing:ready", "{}"}));
  EXPECT_THAT(asked.Get(), HasSubstr("GET /events HTTP/1.1"));
  EXPECT_THAT(asked.Get(), HasSubstr("Authorization: Bearer tok\r\n"));
  EXPECT_THAT(asked.Get(), HasSubstr("Last-Event-ID: 0\r\n"));
  client_->Do([&] { EXPECT_EQ(stream_->last_event_id(), "2"); });
}

TEST_F(EventStreamTest, AnEndedOrSilentOrBrokenStreamIsLostOnce) {
  const std::pair<std::string, Errc> streams[] = {
      {kSseHeader + Chunk(": hi\n\n") + "0\r\n\r\n", Errc::kRelayUnreachable},
      {kSseHeader + Chunk(": hi\n\n"), Errc::kRelayProtocol},  // cut within the chunked body
      {kSseHeader + std::string("zz\r\n"), Errc::kRelayProtocol},
      {kSseHeader + Chunk(std::string(SseParser::kMaxLineBytes + 1, 'x')), Errc::kRelayProtocol},
      {"rubbish\r\n\r\n", Errc::kRelayProtocol},
  };
  for (const auto& [text, code] : streams) {
    heard_.Set({});
    Serve(
        [text = text](FakeConnection& connection, const std::string&) { connection.Write(text); });
    Open();
    EXPECT_EQ(Lost(), code) << text.substr(0, 120);
    client_->Do([&] { stream_.reset(); });
    EXPECT_EQ(heard_.Get().lost.size(), 1u);
  }
  heard_.Set({});
  const Stopper stopper{*this};
  Serve([](FakeConnection& connection, const std::string&) {
    connection.Write(kSseHeader + Chunk(": hi\n\n"));
    connection.WaitForEnd();
  });
  options_.silence = milliseconds(50);
  Open();
  EXPECT_EQ(Lost(), Errc::kRelayUnreachable);
}

TEST_F(EventStreamTest, FallsBackToPollingWhenEventsAreRefused) {
  Watched<std::vector<std::string>> polls;
  const Stopper stopper{*this};
  Serve([&](FakeConnection& connection, const std::string& request) {
    if (request.starts_with("GET /events")) {
      connection.Write(HttpAnswer("406 Not Acceptable", "no"));
      return;
    }
    polls.Update([&](auto& all) { all.push_back(request); });
    const std::size_t count = polls.Get().size();
    if (count == 1) {
      // What has no id does not move the place in the log.
      connection.Write(HttpAnswer("200 OK",
                                  R"({"events":[{"id":"4","type":"pairing:ready","data":{"a":1}},)"
                                  R"({"id":"","type":"server:draining","data":{}}]})"));
    } else if (count == 2) {
      connection.Write("HTTP/1.1 204 No Content\r\n\r\n");
    } else {
      connection.WaitForEnd();
    }
  });
  options_.poll_pause = milliseconds(10);
  Open();
  ASSERT_TRUE(WaitForEvents(2));
  EXPECT_EQ(heard_.Get().events[0], (RelayEvent{"4", "pairing:ready", R"({"a":1})"}));
  ASSERT_TRUE(polls.WaitUntil([](const auto& all) { return all.size() >= 3; }));
  EXPECT_THAT(polls.Get()[0], HasSubstr("GET /poll?timeout=25 "));
  EXPECT_THAT(polls.Get()[1], HasSubstr("GET /poll?timeout=25&after=4 "));
  EXPECT_EQ(heard_.Get().opened, 1);
  client_->Do([&] { EXPECT_TRUE(stream_->long_polling()); });
}

TEST_F(EventStreamTest, FallsBackWhenAProxyHoldsTheStreamBack) {
  Watched<int> connections(0);
  const Stopper stopper{*this};
  Serve([&](FakeConnection& connection, const std::string& request) {
    connections.Update([](int& n) { ++n; });
    if (request.starts_with("GET /events")) {
      connection.Write(kSseHeader);  // and then nothing
      connection.WaitForEnd();
      return;
    }
    connection.Write(HttpAnswer("200 OK", R"({"events":[{"id":"1","type":"x","data":{}}]})"));
  });
  options_.first_byte = milliseconds(50);
  Open();
  EXPECT_TRUE(WaitForEvents(1));
}

TEST_F(EventStreamTest, AForgottenSessionAndAWrongTokenAreFinal) {
  const std::string gone =
      R"({"type":"about:blank","title":"t","status":404,"detail":"d","code":"not_found"})";
  const std::string token =
      R"({"type":"about:blank","title":"t","status":401,"detail":"d","code":"unauthorized"})";
  const Stopper stopper{*this};
  for (const bool long_poll : {false, true}) {
    options_.long_poll_only = long_poll;
    heard_.Set({});
    Serve([&](FakeConnection& connection, const std::string&) {
      connection.Write(HttpAnswer("404 Not Found", gone));
    });
    Open();
    EXPECT_EQ(Lost(), Errc::kSessionTerminated);
    client_->Do([&] { stream_.reset(); });
    heard_.Set({});
    Serve([&](FakeConnection& connection, const std::string&) {
      connection.Write(HttpAnswer("401 Unauthorized", token));
    });
    Open();
    EXPECT_EQ(Lost(), Errc::kUnauthorized);
    client_->Do([&] { stream_.reset(); });
  }
}

TEST_F(EventStreamTest, ABrokenPollIsLost) {
  const std::pair<std::string, Errc> answers[] = {
      {HttpAnswer("200 OK", "{}"), Errc::kRelayProtocol},
      {HttpAnswer("200 OK", R"({"events":[1]})"), Errc::kRelayProtocol},
      {HttpAnswer("200 OK", R"({"events":)"), Errc::kRelayProtocol},
      {HttpAnswer("500 Oops", ""), Errc::kRelayProtocol},
      {HttpAnswer("503 Busy", ""), Errc::kRelayUnreachable},
  };
  const Stopper stopper{*this};
  options_.long_poll_only = true;
  for (const auto& [text, code] : answers) {
    heard_.Set({});
    Serve(
        [text = text](FakeConnection& connection, const std::string&) { connection.Write(text); });
    Open();
    EXPECT_EQ(Lost(), code) << text;
    client_->Do([&] { stream_.reset(); });
  }
}

TEST_F(EventStreamTest, MayBeDestroyedInAnyCallback) {
  Serve([&](FakeConnection& connection, const std::string&) {
    connection.Write(kSseHeader + Chunk("data: 1\n\ndata: 2\n\n") + "0\r\n\r\n");
  });
  options_.events_url = "/events";
  for (int step = 0; step < 3; ++step) {
    Watched<bool> gone(false);
    const auto drop = [&](int now) {
      if (now != step) return;
      stream_.reset();
      gone.Set(true);
    };
    EventStreamEvents on;
    on.on_open = [&] { drop(0); };
    on.on_event = [&](const RelayEvent&) { drop(1); };
    on.on_lost = [&](const RelayFailure&) { drop(2); };
    client_->Do(
        [&] { stream_ = std::make_unique<EventStream>(client_->endpoint(), options_, on); });
    EXPECT_TRUE(gone.WaitFor(true)) << step;
    client_->Do([] {});
  }
}

}  // namespace
}  // namespace pairwire
