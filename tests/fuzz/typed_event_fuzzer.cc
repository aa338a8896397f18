// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Typed events as any peer may send them: what is taken can be written, and comes back the same.
#include <pairwire/events.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = pairwire::ParseEvent({reinterpret_cast<const char*>(data), size});
  if (!event) {
    if (event.error().detail.empty()) std::abort();
    return 0;
  }
  const auto text = pairwire::EventToJson(*event);
  // Escapes and digits may make the written form longer than what may be sent.
  if (!text) {
    if (text.error().code != pairwire::Errc::kMessageTooLarge) std::abort();
    return 0;
  }
  const auto again = pairwire::ParseEvent(*text);
  if (!again || *again != *event) std::abort();
  return 0;
}
