// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SseParser: bytes in, server-sent events out (WHATWG HTML section 9.2.6, "interpreting an event
// stream"). Pure and incremental: bytes may be cut anywhere. It does not connect (event_stream.h).
#ifndef PAIRWIRE_SIGNALING_CLIENT_SSE_PARSER_H_
#define PAIRWIRE_SIGNALING_CLIENT_SSE_PARSER_H_

#include <pairwire/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// One event, however it came (SSE or long-poll).
struct RelayEvent {
  std::string id;    // of this event or of the last one that had an id; empty before the first
  std::string type;  // "message" when the event names none
  std::string data;

  bool operator==(const RelayEvent&) const = default;
};

class SseParser {
 public:
  // One line, and one event's data: a message of the protocol has at most 64 KiB, and "data: " goes
  // before.
  static constexpr std::size_t kMaxLineBytes = 64 * 1024 + 64;
  static constexpr std::size_t kMaxDataBytes = 64 * 1024;
  static constexpr std::size_t kMaxIdBytes = 256;

  // Events that `bytes` completed. kLimitExceeded when a line, data or id is over its bound: the
  // stream can not be used any more and every later call answers the same.
  Result<std::vector<RelayEvent>> Feed(std::string_view bytes);

  // To send as Last-Event-ID when the stream is opened anew.
  const std::string& last_event_id() const { return last_event_id_; }

 private:
  Result<void> TakeLine(std::string_view line, std::vector<RelayEvent>& events);

  std::string line_;
  bool skip_line_feed_ = false;  // the line ended in CR; an LF right after belongs to it
  bool first_line_ = true;       // a byte order mark may stand before it
  bool failed_ = false;
  std::string type_;
  std::string data_;
  bool has_data_ = false;
  // The id of the event that is being read. It counts only once its event is complete: a stream cut
  // in between would else resume after an event that nobody got.
  std::string id_;
  std::string last_event_id_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_SSE_PARSER_H_
