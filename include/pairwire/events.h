// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The typed events that two ends send each other over a session: one struct each, their JSON both
// ways, and one sentence for each that is malformed. docs/events.md lists them.
//
// Made by signaling/protocol/generate_events.py of events.json: change those, not this.
#ifndef PAIRWIRE_EVENTS_H_
#define PAIRWIRE_EVENTS_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pairwire {

// What a session promises for it (docs/session.md).
enum class EventClass : std::uint8_t {
  kCommand,  // each, once, in order, acknowledged
  kState,    // the newest of its kind
  kStream,   // the newest, or none
};

namespace events {

enum class DisplayState : std::uint8_t { kOnline, kDegraded, kOffline };

enum class LifecycleStep : std::uint8_t { kStarting, kWaiting, kPaired, kStopping };

enum class PointerKind : std::uint8_t { kDown, kMove, kUp, kCancel };

enum class KeyKind : std::uint8_t { kDown, kUp };

// Each absent, or measured.
struct Metrics {
  std::optional<double> fps = {};
  std::optional<double> cpu_percent = {};  // Of one core, and machines have many.
  std::optional<double> memory_mb = {};
  std::optional<double> latency_ms = {};

  bool operator==(const Metrics&) const = default;
};

// How the display is, in a word.
struct DisplayStatus {
  static constexpr std::string_view kName = "display:status";
  static constexpr EventClass kClass = EventClass::kState;

  DisplayState status = DisplayState::kOnline;
  std::optional<Metrics> metrics = {};
  std::optional<std::string> design_id = {};

  bool operator==(const DisplayStatus&) const = default;
};

// What the display measured, once a second when it changed.
struct DisplayHealth {
  static constexpr std::string_view kName = "display:health";
  static constexpr EventClass kClass = EventClass::kState;

  Metrics metrics;
  std::uint64_t frames_shown = 0;
  std::uint64_t frames_late = 0;
  std::uint64_t frames_dropped = 0;
  std::optional<std::uint64_t> worst_late_us = {};

  bool operator==(const DisplayHealth&) const = default;
};

// A step of the display's life.
struct DisplayLifecycle {
  static constexpr std::string_view kName = "display:lifecycle";
  static constexpr EventClass kClass = EventClass::kCommand;

  LifecycleStep step = LifecycleStep::kStarting;
  std::optional<std::string> reason = {};

  bool operator==(const DisplayLifecycle&) const = default;
};

// A sample for a graph; the newest counts.
struct DisplayMetrics {
  static constexpr std::string_view kName = "display:metrics";
  static constexpr EventClass kClass = EventClass::kStream;

  std::uint64_t at = 0;  // Microseconds of the controller's clock.
  Metrics metrics;
  std::optional<std::uint64_t> uptime = {};  // Milliseconds.

  bool operator==(const DisplayMetrics&) const = default;
};

// One frame, shown by all displays of a group at the same moment.
struct AnimationFrame {
  static constexpr std::string_view kName = "animation:frame";
  static constexpr EventClass kClass = EventClass::kStream;

  std::uint64_t frame = 0;
  std::optional<std::uint64_t> present_at =
      {};  // Absent: at once. Microseconds of the controller's clock.
  std::optional<std::string> animation = {};
  std::optional<double> progress = {};
  std::optional<std::vector<double>> values = {};

  bool operator==(const AnimationFrame&) const = default;
};

struct AnimationPlay {
  static constexpr std::string_view kName = "animation:play";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::string animation;
  std::optional<std::uint64_t> present_at = {};  // Microseconds of the controller's clock.
  std::optional<std::uint64_t> from = {};        // Milliseconds.
  std::optional<double> speed = {};
  std::optional<bool> loop = {};

  bool operator==(const AnimationPlay&) const = default;
};

struct AnimationStop {
  static constexpr std::string_view kName = "animation:stop";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::optional<std::string> animation = {};     // Absent: all.
  std::optional<std::uint64_t> present_at = {};  // Microseconds of the controller's clock.

  bool operator==(const AnimationStop&) const = default;
};

// Something to show: a text, or where it is.
struct ContentShow {
  static constexpr std::string_view kName = "content:show";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::string content;
  std::string media_type;
  std::optional<std::string> url = {};
  std::optional<std::string> text = {};
  std::optional<std::uint64_t> present_at = {};  // Microseconds of the controller's clock.

  bool operator==(const ContentShow&) const = default;
};

struct ContentClear {
  static constexpr std::string_view kName = "content:clear";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::optional<std::string> content = {};       // Absent: all.
  std::optional<std::uint64_t> present_at = {};  // Microseconds of the controller's clock.

  bool operator==(const ContentClear&) const = default;
};

// A finger or a mouse; 0 to 1 is the whole screen.
struct InputPointer {
  static constexpr std::string_view kName = "input:pointer";
  static constexpr EventClass kClass = EventClass::kStream;

  std::uint64_t pointer = 0;
  PointerKind kind = PointerKind::kDown;
  double x = 0;
  double y = 0;
  std::optional<double> pressure = {};
  std::optional<std::uint64_t> buttons = {};

  bool operator==(const InputPointer&) const = default;
};

// Named as in the W3C's UI Events: key.
struct InputKey {
  static constexpr std::string_view kName = "input:key";
  static constexpr EventClass kClass = EventClass::kCommand;

  KeyKind kind = KeyKind::kDown;
  std::string key;
  std::optional<bool> repeat = {};
  std::optional<bool> shift = {};
  std::optional<bool> control = {};
  std::optional<bool> alt = {};

  bool operator==(const InputKey&) const = default;
};

// A slider or a switch; only its newest value counts.
struct InputValue {
  static constexpr std::string_view kName = "input:value";
  static constexpr EventClass kClass = EventClass::kState;

  std::string input;
  double value = 0;

  bool operator==(const InputValue&) const = default;
};

struct ChatMessage {
  static constexpr std::string_view kName = "chat:message";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::string text;
  std::optional<std::string> author = {};

  bool operator==(const ChatMessage&) const = default;
};

// What an end is.
struct DeviceInfo {
  static constexpr std::string_view kName = "device:info";
  static constexpr EventClass kClass = EventClass::kState;

  std::string name;
  std::optional<std::string> software = {};
  std::optional<std::uint64_t> width = {};
  std::optional<std::uint64_t> height = {};
  std::optional<double> pixel_ratio = {};
  std::optional<std::int64_t> utc_offset_minutes = {};

  bool operator==(const DeviceInfo&) const = default;
};

// A moment with a name, to measure by or to start something at.
struct SyncMark {
  static constexpr std::string_view kName = "sync:mark";
  static constexpr EventClass kClass = EventClass::kCommand;

  std::string mark;
  std::uint64_t at = 0;  // Microseconds of the controller's clock.

  bool operator==(const SyncMark&) const = default;
};

}  // namespace events

using Event = std::variant<events::DisplayStatus, events::DisplayHealth, events::DisplayLifecycle,
                           events::DisplayMetrics, events::AnimationFrame, events::AnimationPlay,
                           events::AnimationStop, events::ContentShow, events::ContentClear,
                           events::InputPointer, events::InputKey, events::InputValue,
                           events::ChatMessage, events::DeviceInfo, events::SyncMark>;

// "animation:frame"; static.
std::string_view NameOf(const Event& event);
EventClass ClassOf(const Event& event);

// The longest that is written or read, as JSON.
inline constexpr std::size_t kMaxEventBytes = 64 * 1024;

// {"type":"animation:frame","data":{…}}. kInvalidArgument: a value is outside its bounds, named as
// below; kMessageTooLarge.
[[nodiscard]] Result<std::string> EventToJson(const Event& event);
// kParseError with the path and what should stand there, such as "animation:frame.frame: a whole
// number of 0 to 9007199254740991 is missing". Members that are not of the event are left out; null
// is absent; a name that is not of the list is refused. Any text may come.
[[nodiscard]] Result<Event> ParseEvent(std::string_view json);

}  // namespace pairwire

#endif  // PAIRWIRE_EVENTS_H_
