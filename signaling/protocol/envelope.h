// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Envelope: the frame around every WebSocket message, {type, to, room, id, from, data}. The parser
// checks the whole text (json.h) but never builds `data`: its bytes are passed on as they came.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_

#include <pairwire/result.h>

#include <string>
#include <string_view>

#include "signaling/protocol/json.h"

namespace pairwire::protocol {

struct Envelope {
  std::string type;
  std::string to;    // Member that it is for; empty: the only counterpart.
  std::string room;  // Of users: which one it is about.
  // From a client: its own mark, answered by `ack` or `error`. From the relay: the delivery's
  // number, which `resume` names as lastId.
  std::string id;
  std::string from;  // Set by the relay only.
  RawJson data;      // An object, verbatim. Empty when absent.

  bool operator==(const Envelope&) const = default;
};

// Empty strings are left out.
std::string ToJson(const Envelope& envelope);

// kParseError or kLimitExceeded (limits.h). Unknown members are ignored; `from` is read, and it is
// for the relay to overwrite it.
[[nodiscard]] Result<Envelope> ParseEnvelope(std::string_view text);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_
