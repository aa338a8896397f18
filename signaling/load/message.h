// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The messages of the load: candidates of a chosen size with a number in them, made once and sent
// often, and how to find the number again in what the relay made of them.
#ifndef PAIRWIRE_SIGNALING_LOAD_MESSAGE_H_
#define PAIRWIRE_SIGNALING_LOAD_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "signaling/load/ws_frame.h"

namespace pairwire::load {

// The frame of one sender: {"type":"webrtc:ice-candidate","id"?,"to"?,"data":{…,"seq":"…"}}.
class NumberedMessage {
 public:
  // `size`: bytes of the whole text, at least options.h' kMinMessageBytes. With `ack` it has an id,
  // which is its number, so that the relay acknowledges it. `to`: empty for the only counterpart.
  NumberedMessage(std::size_t size, bool ack, std::string_view to = {});

  // The frame with this number; valid until the next call.
  std::string_view Frame(std::uint64_t number);

 private:
  PreparedFrame frame_;
  std::size_t number_at_ = 0;
  std::optional<std::size_t> id_at_;
};

// The number in a message's data; nothing when it is another message (a welcome, an ack, …).
std::optional<std::uint64_t> NumberIn(std::string_view text);
// The number that an ack is for; nothing when it is no ack.
std::optional<std::uint64_t> AckIn(std::string_view text);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_MESSAGE_H_
