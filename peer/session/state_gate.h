// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StateGate: where states and frames of streams from any thread learn at once whether there is room
// for them, before the loop gives them to the session. As SendGate, it counts as what is behind it
// does, so that what it took is taken there, too. Of a key the newest value alone waits. Its lock
// is held for counting and copying only, never in a callback.
#ifndef PAIRWIRE_PEER_SESSION_STATE_GATE_H_
#define PAIRWIRE_PEER_SESSION_STATE_GATE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/base/fifo.h"
#include "peer/delivery/control_frames.h"
#include "peer/delivery/frame.h"

namespace pairwire {

class StateGate {
 public:
  struct StateChange {
    std::string key;
    bool cleared = false;
    delivery::ValueKind kind = delivery::ValueKind::kBinary;
    Bytes value;
  };
  struct Frame {
    delivery::FrameType type = delivery::FrameType::kStreamBinary;
    Bytes bytes;
  };
  // What waits, in an order in which each of it has room.
  struct Waiting {
    std::vector<StateChange> changes;
    std::vector<Frame> frames;
  };

  // Any thread. Errors are those of Session's methods; then nothing changes. True: the loop has to
  // be told, as nothing waited before.
  Result<bool> Set(std::string_view key, delivery::ValueKind kind, ByteSpan value);
  Result<bool> Clear(std::string_view key);
  Result<bool> SendStream(delivery::FrameType type, ByteSpan frame);

  // Loop.
  Waiting Drain();
  // Streams are refused from here on, or not any more.
  void SetOverRelay(bool over_relay);
  // Nothing more is taken.
  void Close();

  // Any thread. Frames that made room for newer ones here.
  std::uint64_t dropped() const;

 private:
  struct Key {
    std::size_t bytes = 0;   // of the value as it is now
    std::size_t behind = 0;  // of key and value as they were drained last; 0: never
    bool cleared = false;
    std::optional<StateChange> waiting;
  };
  using Keys = std::map<std::string, Key, std::less<>>;

  Result<Keys::iterator> Find(std::string_view key, std::size_t value_bytes);
  void Change(Keys::iterator key, StateChange change);
  bool Tell();

  mutable std::mutex mutex_;
  Keys keys_;
  std::size_t bytes_ = 0;
  std::vector<Keys::iterator> changed_;  // each once
  Fifo<Frame> frames_;
  std::size_t frame_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool told_ = false;
  bool over_relay_ = false;
  bool closed_ = false;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_STATE_GATE_H_
