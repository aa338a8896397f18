// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// JSON as the protocol allows it: UTF-8, bounded size, depth and member count, duplicate keys
// refused (RFC 8259 leaves them open; two parsers that disagree are a hole). Nothing here throws.
// The JSON library stays in json.cc and event_fields.h; other files see RawJson, JsonObject and
// JsonWriter only.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_JSON_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_JSON_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pairwire::protocol {

// The text of one JSON value that nobody here looks into. Valid JSON within the limits above when
// it came from a parser of this box; empty means absent.
struct RawJson {
  std::string text;

  bool empty() const { return text.empty(); }
  bool operator==(const RawJson&) const = default;
};

// Whether `text` is exactly one JSON object within the limits. kLimitExceeded (size, depth,
// members) or kParseError; the detail is one sentence without any of the text.
[[nodiscard]] Result<void> CheckJsonObject(std::string_view text, std::size_t max_bytes);

// One parsed object, read member by member. Any getter answers kParseError when the member is there
// with another type (null counts as absent), kLimitExceeded when it is longer than `max_bytes`.
class JsonObject {
 public:
  [[nodiscard]] static Result<JsonObject> Parse(std::string_view text, std::size_t max_bytes);
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;
  ~JsonObject();

  [[nodiscard]] Result<std::optional<std::string>> OptionalString(std::string_view key,
                                                                  std::size_t max_bytes) const;
  // As above, but absent or empty is kParseError ("name is missing").
  [[nodiscard]] Result<std::string> String(std::string_view key, std::size_t max_bytes) const;
  // A whole number within [low, high]; outside is kLimitExceeded.
  [[nodiscard]] Result<std::optional<std::int64_t>> OptionalInteger(std::string_view key,
                                                                    std::int64_t low,
                                                                    std::int64_t high) const;
  // Any number within [low, high]; outside is kLimitExceeded.
  [[nodiscard]] Result<std::optional<double>> OptionalNumber(std::string_view key, double low,
                                                             double high) const;
  [[nodiscard]] Result<std::optional<bool>> OptionalBool(std::string_view key) const;
  // An array of at most `max_count` strings; a bare string counts as an array of one (as JWT's
  // `aud` does, RFC 7519 section 4.1.3).
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> OptionalStrings(
      std::string_view key, std::size_t max_count, std::size_t max_bytes) const;
  // Any value, as text with the same meaning (blanks and number forms may differ). Empty when
  // absent.
  [[nodiscard]] Result<RawJson> Raw(std::string_view key, std::size_t max_bytes) const;
  // An object; absent is kParseError.
  [[nodiscard]] Result<JsonObject> Object(std::string_view key) const;
  // An array of objects; absent is kParseError.
  [[nodiscard]] Result<std::vector<JsonObject>> Objects(std::string_view key) const;

 private:
  struct Impl;
  explicit JsonObject(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Writes one object, members in the order of the calls. Strings must be UTF-8 (they are, when they
// came from a parser of this box); bytes that are not are replaced by U+FFFD.
class JsonWriter {
 public:
  JsonWriter& Add(std::string_view key, std::string_view value);
  // Without this overload a literal would become a bool.
  JsonWriter& Add(std::string_view key, const char* value) {
    return Add(key, std::string_view(value));
  }
  JsonWriter& Add(std::string_view key, std::int64_t value);
  JsonWriter& Add(std::string_view key, int value) { return Add(key, std::int64_t{value}); }
  JsonWriter& Add(std::string_view key, bool value);
  // `json` is JSON already and is copied as it is; an empty one leaves the member out.
  JsonWriter& AddRaw(std::string_view key, std::string_view json);
  // Left out when empty.
  JsonWriter& AddIfSet(std::string_view key, std::string_view value);

  // The finished text; the writer is empty afterwards and may be used again.
  std::string Take();

 private:
  void Key(std::string_view key);

  std::string text_;
};

// `value` with quotes and escapes.
std::string QuoteJson(std::string_view value);
void AppendQuoted(std::string& out, std::string_view value);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_JSON_H_
