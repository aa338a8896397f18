// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "signaling/protocol/events.h"
#include "signaling/server/router.h"

namespace pairwire::server {
namespace {

// What is found in one place. Of two it can not be said which is meant, and who put it there.
struct Found {
  std::size_t count = 0;
  std::string_view token;

  void Add(std::string_view another) {
    if (count++ == 0) token = another;
  }
};

// All elements with that beginning in all headers of that name, without it.
Found FindElements(const HttpRequest& request, std::string_view header, char separator,
                   std::string_view beginning) {
  Found found;
  for (const auto& [name, value] : request.headers) {
    if (!EqualsIgnoringCase(name, header)) continue;
    std::string_view list = value;
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(separator), list.size());
      const std::string_view entry = TrimBlanks(list.substr(0, end));
      if (entry.rfind(beginning, 0) == 0) found.Add(entry.substr(beginning.size()));
      list.remove_prefix(std::min(list.size(), end + 1));
    }
  }
  return found;
}

std::size_t CountHeaders(const HttpRequest& request, std::string_view header) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& one) { return EqualsIgnoringCase(one.first, header); }));
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
  if (CountHeaders(request, "Authorization") > 1) return {};
  if (const std::string_view token = BearerToken(request); !token.empty()) return token;
  const Found entry =
      FindElements(request, "Sec-WebSocket-Protocol", ',', protocol::kSubprotocolTokenPrefix);
  if (entry.count > 1) return {};
  if (!entry.token.empty()) return entry.token;
  // A browser sends its cookies whoever's page asks for it, but always says whose page that is;
  // that it may use this relay has been checked (OriginPolicy). Without an Origin nobody was lured.
  const Found cookie = FindElements(request, "Cookie", ';', "access_token=");
  return cookie.count == 1 ? cookie.token : std::string_view();
}

}  // namespace pairwire::server
