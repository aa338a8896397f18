// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/delivery/session_checker.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace pairwire::test {
namespace {

// What one end has done so far.
struct EndRecord {
  std::vector<std::uint64_t> sent;         // hashes, from first_seq on
  std::vector<std::uint64_t> sent_before;  // before it came back without its memory
  bool restored = false;
  bool ever_open = false;
  std::vector<std::uint64_t> delivered;  // of the other's, in order
  std::set<std::uint64_t> seen;          // numbers delivered, over all of its lives
  std::uint64_t acked = 0;               // how many
  std::optional<std::pair<std::uint64_t, std::uint64_t>> left;  // lost or pending
  bool left_twice = false;
  bool killed = false;
  bool ended = false;
  bool app_closed = false;
  std::optional<std::uint64_t> link;
  std::optional<std::uint64_t> outage_since;
  // Values in the order of setting, and which of them was shown last; by key.
  std::map<std::uint64_t, std::vector<std::uint64_t>> set;
  std::map<std::uint64_t, std::size_t> shown;
};

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<Breach> Go() {
    for (const Event& event : history_.events) {
      at_ = event.at_ms;
      Take(event, ends_[static_cast<std::size_t>(event.end)],
           ends_[static_cast<std::size_t>(1 - event.end)]);
    }
    for (const int end : {0, 1}) AtTheEnd(end);
    return std::move(breaches_);
  }

 private:
  void Found(int invariant, std::string line) {
    breaches_.push_back({invariant, "I" + std::to_string(invariant) + " at " + std::to_string(at_) +
                                        " ms: " + line});
  }
  // Numbers as counts: how many up to and with this one.
  std::uint64_t Count(std::uint64_t number) const { return number - history_.first_seq + 1; }

  void Take(const Event& event, EndRecord& end, EndRecord& other) {
    switch (event.what) {
      case What::kSend:
        end.sent.push_back(event.hash);
        if (Count(event.number) != end.sent.size()) Found(1, "a number was left out at sending");
        return;
      case What::kDeliver:
        Deliver(event, end, other);
        return;
      case What::kAcked:
        if (end.restored) Found(5, "an acknowledgement for another memory");
        for (std::uint64_t count = end.acked; count < Count(event.number); ++count) {
          if (other.seen.count(history_.first_seq + count) == 0) {
            Found(4, "number " + std::to_string(history_.first_seq + count) +
                         " is acknowledged, and was not delivered");
          }
        }
        end.acked = std::max(end.acked, Count(event.number));
        return;
      case What::kLost:
      case What::kPending:
        if (end.left) end.left_twice = true;
        end.left = {event.number, event.last};
        return;
      case What::kLinkOpen:
        if (end.restored || other.restored) Found(5, "a session goes on with another memory");
        if (end.link) Found(7, "a link is taken into use beside another");
        end.link = event.link;
        end.ever_open = true;
        return;
      case What::kLinkClose:
        if (end.link == event.link) end.link.reset();
        return;
      case What::kBytes:
        if (event.number > history_.outbox_bytes || event.last > history_.outbox_messages ||
            event.hash > history_.state_bytes) {
          Found(6, "a buffer is above its bound");
        }
        return;
      case What::kStateSet:
        end.set[event.number].push_back(event.hash);
        return;
      case What::kStateShown:
        Shown(event, end, other);
        return;
      case What::kOutage:
        if (!end.outage_since) end.outage_since = event.at_ms;
        return;
      case What::kOutageOver:
        end.outage_since.reset();
        return;
      case What::kEnded:
        Ended(event, end, other);
        return;
      case What::kKilled:
        end.killed = true;
        end.link.reset();
        return;
      case What::kRestored:
        end.sent_before = std::exchange(end.sent, {});
        end.acked = 0;
        end.link.reset();
        end.left.reset();
        end.ended = false;
        // Whom the other end has never heard of is a newcomer, whatever it was before.
        end.restored = other.ever_open;
        restored_ = true;
        return;
      case What::kAppClosed:
        end.app_closed = true;
        return;
    }
  }

  void Deliver(const Event& event, EndRecord& end, const EndRecord& other) {
    const std::string number = "number " + std::to_string(event.number);
    if (end.ended) Found(5, number + " is delivered after the end");
    if (end.restored) Found(5, number + " is delivered to another memory");
    if (!end.seen.insert(event.number).second) Found(2, number + " is delivered twice");
    end.delivered.push_back(event.hash);
    const std::size_t count = end.delivered.size();
    const auto& sent = other.restored ? other.sent_before : other.sent;
    if (Count(event.number) != count) {
      Found(1, number + " is delivered in place " + std::to_string(count));
    } else if (sent.size() < count || sent[count - 1] != event.hash) {
      Found(1, number + " is not what was sent");
    }
    if (event.link != 0 && end.link != event.link) Found(7, number + " is from a link not in use");
  }

  void Shown(const Event& event, EndRecord& end, const EndRecord& other) {
    const auto set = other.set.find(event.number);
    std::size_t& next = end.shown[event.number];  // one behind the last one shown
    if (set != other.set.end()) {
      for (std::size_t i = next; i < set->second.size(); ++i) {
        if (set->second[i] == event.hash) {
          next = i + 1;
          return;
        }
      }
    }
    Found(8, "a state of key " + std::to_string(event.number) + " goes back, or was never set");
  }

  void Ended(const Event& event, EndRecord& end, const EndRecord& other) {
    end.ended = true;
    end.link.reset();
    const bool disturbed = end.killed || other.killed || restored_;
    switch (static_cast<End>(event.number)) {
      case End::kAsked:
        if (!end.app_closed) Found(9, "an end that nobody asked for");
        return;
      case End::kPeerLeft:
        if (!other.app_closed) Found(9, "a goodbye that nobody said");
        return;
      case End::kLost:
        if (restored_) return;
        if (!end.outage_since || event.at_ms - *end.outage_since + 1 < history_.window_ms) {
          Found(9, "the session was given up within its window");
        }
        return;
      case End::kPeerRestarted:
        if (!restored_) Found(9, "nobody has restarted");
        return;
      case End::kOther:
        if (!disturbed) Found(9, "the session broke");
        return;
    }
  }

  void AtTheEnd(int which) {
    EndRecord& end = ends_[static_cast<std::size_t>(which)];
    const EndRecord& other = ends_[static_cast<std::size_t>(1 - which)];
    const std::string name = which == 0 ? "display" : "controller";
    if (!end.killed) {
      if (end.left_twice) Found(3, name + ": two ranges");
      const std::uint64_t sent = end.sent.size();
      const std::uint64_t first = end.acked + 1;
      const bool none = first > sent;
      const bool right =
          !end.left || end.left->first == 0
              ? none
              : !none && Count(end.left->first) == first && Count(end.left->second) == sent;
      if (!right) Found(3, name + ": sent and neither acknowledged, pending nor told as lost");
    }
    const bool both_live = !restored_ && !end.killed && !other.killed && !end.ended && !other.ended;
    if (!history_.rested || !both_live) return;
    if (!end.link) Found(9, name + ": not connected after a minute of fair weather");
    if (end.acked != end.sent.size() || other.delivered.size() != end.sent.size()) {
      Found(9, name + ": not all has arrived after a minute of fair weather");
    }
    for (const auto& [key, values] : end.set) {
      const auto shown = other.shown.find(key);
      if (shown == other.shown.end() || shown->second != values.size()) {
        Found(8, name + ": key " + std::to_string(key) + " does not show its last value");
      }
    }
  }

  const History& history_;
  std::array<EndRecord, 2> ends_;
  bool restored_ = false;
  std::uint64_t at_ = 0;
  std::vector<Breach> breaches_;
};

}  // namespace

std::vector<Breach> CheckSession(const History& history) { return Checker(history).Go(); }

}  // namespace pairwire::test
