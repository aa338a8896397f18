// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One pass over a JSON object (RFC 8259) that checks all limits and shows its top-level members,
// without building or allocating anything. Every message of a WebSocket goes through here, so it
// does not use the JSON library; tests and a fuzzer hold its verdicts against the library's.
// Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_JSON_SCAN_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_JSON_SCAN_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pairwire::protocol {

// A valid JSON string as it stands in the text, without its quotes.
class JsonText {
 public:
  JsonText() = default;
  // `escaped`: there is a backslash in it.
  JsonText(std::string_view verbatim, bool escaped)
      : data_(verbatim.data()),
        size_(static_cast<std::uint32_t>(verbatim.size())),
        escaped_(escaped) {}

  std::string_view verbatim() const { return {data_, size_}; }
  bool escaped() const { return escaped_; }
  bool Means(std::string_view text) const;
  bool Means(const JsonText& other) const;
  // What it means; where there are escapes that is written to `out`. Nothing: `out` is too small
  // for it.
  std::optional<std::string_view> Decode(std::span<char> out) const;

 private:
  const char* data_ = "";
  std::uint32_t size_ = 0;
  bool escaped_ = false;
};

class MemberVisitor {
 public:
  // Each answers whether to go on; false ends the scan as kParseError with the visitor's own
  // reason. What it is shown points into the text.
  virtual bool OnString(const JsonText& key, const JsonText& value) = 0;
  // `verbatim` is the object as it stands in the text.
  virtual bool OnObject(const JsonText& key, std::string_view verbatim) = 0;
  // Any other type except null.
  virtual bool OnOther(const JsonText& key) = 0;
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
