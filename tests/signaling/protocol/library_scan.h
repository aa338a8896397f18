// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LibraryScan: the JSON library's verdict on a text under our limits, for holding our own scanner
// (signaling/protocol/json_scan.h) against it. Traps avoided here: the library ends at a NUL byte
// as if the text ended there, skips a byte order mark, and keeps the last of duplicate keys.
#ifndef PAIRWIRE_TESTS_SIGNALING_PROTOCOL_LIBRARY_SCAN_H_
#define PAIRWIRE_TESTS_SIGNALING_PROTOCOL_LIBRARY_SCAN_H_

#include <pairwire/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::protocol {

// A top-level member, as either of the two saw it.
struct SeenMember {
  enum class Kind { kString, kObject, kOther };
  Kind kind = Kind::kOther;
  std::string key;
  std::string value;  // What a string means; an object verbatim.

  bool operator==(const SeenMember&) const = default;
};

// The verdict of the library, and of ScanObject; what they saw is appended to `seen`.
Result<void> LibraryScan(std::string_view text, std::size_t max_bytes,
                         std::vector<SeenMember>& seen);
Result<void> OurScan(std::string_view text, std::size_t max_bytes, std::vector<SeenMember>& seen);

// Whether both say the same, for the same reason, and saw the same.
bool ScansAgree(std::string_view text, std::size_t max_bytes);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_TESTS_SIGNALING_PROTOCOL_LIBRARY_SCAN_H_
