// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/file_messages.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace pairwire::samples {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxCodeBytes = 64;
constexpr std::size_t kMaxTextBytes = 1024;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Shape(const FileOffer& offer) {
  return {{"type", "offer"}, {"name", offer.name}, {"size", offer.size}};
}
Json Shape(const FileAccept&) { return {{"type", "accept"}}; }
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

std::optional<std::uint64_t> Size(const Json& json) {
  const auto found = json.find("size");
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto size = found->get<std::uint64_t>();
  if (size > kMaxFileSize) return std::nullopt;
  return size;
}

bool IsSha256(const std::string& text) {
  if (text.size() != 64) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

Result<FileMessage> Bad(const char* what) { return Fail(Errc::kParseError, what); }

Result<FileMessage> Interpret(const Json& json) {
  const auto type = Text(json, "type", 16);
  if (!type) return Bad("the message has no type");
  if (*type == "accept") return FileAccept{};
  if (*type == "offer") {
    auto name = Text(json, "name", kMaxFileNameBytes);
    const auto size = Size(json);
    if (!name) return Bad("the offer's name is missing or too long");
    if (!size) return Bad("the offer's size is missing or no whole number in range");
    return FileOffer{std::move(*name), *size};
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
    const auto size = Size(json);
    if (!size) return Bad("the size is missing or no whole number in range");
    return FileDone{std::move(*sha256), *size};
  }
  return Bad("the message's type is unknown");
}

}  // namespace

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

}  // namespace pairwire::samples
