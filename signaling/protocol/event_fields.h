// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How typed events are read and written: a visitor goes over an event's fields (Fields<Event>,
// generated in typed_events.cc) and stops at the first that is wrong. samples/web/event-fields.js
// does the same in JavaScript, to the word of its errors. For typed_events.cc alone.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_EVENT_FIELDS_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_EVENT_FIELDS_H_

#include <pairwire/events.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace pairwire::protocol {

using EventJson = nlohmann::ordered_json;

// Specialised for each struct: Visit calls visitor.Field(name, member, rule, what it must be).
template <typename T>
struct Fields;

// What a member may hold, both ends included.
struct Flag {};
struct Nested {};
struct Whole {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
struct Number {
  double low = 0;
  double high = 0;
};
struct Text {
  std::size_t low = 0;
  std::size_t high = 0;
};
struct Numbers {
  std::size_t count = 0;
  double low = 0;
  double high = 0;
};
// The names of an enum's values, in their order.
template <typename Enum>
struct Choice {
  std::span<const std::string_view> names;
};

// Each reads one value, or says that it is not what the rule asks for.
bool ReadValue(const EventJson& json, bool& out, Flag);
bool ReadValue(const EventJson& json, std::int64_t& out, Whole rule);
bool ReadValue(const EventJson& json, std::uint64_t& out, Whole rule);
bool ReadValue(const EventJson& json, double& out, Number rule);
bool ReadValue(const EventJson& json, std::string& out, Text rule);
bool ReadValue(const EventJson& json, std::vector<double>& out, const Numbers& rule);

template <typename Enum>
bool ReadValue(const EventJson& json, Enum& out, const Choice<Enum>& rule) {
  if (!json.is_string()) return false;
  const auto& text = json.get_ref<const std::string&>();
  for (std::size_t i = 0; i < rule.names.size(); ++i) {
    if (rule.names[i] != text) continue;
    out = static_cast<Enum>(i);
    return true;
  }
  return false;
}

class EventReader {
 public:
  EventReader(const EventJson& object, std::string path, std::string& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  template <typename T, typename Rule>
  void Field(const char* name, T& out, const Rule& rule, const char* what) {
    if (!error_.empty()) return;
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) {
      error_ = path_ + name + ": " + what + " is missing";
    } else {
      Read(name, *found, out, rule, what);
    }
  }
  template <typename T, typename Rule>
  void Field(const char* name, std::optional<T>& out, const Rule& rule, const char* what) {
    if (!error_.empty()) return;
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    Read(name, *found, out.emplace(), rule, what);
  }

 private:
  template <typename T, typename Rule>
  void Read(const char* name, const EventJson& json, T& out, const Rule& rule, const char* what) {
    if (!ReadValue(json, out, rule)) error_ = path_ + name + ": this is not " + what;
  }
  template <typename T>
  void Read(const char* name, const EventJson& json, T& out, Nested, const char* what) {
    if (!json.is_object()) {
      error_ = path_ + name + ": this is not " + what;
      return;
    }
    EventReader inner(json, path_ + name + ".", error_);
    Fields<T>::Visit(inner, out);
  }

  const EventJson& object_;
  const std::string path_;
  std::string& error_;
};

// As reading back would: what may not be read is not written.
class EventWriter {
 public:
  EventWriter(EventJson& object, std::string path, std::string& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  template <typename T, typename Rule>
  void Field(const char* name, const T& value, const Rule& rule, const char* what) {
    if (error_.empty()) Write(name, value, rule, what);
  }
  template <typename T, typename Rule>
  void Field(const char* name, const std::optional<T>& value, const Rule& rule, const char* what) {
    if (error_.empty() && value) Write(name, *value, rule, what);
  }

 private:
  template <typename T, typename Rule>
  void Write(const char* name, const T& value, const Rule& rule, const char* what) {
    EventJson json;
    if constexpr (std::is_enum_v<T>) {
      const auto index = static_cast<std::size_t>(value);
      if (index < rule.names.size()) json = rule.names[index];
    } else {
      json = value;
    }
    T same{};
    if (!ReadValue(json, same, rule)) {
      error_ = path_ + name + ": this is not " + what;
      return;
    }
    object_[name] = std::move(json);
  }
  template <typename T>
  void Write(const char* name, const T& value, Nested, const char*) {
    EventWriter inner(object_[name] = EventJson::object(), path_ + name + ".", error_);
    Fields<T>::Visit(inner, value);
  }

  EventJson& object_;
  const std::string path_;
  std::string& error_;
};

// {"type":…,"data":{…}} within the protocol's limits; what is in `data` is not looked at.
struct ParsedEvent {
  std::string type;
  EventJson data;

  static Result<ParsedEvent> Of(std::string_view json);
};

Result<std::string> FinishEvent(std::string_view name, EventJson data, const std::string& error);

template <typename T>
Result<std::string> WriteEvent(std::string_view name, const T& event) {
  std::string error;
  EventJson data = EventJson::object();
  EventWriter writer(data, std::string(name) + ".", error);
  Fields<T>::Visit(writer, event);
  return FinishEvent(name, std::move(data), error);
}

template <typename T>
Result<Event> ReadAs(const ParsedEvent& parsed) {
  T event;
  std::string error;
  EventReader reader(parsed.data, std::string(T::kName) + ".", error);
  Fields<T>::Visit(reader, event);
  if (!error.empty()) return Fail(Errc::kParseError, std::move(error));
  return Event(std::move(event));
}

template <typename... Ts>
Result<Event> ReadOneOf(const ParsedEvent& parsed, std::type_identity<std::variant<Ts...>>) {
  std::optional<Result<Event>> read;
  static_cast<void>(((parsed.type == Ts::kName && (read = ReadAs<Ts>(parsed), true)) || ...));
  if (!read) return Fail(Errc::kParseError, "the event's name is unknown");
  return *std::move(read);
}

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_EVENT_FIELDS_H_
