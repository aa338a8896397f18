// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/controller/display_lines.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <variant>

namespace pairwire::samples {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Number(double value) {
  const double rounded = std::round(value * 10) / 10;
  return Json(rounded).dump();
}

std::string_view NameOfState(events::DisplayState state) {
  switch (state) {
    case events::DisplayState::kOnline:
      return "online";
    case events::DisplayState::kDegraded:
      return "degraded";
    case events::DisplayState::kOffline:
      return "offline";
  }
  return "unknown";
}

std::string Words(const events::Metrics& metrics) {
  std::string words;
  const auto add = [&words](const std::optional<double>& value, const char* unit) {
    if (value) words += (words.empty() ? "" : ", ") + Number(*value) + unit;
  };
  add(metrics.fps, " frames/s");
  add(metrics.cpu_percent, " % of a core");
  add(metrics.memory_mb, " MB");
  add(metrics.latency_ms, " ms away");
  return words.empty() ? "nothing measured" : words;
}

// What a person reads of it.
std::string Words(const Event& event) {
  if (const auto* const status = std::get_if<events::DisplayStatus>(&event)) {
    return std::string(NameOfState(status->status));
  }
  if (const auto* const health = std::get_if<events::DisplayHealth>(&event)) {
    std::string words = Words(health->metrics);
    if (health->frames_shown + health->frames_dropped > 0) {
      words += "; frames: " + std::to_string(health->frames_shown) + " shown, " +
               std::to_string(health->frames_late) + " late, " +
               std::to_string(health->frames_dropped) + " dropped";
    }
    return words;
  }
  if (const auto* const metrics = std::get_if<events::DisplayMetrics>(&event)) {
    return Words(metrics->metrics);
  }
  const auto json = EventToJson(event);
  return std::string(NameOf(event)) + (json ? " " + *json : std::string());
}

std::string Named(const std::string& who) { return who.empty() ? "display" : Printable(who); }

}  // namespace

void SayEvent(Reporter& reporter, const std::string& who, const Event& event) {
  const auto json = EventToJson(event);
  if (!json) return;
  const Json data = Json::parse(*json, nullptr, false);
  reporter.Say(Dump({{"event", NameOf(event)},
                     {"display", who},
                     {"data", data.is_object() ? data.value("data", Json::object()) : Json()}}),
               Named(who) + ": " + Printable(Words(event)));
}

void SayReach(Reporter& reporter, const GroupMember& member) {
  Json json = {{"event", "reach"},
               {"display", member.name},
               {"state", ToString(member.state)},
               {"path", ToString(member.path.carrier)},
               {"roundTripUs", member.round_trip.count()}};
  std::string line = Named(member.name) + ": " + std::string(ToString(member.state)) + ", " +
                     std::string(ToString(member.path.carrier)) + ", " +
                     Number(static_cast<double>(member.round_trip.count()) / 1000) +
                     " ms there and back";
  if (member.clock) {
    json["clockOffsetUs"] = member.clock->offset_us;
    json["clockErrorUs"] = member.clock->error_us;
    line += ", its clock known to " + Number(static_cast<double>(member.clock->error_us) / 1000) +
            " ms";
  }
  if (member.lagging) line += ", lagging";
  json["lagging"] = member.lagging;
  reporter.Say(Dump(json), line);
}

void SayReach(Reporter& reporter, const Session& session) {
  GroupMember member;
  member.name = session.peer().name;
  member.state = session.state();
  member.path = session.path();
  member.clock = session.clock();
  member.round_trip = session.stats().round_trip;
  SayReach(reporter, member);
}

}  // namespace pairwire::samples
