// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/session_messages.h"

#include "signaling/protocol/json_read.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

// A URL to go to instead.
constexpr std::size_t kMaxUrlBytes = 2048;
// The longest sentence of an error.
constexpr std::size_t kMaxSentenceBytes = 1024;

// Events whose data may be missing read as an empty object.
std::string_view TextOf(const RawJson& data) {
  return data.empty() ? std::string_view("{}") : std::string_view(data.text);
}

}  // namespace

RawJson ToData(const Welcome& welcome) {
  JsonWriter writer;
  writer.Add("memberId", welcome.member_id).AddIfSet("sessionId", welcome.session_id);
  writer.AddIfSet("resumeToken", welcome.resume_token);
  writer.Add("heartbeatInterval", std::int64_t{welcome.heartbeat_interval.count()});
  writer.Add("nodeId", welcome.node_id).AddIfSet("mode", welcome.mode);
  return {writer.Take()};
}

Result<Welcome> ParseWelcome(const RawJson& data) {
  Welcome welcome;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("memberId", kMaxIdBytes, welcome.member_id);
  reader.ReadOptional("sessionId", kMaxIdBytes, welcome.session_id);
  reader.ReadOptional("resumeToken", kMaxTokenBytes, welcome.resume_token);
  reader.ReadOptional("heartbeatInterval", welcome.heartbeat_interval);
  reader.ReadOptional("nodeId", kMaxIdBytes, welcome.node_id);
  reader.ReadOptional("mode", kMaxTypeBytes, welcome.mode);
  return reader.Finish(std::move(welcome));
}

RawJson ToData(const PairingReady& ready) {
  JsonWriter writer;
  writer.Add("controllerId", ready.controller_id).AddIfSet("name", ready.name);
  writer.AddRaw("hello", ready.hello.text);
  RawJson data{writer.Take()};
  if (ready.meet) AddMeet(data.text, *ready.meet);
  return data;
}

void AddMeet(std::string& ready_data, std::size_t meet) {
  ready_data.pop_back();
  ready_data += ",\"meet\":" + std::to_string(meet) + "}";
}

Result<PairingReady> ParsePairingReady(const RawJson& data) {
  PairingReady ready;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("controllerId", kMaxIdBytes, ready.controller_id);
  reader.ReadOptional("name", kMaxNameBytes, ready.name);
  reader.ReadRaw("hello", kMaxHelloBytes, ready.hello);
  constexpr std::int64_t kNone = -1;
  std::int64_t meet = kNone;
  reader.ReadOptional("meet", 0, kMaxMeets - 1, meet);
  if (meet != kNone) ready.meet = static_cast<std::size_t>(meet);
  return reader.Finish(std::move(ready));
}

RawJson ToData(const SessionTerminated& terminated) {
  return {JsonWriter().Add("reason", terminated.reason).Take()};
}

Result<SessionTerminated> ParseSessionTerminated(const RawJson& data) {
  SessionTerminated terminated;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.ReadOptional("reason", kMaxIdBytes, terminated.reason);
  return reader.Finish(std::move(terminated));
}

RawJson ToData(const UserPresence& presence) {
  JsonWriter writer;
  writer.Add("memberId", presence.member_id).AddIfSet("role", presence.role);
  writer.AddIfSet("name", presence.name);
  return {writer.Take()};
}

Result<UserPresence> ParseUserPresence(const RawJson& data) {
  UserPresence presence;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("memberId", kMaxIdBytes, presence.member_id);
  reader.ReadOptional("role", kMaxIdBytes, presence.role);
  reader.ReadOptional("name", kMaxNameBytes, presence.name);
  return reader.Finish(std::move(presence));
}

RawJson ToData(const ServerDraining& draining) {
  JsonWriter writer;
  writer.Add("retryAfterMs", std::int64_t{draining.retry_after.count()});
  writer.AddIfSet("url", draining.url);
  return {writer.Take()};
}

Result<ServerDraining> ParseServerDraining(const RawJson& data) {
  ServerDraining draining;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.ReadOptional("retryAfterMs", draining.retry_after);
  reader.ReadOptional("url", kMaxUrlBytes, draining.url);
  return reader.Finish(std::move(draining));
}

RawJson ToData(const Resume& resume) {
  JsonWriter writer;
  writer.Add("resumeToken", resume.resume_token).AddIfSet("lastId", resume.last_id);
  return {writer.Take()};
}

Result<Resume> ParseResume(const RawJson& data) {
  Resume resume;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("resumeToken", kMaxTokenBytes, resume.resume_token);
  reader.ReadOptional("lastId", kMaxIdBytes, resume.last_id);
  return reader.Finish(std::move(resume));
}

RawJson ToData(const AuthRefresh& refresh) {
  return {JsonWriter().Add("token", refresh.token).Take()};
}

Result<AuthRefresh> ParseAuthRefresh(const RawJson& data) {
  AuthRefresh refresh;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("token", kMaxUserTokenBytes, refresh.token);
  return reader.Finish(std::move(refresh));
}

RawJson ToErrorData(const Problem& problem) {
  JsonWriter writer;
  writer.Add("code", ToString(problem.code));
  const std::string_view title = Title(problem.code);
  writer.Add("message", problem.detail.empty() ? title : std::string_view(problem.detail));
  return {writer.Take()};
}

Result<Problem> ParseErrorData(const RawJson& data) {
  Problem problem;
  std::string code;
  JsonReader reader(TextOf(data), kMaxMessageBytes);
  reader.Read("code", kMaxIdBytes, code);
  reader.ReadOptional("message", kMaxSentenceBytes, problem.detail);
  problem.code = ParseProblemCode(code).value_or(ProblemCode::kInternal);
  return reader.Finish(std::move(problem));
}

}  // namespace pairwire::protocol
