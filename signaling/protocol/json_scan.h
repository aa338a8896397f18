// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One pass over a JSON object that checks all limits and shows its top-level members, without
// building anything. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_JSON_SCAN_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_JSON_SCAN_H_

#include <pairwire/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace pairwire::protocol {

class MemberVisitor {
 public:
  // Each answers whether to go on; false ends the scan as kParseError with the visitor's own
  // reason.
  virtual bool OnString(std::string_view key, std::string& value) = 0;
  // `verbatim` is the object as it stands in the text.
  virtual bool OnObject(std::string_view key, std::string_view verbatim) = 0;
  // Any other type except null.
  virtual bool OnOther(std::string_view key) = 0;
  virtual std::string_view reason() const = 0;

 protected:
  ~MemberVisitor() = default;
};

// Checks `text` (CheckJsonObject in json.h) and shows its members to `visitor` if there is one. On
// failure the visitor may have seen some of them.
[[nodiscard]] Result<void> ScanObject(std::string_view text, std::size_t max_bytes,
                                      MemberVisitor* visitor);

// No control characters (C0, DEL, C1): our strings are ids and names, shown on terminals and
// screens.
bool IsPlainText(std::string_view utf8);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_JSON_SCAN_H_
