// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/http_messages.h"

#include <algorithm>
#include <set>

#include "signaling/protocol/code.h"
#include "signaling/protocol/json_read.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

// URLs of an answer: an origin, a path prefix and an id.
constexpr std::size_t kMaxUrlBytes = 2048;

std::string ToJsonArray(const std::vector<std::string>& strings) {
  std::string array = "[";
  for (const std::string& string : strings) {
    if (array.size() > 1) array.push_back(',');
    AppendQuoted(array, string);
  }
  return array + "]";
}

}  // namespace

std::string ToJson(const RegisterRequest& request) {
  JsonWriter writer;
  writer.AddIfSet("displayId", request.display_id).AddIfSet("name", request.name);
  writer.AddIfSet("designId", request.design_id);
  if (request.max_controllers != 1) writer.Add("maxControllers", request.max_controllers);
  if (request.plain) writer.Add("plain", true);
  if (!request.meets.empty()) writer.AddRaw("meets", ToJsonArray(request.meets));
  if (request.codeless) writer.Add("codeless", true);
  return writer.Take();
}

Result<RegisterRequest> ParseRegisterRequest(std::string_view body) {
  RegisterRequest request;
  std::int64_t max_controllers = request.max_controllers;
  JsonReader reader(body, kMaxBodyBytes);
  reader.ReadOptional("displayId", kMaxIdBytes, request.display_id);
  reader.ReadOptional("name", kMaxNameBytes, request.name);
  reader.ReadOptional("designId", kMaxIdBytes, request.design_id);
  reader.ReadOptional("maxControllers", 1, kMaxControllers, max_controllers);
  reader.ReadOptional("plain", request.plain);
  reader.ReadOptional("meets", kMaxMeets, kMeetBytes, request.meets);
  reader.ReadOptional("codeless", request.codeless);
  request.max_controllers = static_cast<int>(max_controllers);
  if (reader.ok() && !std::all_of(request.meets.begin(), request.meets.end(), IsMeet)) {
    return Fail(Errc::kParseError, "meets: each is 43 characters of base64url");
  }
  const std::set<std::string_view> different(request.meets.begin(), request.meets.end());
  if (different.size() != request.meets.size())
    return Fail(Errc::kParseError, "meets: one is there twice");
  return reader.Finish(std::move(request));
}

std::string ToJson(const RegisterResponse& response) {
  JsonWriter writer;
  writer.Add("sessionId", response.session_id).AddIfSet("code", response.code);
  writer.Add("displayId", response.display_id).Add("displayToken", response.display_token);
  writer.Add("expiresIn", std::int64_t{response.expires_in.count()});
  writer.Add("expiresAt", response.expires_at).Add("eventsUrl", response.events_url);
  writer.Add("pollUrl", response.poll_url).Add("wsUrl", response.ws_url);
  writer.Add("heartbeatInterval", std::int64_t{response.heartbeat_interval.count()});
  writer.AddIfSet("connection", response.connection);
  return writer.Take();
}

Result<RegisterResponse> ParseRegisterResponse(std::string_view body) {
  RegisterResponse response;
  JsonReader reader(body, kMaxBodyBytes);
  reader.Read("sessionId", kMaxIdBytes, response.session_id);
  reader.ReadOptional("code", kMaxCodeInputBytes, response.code);
  reader.Read("displayId", kMaxIdBytes, response.display_id);
  reader.Read("displayToken", kMaxTokenBytes, response.display_token);
  reader.ReadOptional("expiresIn", response.expires_in);
  reader.ReadOptional("expiresAt", kMaxIdBytes, response.expires_at);
  reader.Read("eventsUrl", kMaxUrlBytes, response.events_url);
  reader.Read("pollUrl", kMaxUrlBytes, response.poll_url);
  reader.Read("wsUrl", kMaxUrlBytes, response.ws_url);
  reader.ReadOptional("heartbeatInterval", response.heartbeat_interval);
  reader.ReadOptional("connection", kMaxTypeBytes, response.connection);
  return reader.Finish(std::move(response));
}

std::string ToJson(const PairRequest& request) {
  JsonWriter writer;
  writer.AddIfSet("code", request.code).AddIfSet("meet", request.meet);
  writer.AddIfSet("name", request.name);
  writer.AddRaw("hello", request.hello.text);
  if (!request.proof.challenge.empty()) {
    JsonWriter proof;
    proof.Add("challenge", request.proof.challenge).Add("answer", request.proof.answer);
    writer.AddRaw("proof", proof.Take());
  }
  return writer.Take();
}

Result<PairRequest> ParsePairRequest(std::string_view body) {
  PairRequest request;
  JsonReader reader(body, kMaxBodyBytes);
  reader.ReadOptional("meet", kMeetBytes, request.meet);
  if (request.meet.empty()) {
    reader.Read("code", kMaxCodeInputBytes, request.code);
  } else {
    reader.ReadOptional("code", kMaxCodeInputBytes, request.code);
  }
  reader.ReadOptional("name", kMaxNameBytes, request.name);
  reader.ReadRaw("hello", kMaxHelloBytes, request.hello);
  RawJson proof;
  reader.ReadRaw("proof", kMaxTokenBytes, proof);
  if (reader.ok() && !proof.empty()) {
    JsonReader inner = reader.Inner("proof");
    inner.Read("challenge", kMaxIdBytes, request.proof.challenge);
    inner.Read("answer", kMaxIdBytes, request.proof.answer);
    reader.Adopt(inner);
  }
  if (reader.ok() && !request.meet.empty()) {
    if (!request.code.empty())
      return Fail(Errc::kParseError, "code and meet: one of them, not both");
    if (!IsMeet(request.meet))
      return Fail(Errc::kParseError, "meet is not 43 characters of base64url");
  }
  return reader.Finish(std::move(request));
}

std::string ToJson(const PairResponse& response) {
  JsonWriter display;
  display.Add("displayId", response.display_id).Add("name", response.display_name);
  JsonWriter writer;
  writer.Add("sessionId", response.session_id).Add("controllerId", response.controller_id);
  writer.Add("controllerToken", response.controller_token).Add("wsUrl", response.ws_url);
  writer.AddRaw("display", display.Take());
  return writer.Take();
}

Result<PairResponse> ParsePairResponse(std::string_view body) {
  PairResponse response;
  JsonReader reader(body, kMaxBodyBytes);
  reader.Read("sessionId", kMaxIdBytes, response.session_id);
  reader.Read("controllerId", kMaxIdBytes, response.controller_id);
  reader.Read("controllerToken", kMaxTokenBytes, response.controller_token);
  reader.Read("wsUrl", kMaxUrlBytes, response.ws_url);
  JsonReader display = reader.Inner("display");
  display.Read("displayId", kMaxIdBytes, response.display_id);
  display.ReadOptional("name", kMaxNameBytes, response.display_name);
  reader.Adopt(display);
  return reader.Finish(std::move(response));
}

std::string ToJson(const PollResponse& response) {
  std::string events = "[";
  for (const SessionEvent& event : response.events) {
    JsonWriter writer;
    writer.Add("id", event.id).Add("type", event.type).AddRaw("data", event.data.text);
    if (events.size() > 1) events.push_back(',');
    events.append(writer.Take());
  }
  return "{\"events\":" + events + "]}";
}

Result<PollResponse> ParsePollResponse(std::string_view body) {
  PollResponse response;
  auto object = JsonObject::Parse(body, kMaxMessageBytes);
  if (!object) return tl::unexpected<Error>(std::move(object.error()));
  auto events = object->Objects("events");
  if (!events) return tl::unexpected<Error>(std::move(events.error()));
  for (JsonObject& element : *events) {
    SessionEvent event;
    JsonReader reader(std::move(element));
    reader.ReadOptional("id", kMaxIdBytes, event.id);
    reader.Read("type", kMaxTypeBytes, event.type);
    reader.ReadRaw("data", kMaxMessageBytes, event.data);
    auto finished = reader.Finish(std::move(event));
    if (!finished) return tl::unexpected<Error>(std::move(finished.error()));
    response.events.push_back(std::move(*finished));
  }
  return response;
}

std::string ToJson(const NodesResponse& response) {
  std::string nodes = "[";
  for (const NodeEntry& node : response.nodes) {
    JsonWriter writer;
    writer.Add("nodeId", node.node_id).Add("url", node.url).AddIfSet("region", node.region);
    writer.Add("loadPercent", node.load_percent);
    if (nodes.size() > 1) nodes.push_back(',');
    nodes.append(writer.Take());
  }
  return "{\"nodes\":" + nodes + "]}";
}

Result<NodesResponse> ParseNodesResponse(std::string_view body) {
  NodesResponse response;
  auto object = JsonObject::Parse(body, kMaxMessageBytes);
  if (!object) return tl::unexpected<Error>(std::move(object.error()));
  auto nodes = object->Objects("nodes");
  if (!nodes) return tl::unexpected<Error>(std::move(nodes.error()));
  for (JsonObject& element : *nodes) {
    NodeEntry node;
    std::int64_t load = 0;
    JsonReader reader(std::move(element));
    reader.ReadOptional("nodeId", kMaxIdBytes, node.node_id);
    reader.Read("url", kMaxUrlBytes, node.url);
    reader.ReadOptional("region", kMaxIdBytes, node.region);
    reader.ReadOptional("loadPercent", 0, 100, load);
    node.load_percent = static_cast<int>(load);
    auto finished = reader.Finish(std::move(node));
    if (!finished) return tl::unexpected<Error>(std::move(finished.error()));
    response.nodes.push_back(std::move(*finished));
  }
  return response;
}

Result<BroadcastRequest> ParseBroadcastRequest(std::string_view body) {
  BroadcastRequest request;
  JsonReader reader(body, kMaxBodyBytes);
  reader.Read("room", kMaxIdBytes, request.room);
  reader.Read("event", kMaxTypeBytes, request.event);
  reader.ReadRaw("data", kMaxBodyBytes, request.data);
  if (reader.ok() && !request.data.empty()) {
    // An object, as the data of every message is.
    const JsonReader inner = reader.Inner("data");
    reader.Adopt(inner);
  }
  return reader.Finish(std::move(request));
}

std::string ToServerSentEvent(const SessionEvent& event) {
  std::string text;
  if (!event.id.empty()) text.append("id: ").append(event.id).append("\n");
  text.append("event: ").append(event.type).append("\ndata: ");
  // JSON may be laid out over lines; a line break would end the field.
  const std::string_view data = event.data.empty() ? "{}" : std::string_view(event.data.text);
  for (const char c : data) {
    text.push_back(c == '\n' || c == '\r' ? ' ' : c);
  }
  return text.append("\n\n");
}

}  // namespace pairwire::protocol
