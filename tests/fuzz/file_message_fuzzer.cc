// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The file protocol's messages and file names, as any peer may send them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "peer/bulk/bulk_messages.h"
#include "peer/bulk/disk_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire::bulk;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = ParseFileMessage(text);
  if (message) {
    const auto again = ParseFileMessage(ToJson(*message));
    // Escapes may make the written form longer than what is accepted.
    if (again && *again != *message) std::abort();
  }
  const std::string name = SafeFileName(text);
  if (name.empty() || name.size() > 200 || name[0] == '.' || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    std::abort();
  }
  return 0;
}
