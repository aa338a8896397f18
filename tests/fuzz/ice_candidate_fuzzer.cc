// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the candidate parser: whatever parses prints back to the same value, and the line made for
// libnice is one that our own parser takes too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "peer/ice/candidate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire::ice;  // NOLINT(google-build-using-namespace)
  const auto candidate = ParseCandidate({reinterpret_cast<const char*>(data), size});
  if (!candidate) return 0;
  const auto again = ParseCandidate(ToString(*candidate));
  if (!again || *again != *candidate) std::abort();
  if (Judge(*candidate) != Usability::kUsable) return 0;
  const auto plain = ParseCandidate(ToLibniceLine(*candidate));
  if (!plain || Judge(*plain) != Usability::kUsable) std::abort();
  return 0;
}
