// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/weather_checker.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace pairwire::sctp::test {
namespace {

bool IsReliable(const ChannelOptions& options) {
  return !options.max_retransmits && !options.max_life_time;
}

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<std::string> Run() {
    for (const std::string& oddity : history_.oddities) Add("oddity: " + oddity);
    if (!history_.connected) Add("never connected");
    if (!history_.rested && !history_.abrupt_end) Add("did not come to rest");
    if (!history_.ended) Add("did not end");
    for (std::size_t end = 0; end < 2; ++end) CheckEnd(end);
    for (std::size_t i = 0; i < history_.channels.size(); ++i) {
      const ChannelHistory& channel = history_.channels[i];
      where_ = "channel " + std::to_string(i);
      if (channel.excused) continue;
      if (channel.announced_options) CheckAnnouncement(channel);
      for (std::size_t end = 0; end < 2; ++end) {
        where_ = "channel " + std::to_string(i) + " at " + "ab"[end];
        CheckHalf(channel, end);
        where_ += ", received";
        CheckDirection(channel, end);
      }
    }
    return std::move(found_);
  }

 private:
  void Add(const std::string& what) {
    found_.push_back(where_.empty() ? what : where_ + ": " + what);
  }

  void CheckEnd(std::size_t index) {
    const EndHistory& end = history_.end[index];
    where_ = std::string("end ") + "ab"[index];
    if (end.failed) Add("the association failed");
    if (history_.ended && !end.closed) Add("no kClosed");
    if (end.total_buffered != 0) Add("bytes are left in the send buffers");
    if (end.stats) {
      if (end.stats->packets_sent != end.packets_out) Add("packets_sent is wrong");
      if (end.stats->packets_received != end.packets_in) Add("packets_received is wrong");
      if (end.stats->unacknowledged_bytes != 0) Add("unacknowledged bytes at rest");
    }
    where_.clear();
  }

  void CheckAnnouncement(const ChannelHistory& channel) {
    ChannelOptions told = *channel.announced_options;
    told.id = channel.options.id;  // chosen by the maker's mux
    if (told != channel.options) Add("was announced with other options");
  }

  void CheckHalf(const ChannelHistory& channel, std::size_t end) {
    const HalfHistory& half = channel.half[end];
    if (!half.exists) {
      if (half.opens + half.closes > 0 || !half.received.empty()) Add("events without a channel");
      return;
    }
    if (half.announcements > 1) Add("announced twice");
    if (half.opens > 1) Add("opened twice");
    if (half.closes > 1) Add("closed twice");
    if (history_.ended && half.closes == 0) Add("never reported closed");
    const bool asked = channel.half[0].close_called != 0 || channel.half[1].close_called != 0 ||
                       history_.end[0].close_all || history_.end[1].close_all;
    if (half.closes > 0 && !asked && !AnyFailed()) Add("closed though nobody asked");
    // An OPEN that meets CloseAll is refused.
    const bool refused = !channel.half[1 - end].exists && history_.end[1 - end].close_all;
    // The other end closed everything before all was sent: the sender is told.
    const HalfHistory& other = channel.half[1 - end];
    const bool cut_off = history_.abrupt_end && history_.end[1 - end].close_all &&
                         other.close_called != 0 && other.received.size() < half.sent.size();
    if (half.closed_with_error && !AnyFailed() && !refused && !cut_off) {
      Add("closed with an error");
    }
    if (half.buffered != 0) Add("buffered amount is not 0 at the end");
    if (half.closes > 0 && half.open > half.closed) Add("opened after it closed");
    for (const MessageNote& message : half.received) {
      if (half.open == 0 || message.order < half.open) {
        Add("message before the channel was open");
      } else if (half.closed != 0 && message.order > half.closed) {
        Add("message after the channel closed");
      } else if (half.close_called != 0 && message.order > half.close_called) {
        Add("message after its own Close");
      } else {
        continue;
      }
      break;
    }
    if (half.stats) CheckStats(half);
  }

  void CheckStats(const HalfHistory& half) {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (const MessageNote& message : half.sent) sent += message.size;
    for (const MessageNote& message : half.received) received += message.size;
    const ChannelStats& stats = *half.stats;
    if (stats.messages_sent + stats.messages_expired != half.sent.size()) {
      Add("messages_sent and messages_expired are not what was sent");
    }
    if (stats.messages_expired == 0 ? stats.bytes_sent != sent : stats.bytes_sent > sent) {
      Add("bytes_sent is wrong");
    }
    if (stats.messages_received != half.received.size()) Add("messages_received is wrong");
    if (stats.bytes_received != received) Add("bytes_received is wrong");
  }

  // From the other end to `end`.
  void CheckDirection(const ChannelHistory& channel, std::size_t end) {
    const HalfHistory& from = channel.half[1 - end];
    const HalfHistory& to = channel.half[end];
    const bool reliable = IsReliable(channel.options);
    // An unordered channel is ordered until its maker knows that it is open; nothing to check.
    if (channel.options.ordered) {
      CheckOrdered(from, to, reliable);
    } else {
      CheckUnordered(from, to);
    }
    const bool must_arrive = reliable || history_.calm;
    // A negotiated half that was never made has nobody to deliver to, nor has an OPEN that came
    // after CloseAll.
    const bool has_receiver =
        to.exists || (!channel.options.negotiated && !history_.end[end].close_all);
    if (!must_arrive || !has_receiver || to.close_called != 0 || AnyFailed()) return;
    if (history_.ended && to.received.size() < from.sent.size()) {
      Add(std::to_string(from.sent.size() - to.received.size()) + " of " +
          std::to_string(from.sent.size()) + " messages never came");
    }
  }

  void CheckOrdered(const HalfHistory& from, const HalfHistory& to, bool reliable) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < to.received.size(); ++i) {
      const std::size_t first = at;
      while (at < from.sent.size() && !from.sent[at].SameMessage(to.received[i])) ++at;
      if (at == from.sent.size()) {
        Add("message " + std::to_string(i) + " is out of order, twice, corrupt, or was never sent");
        return;
      }
      if (reliable && at != first) {
        Add("message " + std::to_string(first) + " of a reliable channel was left out");
        return;
      }
      if (to.received[i].order < from.sent[at].order) Add("message before it was sent");
      ++at;
    }
  }

  void CheckUnordered(const HalfHistory& from, const HalfHistory& to) {
    using Key = std::tuple<std::uint64_t, std::size_t, bool>;
    std::map<Key, std::size_t> open;
    for (const MessageNote& note : from.sent) ++open[Key(note.digest, note.size, note.is_text)];
    for (std::size_t i = 0; i < to.received.size(); ++i) {
      const MessageNote& note = to.received[i];
      const auto found = open.find(Key(note.digest, note.size, note.is_text));
      if (found == open.end() || found->second == 0) {
        Add("message " + std::to_string(i) + " came twice, corrupt, or was never sent");
        return;
      }
      --found->second;
    }
  }

  bool AnyFailed() const { return history_.end[0].failed || history_.end[1].failed; }

  const History& history_;
  std::string where_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> CheckHistory(const History& history) { return Checker(history).Run(); }

}  // namespace pairwire::sctp::test
