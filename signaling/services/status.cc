// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/services/status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::relay {
namespace {

using protocol::JsonObject;
using protocol::JsonWriter;
using protocol::ProblemCode;

constexpr std::string_view kOffline = "offline";
constexpr std::size_t kMaxWordBytes = 16;

struct Metric {
  std::string_view name;
  std::optional<double> DisplayStatus::*value;
  double most;
};
constexpr std::array<Metric, 4> kMetrics = {{
    {"fps", &DisplayStatus::fps, 1'000},
    {"cpuPercent", &DisplayStatus::cpu_percent, 102'400},
    {"memoryMb", &DisplayStatus::memory_mb, 1'073'741'824},
    {"latencyMs", &DisplayStatus::latency_ms, 3'600'000},
}};

std::int64_t Milliseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string NumberText(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// Empty when the display told none.
std::string MetricsJson(const DisplayStatus& status) {
  JsonWriter writer;
  bool any = false;
  for (const Metric& metric : kMetrics) {
    const auto& value = status.*metric.value;
    if (!value) continue;
    writer.AddRaw(metric.name, NumberText(*value));
    any = true;
  }
  std::string text = writer.Take();
  return any ? text : std::string();
}

std::string StatusKey(const std::string& display_id) { return "status:" + display_id; }
std::string DesignIndex(const std::string& design_id) { return "design:" + design_id + ":status"; }

Result<void> ReadStatus(const JsonObject& object, DisplayStatus& out) {
  auto status = object.String("status", kMaxWordBytes);
  if (!status) return tl::unexpected(status.error());
  out.status = std::move(*status);
  if (out.status != "online" && out.status != "degraded" && out.status != kOffline) {
    return Fail(Errc::kParseError, "status must be online, degraded or offline");
  }
  auto design = object.OptionalString("designId", protocol::kMaxIdBytes);
  if (!design) return tl::unexpected(design.error());
  out.design_id = design->value_or("");
  const auto raw = object.Raw("metrics", kMaxCacheValueBytes);
  if (!raw) return tl::unexpected(raw.error());
  if (raw->empty()) return {};
  const auto metrics = object.Object("metrics");
  if (!metrics) return tl::unexpected(metrics.error());
  for (const Metric& metric : kMetrics) {
    const auto value = metrics->OptionalNumber(metric.name, 0, metric.most);
    if (!value) return tl::unexpected(value.error());
    out.*metric.value = *value;
  }
  return {};
}

tl::unexpected<protocol::Problem> NotReady() {
  return protocol::Refuse(ProblemCode::kNotReady, "the status can not be kept or read now",
                          std::chrono::seconds(5));
}

}  // namespace

Result<DisplayStatus> ParseDisplayStatus(std::string_view body) {
  const auto object = JsonObject::Parse(body, protocol::kMaxBodyBytes);
  if (!object) return tl::unexpected(object.error());
  DisplayStatus status;
  if (auto read = ReadStatus(*object, status); !read) return tl::unexpected(read.error());
  return status;
}

template <typename F>
auto StatusService::Guarded(F function) {
  return [alive = std::weak_ptr<char>(alive_), function = std::move(function)](auto result) {
    if (!alive.expired()) function(std::move(result));
  };
}

std::string StatusService::ToText(const Record& record) {
  return JsonWriter()
      .Add("status", record.status.status)
      .AddIfSet("designId", record.status.design_id)
      .AddRaw("metrics", MetricsJson(record.status))
      .Add("updated", record.updated_ms)
      .Add("seen", record.seen_ms)
      .Take();
}

std::optional<StatusService::Record> StatusService::FromText(std::string_view text) {
  const auto object = JsonObject::Parse(text, kMaxCacheValueBytes);
  if (!object) return std::nullopt;
  Record record;
  const auto updated = object->OptionalInteger("updated", 0, INT64_MAX);
  const auto seen = object->OptionalInteger("seen", 0, INT64_MAX);
  if (!ReadStatus(*object, record.status) || !updated || !seen) return std::nullopt;
  record.updated_ms = updated->value_or(0);
  record.seen_ms = seen->value_or(0);
  return record;
}

std::string StatusService::ToJson(const std::string& display_id, const Record& record,
                                  TimePoint now) {
  const auto fresh_ms = std::chrono::milliseconds(kFresh).count();
  const bool fresh = Milliseconds(now) - record.seen_ms < fresh_ms;
  JsonWriter writer;
  writer.Add("displayId", display_id);
  writer.Add("status", fresh ? std::string_view(record.status.status) : kOffline);
  writer.AddRaw("metrics", MetricsJson(record.status));
  writer.AddIfSet("designId", record.status.design_id);
  if (record.updated_ms > 0) {
    // Clocks of two nodes may differ a little.
    writer.Add("updatedAt",
               protocol::FormatTime(TimePoint(std::chrono::milliseconds(record.updated_ms))));
    writer.Add("ageMs", std::max<std::int64_t>(0, Milliseconds(now) - record.updated_ms));
  }
  return writer.Take();
}

void StatusService::Tell(const std::string& display_id, const Record& record, TimePoint now) {
  if (!told_.Take(display_id, now)) return;
  protocol::Envelope told;
  told.type = protocol::kDisplayStatus;
  told.data.text = ToJson(display_id, record, now);
  told.room = std::string(protocol::kDisplayRoomPrefix) + display_id;
  bus_.Publish(told.room, protocol::ToJson(told));
  if (record.status.design_id.empty()) return;
  told.room = std::string(protocol::kDesignRoomPrefix) + record.status.design_id;
  bus_.Publish(told.room, protocol::ToJson(told));
}

void StatusService::Keep(const std::string& display_id, const Record& record, TimePoint now,
                         Reply<void> reply) {
  Tell(display_id, record, now);
  const std::string text = ToText(record);
  if (!record.status.design_id.empty()) {
    // Whether it is listed is no concern of the display's; the answer of the other step is.
    cache_.PutInIndex(DesignIndex(record.status.design_id), display_id, text, kListed,
                      kMaxPerDesign, [](StoreResult<bool>) {});
  }
  cache_.Put(StatusKey(display_id), text, kFresh,
             Guarded([reply = std::move(reply)](StoreResult<bool> kept) {
               if (!kept) return reply(NotReady());
               reply({});
             }));
}

void StatusService::Report(const std::string& display_id, const DisplayStatus& status,
                           TimePoint now, Reply<void> reply) {
  Keep(display_id, {status, Milliseconds(now), Milliseconds(now)}, now, std::move(reply));
}

void StatusService::Heartbeat(const std::string& display_id, TimePoint now, Reply<void> reply) {
  cache_.Get(StatusKey(display_id), Guarded([this, display_id, now, reply = std::move(reply)](
                                                StoreResult<std::optional<std::string>> found) {
               if (!found) return reply(NotReady());
               Record record;
               if (auto known = *found ? FromText(**found) : std::nullopt) {
                 record = std::move(*known);
               } else {
                 record.status.status = "online";
               }
               record.seen_ms = Milliseconds(now);
               Keep(display_id, record, now, reply);
             }));
}

void StatusService::Display(const std::string& display_id, TimePoint now,
                            Reply<std::string> reply) {
  cache_.Get(StatusKey(display_id), Guarded([display_id, now, reply = std::move(reply)](
                                                StoreResult<std::optional<std::string>> found) {
               if (!found) return reply(NotReady());
               const auto record = *found ? FromText(**found) : std::nullopt;
               reply(ToJson(display_id, record.value_or(Record{}), now));
             }));
}

void StatusService::Design(const std::string& design_id, TimePoint now, Reply<std::string> reply) {
  cache_.ReadIndex(
      DesignIndex(design_id),
      Guarded([design_id, now, reply = std::move(reply)](StoreResult<Cache::Fields> fields) {
        if (!fields) return reply(NotReady());
        std::string displays = "[";
        std::int64_t online = 0;
        std::int64_t total = 0;
        const auto fresh_ms = std::chrono::milliseconds(kFresh).count();
        for (const auto& [display_id, text] : *fields) {
          const auto record = FromText(text);
          if (!record) continue;
          if (total++ > 0) displays += ",";
          displays += ToJson(display_id, *record, now);
          const bool fresh = Milliseconds(now) - record->seen_ms < fresh_ms;
          online += fresh && record->status.status != kOffline ? 1 : 0;
        }
        reply(JsonWriter()
                  .Add("designId", design_id)
                  .AddRaw("displays", displays + "]")
                  .Add("online", online)
                  .Add("total", total)
                  .Take());
      }));
}

}  // namespace pairwire::relay
