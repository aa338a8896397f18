// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Envelope: the frame around every WebSocket message, {type, to, room, id, from, data}. The parser
// checks the whole text (json.h) but never builds `data`: its bytes are passed on as they came. The
// relay, through whose hands every signal goes, reads an EnvelopeView and writes with
// AppendEnvelope: no copy in between, and no allocation.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_

#include <pairwire/result.h>

#include <array>
#include <string>
#include <string_view>

#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

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

// An Envelope seen in its text. The views point into the text, or into this object where a field
// has escapes; so it stays where it is.
class EnvelopeView {
 public:
  EnvelopeView() {}  // Leaves `decoded_` as it is.
  EnvelopeView(const EnvelopeView&) = delete;
  EnvelopeView& operator=(const EnvelopeView&) = delete;

  // As ParseEnvelope, into this. `text` outlives it.
  [[nodiscard]] Result<void> Parse(std::string_view text);

  std::string_view type;
  std::string_view to;
  std::string_view room;
  std::string_view id;
  std::string_view from;
  std::string_view data;

 private:
  class Reader;
  static constexpr std::size_t kFields = 5;
  std::array<char, kFields * kMaxIdBytes> decoded_;
};

// Empty strings are left out.
std::string ToJson(const Envelope& envelope);

// Appends the text in which the relay carries a message on, {id, type, from, data}; an empty id is
// left out. `data` is JSON already.
void AppendEnvelope(std::string& out, std::string_view id, std::string_view type,
                    std::string_view from, std::string_view data);

// kParseError or kLimitExceeded (limits.h). Unknown members are ignored; `from` is read, and it is
// for the relay to overwrite it.
[[nodiscard]] Result<Envelope> ParseEnvelope(std::string_view text);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_ENVELOPE_H_
