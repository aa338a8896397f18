// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerChannels: the channels of the tool's one connection, by label: what comes is reported, what
// is to be sent waits here for room in the library's buffers. Loop thread only.
#ifndef PAIRWIRE_TESTS_INTEROP_PEER_PEER_CHANNELS_H_
#define PAIRWIRE_TESTS_INTEROP_PEER_PEER_CHANNELS_H_

#include <pairwire/data_channel.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/interop/peer/protocol.h"

namespace pairwire::interop {

class PeerChannels {
 public:
  // `opened_here`: else the other end opened it, which is reported. A label that is taken already
  // is taken over: the channel before is closed.
  void Add(DataChannel channel, bool opened_here);
  void Close(const std::string& label);
  void Clear();

  // An answer to carry in an `error` event; empty: accepted, sent as soon as there is room.
  using Refusal = std::optional<std::string>;
  Refusal Send(const Json& command);
  Refusal StartStream(const Json& command);

  // Hands over what is due and fits. On each turn of the clock while has_streams().
  void Pump();

  // Whether Pump wants to be called every millisecond. Any thread.
  bool has_streams() const { return streams_.load(std::memory_order_relaxed) > 0; }

 private:
  struct Waiting {
    Bytes data;
    bool is_text = false;
  };
  // Numbered messages at a steady pace.
  struct Stream {
    std::size_t count = 0;
    std::size_t size = 0;
    std::chrono::milliseconds interval{0};
    std::chrono::steady_clock::time_point start;
    std::size_t sent = 0;
  };
  struct Entry {
    DataChannel channel;
    std::deque<Waiting> waiting = {};
    std::optional<Stream> stream = std::nullopt;
  };

  void OnOpen(const std::string& label);
  void OnClosed(const std::string& label);
  void Drop(const std::string& label);
  enum class Outcome { kSent, kNoRoomNow, kRefused };  // kRefused is reported as an error
  Outcome TrySend(const std::string& label, Entry& entry, ByteSpan data, bool is_text);
  void EndStream(Entry& entry);
  void PumpStream(const std::string& label, Entry& entry);

  std::map<std::string, Entry> channels_;
  std::atomic<int> streams_{0};
};

}  // namespace pairwire::interop

#endif  // PAIRWIRE_TESTS_INTEROP_PEER_PEER_CHANNELS_H_
