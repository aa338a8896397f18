// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HTTP messages without a socket: every cut-short request, every limit, smuggling tricks (RFC
// 9112).
#include "signaling/server/http_parser.h"

#include <gtest/gtest.h>

#include "signaling/server/http_message.h"
#include "signaling/server/router.h"

namespace pairwire::server {
namespace {

using protocol::ProblemCode;
using Status = HttpParser::Status;

constexpr std::size_t kHeaderLimit = 8 * 1024;
constexpr std::size_t kBodyLimit = 16 * 1024;

const std::string kPost =
    "POST /api/sessions/pair?x=1%202&y=z HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-A: "
    "b\r\n\r\nhello";

TEST(HttpParserTest, ReadsARequestAndLeavesTheNextOne) {
  HttpParser parser(kHeaderLimit, kBodyLimit);
  std::string input = kPost + "GET / HT";
  ASSERT_EQ(parser.Feed(input), Status::kComplete);
  EXPECT_EQ(input, "GET / HT");
  const HttpRequest request = parser.TakeRequest();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/api/sessions/pair");
  EXPECT_EQ(QueryValue(request.query, "x"), "1 2");
  EXPECT_EQ(QueryValue(request.query, "y"), "z");
  EXPECT_EQ(QueryValue(request.query, "none"), "");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.Header("x-a"), "b");
  EXPECT_TRUE(request.keep_alive);
}

TEST(HttpParserTest, EveryCutShortRequestWantsMore) {
  for (std::size_t size = 0; size < kPost.size(); ++size) {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input = kPost.substr(0, size);
    EXPECT_EQ(parser.Feed(input), Status::kNeedMore) << size;
  }
}

TEST(HttpParserTest, AnyWayOfCuttingGivesTheSame) {
  for (std::size_t cut = 1; cut < kPost.size(); ++cut) {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input = kPost.substr(0, cut);
    ASSERT_EQ(parser.Feed(input), Status::kNeedMore);
    input += kPost.substr(cut);
    ASSERT_EQ(parser.Feed(input), Status::kComplete) << cut;
    EXPECT_EQ(parser.TakeRequest().body, "hello");
  }
  HttpParser parser(kHeaderLimit, kBodyLimit);
  std::string input;
  for (std::size_t i = 0; i < kPost.size(); ++i) {
    input += kPost[i];
    EXPECT_EQ(parser.Feed(input), i + 1 == kPost.size() ? Status::kComplete : Status::kNeedMore);
  }
}

TEST(HttpParserTest, ChunkedBodyIsReadAndBounded) {
  std::string input =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  HttpParser parser(kHeaderLimit, kBodyLimit);
  ASSERT_EQ(parser.Feed(input), Status::kComplete);
  EXPECT_EQ(parser.TakeRequest().body, "abcde");

  HttpParser bounded(kHeaderLimit, 4);
  input =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  EXPECT_EQ(bounded.Feed(input), Status::kFailed);
  EXPECT_EQ(bounded.problem(), ProblemCode::kPayloadTooLarge);
}

TEST(HttpParserTest, LimitsAreHit) {
  {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input =
        "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(kHeaderLimit, 'a') + "\r\n\r\n";
    EXPECT_EQ(parser.Feed(input), Status::kFailed);
    EXPECT_EQ(parser.problem(), ProblemCode::kHeadersTooLarge);
  }
  {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input =
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kBodyLimit + 1) +
        "\r\n\r\n";
    EXPECT_EQ(parser.Feed(input), Status::kFailed);
    EXPECT_EQ(parser.problem(), ProblemCode::kPayloadTooLarge);
  }
  {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input =
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kBodyLimit) + "\r\n\r\n" +
        std::string(kBodyLimit, 'b');
    EXPECT_EQ(parser.Feed(input), Status::kComplete);
  }
}

TEST(HttpParserTest, BadRequestsAreRefused) {
  const std::string kBad[] = {
      "\r\n\r\nnonsense\r\n\r\n",
      "\x16\x03\x01\x02\x05\x01\x02\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",                        // no Host
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  // two
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",            // blank before the colon
      "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",  // absolute form: we are no proxy
      "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /%0 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nExpect: 200-maybe\r\n\r\n",
  };
  for (const std::string& bad : kBad) {
    HttpParser parser(kHeaderLimit, kBodyLimit);
    std::string input = bad;
    EXPECT_EQ(parser.Feed(input), Status::kFailed) << bad;
  }
}

TEST(HttpParserTest, ExpectContinueIsAskedOnce) {
  HttpParser parser(kHeaderLimit, kBodyLimit);
  std::string input =
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(parser.Feed(input), Status::kNeedMore);
  EXPECT_TRUE(parser.TakeExpectContinue());
  EXPECT_FALSE(parser.TakeExpectContinue());
  input += "ok";
  EXPECT_EQ(parser.Feed(input), Status::kComplete);
}

TEST(HttpMessageTest, HeaderListsAndTokens) {
  EXPECT_TRUE(HasToken("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(HasToken("upgraded", "upgrade"));
  EXPECT_FALSE(HasToken("", "upgrade"));
  std::string out;
  EXPECT_TRUE(PercentDecode("a%20b%2Fc", out));
  EXPECT_EQ(out, "a b/c");
  EXPECT_FALSE(PercentDecode("%", out));
  EXPECT_FALSE(PercentDecode("%2", out));
}

TEST(HttpMessageTest, AValueCannotForgeAHeader) {
  const HttpResponse response{200, {{"X", "a\r\nSet-Cookie: b"}}, "body", nullptr};
  const std::string text = Serialize(response, true, false);
  EXPECT_EQ(text.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_NE(text.find("Content-Length: 4\r\n"), std::string::npos);
  const std::string head = Serialize(response, false, true);
  EXPECT_NE(head.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_NE(head.find("Connection: close\r\n\r\n"), std::string::npos);
  EXPECT_EQ(head.find("body"), std::string::npos);
}

TEST(RequestTokenTest, ThreePlacesInTheirOrder) {
  HttpRequest request;
  EXPECT_EQ(WebSocketToken(request), "");
  request.headers = {{"Cookie", "a=b; access_token=from-cookie; c=d"}};
  EXPECT_EQ(WebSocketToken(request), "from-cookie");
  request.headers.emplace_back("Sec-WebSocket-Protocol", "pairwire.v1, pairwire.token.from-entry");
  EXPECT_EQ(WebSocketToken(request), "from-entry");
  request.headers.emplace_back("Authorization", "bearer from-header");
  EXPECT_EQ(WebSocketToken(request), "from-header");
  EXPECT_EQ(BearerToken(request), "from-header");
  request.headers = {{"Authorization", "Basic abc"}};
  EXPECT_EQ(WebSocketToken(request), "");
}

TEST(RequestTokenTest, OfTwoInOnePlaceNoneCounts) {
  HttpRequest request;
  request.headers = {{"Authorization", "Bearer a"}, {"authorization", "Bearer b"}};
  EXPECT_EQ(WebSocketToken(request), "");
  request.headers = {{"Sec-WebSocket-Protocol", "pairwire.token.a, pairwire.token.b"}};
  EXPECT_EQ(WebSocketToken(request), "");
  request.headers = {{"Origin", "https://x"}, {"Cookie", "access_token=a;access_token=b"}};
  EXPECT_EQ(WebSocketToken(request), "");
  request.headers = {{"Origin", "https://x"}, {"Cookie", ";; access_token=a;"}};
  EXPECT_EQ(WebSocketToken(request), "a");
}

}  // namespace
}  // namespace pairwire::server
