// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The typed events against their definition, events.json, read here once more and by other code
// than the generator's.
#include <gtest/gtest.h>
#include <pairwire/events.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::protocol {
namespace {

using Json = nlohmann::ordered_json;

const Json& Definition() {
  static const Json definition = [] {
    std::ifstream file(PAIRWIRE_EVENTS_JSON);
    return Json::parse(file);
  }();
  return definition;
}

bool IsRelays(const Json& event) { return event["by"] == "relay"; }

// Some value that this field may have.
Json ValueOf(const Json& field);

Json DataOf(const Json& fields) {
  Json data = Json::object();
  for (const Json& field : fields) data[field["name"].get<std::string>()] = ValueOf(field);
  return data;
}

Json ValueOf(const Json& field) {
  const std::string type = field["type"];
  if (const auto named = Definition()["types"].find(type); named != Definition()["types"].end()) {
    return named->contains("enum") ? (*named)["enum"].back() : DataOf((*named)["fields"]);
  }
  if (type == "bool") return true;
  if (type == "id") return "id";
  if (type == "string") return std::string(field.value("min", std::size_t{0}) + 1, 's');
  if (type == "number") return field["max"].get<double>();
  if (type == "array") return Json::array({0.5, -1});
  if (type == "i53") return field["min"];
  return field.value("max", 12345);
}

std::string TextOf(const std::string& name, const Json& data) {
  return Json{{"type", name}, {"data", data}}.dump();
}

TEST(Events, EachComesBackAsItWas) {
  std::set<std::string> names;
  for (const Json& event : Definition()["events"]) {
    if (IsRelays(event)) continue;
    const std::string name = event["name"];
    names.insert(name);
    const std::string text = TextOf(name, DataOf(event["fields"]));
    const Result<Event> parsed = ParseEvent(text);
    ASSERT_TRUE(parsed) << name << parsed.error().detail;
    EXPECT_EQ(NameOf(*parsed), name);
    const std::string a_class = event["class"];
    EXPECT_EQ(ClassOf(*parsed), a_class == "command" ? EventClass::kCommand
                                : a_class == "state" ? EventClass::kState
                                                     : EventClass::kStream);
    const Result<std::string> written = EventToJson(*parsed);
    ASSERT_TRUE(written) << name;
    EXPECT_EQ(Json::parse(*written), Json::parse(text)) << name;
    EXPECT_EQ(*ParseEvent(*written), *parsed) << name;
  }
  EXPECT_EQ(names.size(), std::variant_size_v<Event>);
  EXPECT_GE(names.size(), 13u);
}

// Everything that a field may not be, and nothing that it may.
std::vector<Json> WrongFor(const Json& field) {
  const std::string type = field["type"];
  const bool named = Definition()["types"].contains(type);
  const bool is_enum = named && Definition()["types"][type].contains("enum");
  std::vector<Json> wrong;
  if (type != "bool") wrong.emplace_back(true);
  if (named && !is_enum) {
    wrong.emplace_back("text");
    wrong.emplace_back(Json::array());
    return wrong;
  }
  wrong.push_back(Json::object());
  if (type != "array") wrong.push_back(Json::array());
  if (type == "string" || type == "id") {
    wrong.emplace_back(7);
    wrong.emplace_back(std::string(field.value("max", std::size_t{64}) + 1, 'x'));
    if (type == "id" || field.value("min", 0) > 0) wrong.emplace_back("");
    return wrong;
  }
  wrong.emplace_back("no such value");
  if (is_enum || type == "bool") {
    wrong.emplace_back(0);
  } else if (type == "array") {
    wrong.push_back(Json::array({1, "2"}));
    wrong.push_back(Json::array({1e300}));
    wrong.push_back(Json::array({nullptr}));
    wrong.emplace_back(1);
  } else {
    wrong.emplace_back(1e300);
    wrong.emplace_back(-1e300);
    wrong.emplace_back(std::numeric_limits<std::uint64_t>::max());
    wrong.emplace_back(std::numeric_limits<std::int64_t>::min());
    if (type != "number") wrong.emplace_back(1.5);
  }
  return wrong;
}

// Breaks each field of `fields`, where `path` leads to them in `data`.
void BreakEach(const std::string& name, Json& whole, Json& data, const Json& fields,
               const std::string& path, int& broken) {
  const auto expect = [&](const std::string& where) {
    const Result<Event> parsed = ParseEvent(TextOf(name, whole));
    ASSERT_FALSE(parsed) << where;
    EXPECT_EQ(parsed.error().code, Errc::kParseError);
    EXPECT_TRUE(parsed.error().detail.starts_with(where + ": ")) << parsed.error().detail;
    ++broken;
  };
  for (const Json& field : fields) {
    const std::string key = field["name"];
    const Json kept = data[key];
    const bool optional = field.value("optional", false);
    for (const bool null : {false, true}) {
      if (null) {
        data[key] = nullptr;
      } else {
        data.erase(key);
      }
      if (optional) {
        EXPECT_TRUE(ParseEvent(TextOf(name, whole))) << path << key;
      } else {
        expect(path + key);
      }
    }
    for (const Json& wrong : WrongFor(field)) {
      data[key] = wrong;
      expect(path + key);
    }
    data[key] = kept;
    const auto named = Definition()["types"].find(field["type"].get<std::string>());
    if (named != Definition()["types"].end() && named->contains("fields")) {
      BreakEach(name, whole, data[key], (*named)["fields"], path + key + ".", broken);
    }
  }
}

TEST(Events, EveryMalformedFieldIsNamed) {
  int broken = 0;
  for (const Json& event : Definition()["events"]) {
    if (IsRelays(event)) continue;
    const std::string name = event["name"];
    Json data = DataOf(event["fields"]);
    BreakEach(name, data, data, event["fields"], name + ".", broken);
  }
  EXPECT_GT(broken, 400);
  EXPECT_EQ(ParseEvent(R"({"type":"animation:frame","data":{}})").error().detail,
            "animation:frame.frame: a whole number of 0 to 9007199254740991 is missing");
  EXPECT_EQ(ParseEvent(R"({"type":"display:status","data":{"status":"well"}})").error().detail,
            "display:status.status: this is not one of online, degraded, offline");
  EXPECT_EQ(ParseEvent(R"({"type":"display:health","data":{"metrics":{"fps":-1},"framesShown":0}})")
                .error()
                .detail,
            "display:health.metrics.fps: this is not a number of 0 to 1000");
}

TEST(Events, WhatIsNotOfTheEventIsLeftOut) {
  const auto parsed =
      ParseEvent(R"({"type":"sync:mark","id":"7","data":{"mark":"a","at":5.0,"more":{"of":[1]}}})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*EventToJson(*parsed), R"({"type":"sync:mark","data":{"mark":"a","at":5}})");
}

TEST(Events, AnyTextMayCome) {
  const std::vector<std::string> wrong = {
      "", "{", "[]", "null", "{}", "\xff", R"({"type":7,"data":{}})", R"({"type":"sync:mark"})",
      R"({"type":"sync:mark","data":[]})", R"({"type":"sync:mark","data":null})",
      R"({"type":"no:event","data":{}})", R"({"type":"","data":{}})",
      // The relay's are not for peers.
      R"({"type":"session:terminated","data":{"reason":"ended"}})",
      R"({"type":"sync:mark","data":{"mark":"a","at":1e400}})",
      R"({"type":"sync:mark","data":{"mark":"a","mark":"b","at":1}})",
      R"({"type":"sync:mark","data":{"mark":"\ud800","at":1}})", std::string(1000, '['),
      R"({"type":"sync:mark","data":{"x":[[[[[[[[1]]]]]]]]}})",
      TextOf("chat:message", {{"text", std::string(kMaxEventBytes, 'x')}})};
  for (const std::string& text : wrong) {
    const auto parsed = ParseEvent(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::kParseError) << text;
    EXPECT_FALSE(parsed.error().detail.empty());
  }
  const std::string text = TextOf("chat:message", {{"text", "hello"}});
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseEvent(text.substr(0, size)));
  }
}

TEST(Events, WhatMayNotBeReadIsNotWritten) {
  const auto detail_of = [](const Event& event) {
    const auto text = EventToJson(event);
    return text ? *text : text.error().detail;
  };
  events::InputPointer pointer;
  pointer.x = 1.5;
  EXPECT_EQ(detail_of(pointer), "input:pointer.x: this is not a number of 0 to 1");
  pointer.x = std::nan("");
  EXPECT_FALSE(EventToJson(pointer));
  pointer.x = 1;
  EXPECT_TRUE(EventToJson(pointer));
  pointer.kind = static_cast<events::PointerKind>(99);
  EXPECT_FALSE(EventToJson(pointer));
  events::AnimationFrame frame;
  frame.frame = std::uint64_t{1} << 53;
  EXPECT_FALSE(EventToJson(frame));
  frame.frame = 1;
  frame.values = std::vector<double>(257, 1.0);
  EXPECT_FALSE(EventToJson(frame));
  EXPECT_FALSE(EventToJson(events::ChatMessage{}));  // no text
}

// The relay's own events have their C++ in session_messages.h: what that writes is what the
// definition says.
void ExpectAgrees(std::string_view name, const RawJson& data) {
  const auto& events = Definition()["events"];
  const auto event = std::find_if(events.begin(), events.end(), [&](const Json& one) {
    return one["name"].get<std::string>() == name;
  });
  ASSERT_NE(event, events.end()) << name;
  EXPECT_TRUE(IsRelays(*event)) << name;
  const Json written = Json::parse(data.text);
  std::set<std::string> known;
  for (const Json& field : (*event)["fields"]) {
    const std::string key = field["name"];
    known.insert(key);
    EXPECT_TRUE(field.value("optional", false) || written.contains(key)) << name << "." << key;
    if (!written.contains(key)) continue;
    const Json sample = ValueOf(
        field.value("type", "") == "object" ? Json{{"name", ""}, {"type", "Metrics"}} : field);
    EXPECT_EQ(written[key].is_number(), sample.is_number()) << name << "." << key;
    EXPECT_EQ(written[key].is_string(), sample.is_string()) << name << "." << key;
    EXPECT_EQ(written[key].is_object(), sample.is_object()) << name << "." << key;
  }
  for (const auto& [key, value] : written.items()) {
    EXPECT_TRUE(known.contains(key)) << name << "." << key << " is not in events.json";
  }
}

TEST(Events, HandWrittenOnesAgree) {
  ExpectAgrees(kPairingReady, ToData(PairingReady{"c", "name", {R"({"pake":"x"})"}}));
  ExpectAgrees(kPairingReady, ToData(PairingReady{"c", "", {}}));
  ExpectAgrees(kSessionTerminated, ToData(SessionTerminated{std::string(kReasonEnded)}));
  ExpectAgrees(kUserJoined, ToData(UserPresence{"m", "display", "name"}));
  ExpectAgrees(kUserLeft, ToData(UserPresence{"m", "controller", ""}));
  ExpectAgrees(kServerDraining, ToData(ServerDraining{std::chrono::milliseconds(5), "http://x"}));
  ExpectAgrees(kServerDraining, ToData(ServerDraining{std::chrono::milliseconds(5), ""}));
  // Those of the relay that the definition names are named alike here.
  std::set<std::string_view> names;
  for (const Json& event : Definition()["events"]) {
    if (IsRelays(event)) names.insert(event["name"].get_ref<const std::string&>());
  }
  EXPECT_EQ(names,
            (std::set<std::string_view>{kPairingReady, kSessionTerminated, kUserJoined, kUserLeft,
                                        kServerDraining, kParticipantsUpdate, kMessageReceived,
                                        kWebrtcOffer, kWebrtcAnswer, kWebrtcIceCandidate}));
}

}  // namespace
}  // namespace pairwire::protocol
