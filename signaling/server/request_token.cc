// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/events.h"
#include "signaling/server/router.h"

namespace pairwire::server {
namespace {

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `use` with each element of a list until it answers true.
template <typename Use>
void ForEachElement(std::string_view list, char separator, Use use) {
  while (!list.empty()) {
    const std::size_t end = list.find(separator);
    if (use(TrimBlanks(list.substr(0, end))) || end == std::string_view::npos) return;
    list.remove_prefix(end + 1);
  }
}

std::string_view SubprotocolToken(std::string_view list) {
  std::string_view token;
  ForEachElement(list, ',', [&](std::string_view entry) {
    if (entry.rfind(protocol::kSubprotocolTokenPrefix, 0) != 0) return false;
    token = entry.substr(protocol::kSubprotocolTokenPrefix.size());
    return true;
  });
  return token;
}

std::string_view CookieToken(std::string_view cookies) {
  constexpr std::string_view kName = "access_token=";
  std::string_view token;
  ForEachElement(cookies, ';', [&](std::string_view entry) {
    if (entry.rfind(kName, 0) != 0) return false;
    token = entry.substr(kName.size());
    return true;
  });
  return token;
}

}  // namespace

std::string_view BearerToken(const HttpRequest& request) {
  const std::string_view value = request.Header("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() <= kScheme.size() ||
      !EqualsIgnoringCase(value.substr(0, kScheme.size()), kScheme))
    return {};
  return TrimBlanks(value.substr(kScheme.size()));
}

std::string_view WebSocketToken(const HttpRequest& request) {
  if (const std::string_view token = BearerToken(request); !token.empty()) return token;
  if (const std::string_view token = SubprotocolToken(request.Header("Sec-WebSocket-Protocol"));
      !token.empty()) {
    return token;
  }
  return CookieToken(request.Header("Cookie"));
}

}  // namespace pairwire::server
