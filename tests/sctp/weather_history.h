// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What one run over bad weather did, as plain data: what each end asked for and what each end saw,
// in one order. Written by weather_run, judged by weather_checker, which knows nothing else.
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_HISTORY_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_HISTORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "sctp/channel_options.h"

namespace pairwire::sctp::test {

// Position in the run: each thing that is noted gets the next one. 0: did not happen.
using Order = std::uint64_t;

// A message without its bytes.
struct MessageNote {
  std::uint64_t digest = 0;
  std::size_t size = 0;
  bool is_text = false;
  Order order = 0;

  bool SameMessage(const MessageNote& other) const {
    return digest == other.digest && size == other.size && is_text == other.is_text;
  }
};

// What the owner of one end knows of a channel.
struct HalfHistory {
  bool exists = false;     // made here, or announced by the other end
  int announcements = 0;   // OnChannelIncoming
  int opens = 0;           // OnChannelOpen
  Order open = 0;          // the first
  Order close_called = 0;  // Close or CloseAll by this end
  Order closed = 0;        // OnChannelClosed, the first
  int closes = 0;          // how often
  bool closed_with_error = false;
  std::vector<MessageNote> sent;      // accepted by Send
  std::vector<MessageNote> received;  // OnChannelMessage
  std::size_t buffered = 0;           // the last OnChannelBufferedAmount
  // Taken at rest, before the end, of a channel that was still open.
  std::optional<ChannelStats> stats;
};

struct ChannelHistory {
  ChannelOptions options;
  std::array<HalfHistory, 2> half;
  // The second half was made so late that what waited for it was refused, as it should be.
  bool excused = false;
  // What the other end was told of an in-band channel.
  std::optional<ChannelOptions> announced_options;
};

struct EndHistory {
  bool failed = false;             // kFailed was reported
  bool closed = false;             // kClosed was reported
  bool close_all = false;          // CloseAll was called here
  std::size_t total_buffered = 0;  // after the end
  std::uint64_t packets_out = 0;   // OnMuxPacket, up to rest
  std::uint64_t packets_in = 0;    // ReceivePacket, up to rest
  // At rest; empty when the run did not get there.
  std::optional<AssociationStats> stats;
};

struct History {
  // No loss, no reordering, no outage, no pause: what may be lost may not be lost here.
  bool calm = false;
  // One end closed everything in mid-flow instead of after all had come to rest.
  bool abrupt_end = false;
  bool connected = false;
  bool rested = false;  // both ends had nothing left to send, deliver or close, in time
  bool ended = false;   // both ends reported the end of the association, in time
  std::vector<ChannelHistory> channels;
  std::array<EndHistory, 2> end;
  std::vector<std::string> oddities;  // answers of methods that no documented rule explains
  std::uint64_t trace = 0;            // digest of all packets with their times
  std::uint64_t packets = 0;
  std::uint64_t bytes_sent = 0;  // by users
  double virtual_seconds = 0;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_HISTORY_H_
