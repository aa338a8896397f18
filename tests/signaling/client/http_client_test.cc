// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpCall and the typed calls against a relay that answers right, wrong, late, cut short, or not
// at all.
#include "signaling/client/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "signaling/client/relay_api.h"
#include "signaling/protocol/limits.h"
#include "tests/signaling/client/fake_relay.h"

namespace pairwire {
namespace {

using test::ClientLoop;
using test::FakeConnection;
using test::FakeRelay;
using test::HttpAnswer;
using test::Watched;
using ::testing::HasSubstr;

HttpRequest Get(const RelayUrl& url) {
  HttpRequest request;
  request.target = {url, "/x"};
  return request;
}

// One call from start to end.
std::optional<Result<HttpResponse>> Call(ClientLoop& client, const HttpRequest& request) {
  Watched<std::optional<Result<HttpResponse>>> result;
  std::unique_ptr<HttpCall> call;
  bool inside = true;  // on the loop only
  client.Do([&] {
    call = std::make_unique<HttpCall>(client.endpoint(), request, [&](Result<HttpResponse> answer) {
      EXPECT_FALSE(inside) << "called back inside the constructor";
      result.Set(std::move(answer));
    });
    inside = false;
  });
  EXPECT_TRUE(result.WaitUntil([](const auto& value) { return value.has_value(); }));
  client.Do([&] { call.reset(); });
  return result.Get();
}

Errc CodeOf(const std::optional<Result<HttpResponse>>& result) {
  return result && !*result ? result->error().code : Errc::kInvalidState;
}

TEST(HttpClientTest, SendsARequestAndReadsTheAnswer) {
  Watched<std::string> asked;
  FakeRelay relay([&](FakeConnection& connection) {
    asked.Set(connection.ReadRequest());
    connection.Write(HttpAnswer("201 Created", "{\"a\":1}", "Retry-After: 7\r\n"));
  });
  ClientLoop client(relay.url());
  HttpRequest request = Get(relay.url());
  request.method = "POST";
  request.token = "secret\r\nX-Evil: 1";
  request.body = "{}";
  const auto result = Call(client, request);
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->status, 201);
  EXPECT_EQ((*result)->body, "{\"a\":1}");
  EXPECT_EQ((*result)->retry_after, std::chrono::seconds(7));
  EXPECT_THAT(asked.Get(), HasSubstr("POST /x HTTP/1.1\r\n"));
  EXPECT_THAT(asked.Get(), HasSubstr("Authorization: Bearer secretX-Evil:1\r\n"));
  EXPECT_THAT(asked.Get(), HasSubstr("Host: 127.0.0.1:" + std::to_string(relay.port())));
  EXPECT_TRUE(asked.Get().ends_with("\r\n\r\n{}"));
}

TEST(HttpClientTest, AnAnswerCutShortAtEveryByteIsNamed) {
  const std::string answer = HttpAnswer("200 OK", "body");
  Watched<std::size_t> size(0);
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(answer.substr(0, size.Get()));
  });
  ClientLoop client(relay.url());
  for (std::size_t cut = 0; cut < answer.size(); ++cut) {
    size.Set(cut);
    const auto result = Call(client, Get(relay.url()));
    const Errc code = CodeOf(result);
    EXPECT_TRUE(code == Errc::kRelayProtocol || code == Errc::kRelayUnreachable)
        << cut << " " << ToString(code);
  }
}

TEST(HttpClientTest, WhatIsNoHttpOrTooLargeIsNamed) {
  const std::string bad[] = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/9.9 200 OK\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
      HttpAnswer("200 OK", std::string(70'000, 'x')),
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(70'000, 'x'),
      std::string(100, '\0'),
  };
  Watched<std::string> answer;
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(answer.Get());
  });
  ClientLoop client(relay.url());
  for (const std::string& text : bad) {
    answer.Set(text);
    EXPECT_EQ(CodeOf(Call(client, Get(relay.url()))), Errc::kRelayProtocol) << text.substr(0, 60);
  }
}

TEST(HttpClientTest, NobodyThereAndNoAnswerAreNamed) {
  std::optional<RelayUrl> closed;
  {
    FakeRelay relay([](FakeConnection&) {});
    closed = relay.url();
  }
  ClientLoop nobody(*closed);
  EXPECT_EQ(CodeOf(Call(nobody, Get(*closed))), Errc::kRelayUnreachable);

  FakeRelay silent([](FakeConnection& connection) { connection.WaitForEnd(); });
  ClientLoop client(silent.url());
  HttpRequest request = Get(silent.url());
  request.deadline = std::chrono::milliseconds(50);
  EXPECT_EQ(CodeOf(Call(client, request)), Errc::kRelayUnreachable);

  RelayUrl unknown{false, "no-such-name.invalid", 80, ""};
  EXPECT_EQ(CodeOf(Call(client, Get(unknown))), Errc::kRelayUnreachable);
}

TEST(HttpClientTest, DestroyedAtEveryStepItIsSilent) {
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(HttpAnswer("200 OK", "x"));
  });
  ClientLoop client(relay.url());
  for (int turns = 0; turns < 20; ++turns) {
    Watched<bool> called(false);
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      call = std::make_unique<HttpCall>(client.endpoint(), Get(relay.url()),
                                        [&](const Result<HttpResponse>&) { called.Set(true); });
    });
    for (int i = 0; i < turns; ++i) client.Do([] {});
    client.Do([&] { call.reset(); });
    const bool before = called.Get();
    client.Do([] {});
    EXPECT_EQ(called.Get(), before);
  }
}

TEST(HttpClientTest, MayBeDestroyedInItsOwnCallback) {
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(HttpAnswer("200 OK", "x"));
  });
  ClientLoop client(relay.url());
  Watched<bool> called(false);
  std::unique_ptr<HttpCall> call;
  client.Do([&] {
    call = std::make_unique<HttpCall>(client.endpoint(), Get(relay.url()),
                                      [&](const Result<HttpResponse>&) {
                                        call.reset();
                                        called.Set(true);
                                      });
  });
  EXPECT_TRUE(called.WaitFor(true));
}

TEST(RelayApiTest, RefusalsKeepTheirMeaning) {
  const auto problem = [](const std::string& status, const std::string& code) {
    return HttpAnswer(status,
                      R"({"type":"about:blank","title":"t","status":)" + status.substr(0, 3) +
                          R"(,"detail":"d","code":")" + code + "\"}",
                      "Content-Type: application/problem+json\r\nRetry-After: 9\r\n");
  };
  const std::pair<std::string, Errc> answers[] = {
      {problem("404 Not Found", "code_not_found"), Errc::kCodeNotFound},
      {problem("429 Too Many Requests", "rate_limited"), Errc::kRateLimited},
      {problem("401 Unauthorized", "unauthorized"), Errc::kUnauthorized},
      {problem("503 Service Unavailable", "not_ready"), Errc::kRelayUnreachable},
      {problem("409 Conflict", "session_full"), Errc::kRelayRefused},
      {HttpAnswer("502 Bad Gateway", "<html>"), Errc::kRelayUnreachable},
      {HttpAnswer("429 Too Many", ""), Errc::kRateLimited},
      {HttpAnswer("404 Not Found", "<html>"), Errc::kRelayProtocol},
      {HttpAnswer("200 OK", ""), Errc::kRelayProtocol},
      {HttpAnswer("200 OK", "{}"), Errc::kRelayProtocol},
      {HttpAnswer("200 OK", "[1]"), Errc::kRelayProtocol},
      {HttpAnswer("302 Found", "", "Location: http://evil/\r\n"), Errc::kRelayProtocol},
  };
  Watched<std::string> answer;
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(answer.Get());
  });
  ClientLoop client(relay.url());
  for (const auto& [text, code] : answers) {
    answer.Set(text);
    Watched<std::optional<RelayFailure>> failure;
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      call = PairController(client.endpoint(), {"123456", "", {}},
                            [&](const RelayResult<protocol::PairResponse>& result) {
                              ASSERT_FALSE(result);
                              failure.Set(result.error());
                            });
    });
    ASSERT_TRUE(failure.WaitUntil([](const auto& value) { return value.has_value(); }));
    EXPECT_EQ(failure.Get()->error.code, code) << text;
    client.Do([&] { call.reset(); });
  }
}

// Names go out as they are; an answer without a code is one for a display that wanted none.
TEST(RelayApiTest, AnAnswerWithoutACodeIsForWhoWantedNone) {
  Watched<std::string> asked;
  FakeRelay relay([&](FakeConnection& connection) {
    asked.Set(connection.ReadRequest());
    connection.Write(HttpAnswer(
        "201 Created",
        R"({"sessionId":"s","displayId":"d","displayToken":"t","eventsUrl":"/e","pollUrl":"/p","wsUrl":"/w"})"));
  });
  ClientLoop client(relay.url());
  for (const bool codeless : {true, false}) {
    protocol::RegisterRequest request;
    request.codeless = codeless;
    request.meets = {std::string(protocol::kMeetBytes, 'm')};
    Watched<std::optional<RelayResult<protocol::RegisterResponse>>> outcome;
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      call = RegisterDisplay(client.endpoint(), request,
                             [&](const auto& result) { outcome.Set(result); });
    });
    ASSERT_TRUE(outcome.WaitUntil([](const auto& value) { return value.has_value(); }));
    EXPECT_NE(asked.Get().find(R"("meets":["mmm)"), std::string::npos);
    const auto result = *outcome.Get();
    EXPECT_EQ(result.has_value(), codeless);
    if (!result) {
      EXPECT_EQ(result.error().error.code, Errc::kRelayProtocol);
    }
    client.Do([&] { call.reset(); });
  }
}

// Every cut-short answer of a relay, with a right length: the JSON is what breaks.
TEST(RelayApiTest, AnAnswerWithBrokenJsonIsNamedAtEveryByte) {
  const std::string body =
      R"({"sessionId":"s","controllerId":"c","controllerToken":"t","wsUrl":"/ws","display":{"displayId":"d","name":"n"}})";
  Watched<std::size_t> size(0);
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(HttpAnswer("200 OK", body.substr(0, size.Get())));
  });
  ClientLoop client(relay.url());
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    size.Set(cut);
    Watched<int> outcome(-1);
    std::unique_ptr<HttpCall> call;
    client.Do([&] {
      call = PairController(client.endpoint(), {"123456", "", {}},
                            [&](const RelayResult<protocol::PairResponse>& result) {
                              const bool named =
                                  !result && result.error().error.code == Errc::kRelayProtocol;
                              outcome.Set(result ? 1 : named ? 0 : 2);
                            });
    });
    ASSERT_TRUE(outcome.WaitUntil([](int value) { return value >= 0; }));
    EXPECT_EQ(outcome.Get(), cut == body.size() ? 1 : 0) << cut;
    client.Do([&] { call.reset(); });
  }
}

}  // namespace
}  // namespace pairwire
