// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The checker is only worth what it finds: a good history passes, and each way to break a promise
// is named. The histories are made by hand, and, for the messages, taken from real runs.
#include "tests/sctp/weather_checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sctp/weather_run.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp::test {
namespace {

enum : std::size_t { kOrdered, kUnordered, kPartial };

// Three channels that a opened, five messages each way on each, b's received by a and the reverse.
History GoodHistory() {
  History history;
  history.connected = history.rested = history.ended = true;
  Order order = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    ChannelHistory channel;
    channel.options.label = "c" + std::to_string(i);
    channel.options.ordered = i != kUnordered;
    if (i == kPartial) channel.options.max_retransmits = 1;
    channel.announced_options = channel.options;
    channel.announced_options->id = static_cast<std::uint16_t>(2 * i);
    for (HalfHistory& half : channel.half) {
      half.exists = true;
      half.opens = 1;
      half.open = ++order;
    }
    channel.half[1].announcements = 1;
    for (std::size_t from = 0; from < 2; ++from) {
      for (std::uint64_t n = 0; n < 5; ++n) {
        MessageNote note{.digest = 100 * i + 10 * from + n, .size = 10 + n, .is_text = n == 2};
        note.order = ++order;
        channel.half[from].sent.push_back(note);
      }
      for (MessageNote note : channel.half[from].sent) {
        note.order = ++order;
        channel.half[1 - from].received.push_back(note);
      }
    }
    for (HalfHistory& half : channel.half) {
      half.stats.emplace();
      half.stats->messages_sent = half.stats->messages_received = 5;
      half.stats->bytes_sent = half.stats->bytes_received = 60;
    }
    channel.half[0].close_called = ++order;
    for (HalfHistory& half : channel.half) {
      half.closes = 1;
      half.closed = ++order;
    }
    history.channels.push_back(channel);
  }
  for (EndHistory& end : history.end) {
    end.closed = true;
    end.packets_in = end.packets_out = 30;
    end.stats.emplace();
    end.stats->packets_sent = end.stats->packets_received = 30;
  }
  return history;
}

bool Names(const std::vector<std::string>& found, const std::string& text) {
  return std::any_of(found.begin(), found.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::string Join(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  return all;
}

struct Mutation {
  const char* name;
  const char* found;  // in one of the lines
  std::function<void(History&)> apply;
};

// At b, of channel `i`.
std::vector<MessageNote>& ReceivedAtB(History& history, std::size_t i) {
  return history.channels[i].half[1].received;
}
HalfHistory& AtB(History& history, std::size_t i = kOrdered) { return history.channels[i].half[1]; }

const std::vector<Mutation>& Mutations() {
  static const std::vector<Mutation> all = {
      {"the last message is lost", "1 of 5 messages never came",
       [](History& h) { ReceivedAtB(h, kOrdered).pop_back(); }},
      {"a message in the middle is lost", "was left out",
       [](History& h) { ReceivedAtB(h, kOrdered).erase(ReceivedAtB(h, kOrdered).begin() + 2); }},
      {"an unordered message is lost", "never came",
       [](History& h) { ReceivedAtB(h, kUnordered).erase(ReceivedAtB(h, kUnordered).begin()); }},
      {"everything is lost", "5 of 5 messages never came",
       [](History& h) { ReceivedAtB(h, kUnordered).clear(); }},
      {"two change places", "out of order",
       [](History& h) {
         std::swap(ReceivedAtB(h, kPartial)[1].digest, ReceivedAtB(h, kPartial)[2].digest);
         std::swap(ReceivedAtB(h, kPartial)[1].size, ReceivedAtB(h, kPartial)[2].size);
       }},
      {"an ordered message comes twice", "out of order, twice",
       [](History& h) {
         ReceivedAtB(h, kOrdered)
             .insert(ReceivedAtB(h, kOrdered).begin() + 2, ReceivedAtB(h, kOrdered)[1]);
       }},
      {"an unordered message comes twice", "came twice",
       [](History& h) { ReceivedAtB(h, kUnordered)[3] = ReceivedAtB(h, kUnordered)[1]; }},
      {"a partial message comes twice", "twice",
       [](History& h) { ReceivedAtB(h, kPartial).push_back(ReceivedAtB(h, kPartial).back()); }},
      {"bytes are changed", "corrupt", [](History& h) { ++ReceivedAtB(h, kPartial)[1].digest; }},
      {"a message is cut short", "corrupt",
       [](History& h) { --ReceivedAtB(h, kUnordered)[4].size; }},
      {"text becomes binary", "out of order",
       [](History& h) { ReceivedAtB(h, kOrdered)[2].is_text = false; }},
      {"a message arrives on another channel", "never sent",
       [](History& h) { ReceivedAtB(h, kPartial)[4] = ReceivedAtB(h, kUnordered)[4]; }},
      {"a message comes before it is sent", "before it was sent",
       [](History& h) { h.channels[kOrdered].half[0].sent[4].order = 1'000; }},
      {"a message comes before the channel opens", "before the channel was open",
       [](History& h) { AtB(h).open = AtB(h).received[0].order + 1; }},
      {"a message comes after the channel closed", "after the channel closed",
       [](History& h) { AtB(h).received[4].order = AtB(h).closed + 1; }},
      {"a message comes after the receiver's Close", "after its own Close",
       [](History& h) { AtB(h).close_called = AtB(h).received[4].order - 1; }},
      {"a channel opens twice", "opened twice", [](History& h) { AtB(h).opens = 2; }},
      {"a channel closes twice", "closed twice", [](History& h) { AtB(h).closes = 2; }},
      {"a channel is announced twice", "announced twice",
       [](History& h) { AtB(h).announcements = 2; }},
      {"a channel never closes", "never reported closed",
       [](History& h) {
         AtB(h).closes = 0;
         AtB(h).closed = 0;
       }},
      {"a channel opens after it closed", "opened after it closed",
       [](History& h) { AtB(h).open = AtB(h).closed + 1; }},
      {"a channel closes by itself", "nobody asked",
       [](History& h) { h.channels[kOrdered].half[0].close_called = 0; }},
      {"a channel closes with an error", "with an error",
       [](History& h) { AtB(h).closed_with_error = true; }},
      {"a channel is announced with other options", "other options",
       [](History& h) { h.channels[kOrdered].announced_options->ordered = false; }},
      {"bytes stay in a channel's buffer", "buffered amount",
       [](History& h) { AtB(h).buffered = 7; }},
      {"bytes stay in the buffers", "left in the send buffers",
       [](History& h) { h.end[1].total_buffered = 7; }},
      {"bytes stay unacknowledged", "unacknowledged bytes",
       [](History& h) { h.end[0].stats->unacknowledged_bytes = 7; }},
      {"a channel counts a message too many", "messages_received is wrong",
       [](History& h) { ++AtB(h).stats->messages_received; }},
      {"a channel counts a byte too few", "bytes_received is wrong",
       [](History& h) { --AtB(h).stats->bytes_received; }},
      {"a channel does not count what it sent", "not what was sent",
       [](History& h) { --AtB(h).stats->messages_sent; }},
      {"a channel miscounts sent bytes", "bytes_sent is wrong",
       [](History& h) { --AtB(h).stats->bytes_sent; }},
      {"packets out are miscounted", "packets_sent is wrong",
       [](History& h) { ++h.end[0].packets_out; }},
      {"packets in are miscounted", "packets_received is wrong",
       [](History& h) { ++h.end[0].packets_in; }},
      {"the association fails", "the association failed",
       [](History& h) { h.end[1].failed = true; }},
      {"one end does not end", "no kClosed", [](History& h) { h.end[0].closed = false; }},
      {"it never connects", "never connected", [](History& h) { h.connected = false; }},
      {"it does not come to rest", "come to rest", [](History& h) { h.rested = false; }},
      {"it does not end", "did not end", [](History& h) { h.ended = false; }},
      {"a method answers what no rule explains", "strange",
       [](History& h) { h.oddities.push_back("strange"); }},
      {"a channel that is not there has events", "without a channel",
       [](History& h) { AtB(h).exists = false; }},
      {"on a calm path a message that may be lost is", "never came",
       [](History& h) {
         h.calm = true;
         ReceivedAtB(h, kPartial).pop_back();
       }},
  };
  return all;
}

TEST(WeatherCheckerTest, AGoodHistoryPasses) { EXPECT_EQ(Join(CheckHistory(GoodHistory())), ""); }

TEST(WeatherCheckerTest, EachBrokenPromiseIsFound) {
  for (const Mutation& mutation : Mutations()) {
    SCOPED_TRACE(mutation.name);
    History history = GoodHistory();
    mutation.apply(history);
    const auto found = CheckHistory(history);
    EXPECT_TRUE(Names(found, mutation.found)) << Join(found);
  }
}

// What is allowed must not be called broken.
TEST(WeatherCheckerTest, WhatIsAllowedPasses) {
  History lost = GoodHistory();
  ReceivedAtB(lost, kPartial).erase(ReceivedAtB(lost, kPartial).begin() + 1);
  lost.channels[kPartial].half[1].stats.reset();
  EXPECT_EQ(Join(CheckHistory(lost)), "") << "a partial message may be lost";

  History overtaken = GoodHistory();
  std::reverse(ReceivedAtB(overtaken, kUnordered).begin(),
               ReceivedAtB(overtaken, kUnordered).end());
  EXPECT_EQ(Join(CheckHistory(overtaken)), "") << "unordered messages may overtake";

  History closed = GoodHistory();
  HalfHistory& half = closed.channels[kOrdered].half[0];
  half.received.resize(3);
  half.stats.reset();
  EXPECT_EQ(Join(CheckHistory(closed)), "") << "who closes gets no more";

  History cut_off = closed;
  cut_off.abrupt_end = true;
  cut_off.end[0].close_all = true;
  AtB(cut_off).closed_with_error = true;
  EXPECT_EQ(Join(CheckHistory(cut_off)), "") << "who is cut off is told";
  cut_off.channels[kOrdered].half[0].received = AtB(cut_off).sent;
  EXPECT_NE(Join(CheckHistory(cut_off)), "") << "though everything arrived";
}

// The same on histories of real runs: one message of one channel, at random.
TEST(WeatherCheckerTest, ADamagedMessageOfARealRunIsFound) {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    const History good = RunWeather(DrawCase(seed, false));
    ASSERT_EQ(Join(CheckHistory(good)), "");
    pairwire::test::SeededRandom random(seed);
    for (std::size_t i = 0; i < good.channels.size(); ++i) {
      for (std::size_t end = 0; end < 2; ++end) {
        const auto& received = good.channels[i].half[end].received;
        if (received.empty() || good.channels[i].excused) continue;
        const std::size_t at = random.NextBelow(received.size());
        History changed = good;
        ++changed.channels[i].half[end].received[at].digest;
        EXPECT_NE(Join(CheckHistory(changed)), "") << "channel " << i << ", changed";
        History twice = good;
        auto& list = twice.channels[i].half[end].received;
        // As often as it was sent, and once more.
        const MessageNote note = received[at];
        const auto& sent = good.channels[i].half[1 - end].sent;
        const auto times = std::count_if(sent.begin(), sent.end(), [&](const MessageNote& other) {
          return other.SameMessage(note);
        });
        for (std::ptrdiff_t n = 0; n < times; ++n) list.push_back(note);
        EXPECT_NE(Join(CheckHistory(twice)), "") << "channel " << i << ", twice";
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 100);
}

}  // namespace
}  // namespace pairwire::sctp::test
