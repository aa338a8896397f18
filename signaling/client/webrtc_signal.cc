// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/webrtc_signal.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "signaling/protocol/limits.h"

namespace pairwire {

using protocol::JsonObject;
using protocol::JsonWriter;
using protocol::RawJson;

RawJson ToSdpData(const std::string& sdp) { return {JsonWriter().Add("sdp", sdp).Take()}; }

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
