// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/event_fields.h"

#include <algorithm>
#include <cmath>

#include "signaling/protocol/json.h"

namespace pairwire::protocol {
namespace {

// 2^53 - 1: beyond it a number with a fraction part of zero is no exact whole number any more.
constexpr double kMaxExact = 9007199254740991.0;

// "5.0" is a whole number as well: JavaScript does not tell it from 5.
std::optional<std::int64_t> WholeOf(const EventJson& json) {
  if (json.is_number_float()) {
    const auto number = json.get<double>();
    if (!(std::abs(number) <= kMaxExact) || std::trunc(number) != number) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (json.is_number_integer()) return json.get<std::int64_t>();
  return std::nullopt;
}

}  // namespace

bool ReadValue(const EventJson& json, bool& out, Flag) {
  if (!json.is_boolean()) return false;
  out = json.get<bool>();
  return true;
}

bool ReadValue(const EventJson& json, std::int64_t& out, Whole rule) {
  const std::optional<std::int64_t> whole = WholeOf(json);
  if (!whole || *whole < rule.low || *whole > rule.high) return false;
  out = *whole;
  return true;
}

bool ReadValue(const EventJson& json, std::uint64_t& out, Whole rule) {
  std::int64_t whole = 0;
  if (!ReadValue(json, whole, rule) || whole < 0) return false;
  out = static_cast<std::uint64_t>(whole);
  return true;
}

bool ReadValue(const EventJson& json, double& out, Number rule) {
  if (!json.is_number()) return false;
  const auto number = json.get<double>();
  if (!(number >= rule.low && number <= rule.high)) return false;
  out = number;
  return true;
}

bool ReadValue(const EventJson& json, std::string& out, Text rule) {
  if (!json.is_string()) return false;
  const auto& text = json.get_ref<const std::string&>();
  if (text.size() < rule.low || text.size() > rule.high) return false;
  out = text;
  return true;
}

bool ReadValue(const EventJson& json, std::vector<double>& out, const Numbers& rule) {
  if (!json.is_array() || json.size() > rule.count) return false;
  out.clear();
  out.reserve(json.size());
  for (const EventJson& element : json) {
    if (!ReadValue(element, out.emplace_back(), Number{rule.low, rule.high})) return false;
  }
  return true;
}

Result<ParsedEvent> ParsedEvent::Of(std::string_view json) {
  if (const Result<void> checked = CheckJsonObject(json, kMaxEventBytes); !checked) {
    return Fail(Errc::kParseError, "the event is no JSON object within the limits");
  }
  EventJson envelope = EventJson::parse(json.begin(), json.end(), nullptr, false);
  if (!envelope.is_object()) {
    return Fail(Errc::kParseError, "the event is no JSON object within the limits");
  }
  const auto type = envelope.find("type");
  if (type == envelope.end() || !type->is_string()) {
    return Fail(Errc::kParseError, "the event has no type");
  }
  ParsedEvent parsed{type->get<std::string>(), EventJson()};
  const auto data = envelope.find("data");
  if (data == envelope.end() || !data->is_object()) {
    return Fail(Errc::kParseError, "the event has no data");
  }
  parsed.data = std::move(*data);
  return parsed;
}

Result<std::string> FinishEvent(std::string_view name, EventJson data, const std::string& error) {
  if (!error.empty()) return Fail(Errc::kInvalidArgument, error);
  EventJson envelope = EventJson::object();
  envelope["type"] = name;
  envelope["data"] = std::move(data);
  // What is no UTF-8 could not be read by anybody.
  std::string text = envelope.dump(-1, ' ', false, EventJson::error_handler_t::replace);
  if (text.size() > kMaxEventBytes) {
    return Fail(Errc::kMessageTooLarge, std::string(name) + ": more than 64 KiB of JSON");
  }
  return text;
}

}  // namespace pairwire::protocol
