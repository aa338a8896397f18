// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RESP2, the protocol of Redis 6 and 7 without HELLO: commands are written, replies are read.
// https://redis.io/docs/reference/protocol-spec. hiredis' reader takes the bytes apart; the bounds
// are ours, because a server (or who sits between) may send anything.
#ifndef PAIRWIRE_SIGNALING_REDIS_RESP_H_
#define PAIRWIRE_SIGNALING_REDIS_RESP_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace pairwire::redis {

// One reply, or one message that came to a subscriber. Moved, seldom copied.
struct Reply {
  enum class Type : std::uint8_t { kNil, kString, kStatus, kError, kInteger, kArray };

  Type type = Type::kNil;
  std::int64_t integer = 0;     // kInteger
  std::string text;             // kString, kStatus ("OK"), kError ("MOVED 12 host:port")
  std::vector<Reply> elements;  // kArray

  bool IsNil() const { return type == Type::kNil; }
  bool IsError() const { return type == Type::kError; }
  bool IsArray() const { return type == Type::kArray; }
  bool IsInteger() const { return type == Type::kInteger; }
  // A string or a status.
  bool IsText() const { return type == Type::kString || type == Type::kStatus; }
  // An error's first word: "MOVED", "NOSCRIPT", "ERR"; empty for anything else.
  std::string_view ErrorCode() const;

  bool operator==(const Reply&) const = default;
};

// The words of one command; the first is its name. Bytes of any kind.
using Args = std::vector<std::string>;

// Appends `args` to `out` as an array of strings. At least one argument.
void AppendCommand(const Args& args, std::string& out);

// Takes bytes as they come, in pieces of any size, and gives whole replies. After an error it gives
// nothing more: what follows could not be told apart, so the connection has to go.
class ReplyReader {
 public:
  // A reply of the largest script is some 100 KiB; an inbox read 256 KiB.
  static constexpr std::size_t kMaxReplyBytes = 4 * 1024 * 1024;
  // Elements of one reply on all levels together.
  static constexpr std::size_t kMaxElements = 64 * 1024;
  // Arrays in arrays; hiredis has room for seven.
  static constexpr int kMaxDepth = 7;

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void Feed(std::string_view bytes);
  // The next whole reply; empty when more bytes are needed. kParseError, kLimitExceeded: for good.
  Result<std::optional<Reply>> Next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<redisReader, Free> reader_;
  // Fed and not yet given to the reader: it keeps what it has until somebody asks, and moves all of
  // it at each reply, so it gets small pieces.
  std::string waiting_;
  std::size_t given_ = 0;        // of waiting_
  std::size_t reply_bytes_ = 0;  // given since the last whole reply
  std::size_t elements_ = 0;     // of the reply that is being read
  std::optional<Error> error_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_RESP_H_
