// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/webrtc_signal.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "signaling/protocol/limits.h"

namespace pairwire {

using protocol::JsonObject;
using protocol::JsonWriter;
using protocol::RawJson;

namespace {

constexpr std::string_view kFailed = "failed";

std::string JsonList(const std::vector<std::string>& words) {
  std::string list = "[";
  for (const std::string& word : words) {
    if (list.size() > 1) list += ',';
    protocol::AppendQuoted(list, word);
  }
  return list + "]";
}

}  // namespace

RawJson ToSdpData(const std::string& sdp, const std::vector<std::string>& features) {
  JsonWriter writer;
  writer.Add("sdp", sdp);
  if (!features.empty()) writer.AddRaw("features", JsonList(features));
  return {writer.Take()};
}

Result<std::vector<std::string>> ParseFeatureList(const RawJson& data) {
  const Result<JsonObject> object = JsonObject::Parse(data.text, protocol::kMaxMessageBytes);
  if (!object) return tl::unexpected(object.error());
  auto features = object->OptionalStrings("features", kMaxSignalFeatures, kMaxSignalFeatureBytes);
  if (!features) return tl::unexpected(std::move(features.error()));
  return std::move(*features).value_or(std::vector<std::string>());
}

RawJson ToPlainHello(const std::vector<std::string>& features) {
  return {JsonWriter().Add("plain", 1).AddRaw("features", JsonList(features)).Take()};
}

bool IsPlainHello(const RawJson& hello) {
  const Result<JsonObject> object = JsonObject::Parse(hello.text, protocol::kMaxHelloBytes);
  if (!object) return false;
  const auto plain = object->OptionalInteger("plain", 1, 1);
  return plain && plain->has_value();
}

RawJson ToHello(const std::string& hello) { return {protocol::QuoteJson(hello)}; }

std::optional<std::string> ParseHello(const RawJson& hello) {
  if (hello.text.size() > protocol::kMaxHelloBytes) return std::nullopt;
  const nlohmann::json value = nlohmann::json::parse(hello.text, nullptr, false);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

RawJson ToBoxData(const BoxSignal& signal) {
  return {JsonWriter()
              .AddIfSet("kind", signal.kind)
              .AddIfSet("pake", signal.pake)
              .Add("box", signal.box)
              .Take()};
}

Result<BoxSignal> ParseBoxData(const RawJson& data) {
  const Result<JsonObject> object = JsonObject::Parse(data.text, protocol::kMaxMessageBytes);
  if (!object) return tl::unexpected(object.error());
  auto pake = object->OptionalString("pake", kMaxPakeBytes);
  if (!pake) return tl::unexpected(std::move(pake.error()));
  auto box = object->OptionalString("box", kMaxBoxBytes);
  if (!box) return tl::unexpected(std::move(box.error()));
  auto kind = object->OptionalString("kind", protocol::kMaxTypeBytes);
  if (!kind) return tl::unexpected(std::move(kind.error()));
  return BoxSignal{std::move(*pake).value_or(""), std::move(*box).value_or(""),
                   std::move(*kind).value_or("")};
}

RawJson ToFailedData() { return {JsonWriter().Add(kFailed, "auth_failed").Take()}; }

bool IsFailedData(const RawJson& data) {
  const Result<JsonObject> object = JsonObject::Parse(data.text, protocol::kMaxMessageBytes);
  if (!object) return false;
  const auto failed = object->OptionalString(kFailed, protocol::kMaxTypeBytes);
  return failed && failed->has_value();
}

Result<std::string> ParseSdpData(const RawJson& data) {
  const Result<JsonObject> object = JsonObject::Parse(data.text, protocol::kMaxMessageBytes);
  if (!object) return tl::unexpected(object.error());
  // Not JsonObject::String: that refuses line breaks, which names and ids must not have. Escapes
  // make the JSON form longer than the text, so the real bound comes after.
  const Result<RawJson> raw = object->Raw("sdp", protocol::kMaxMessageBytes);
  if (!raw) return tl::unexpected(raw.error());
  const nlohmann::json value = nlohmann::json::parse(raw->text, nullptr, false);
  if (!value.is_string()) return Fail(Errc::kParseError, "sdp is missing or no text");
  std::string sdp = value.get<std::string>();
  if (sdp.size() > kMaxSdpBytes) return Fail(Errc::kLimitExceeded, "sdp is too long");
  return sdp;
}

RawJson ToCandidateData(const IceCandidate& candidate) {
  JsonWriter writer;
  writer.Add("candidate", candidate.candidate);
  if (candidate.sdp_mid) writer.Add("sdpMid", *candidate.sdp_mid);
  if (candidate.sdp_mline_index) writer.Add("sdpMLineIndex", *candidate.sdp_mline_index);
  if (candidate.username_fragment) writer.Add("usernameFragment", *candidate.username_fragment);
  return {writer.Take()};
}

Result<IceCandidate> ParseCandidateData(const RawJson& data) {
  const Result<JsonObject> object = JsonObject::Parse(data.text, protocol::kMaxMessageBytes);
  if (!object) return tl::unexpected(object.error());
  Result<std::optional<std::string>> line = object->OptionalString("candidate", kMaxCandidateBytes);
  if (!line) return tl::unexpected(line.error());
  Result<std::optional<std::string>> mid = object->OptionalString("sdpMid", 64);
  if (!mid) return tl::unexpected(mid.error());
  const Result<std::optional<std::int64_t>> index =
      object->OptionalInteger("sdpMLineIndex", 0, 65535);
  if (!index) return tl::unexpected(index.error());
  Result<std::optional<std::string>> fragment = object->OptionalString("usernameFragment", 256);
  if (!fragment) return tl::unexpected(fragment.error());

  IceCandidate candidate;
  candidate.candidate = line->value_or("");
  candidate.sdp_mid = std::move(*mid);
  if (*index) candidate.sdp_mline_index = static_cast<int>(**index);
  candidate.username_fragment = std::move(*fragment);
  return candidate;
}

}  // namespace pairwire
