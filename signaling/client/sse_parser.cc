// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/sse_parser.h"

#include <utility>

namespace pairwire {

Result<std::vector<RelayEvent>> SseParser::Feed(std::string_view bytes) {
  std::vector<RelayEvent> events;
  if (failed_) return Fail(Errc::kLimitExceeded, "the event stream went over a limit before");
  while (!bytes.empty()) {
    if (std::exchange(skip_line_feed_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMaxLineBytes) {
      failed_ = true;
      return Fail(Errc::kLimitExceeded, "a line of the event stream is too long");
    }
    line_ += part;
    if (end == std::string_view::npos) break;
    skip_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string line = std::exchange(line_, {});
    std::string_view view = line;
    if (std::exchange(first_line_, false) && view.starts_with("\xEF\xBB\xBF")) {
      view.remove_prefix(3);
    }
    const Result<void> taken = TakeLine(view, events);
    if (!taken) {
      failed_ = true;
      return tl::unexpected(taken.error());
    }
  }
  return events;
}

Result<void> SseParser::TakeLine(std::string_view line, std::vector<RelayEvent>& events) {
  if (line.empty()) {
    last_event_id_ = id_;
    if (has_data_) {
      events.push_back({last_event_id_, type_.empty() ? "message" : type_, std::move(data_)});
    }
    type_.clear();
    data_.clear();
    has_data_ = false;
    return {};
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);

  if (field == "data") {
    if (data_.size() + value.size() + 1 > kMaxDataBytes) {
      return Fail(Errc::kLimitExceeded, "an event of the event stream is too large");
    }
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    type_ = value;
  } else if (field == "id") {
    if (value.size() > kMaxIdBytes) {
      return Fail(Errc::kLimitExceeded, "an id of the event stream is too long");
    }
    // An id with a NUL is ignored by the standard; other control characters could not travel in the
    // Last-Event-ID header, so they are treated alike.
    bool usable = true;
    for (const char c : value) usable = usable && c >= 0x20 && c < 0x7f;
    if (usable) id_ = value;
  }
  // "retry" and unknown fields: the pause is our own policy (with jitter), not the relay's.
  return {};
}

}  // namespace pairwire
