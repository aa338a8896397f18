// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_messages.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace pairwire::bulk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxCodeBytes = 64;
constexpr std::size_t kMaxTextBytes = 1024;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Shape(const FileOffer& offer) {
  Json json = {{"type", "offer"}, {"name", offer.name}, {"size", offer.size}};
  if (!offer.id.empty()) json["id"] = offer.id;
  if (!offer.media_type.empty()) json["mediaType"] = offer.media_type;
  if (offer.complete) json["complete"] = true;
  return json;
}
Json Shape(const FileAccept& accept) {
  Json json = {{"type", "accept"}};
  if (accept.offset) json["offset"] = *accept.offset;
  if (!accept.prefix_sha256.empty()) json["prefixSha256"] = accept.prefix_sha256;
  return json;
}
Json Shape(const FileFrom& from) { return {{"type", "from"}, {"offset", from.offset}}; }
Json Shape(const FileHave& have) { return {{"type", "have"}, {"offset", have.offset}}; }
Json Shape(const FileRefuse& refuse) {
  return {{"type", "refuse"}, {"code", refuse.problem.code}, {"message", refuse.problem.message}};
}
Json Shape(const FileEnd& end) { return {{"type", "end"}, {"sha256", end.sha256}}; }
Json Shape(const FileDone& done) {
  return {{"type", "done"}, {"sha256", done.sha256}, {"size", done.size}};
}
Json Shape(const FileError& error) {
  return {{"type", "error"}, {"code", error.problem.code}, {"message", error.problem.message}};
}

std::optional<std::string> Text(const Json& json, const char* key, std::size_t max_bytes) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > max_bytes) return std::nullopt;
  return text;
}

std::optional<std::uint64_t> Count(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto size = found->get<std::uint64_t>();
  if (size > kMaxFileSize) return std::nullopt;
  return size;
}

bool IsHex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsSha256(std::string_view text) { return IsHex(text, 64); }

Result<FileMessage> Bad(const char* what) { return Fail(Errc::kParseError, what); }

Result<FileMessage> InterpretOffer(const Json& json) {
  auto name = Text(json, "name", kMaxFileNameBytes);
  const auto size = Count(json, "size");
  if (!name) return Bad("the offer's name is missing or too long");
  if (!size) return Bad("the offer's size is missing or no whole number in range");
  FileOffer offer{std::move(*name), *size};
  if (json.contains("id")) {
    auto id = Text(json, "id", kFileIdDigits);
    if (!id || !IsFileId(*id)) return Bad("the offer's id is not 32 hexadecimal digits");
    offer.id = std::move(*id);
  }
  if (json.contains("mediaType")) {
    auto media_type = Text(json, "mediaType", kMaxMediaTypeBytes);
    if (!media_type) return Bad("the offer's media type is no text, or too long");
    offer.media_type = std::move(*media_type);
  }
  if (const auto complete = json.find("complete"); complete != json.end()) {
    if (!complete->is_boolean()) return Bad("the offer's \"complete\" is neither true nor false");
    offer.complete = complete->get<bool>();
  }
  return offer;
}

Result<FileMessage> InterpretAccept(const Json& json) {
  FileAccept accept;
  if (json.contains("offset")) {
    accept.offset = Count(json, "offset");
    if (!accept.offset) return Bad("the offset is no whole number in range");
  }
  if (json.contains("prefixSha256")) {
    auto prefix = Text(json, "prefixSha256", 64);
    if (!prefix || !IsSha256(*prefix)) return Bad("the hash of the prefix is no SHA-256");
    accept.prefix_sha256 = std::move(*prefix);
  }
  if (accept.offset.value_or(0) > 0 && accept.prefix_sha256.empty()) {
    return Bad("the hash of the prefix is missing");
  }
  return accept;
}

Result<FileMessage> Interpret(const Json& json) {
  const auto type = Text(json, "type", 16);
  if (!type) return Bad("the message has no type");
  if (*type == "accept") return InterpretAccept(json);
  if (*type == "offer") return InterpretOffer(json);
  if (*type == "from" || *type == "have") {
    const auto offset = Count(json, "offset");
    if (!offset) return Bad("the offset is missing or no whole number in range");
    if (*type == "from") return FileFrom{*offset};
    return FileHave{*offset};
  }
  if (*type == "refuse" || *type == "error") {
    auto code = Text(json, "code", kMaxCodeBytes);
    auto message = Text(json, "message", kMaxTextBytes);
    if (!code || !message) return Bad("the refusal's code or message is missing or too long");
    FileProblem problem{std::move(*code), std::move(*message)};
    if (*type == "refuse") return FileRefuse{std::move(problem)};
    return FileError{std::move(problem)};
  }
  if (*type == "end" || *type == "done") {
    auto sha256 = Text(json, "sha256", 64);
    if (!sha256 || !IsSha256(*sha256)) return Bad("the hash is missing or no SHA-256");
    if (*type == "end") return FileEnd{std::move(*sha256)};
    const auto size = Count(json, "size");
    if (!size) return Bad("the size is missing or no whole number in range");
    return FileDone{std::move(*sha256), *size};
  }
  return Bad("the message's type is unknown");
}

}  // namespace

bool IsFileId(std::string_view text) { return IsHex(text, kFileIdDigits); }

std::string ToJson(const FileMessage& message) {
  return std::visit([](const auto& what) { return Dump(Shape(what)); }, message);
}

Result<FileMessage> ParseFileMessage(std::string_view text) {
  if (text.size() > kMaxFileMessageBytes) {
    return Fail(Errc::kLimitExceeded, "the message is too long");
  }
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded() || !json.is_object()) return Bad("the message is no JSON object");
  return Interpret(json);
}

}  // namespace pairwire::bulk
