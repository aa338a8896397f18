// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Any bytes as JSON: our scanner and the JSON library say the same, for the same reason, and see
// the same members. Bounds are those of one message.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "signaling/protocol/limits.h"
#include "tests/signaling/protocol/library_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!pairwire::protocol::ScansAgree(text, pairwire::protocol::kMaxMessageBytes)) std::abort();
  return 0;
}
