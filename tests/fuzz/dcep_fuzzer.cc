// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DCEP from any bytes; an OPEN that is accepted must print back to the same bytes (RFC 8832 has one
// form for it). An ACK may have anything behind its type: Pion pads it.
#include <cstddef>
#include <cstdint>

#include "peer/base/check.h"
#include "sctp/channel_options.h"
#include "sctp/dcep.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire::sctp;  // NOLINT: one function
  const pairwire::ByteSpan bytes(data, size);
  const auto message = DecodeDcep(bytes);
  if (!message) return 0;
  if (const auto* open = std::get_if<DcepOpen>(&*message)) {
    auto encoded = EncodeDcepOpen(*open);
    PAIRWIRE_CHECK(encoded.has_value());
    PAIRWIRE_CHECK(*encoded == pairwire::Bytes(bytes.begin(), bytes.end()));
    // What W3C can say about it is what it says, but for limits that W3C does not have.
    const ChannelOptions options = FromDcepOpen(*open, StreamId{0});
    PAIRWIRE_CHECK(ToDcepOpen(options).type == open->type);
    PAIRWIRE_CHECK(ToDcepOpen(options).label == open->label);
  }
  return 0;
}
