// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SignalingSocket against a relay that speaks WebSocket well, badly, or not at all.
#include "signaling/client/signaling_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "signaling/protocol/limits.h"
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

constexpr char kWelcome[] =
    R"({"type":"welcome","data":{"memberId":"m","sessionId":"s","resumeToken":"r","heartbeatInterval":1,"nodeId":"n"}})";

struct Heard {
  int welcomes = 0;
  std::vector<std::string> types;
  std::vector<Errc> closed;
  std::optional<std::chrono::seconds> retry_after = {};
};

class SignalingSocketTest : public ::testing::Test {
 protected:
  void Serve(std::function<void(FakeConnection&, const std::string& request)> serve) {
    relay_ = std::make_unique<FakeRelay>([serve = std::move(serve)](FakeConnection& connection) {
      const std::string request = connection.ReadRequest();
      if (!request.empty()) serve(connection, request);
    });
    client_ = std::make_unique<ClientLoop>(relay_->url());
  }

  // A relay that opens properly and then does `then`.
  void ServeOpen(std::function<void(FakeConnection&)> then) {
    Serve([then = std::move(then)](FakeConnection& connection, const std::string& request) {
      connection.AcceptWebSocket(request);
      connection.WriteText(kWelcome);
      then(connection);
    });
  }

  void Open(const std::string& url = "/ws") {
    options_.url = url;
    options_.token = "tok";
    SignalingSocketEvents on;
    on.on_welcome = [this](const protocol::Welcome&) {
      heard_.Update([](Heard& all) { ++all.welcomes; });
    };
    on.on_message = [this](const protocol::Envelope& envelope) {
      heard_.Update([&](Heard& all) { all.types.push_back(envelope.type); });
    };
    on.on_closed = [this](const RelayFailure& failure) {
      heard_.Update([&](Heard& all) {
        all.closed.push_back(failure.error.code);
        all.retry_after = failure.retry_after;
      });
    };
    client_->Do(
        [&] { socket_ = std::make_unique<SignalingSocket>(client_->endpoint(), options_, on); });
  }

  Errc Closed() {
    const bool closed = heard_.WaitUntil([](const Heard& all) { return !all.closed.empty(); });
    return closed ? heard_.Get().closed.front() : Errc::kInvalidState;
  }
  bool Welcomed() {
    return heard_.WaitUntil([](const Heard& all) { return all.welcomes == 1; });
  }

  Result<void> Send(const std::string& type, const std::string& data = "{}") {
    Result<void> sent;
    client_->Do([&] {
      protocol::Envelope envelope;
      envelope.type = type;
      envelope.data = {data};
      sent = socket_->Send(envelope);
    });
    return sent;
  }

  void Drop() {
    if (client_) client_->Do([&] { socket_.reset(); });
    heard_.Set({});
  }
  // Ends client and relay before a test's own variables go, which the relay's thread uses: declared
  // after them.
  struct Stopper {
    SignalingSocketTest& test;
    ~Stopper() {
      test.Drop();
      test.relay_.reset();
    }
  };

  void TearDown() override { const Stopper stopper{*this}; }

  SignalingSocketOptions options_;
  Watched<Heard> heard_;
  std::unique_ptr<FakeRelay> relay_;
  std::unique_ptr<ClientLoop> client_;
  std::unique_ptr<SignalingSocket> socket_;
};

TEST_F(SignalingSocketTest, CarriesMessagesBothWaysAndBeats) {
  Watched<std::string> asked;
  Watched<std::vector<std::string>> got;
  const Stopper stopper{*this};
  Serve([&](FakeConnection& connection, const std::string& request) {
    asked.Set(request);
    connection.AcceptWebSocket(request);
    connection.WriteText(kWelcome);
    connection.WriteText(R"({"type":"webrtc:offer","from":"d","data":{"sdp":"x"}})");
    for (std::string text; !(text = connection.ReadText()).empty();) {
      got.Update([&](auto& all) { all.push_back(text); });
    }
  });
  Open();
  ASSERT_TRUE(Welcomed());
  ASSERT_TRUE(Send("webrtc:answer", R"({"sdp":"y"})"));
  ASSERT_TRUE(got.WaitUntil([](const auto& all) { return all.size() >= 2; }));  // and a heartbeat
  EXPECT_EQ(got.Get()[0], R"({"type":"webrtc:answer","data":{"sdp":"y"}})");
  EXPECT_THAT(got.Get()[1], HasSubstr("heartbeat"));
  ASSERT_TRUE(heard_.WaitUntil([](const Heard& all) { return !all.types.empty(); }));
  EXPECT_EQ(heard_.Get().types[0], "webrtc:offer");
  EXPECT_THAT(asked.Get(), HasSubstr("Authorization: Bearer tok\r\n"));
  EXPECT_THAT(asked.Get(), HasSubstr("Sec-WebSocket-Protocol: pairwire.v1\r\n"));
}

TEST_F(SignalingSocketTest, ARefusalSaysWhenTheNextMayCome) {
  const Stopper stopper{*this};
  Serve([](FakeConnection& connection, const std::string&) {
    connection.Write("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
  });
  Open();
  EXPECT_EQ(Closed(), Errc::kRelayUnreachable);
  EXPECT_EQ(heard_.Get().retry_after, std::chrono::seconds(7));
}

TEST_F(SignalingSocketTest, RefusalsAreNamed) {
  const std::pair<std::string, Errc> answers[] = {
      {HttpAnswer("401 Unauthorized", ""), Errc::kUnauthorized},
      {HttpAnswer("404 Not Found", ""), Errc::kSessionTerminated},
      {HttpAnswer("429 Too Many", ""), Errc::kRateLimited},
      {HttpAnswer("503 Busy", ""), Errc::kRelayUnreachable},
      {HttpAnswer("200 OK", "hello"), Errc::kRelayProtocol},
      {"rubbish\r\n\r\n", Errc::kRelayProtocol},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: wrong\r\n\r\n",
       Errc::kRelayProtocol},
  };
  const Stopper stopper{*this};
  for (const auto& [text, code] : answers) {
    Serve(
        [text = text](FakeConnection& connection, const std::string&) { connection.Write(text); });
    Open();
    EXPECT_EQ(Closed(), code) << text;
    Drop();
  }
}

TEST_F(SignalingSocketTest, RubbishAfterTheHandshakeIsNamed) {
  const std::string big(protocol::kMaxMessageBytes + 1, 'x');
  const std::function<void(FakeConnection&)> rubbish[] = {
      [](FakeConnection& c) { c.WriteText("not json"); },
      [](FakeConnection& c) { c.WriteText("{}"); },
      [](FakeConnection& c) { c.WriteText(R"({"type":"ack"})"); },      // no welcome first
      [](FakeConnection& c) { c.WriteText(R"({"type":"welcome"})"); },  // empty
      [&](FakeConnection& c) { c.WriteText(big); },
      [](FakeConnection& c) { c.Write(std::string("\x82\x01x", 3)); },  // binary
      [](FakeConnection& c) { c.Write(std::string(16, static_cast<char>(0xFF))); },
      [](FakeConnection& c) { c.Write(std::string("\x81\x85\0\0\0\0hello", 11)); },  // masked
      [](FakeConnection& c) { c.Write(std::string("\x81\x02\xC3\x28", 4)); },        // not UTF-8
      [](FakeConnection& c) {
        c.WriteText(kWelcome);
        c.WriteText("[]");
      },
  };
  const Stopper stopper{*this};
  for (const auto& send : rubbish) {
    Serve([&](FakeConnection& connection, const std::string& request) {
      connection.AcceptWebSocket(request);
      send(connection);
      connection.ReadSome();  // the client's close frame, or its end
    });
    Open();
    EXPECT_EQ(Closed(), Errc::kRelayProtocol) << (&send - rubbish);
    EXPECT_EQ(heard_.Get().closed.size(), 1u);
    Drop();
  }
}

TEST_F(SignalingSocketTest, AHandshakeCutShortAtEveryByteEndsIt) {
  const std::string header = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  Watched<std::size_t> size(0);
  const Stopper stopper{*this};
  Serve([&](FakeConnection& connection, const std::string&) {
    connection.Write(header.substr(0, size.Get()));
  });
  for (std::size_t cut = 0; cut < header.size(); ++cut) {
    size.Set(cut);
    Open();
    const Errc code = Closed();
    EXPECT_TRUE(code == Errc::kRelayProtocol || code == Errc::kRelayUnreachable) << cut;
    Drop();
  }
}

TEST_F(SignalingSocketTest, ClosingCodesKeepTheirMeaning) {
  const std::pair<int, Errc> codes[] = {
      {1000, Errc::kSessionTerminated}, {1001, Errc::kRelayUnreachable},
      {1008, Errc::kRelayRefused},      {4001, Errc::kSessionTerminated},
      {4003, Errc::kRelayRefused},      {4004, Errc::kRelayUnreachable}};
  const Stopper stopper{*this};
  for (const auto& [number, code] : codes) {
    ServeOpen([number = number](FakeConnection& connection) {
      connection.Write(std::string("\x88\x02", 2) + static_cast<char>(number >> 8) +
                       static_cast<char>(number & 255));
      connection.WaitForEnd();
    });
    Open();
    EXPECT_EQ(Closed(), code) << number;
    Drop();
  }
}

TEST_F(SignalingSocketTest, DeadlinesHold) {
  Serve([](FakeConnection& connection, const std::string&) { connection.WaitForEnd(); });
  options_.deadline = milliseconds(50);
  Open();
  EXPECT_EQ(Closed(), Errc::kRelayUnreachable);
  Drop();
  Serve([](FakeConnection& connection, const std::string& request) {
    connection.AcceptWebSocket(request);  // but no welcome
    connection.WaitForEnd();
  });
  Open();
  EXPECT_EQ(Closed(), Errc::kRelayUnreachable);
}

TEST_F(SignalingSocketTest, AMuteRelayIsNoticed) {
  ServeOpen([](FakeConnection& connection) {
    connection.WaitForEnd();  // reads pings, answers none
  });
  options_.idle = milliseconds(100);
  Open();
  ASSERT_TRUE(Welcomed());
  EXPECT_EQ(Closed(), Errc::kRelayUnreachable);
}

TEST_F(SignalingSocketTest, TheQueueIsBounded) {
  Watched<bool> over(false);
  const Stopper stopper{*this};
  ServeOpen([&](FakeConnection&) { static_cast<void>(over.WaitFor(true)); });  // never reads
  Open();
  ASSERT_TRUE(Welcomed());
  const std::string data = "{\"x\":\"" + std::string(60'000, 'x') + "\"}";
  std::size_t accepted = 0;
  Result<void> sent;
  while ((sent = Send("webrtc:offer", data)) && accepted < 10'000) ++accepted;
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::kBufferFull);
  EXPECT_EQ(Send("webrtc:offer", "{\"x\":\"" + std::string(70'000, 'x') + "\"}").error().code,
            Errc::kMessageTooLarge);
  over.Set(true);
}

TEST_F(SignalingSocketTest, CloseSendsWhatIsQueuedAndIsSilent) {
  Watched<std::vector<std::string>> got;
  Watched<bool> ended(false);
  const Stopper stopper{*this};
  ServeOpen([&](FakeConnection& connection) {
    for (std::string text; !(text = connection.ReadText()).empty();) {
      got.Update([&](auto& all) { all.push_back(text); });
    }
    ended.Set(true);  // the client's close frame
  });
  Open();
  ASSERT_TRUE(Welcomed());
  client_->Do([&] {
    for (int i = 0; i < 50; ++i) {
      protocol::Envelope envelope;
      envelope.type = "n" + std::to_string(i);
      ASSERT_TRUE(socket_->Send(envelope));
    }
    socket_->Close();
    EXPECT_EQ(socket_->Send({}).error().code, Errc::kClosed);
    socket_.reset();  // closing goes on
  });
  ASSERT_TRUE(ended.WaitFor(true));
  EXPECT_EQ(got.Get().size(), 50u);
  EXPECT_TRUE(heard_.Get().closed.empty());
}

TEST_F(SignalingSocketTest, MayBeDestroyedInAnyCallback) {
  ServeOpen([](FakeConnection& connection) {
    connection.WriteText(R"({"type":"ack"})");
    connection.Write(std::string("\x88\x02\x03\xE8", 4));
    connection.WaitForEnd();
  });
  options_.url = "/ws";
  for (int step = 0; step < 3; ++step) {
    Watched<bool> gone(false);
    const auto drop = [&](int now) {
      if (now != step) return;
      socket_.reset();
      gone.Set(true);
    };
    SignalingSocketEvents on;
    on.on_welcome = [&](const protocol::Welcome&) { drop(0); };
    on.on_message = [&](const protocol::Envelope&) { drop(1); };
    on.on_closed = [&](const RelayFailure&) { drop(2); };
    client_->Do(
        [&] { socket_ = std::make_unique<SignalingSocket>(client_->endpoint(), options_, on); });
    EXPECT_TRUE(gone.WaitFor(true)) << step;
    client_->Do([] {});
  }
}

TEST_F(SignalingSocketTest, AnAddressThatIsNoneIsToldLater) {
  Serve([](FakeConnection&, const std::string&) {});
  Open("javascript:alert(1)");
  EXPECT_EQ(Closed(), Errc::kRelayProtocol);
}

TEST_F(SignalingSocketTest, ResumesBeforeItSaysAnythingElse) {
  Watched<std::vector<std::string>> got;
  const Stopper stopper{*this};
  options_.resume = protocol::Resume{"old", "1.7"};
  ServeOpen([&](FakeConnection& connection) {
    connection.WriteText(R"({"type":"webrtc:offer","id":"2.1","from":"x","data":{}})");
    connection.WriteText(R"({"type":"ack","id":"mine"})");
    for (int i = 0; i < 3; ++i) {
      const std::string text = connection.ReadText();
      got.Update([&](auto& all) { all.push_back(text); });
    }
  });
  Open();
  EXPECT_TRUE(Send("webrtc:answer"));
  ASSERT_TRUE(got.WaitUntil([](const auto& all) { return all.size() == 3; }));
  EXPECT_EQ(got.Get()[0], R"({"type":"resume","data":{"resumeToken":"old","lastId":"1.7"}})");
  EXPECT_THAT(got.Get()[1], HasSubstr("webrtc:answer"));
  // The heartbeat confirms what came; the id of an answer is none of the relay's.
  EXPECT_EQ(got.Get()[2], R"({"type":"heartbeat","data":{"lastId":"2.1"}})");
  client_->Do([&] { EXPECT_EQ(socket_->last_id(), "2.1"); });
}

}  // namespace
}  // namespace pairwire
