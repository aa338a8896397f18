// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ResponseReader: an HTTP/1.1 response out of a byte stream (RFC 9112), however it is cut: bodies
// by length, in chunks (proxies do that to event streams) or up to the end of the connection.
#ifndef PAIRWIRE_SIGNALING_LOAD_RESPONSE_READER_H_
#define PAIRWIRE_SIGNALING_LOAD_RESPONSE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pairwire::load {

struct Response {
  int status = 0;  // 0: none came; the connection failed or the deadline passed
  std::string head;
  std::string body;

  // The first header of that name, without blanks around it; empty when there is none.
  std::string_view Header(std::string_view name) const;
  bool ok() const { return status >= 200 && status < 300; }
};

class ResponseReader {
 public:
  static constexpr std::size_t kMaxHeadBytes = 16 * 1024;
  static constexpr std::size_t kMaxBodyBytes = 4 * 1024 * 1024;

  // Takes what belongs to this response off the front of `bytes`; what is left begins the next one
  // (or, after a 101, is the new protocol's).
  void Feed(std::string_view& bytes);
  // The connection ended, which completes a body that has no length.
  void End();
  void Clear() { *this = ResponseReader(); }

  bool has_head() const { return state_ != State::kHead && state_ != State::kFailed; }
  bool done() const { return state_ == State::kDone; }
  bool failed() const { return state_ == State::kFailed; }
  const Response& response() const { return response_; }
  // The part of the body that has come, for a body that never ends; it is kept no longer.
  std::string TakeBody();
  Response Take();

 private:
  enum class State {
    kHead,
    kLength,
    kChunkSize,
    kChunk,
    kChunkEnd,
    kTrailer,
    kToEnd,
    kDone,
    kFailed
  };

  void TakeHead(std::string_view& bytes);
  void TakeBytes(std::string_view& bytes);
  // A line without its end; false when it has not come as a whole.
  bool TakeLine(std::string_view& bytes, std::string& line);
  void TakeChunkSize(const std::string& line);

  State state_ = State::kHead;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::string line_;        // of a chunk's head, cut
  Response response_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_RESPONSE_READER_H_
