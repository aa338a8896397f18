// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// JsonReader: reads a struct's members one after another and remembers the first error, so that
// parsers of messages read like the messages. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_JSON_READ_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_JSON_READ_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/protocol/json.h"

namespace pairwire::protocol {

class JsonReader {
 public:
  JsonReader(std::string_view text, std::size_t max_bytes)
      : object_(Keep(JsonObject::Parse(text, max_bytes))) {}
  explicit JsonReader(JsonObject object) : object_(std::move(object)) {}

  // Must be there and not empty.
  void Read(std::string_view key, std::size_t max_bytes, std::string& out) {
    if (ok()) Put(object_->String(key, max_bytes), out);
  }
  // Stays as it is when absent.
  void ReadOptional(std::string_view key, std::size_t max_bytes, std::string& out) {
    if (ok()) PutOptional(object_->OptionalString(key, max_bytes), out);
  }
  void ReadOptional(std::string_view key, bool& out) {
    if (ok()) PutOptional(object_->OptionalBool(key), out);
  }
  void ReadOptional(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t& out) {
    if (ok()) PutOptional(object_->OptionalInteger(key, low, high), out);
  }
  // At most `max_count` strings of at most `max_bytes`.
  void ReadOptional(std::string_view key, std::size_t max_count, std::size_t max_bytes,
                    std::vector<std::string>& out) {
    if (ok()) PutOptional(object_->OptionalStrings(key, max_count, max_bytes), out);
  }
  // Durations of the protocol: whole, up to a day.
  template <typename Duration>
  void ReadOptional(std::string_view key, Duration& out) {
    std::int64_t count = out.count();
    ReadOptional(key, 0, std::chrono::duration_cast<Duration>(std::chrono::hours(24)).count(),
                 count);
    out = Duration(count);
  }
  void ReadRaw(std::string_view key, std::size_t max_bytes, RawJson& out) {
    if (ok()) Put(object_->Raw(key, max_bytes), out);
  }
  // A reader for a member that is an object; fails with this one's error when it is missing.
  JsonReader Inner(std::string_view key) {
    if (!ok()) return JsonReader(error_);
    auto inner = object_->Object(key);
    if (inner) return JsonReader(std::move(*inner));
    error_ = std::move(inner.error());
    return JsonReader(error_);
  }
  void Adopt(const JsonReader& inner) {
    if (ok() && !inner.ok()) error_ = inner.error_;
  }

  bool ok() const { return !error_.has_value(); }
  const JsonObject& object() const { return *object_; }

  template <typename T>
  Result<T> Finish(T value) const {
    if (error_) return tl::unexpected<Error>(*error_);
    return value;
  }

 private:
  explicit JsonReader(std::optional<Error> error) : error_(std::move(error)) {}

  std::optional<JsonObject> Keep(Result<JsonObject> parsed) {
    if (parsed) return std::move(*parsed);
    error_ = std::move(parsed.error());
    return std::nullopt;
  }
  template <typename T>
  void Put(Result<T> result, T& out) {
    if (result) {
      out = std::move(*result);
    } else {
      error_ = std::move(result.error());
    }
  }
  template <typename T>
  void PutOptional(Result<std::optional<T>> result, T& out) {
    if (!result) {
      error_ = std::move(result.error());
    } else if (result->has_value()) {
      out = std::move(**result);
    }
  }

  std::optional<Error> error_;  // Before object_: Keep sets it.
  std::optional<JsonObject> object_;
};

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_JSON_READ_H_
