// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/status_book.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "signaling/protocol/limits.h"

namespace pairwire {

std::string_view ToString(StatusSource source) {
  switch (source) {
    case StatusSource::kNone:
      return "none";
    case StatusSource::kSession:
      return "session";
    case StatusSource::kRelay:
      return "relay";
    case StatusSource::kStale:
      return "stale";
  }
  return "none";
}

std::string_view ToString(events::DisplayState state) {
  switch (state) {
    case events::DisplayState::kOnline:
      return "online";
    case events::DisplayState::kDegraded:
      return "degraded";
    case events::DisplayState::kOffline:
      return "offline";
  }
  return "offline";
}

namespace {

using Json = nlohmann::json;

// What a file of ours begins with.
constexpr std::string_view kFileFormat = "pairwire.status/1";
// An age or a time beyond this is a mistake: a hundred years.
constexpr std::int64_t kMaxMilliseconds = std::int64_t{100} * 366 * 24 * 3600 * 1000;

struct MetricField {
  const char* name;
  std::optional<double> events::Metrics::*value;
};
constexpr std::array<MetricField, 4> kMetricFields = {
    {{"fps", &events::Metrics::fps},
     {"cpuPercent", &events::Metrics::cpu_percent},
     {"memoryMb", &events::Metrics::memory_mb},
     {"latencyMs", &events::Metrics::latency_ms}}};

// Nothing here throws: values are asked for their type first.
const Json* Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> TextOf(const Json& object, const char* name, std::size_t max_bytes) {
  const Json* const member = Member(object, name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  const auto& text = member->get_ref<const std::string&>();
  if (text.size() > max_bytes) return std::nullopt;
  return text;
}

std::optional<std::int64_t> TimeOf(const Json& object, const char* name) {
  const Json* const member = Member(object, name);
  if (member == nullptr || !member->is_number_integer()) return std::nullopt;
  const bool huge = member->is_number_unsigned() &&
                    member->get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxMilliseconds);
  const std::int64_t value = huge ? -1 : member->get<std::int64_t>();
  if (value < 0 || value > kMaxMilliseconds) return std::nullopt;
  return value;
}

std::optional<events::DisplayState> StateOf(std::string_view word) {
  for (const auto state : {events::DisplayState::kOnline, events::DisplayState::kDegraded,
                           events::DisplayState::kOffline}) {
    if (word == ToString(state)) return state;
  }
  return std::nullopt;
}

std::optional<StatusRecord> RecordOf(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto id = TextOf(object, "displayId", protocol::kMaxIdBytes);
  const auto word = TextOf(object, "status", protocol::kMaxIdBytes);
  const auto status = word ? StateOf(*word) : std::nullopt;
  if (!id || id->empty() || !status) return std::nullopt;
  StatusRecord record;
  record.display_id = *id;
  record.status = *status;
  record.design_id = TextOf(object, "designId", protocol::kMaxIdBytes).value_or("");
  if (const auto age = TimeOf(object, "ageMs")) record.age = std::chrono::milliseconds(*age);
  const Json* const metrics = Member(object, "metrics");
  if (metrics == nullptr) return record;
  if (!metrics->is_object()) return std::nullopt;
  for (const MetricField& field : kMetricFields) {
    const Json* const value = Member(*metrics, field.name);
    if (value == nullptr) continue;
    if (!value->is_number()) return std::nullopt;
    const auto number = value->get<double>();
    if (!std::isfinite(number) || number < 0) return std::nullopt;
    record.metrics.*field.value = number;
  }
  return record;
}

Json JsonOf(const StatusRecord& record) {
  Json json = {{"displayId", record.display_id}, {"status", ToString(record.status)}};
  if (!record.design_id.empty()) json["designId"] = record.design_id;
  for (const MetricField& field : kMetricFields) {
    if (const auto value = record.metrics.*field.value) json["metrics"][field.name] = *value;
  }
  return json;
}

Json ParseJson(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

tl::unexpected<Error> NotUnderstood(const char* what) {
  return Fail(Errc::kRelayProtocol, std::string("the relay's status is not understood: ") + what);
}

}  // namespace

Result<StatusRecord> ParseDisplayAnswer(std::string_view body, std::string_view display_id) {
  auto record = RecordOf(ParseJson(body, kMaxStatusAnswerBytes));
  if (!record) return NotUnderstood("not a display's");
  if (record->display_id != display_id) return NotUnderstood("it is another display's");
  return std::move(*record);
}

Result<std::vector<StatusRecord>> ParseDesignAnswer(std::string_view body) {
  const Json json = ParseJson(body, kMaxStatusAnswerBytes);
  const Json* const displays = json.is_object() ? Member(json, "displays") : nullptr;
  if (displays == nullptr || !displays->is_array()) return NotUnderstood("no list of displays");
  if (displays->size() > kMaxWatchedDisplays) return NotUnderstood("too many displays");
  std::vector<StatusRecord> records;
  records.reserve(displays->size());
  for (const Json& display : *displays) {
    auto record = RecordOf(display);
    if (!record) return NotUnderstood("an entry of the list is not a display's");
    records.push_back(std::move(*record));
  }
  return records;
}

bool StatusBook::Learn(const StatusRecord& record, std::int64_t now_ms) {
  Entry entry{record, now_ms, std::nullopt, false};
  if (record.age) entry.said_ms = now_ms - record.age->count();
  entry.record.age.reset();
  const auto found = entries_.find(record.display_id);
  if (found == entries_.end()) {
    entries_.emplace(record.display_id, std::move(entry));
    Bound();
    return true;
  }
  const bool changed = !(found->second.record == entry.record) || found->second.stale;
  found->second = std::move(entry);
  return changed;
}

std::vector<std::string> StatusBook::MarkStale(const std::vector<std::string>& display_ids) {
  std::vector<std::string> changed;
  for (const std::string& id : display_ids) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.stale) continue;
    found->second.stale = true;
    changed.push_back(id);
  }
  return changed;
}

std::optional<DisplayReport> StatusBook::Find(std::string_view display_id,
                                              std::int64_t now_ms) const {
  const auto found = entries_.find(display_id);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  DisplayReport report;
  report.display_id = entry.record.display_id;
  report.status = entry.record.status;
  report.metrics = entry.record.metrics;
  report.design_id = entry.record.design_id;
  report.source = entry.stale ? StatusSource::kStale : StatusSource::kRelay;
  // A clock that was set back makes nothing younger than now.
  if (entry.said_ms) {
    report.age = std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - *entry.said_ms));
  }
  return report;
}

std::vector<std::string> StatusBook::OfDesign(std::string_view design_id) const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.record.design_id == design_id) ids.push_back(id);
  }
  return ids;
}

void StatusBook::Bound() {
  while (entries_.size() > kMaxKeptDisplays) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.heard_ms < b.second.heard_ms; }));
  }
}

std::string StatusBook::ToText() const {
  Json displays = Json::array();
  for (const auto& [id, entry] : entries_) {
    Json json = JsonOf(entry.record);
    json["heardMs"] = entry.heard_ms;
    if (entry.said_ms) json["saidMs"] = std::max<std::int64_t>(0, *entry.said_ms);
    displays.push_back(std::move(json));
  }
  const Json file = {{"format", kFileFormat}, {"displays", std::move(displays)}};
  return file.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> StatusBook::Read(std::string_view text) {
  const Json json = ParseJson(text, kMaxStatusFileBytes);
  const Json* const displays = json.is_object() ? Member(json, "displays") : nullptr;
  if (displays == nullptr || !displays->is_array() || displays->size() > kMaxKeptDisplays ||
      TextOf(json, "format", protocol::kMaxIdBytes) != kFileFormat) {
    return Fail(Errc::kParseError, "it is not a file of last known states");
  }
  std::vector<Entry> entries;
  entries.reserve(displays->size());
  for (const Json& display : *displays) {
    auto record = RecordOf(display);
    const auto heard = record ? TimeOf(display, "heardMs") : std::nullopt;
    if (!heard) return Fail(Errc::kParseError, "an entry of it is malformed");
    entries.push_back({std::move(*record), *heard, TimeOf(display, "saidMs"), true});
  }
  for (Entry& entry : entries) {
    entry.record.age.reset();
    const auto found = entries_.find(entry.record.display_id);
    if (found != entries_.end() && found->second.heard_ms >= entry.heard_ms) continue;
    entries_.insert_or_assign(entry.record.display_id, std::move(entry));
  }
  Bound();
  return {};
}

}  // namespace pairwire
