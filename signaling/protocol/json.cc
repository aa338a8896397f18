// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "signaling/protocol/json_scan.h"

namespace pairwire::protocol {
namespace {

using Json = nlohmann::ordered_json;

tl::unexpected<Error> Bad(std::string_view key, std::string_view what) {
  return Fail(Errc::kParseError, std::string(key).append(" ").append(what));
}
tl::unexpected<Error> TooLong(std::string_view key) {
  return Fail(Errc::kLimitExceeded, std::string(key).append(" is too long"));
}

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 if there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;   // No longer form than needed.
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // No surrogates.
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;  // Up to U+10FFFF.
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool IsPlain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void AppendEscaped(std::string& out, std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < value.size();) {
    // What needs no change goes as a whole.
    std::size_t plain = i;
    while (plain < value.size() && IsPlain(value[plain])) ++plain;
    out.append(value, i, plain - i);
    i = plain;
    if (i == value.size()) return;
    const auto byte = static_cast<unsigned char>(value[i]);
    const std::size_t length = SequenceLength(value.substr(i));
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(value[i]);
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append("\\u00").push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xF]);
    } else if (length == 0) {
      out.append("\xEF\xBF\xBD");
    } else {
      out.append(value.substr(i, length));
    }
    i += length == 0 ? 1 : length;
  }
}

}  // namespace

struct JsonObject::Impl {
  // Null when absent or null.
  const Json* Find(std::string_view key) const {
    const auto found = json.find(std::string(key));
    return found == json.end() || found->is_null() ? nullptr : &*found;
  }

  Json json;
};

JsonObject::JsonObject(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

Result<JsonObject> JsonObject::Parse(std::string_view text, std::size_t max_bytes) {
  if (auto checked = ScanObject(text, max_bytes, nullptr); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  auto impl = std::make_unique<Impl>();
  impl->json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!impl->json.is_object()) return Fail(Errc::kParseError, "not valid JSON");
  return JsonObject(std::move(impl));
}

Result<std::optional<std::string>> JsonObject::OptionalString(std::string_view key,
                                                              std::size_t max_bytes) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return Bad(key, "is not a string");
  const auto& text = *value->get_ptr<const std::string*>();
  if (text.size() > max_bytes) return TooLong(key);
  if (!IsPlainText(text)) return Bad(key, "has a control character");
  return text;
}

Result<std::string> JsonObject::String(std::string_view key, std::size_t max_bytes) const {
  auto text = OptionalString(key, max_bytes);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  if (!text->has_value() || (*text)->empty()) return Bad(key, "is missing");
  return std::move(**text);
}

Result<std::optional<std::int64_t>> JsonObject::OptionalInteger(std::string_view key,
                                                                std::int64_t low,
                                                                std::int64_t high) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) return Bad(key, "is not a whole number");
  // Unsigned values beyond the signed range would wrap to negative ones.
  const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  const std::int64_t number = huge ? INT64_MAX : value->get<std::int64_t>();
  if (huge || number < low || number > high) {
    return Fail(Errc::kLimitExceeded, std::string(key).append(" is out of range"));
  }
  return number;
}

Result<std::optional<double>> JsonObject::OptionalNumber(std::string_view key, double low,
                                                         double high) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return Bad(key, "is not a number");
  const auto number = value->get<double>();
  if (!(number >= low && number <= high)) {
    return Fail(Errc::kLimitExceeded, std::string(key).append(" is out of range"));
  }
  return number;
}

Result<std::optional<bool>> JsonObject::OptionalBool(std::string_view key) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return Bad(key, "is not true or false");
  return value->get<bool>();
}

Result<std::optional<std::vector<std::string>>> JsonObject::OptionalStrings(
    std::string_view key, std::size_t max_count, std::size_t max_bytes) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() && !value->is_array()) return Bad(key, "is not an array of strings");
  const std::size_t count = value->is_array() ? value->size() : 1;
  if (count > max_count) return TooLong(key);
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < count; ++i) {
    const Json& element = value->is_array() ? (*value)[i] : *value;
    if (!element.is_string()) return Bad(key, "is not an array of strings");
    const auto& text = *element.get_ptr<const std::string*>();
    if (text.size() > max_bytes) return TooLong(key);
    if (!IsPlainText(text)) return Bad(key, "has a control character");
    strings.push_back(text);
  }
  return strings;
}

Result<RawJson> JsonObject::Raw(std::string_view key, std::size_t max_bytes) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return RawJson{};
  RawJson raw{value->dump(-1, ' ', false, Json::error_handler_t::replace)};
  if (raw.text.size() > max_bytes) return TooLong(key);
  return raw;
}

Result<JsonObject> JsonObject::Object(std::string_view key) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return Bad(key, "is missing");
  if (!value->is_object()) return Bad(key, "is not an object");
  auto impl = std::make_unique<Impl>();
  impl->json = *value;
  return JsonObject(std::move(impl));
}

Result<std::vector<JsonObject>> JsonObject::Objects(std::string_view key) const {
  const Json* value = impl_->Find(key);
  if (value == nullptr) return Bad(key, "is missing");
  if (!value->is_array()) return Bad(key, "is not an array");
  std::vector<JsonObject> objects;
  for (const Json& element : *value) {
    if (!element.is_object()) return Bad(key, "has an element that is not an object");
    auto impl = std::make_unique<Impl>();
    impl->json = element;
    objects.push_back(JsonObject(std::move(impl)));
  }
  return objects;
}

void JsonWriter::Key(std::string_view key) {
  text_.push_back(text_.empty() ? '{' : ',');
  text_.push_back('"');
  AppendEscaped(text_, key);
  text_.append("\":");
}

JsonWriter& JsonWriter::Add(std::string_view key, std::string_view value) {
  Key(key);
  text_.push_back('"');
  AppendEscaped(text_, value);
  text_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::Add(std::string_view key, std::int64_t value) {
  Key(key);
  text_.append(std::to_string(value));
  return *this;
}

JsonWriter& JsonWriter::Add(std::string_view key, bool value) {
  Key(key);
  text_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::AddRaw(std::string_view key, std::string_view json) {
  if (json.empty()) return *this;
  Key(key);
  text_.append(json);
  return *this;
}

JsonWriter& JsonWriter::AddIfSet(std::string_view key, std::string_view value) {
  return value.empty() ? *this : Add(key, value);
}

std::string JsonWriter::Take() {
  if (text_.empty()) return "{}";
  text_.push_back('}');
  return std::exchange(text_, {});
}

void AppendQuoted(std::string& out, std::string_view value) {
  out.push_back('"');
  AppendEscaped(out, value);
  out.push_back('"');
}

std::string QuoteJson(std::string_view value) {
  std::string out;
  AppendQuoted(out, value);
  return out;
}

}  // namespace pairwire::protocol
