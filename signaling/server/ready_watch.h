// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ReadyWatch: how long it takes from a right code to `pairing:ready` on the display's stream, for
// pairs where both ends are at this node (nodes share no clock). Which of the two, answer or event,
// is seen first depends on the store, so either waits for the other.
#ifndef PAIRWIRE_SIGNALING_SERVER_READY_WATCH_H_
#define PAIRWIRE_SIGNALING_SERVER_READY_WATCH_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::server {

// Remembers the newest few: the other half comes within milliseconds or not at all.
class ReadyWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Latency = std::optional<std::chrono::nanoseconds>;
  static constexpr std::size_t kRemembered = 32;

  // A code that was right, asked for at `begin`, and the controller's id of the answer.
  Latency OnPaired(std::string_view controller_id, Time begin) {
    for (Entry& ready : ready_) {
      if (ready.text.empty() || ready.text.find(controller_id) == std::string::npos) continue;
      ready.text.clear();
      return ready.time - begin;
    }
    Remember(paired_, next_paired_, controller_id, begin);
    return std::nullopt;
  }
  // The data of the event, sent at `now`; it holds the controller's id.
  Latency OnReady(std::string_view data, Time now) {
    for (Entry& paired : paired_) {
      if (paired.text.empty() || data.find(paired.text) == std::string_view::npos) continue;
      paired.text.clear();
      return now - paired.time;
    }
    // The id is in its beginning; a hello may be long.
    Remember(ready_, next_ready_, data.substr(0, 128), now);
    return std::nullopt;
  }

 private:
  struct Entry {
    std::string text;  // empty: none
    Time time{};
  };
  using Entries = std::array<Entry, kRemembered>;

  static void Remember(Entries& entries, std::size_t& next, std::string_view text, Time time) {
    entries[next] = {std::string(text), time};
    next = (next + 1) % kRemembered;
  }

  Entries paired_;
  Entries ready_;
  std::size_t next_paired_ = 0;
  std::size_t next_ready_ = 0;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_READY_WATCH_H_
