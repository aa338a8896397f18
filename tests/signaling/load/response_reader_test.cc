// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/response_reader.h"

#include <gtest/gtest.h>

namespace pairwire::load {
namespace {

constexpr char kLength[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr char kChunked[] =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: "
    "b\r\n\r\n";

// In two parts at every place, and byte by byte.
void ExpectAtEveryCut(const std::string& text, int status, const std::string& body) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ResponseReader reader;
    std::string_view first = std::string_view(text).substr(0, cut);
    std::string_view second = std::string_view(text).substr(cut);
    reader.Feed(first);
    EXPECT_EQ(reader.done(), cut == text.size()) << cut;
    reader.Feed(second);
    ASSERT_TRUE(reader.done()) << cut;
    EXPECT_EQ(reader.response().status, status);
    EXPECT_EQ(reader.response().body, body);
  }
  ResponseReader reader;
  for (const char& c : text) {
    std::string_view one(&c, 1);
    reader.Feed(one);
  }
  ASSERT_TRUE(reader.done());
  EXPECT_EQ(reader.response().body, body);
}

TEST(ResponseReaderTest, EveryCut) {
  ExpectAtEveryCut(kLength, 200, "hello");
  ExpectAtEveryCut(kChunked, 200, "hello");
  ExpectAtEveryCut("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
  ExpectAtEveryCut(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "");
}

TEST(ResponseReaderTest, LeavesWhatComesBehind) {
  const std::string text = std::string(kLength) + "HTTP/1.1 ";
  std::string_view bytes = text;
  ResponseReader reader;
  reader.Feed(bytes);
  EXPECT_EQ(bytes, "HTTP/1.1 ");
  EXPECT_EQ(reader.response().Header("x"), "y");
  EXPECT_EQ(reader.Take().body, "hello");
  EXPECT_FALSE(reader.done()) << "ready for the next";

  std::string_view upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81";
  reader.Feed(upgrade);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(upgrade, "\x81");
}

TEST(ResponseReaderTest, ABodyWithoutLengthEndsWithTheConnection) {
  std::string_view bytes = "HTTP/1.1 200 OK\r\n\r\nretry: 2000\n";
  ResponseReader reader;
  reader.Feed(bytes);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.TakeBody(), "retry: 2000\n");
  EXPECT_EQ(reader.TakeBody(), "");
  reader.End();
  EXPECT_TRUE(reader.done());

  std::string_view cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
  ResponseReader other;
  other.Feed(cut);
  other.End();
  EXPECT_TRUE(other.failed());
}

TEST(ResponseReaderTest, RefusesWhatIsNoResponse) {
  const std::string long_head = "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x');
  for (const std::string& text :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("HTTP/1.1 abc\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"),
        long_head}) {
    ResponseReader reader;
    std::string_view bytes = text;
    reader.Feed(bytes);
    EXPECT_TRUE(reader.failed()) << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace pairwire::load
