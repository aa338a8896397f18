// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusBook: the last known state of displays (include/pairwire/status.h): from the relay's
// answers, from a file and back to it. Not here: I/O (status_file.h, status_call.h), when to ask
// (status_poller.h), clocks: times are given in, in milliseconds since 1970.
#ifndef PAIRWIRE_SIGNALING_CLIENT_STATUS_BOOK_H_
#define PAIRWIRE_SIGNALING_CLIENT_STATUS_BOOK_H_

#include <pairwire/result.h>
#include <pairwire/status.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// Displays in a file: those of this client and what others left in it. The least recently heard go
// first.
inline constexpr std::size_t kMaxKeptDisplays = 4 * kMaxWatchedDisplays;
// A report has at most some 500 bytes, an escaped id of 64 bytes included six times as many.
inline constexpr std::size_t kMaxStatusAnswerBytes = 2 * 1024 * 1024;
inline constexpr std::size_t kMaxStatusFileBytes = 4 * kMaxStatusAnswerBytes;

// What somebody said of one display.
struct StatusRecord {
  std::string display_id;
  events::DisplayState status = events::DisplayState::kOffline;
  events::Metrics metrics = {};
  std::string design_id;
  // How long ago the display said so, when it was heard; empty: nobody knows.
  std::optional<std::chrono::milliseconds> age;

  bool operator==(const StatusRecord&) const = default;
};

// GET /api/displays/{id}/status. kRelayProtocol: not that; also when it is of another display.
Result<StatusRecord> ParseDisplayAnswer(std::string_view body, std::string_view display_id);
// GET /api/designs/{id}/status. The same; also with more than kMaxWatchedDisplays.
Result<std::vector<StatusRecord>> ParseDesignAnswer(std::string_view body);

class StatusBook {
 public:
  // What the relay answered. True: a reader would see the difference.
  bool Learn(const StatusRecord& record, std::int64_t now_ms);
  // The relay was not to be asked: what is known of these displays is stale from now on. The ids
  // whose reports changed by that.
  std::vector<std::string> MarkStale(const std::vector<std::string>& display_ids);

  // Empty: never heard of.
  std::optional<DisplayReport> Find(std::string_view display_id, std::int64_t now_ms) const;
  // Ids of a design, in order.
  std::vector<std::string> OfDesign(std::string_view design_id) const;

  // All as one JSON text, and back. Read takes what is newer than what is known, and leaves it
  // stale. kParseError: not a file of ours, or not a whole one; then nothing was taken.
  std::string ToText() const;
  Result<void> Read(std::string_view text);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    StatusRecord record;                  // age: empty
    std::int64_t heard_ms = 0;            // the relay answered
    std::optional<std::int64_t> said_ms;  // the display said it
    bool stale = false;
  };

  void Bound();

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_STATUS_BOOK_H_
