// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/resp.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::redis {
namespace {

using namespace std::string_literals;       // NOLINT(google-build-using-namespace)
using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace)

using Type = Reply::Type;

Reply Text(Type type, std::string text) {
  Reply reply;
  reply.type = type;
  reply.text = std::move(text);
  return reply;
}

Reply Number(std::int64_t value) {
  Reply reply;
  reply.type = Type::kInteger;
  reply.integer = value;
  return reply;
}

Reply List(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

std::vector<Reply> ReadAll(ReplyReader& reader) {
  std::vector<Reply> replies;
  for (;;) {
    auto next = reader.Next();
    EXPECT_TRUE(next.has_value());
    if (!next || !*next) return replies;
    replies.push_back(std::move(**next));
  }
}

std::optional<Error> ErrorOf(std::string_view bytes) {
  ReplyReader reader;
  reader.Feed(bytes);
  for (;;) {
    const auto next = reader.Next();
    if (!next) {
      EXPECT_EQ(reader.Next().error(), next.error()) << "an error is for good";
      return next.error();
    }
    if (!*next) return std::nullopt;
  }
}

constexpr std::string_view kStream =
    "+OK\r\n"
    ":-42\r\n"
    "$-1\r\n"
    "*-1\r\n"
    "$0\r\n\r\n"
    "$9\r\na\r\nb\0c\xff$4\r\n"
    "-MOVED 3999 127.0.0.1:6381\r\n"
    "*0\r\n"
    "*3\r\n$7\r\nmessage\r\n*2\r\n:1\r\n*1\r\n$-1\r\n$1\r\nx\r\n"
    "+PONG\r\n"sv;

std::vector<Reply> Expected() {
  return {Text(Type::kStatus, "OK"),
          Number(-42),
          Reply(),
          Reply(),
          Text(Type::kString, ""),
          Text(Type::kString, std::string("a\r\nb\0c\xff$4", 9)),
          Text(Type::kError, "MOVED 3999 127.0.0.1:6381"),
          List({}),
          List({Text(Type::kString, "message"), List({Number(1), List({Reply()})}),
                Text(Type::kString, "x")}),
          Text(Type::kStatus, "PONG")};
}

TEST(Resp, EveryCutPoint) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    ReplyReader reader;
    std::vector<Reply> replies;
    for (const std::string_view part : {kStream.substr(0, cut), kStream.substr(cut)}) {
      reader.Feed(part);
      for (Reply& reply : ReadAll(reader)) replies.push_back(std::move(reply));
    }
    ASSERT_EQ(replies, Expected()) << "cut at " << cut;
  }
}

TEST(Resp, ByteByByte) {
  ReplyReader reader;
  std::vector<Reply> replies;
  for (const char c : kStream) {
    reader.Feed(std::string_view(&c, 1));
    for (Reply& reply : ReadAll(reader)) replies.push_back(std::move(reply));
  }
  EXPECT_EQ(replies, Expected());
}

TEST(Resp, ManyRepliesInOneRead) {
  std::string bytes;
  constexpr int kCount = 50'000;
  for (int i = 0; i < kCount; ++i) bytes += ":" + std::to_string(i) + "\r\n";
  ReplyReader reader;
  reader.Feed(bytes);
  const std::vector<Reply> replies = ReadAll(reader);
  ASSERT_EQ(replies.size(), kCount);
  EXPECT_EQ(replies.front(), Number(0));
  EXPECT_EQ(replies.back(), Number(kCount - 1));
}

TEST(Resp, HostileLengths) {
  for (const std::string_view bytes : {
           "$-2\r\n",
           "*-2\r\n",
           "$99999999999999999999999\r\n",
           "*99999999999\r\n",
           "$1x\r\n",
           "*\r\n",
           ":\r\n",
           ":9223372036854775808\r\n",
           "?\r\n",
           "HTTP/1.1 400 Bad Request\r\n",
       }) {
    const auto error = ErrorOf(bytes);
    ASSERT_TRUE(error.has_value()) << bytes;
    EXPECT_EQ(error->code, Errc::kParseError) << bytes;
  }
  // What is claimed costs nothing until it comes.
  for (const std::string_view bytes : {"*2147483647\r\n", "$536870912\r\nabc"}) {
    EXPECT_FALSE(ErrorOf(bytes).has_value()) << bytes;
  }
}

TEST(Resp, ALongReplyIsRefused) {
  std::string bytes = "$" + std::to_string(2 * ReplyReader::kMaxReplyBytes) + "\r\n";
  bytes.append(2 * ReplyReader::kMaxReplyBytes, 'x');
  const auto error = ErrorOf(bytes);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::kLimitExceeded);
}

TEST(Resp, ALineWithoutEndIsRefused) {
  const auto error = ErrorOf("+" + std::string(2 * ReplyReader::kMaxReplyBytes, 'x'));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::kLimitExceeded);
}

TEST(Resp, TooManyElementsAreRefused) {
  std::string bytes = "*" + std::to_string(ReplyReader::kMaxElements) + "\r\n";
  for (std::size_t i = 0; i < ReplyReader::kMaxElements; ++i) bytes += ":1\r\n";
  const auto error = ErrorOf(bytes);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::kLimitExceeded);
}

TEST(Resp, TheBoundsAreForOneReplyNotForTheStream) {
  ReplyReader reader;
  const std::string text(100'000, 'x');
  std::string bytes;
  AppendCommand({text}, bytes);  // an array of one string is a reply as well
  std::size_t replies = 0;
  for (std::size_t fed = 0; fed < 2 * ReplyReader::kMaxReplyBytes; fed += bytes.size()) {
    reader.Feed(bytes);
    replies += ReadAll(reader).size();
  }
  EXPECT_GE(replies, 2 * ReplyReader::kMaxReplyBytes / bytes.size());
}

TEST(Resp, NestedTooDeep) {
  std::string fits;
  for (int i = 0; i < ReplyReader::kMaxDepth; ++i) fits += "*1\r\n";
  EXPECT_FALSE(ErrorOf(fits + ":1\r\n").has_value());
  const auto error = ErrorOf(fits + "*1\r\n*1\r\n:1\r\n");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::kParseError);
}

TEST(Resp, CommandsHoldAnyBytes) {
  std::string out = "before";
  AppendCommand({"SET", std::string("a\r\n\0", 4), ""}, out);
  EXPECT_EQ(out, "before*3\r\n$3\r\nSET\r\n$4\r\na\r\n\0\r\n$0\r\n\r\n"s);
}

TEST(Resp, ErrorCode) {
  EXPECT_EQ(Text(Type::kError, "NOSCRIPT No matching script.").ErrorCode(), "NOSCRIPT");
  EXPECT_EQ(Text(Type::kError, "ERR").ErrorCode(), "ERR");
  EXPECT_EQ(Text(Type::kString, "ERR x").ErrorCode(), "");
}

}  // namespace
}  // namespace pairwire::redis
