// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The fields of each event, their bounds, and what an error says of them.
//
// Made by signaling/protocol/generate_events.py of events.json: change those, not this.
#include <pairwire/events.h>

#include <array>

#include "signaling/protocol/event_fields.h"

namespace pairwire {
namespace protocol {
namespace {

using namespace events;

constexpr std::array kDisplayStateNames = {std::string_view("online"), std::string_view("degraded"),
                                           std::string_view("offline")};

constexpr std::array kLifecycleStepNames = {std::string_view("starting"),
                                            std::string_view("waiting"), std::string_view("paired"),
                                            std::string_view("stopping")};

constexpr std::array kPointerKindNames = {std::string_view("down"), std::string_view("move"),
                                          std::string_view("up"), std::string_view("cancel")};

constexpr std::array kKeyKindNames = {std::string_view("down"), std::string_view("up")};

}  // namespace

template <>
struct Fields<Metrics> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("fps", of.fps, Number{0, 1000}, "a number of 0 to 1000");
    visit.Field("cpuPercent", of.cpu_percent, Number{0, 102400}, "a number of 0 to 102400");
    visit.Field("memoryMb", of.memory_mb, Number{0, 1073741824}, "a number of 0 to 1073741824");
    visit.Field("latencyMs", of.latency_ms, Number{0, 3600000}, "a number of 0 to 3600000");
  }
};

template <>
struct Fields<DisplayStatus> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("status", of.status, Choice<DisplayState>{kDisplayStateNames},
                "one of online, degraded, offline");
    visit.Field("metrics", of.metrics, Nested{}, "an object");
    visit.Field("designId", of.design_id, Text{1, 64}, "text of 1 to 64 bytes");
  }
};

template <>
struct Fields<DisplayHealth> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("metrics", of.metrics, Nested{}, "an object");
    visit.Field("framesShown", of.frames_shown, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("framesLate", of.frames_late, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("framesDropped", of.frames_dropped, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("worstLateUs", of.worst_late_us, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
  }
};

template <>
struct Fields<DisplayLifecycle> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("step", of.step, Choice<LifecycleStep>{kLifecycleStepNames},
                "one of starting, waiting, paired, stopping");
    visit.Field("reason", of.reason, Text{0, 256}, "text of 0 to 256 bytes");
  }
};

template <>
struct Fields<DisplayMetrics> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("at", of.at, Whole{0, 9007199254740991}, "a whole number of 0 to 9007199254740991");
    visit.Field("metrics", of.metrics, Nested{}, "an object");
    visit.Field("uptime", of.uptime, Whole{0, 86400000}, "a whole number of 0 to 86400000");
  }
};

template <>
struct Fields<AnimationFrame> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("frame", of.frame, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("presentAt", of.present_at, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("animation", of.animation, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("progress", of.progress, Number{0, 1}, "a number of 0 to 1");
    visit.Field("values", of.values, Numbers{256, -1000000000000, 1000000000000},
                "a list of at most 256 numbers of -1000000000000 to 1000000000000");
  }
};

template <>
struct Fields<AnimationPlay> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("animation", of.animation, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("presentAt", of.present_at, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
    visit.Field("from", of.from, Whole{0, 86400000}, "a whole number of 0 to 86400000");
    visit.Field("speed", of.speed, Number{-100, 100}, "a number of -100 to 100");
    visit.Field("loop", of.loop, Flag{}, "true or false");
  }
};

template <>
struct Fields<AnimationStop> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("animation", of.animation, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("presentAt", of.present_at, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
  }
};

template <>
struct Fields<ContentShow> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("content", of.content, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("mediaType", of.media_type, Text{1, 128}, "text of 1 to 128 bytes");
    visit.Field("url", of.url, Text{0, 2048}, "text of 0 to 2048 bytes");
    visit.Field("text", of.text, Text{0, 16384}, "text of 0 to 16384 bytes");
    visit.Field("presentAt", of.present_at, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
  }
};

template <>
struct Fields<ContentClear> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("content", of.content, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("presentAt", of.present_at, Whole{0, 9007199254740991},
                "a whole number of 0 to 9007199254740991");
  }
};

template <>
struct Fields<InputPointer> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("pointer", of.pointer, Whole{0, 31}, "a whole number of 0 to 31");
    visit.Field("kind", of.kind, Choice<PointerKind>{kPointerKindNames},
                "one of down, move, up, cancel");
    visit.Field("x", of.x, Number{0, 1}, "a number of 0 to 1");
    visit.Field("y", of.y, Number{0, 1}, "a number of 0 to 1");
    visit.Field("pressure", of.pressure, Number{0, 1}, "a number of 0 to 1");
    visit.Field("buttons", of.buttons, Whole{0, 31}, "a whole number of 0 to 31");
  }
};

template <>
struct Fields<InputKey> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("kind", of.kind, Choice<KeyKind>{kKeyKindNames}, "one of down, up");
    visit.Field("key", of.key, Text{1, 32}, "text of 1 to 32 bytes");
    visit.Field("repeat", of.repeat, Flag{}, "true or false");
    visit.Field("shift", of.shift, Flag{}, "true or false");
    visit.Field("control", of.control, Flag{}, "true or false");
    visit.Field("alt", of.alt, Flag{}, "true or false");
  }
};

template <>
struct Fields<InputValue> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("input", of.input, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("value", of.value, Number{-1000000000000, 1000000000000},
                "a number of -1000000000000 to 1000000000000");
  }
};

template <>
struct Fields<ChatMessage> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("text", of.text, Text{1, 4096}, "text of 1 to 4096 bytes");
    visit.Field("author", of.author, Text{0, 64}, "text of 0 to 64 bytes");
  }
};

template <>
struct Fields<DeviceInfo> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("name", of.name, Text{0, 64}, "text of 0 to 64 bytes");
    visit.Field("software", of.software, Text{0, 64}, "text of 0 to 64 bytes");
    visit.Field("width", of.width, Whole{0, 65535}, "a whole number of 0 to 65535");
    visit.Field("height", of.height, Whole{0, 65535}, "a whole number of 0 to 65535");
    visit.Field("pixelRatio", of.pixel_ratio, Number{0.1, 16}, "a number of 0.1 to 16");
    visit.Field("utcOffsetMinutes", of.utc_offset_minutes, Whole{-1080, 1080},
                "a whole number of -1080 to 1080");
  }
};

template <>
struct Fields<SyncMark> {
  template <typename Visitor, typename Struct>
  static void Visit(Visitor& visit, Struct& of) {
    visit.Field("mark", of.mark, Text{1, 64}, "text of 1 to 64 bytes");
    visit.Field("at", of.at, Whole{0, 9007199254740991}, "a whole number of 0 to 9007199254740991");
  }
};

}  // namespace protocol

std::string_view NameOf(const Event& event) {
  return std::visit([](const auto& of) { return of.kName; }, event);
}

EventClass ClassOf(const Event& event) {
  return std::visit([](const auto& of) { return of.kClass; }, event);
}

Result<std::string> EventToJson(const Event& event) {
  return std::visit([](const auto& of) { return protocol::WriteEvent(of.kName, of); }, event);
}

Result<Event> ParseEvent(std::string_view json) {
  const Result<protocol::ParsedEvent> parsed = protocol::ParsedEvent::Of(json);
  if (!parsed) return tl::unexpected(parsed.error());
  return protocol::ReadOneOf(*parsed, std::type_identity<Event>());
}

}  // namespace pairwire
