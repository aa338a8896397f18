// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_url.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace pairwire::redis {
namespace {

constexpr std::uint16_t kRedisPort = 6379;
constexpr std::uint16_t kSentinelPort = 26379;

struct Scheme {
  std::string_view begin;
  Topology topology;
  bool tls;
};

constexpr std::array<Scheme, 6> kSchemes = {{
    {"redis://", Topology::kSingle, false},
    {"rediss://", Topology::kSingle, true},
    {"redis+sentinel://", Topology::kSentinel, false},
    {"rediss+sentinel://", Topology::kSentinel, true},
    {"redis+cluster://", Topology::kCluster, false},
    {"rediss+cluster://", Topology::kCluster, true},
}};

auto Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, "the Redis URL: " + std::move(what));
}

// Takes what stands before `mark` off the front of `rest`; empty when the mark is not there.
std::optional<std::string_view> TakeUntil(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return before;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) {
      return std::nullopt;
    }
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::optional<Login> ParseLogin(std::string_view text) {
  const auto user = TakeUntil(text, ':');
  if (!user || text.empty()) return std::nullopt;
  auto name = Decode(*user);
  auto password = Decode(text);
  if (!name || !password) return std::nullopt;
  return Login{std::move(*name), std::move(*password)};
}

bool IsHost(std::string_view host, bool in_brackets) {
  const std::string_view more = in_brackets ? ".:%" : ".-_";
  if (host.empty() || host.size() > 253) return false;
  for (const char c : host) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && more.find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::optional<ServerAddress> ParseHost(std::string_view text, std::uint16_t default_port) {
  const bool in_brackets = !text.empty() && text.front() == '[';
  std::string_view host = text;
  std::string_view after;
  if (in_brackets) {
    host.remove_prefix(1);
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    after = host.substr(end + 1);
    host = host.substr(0, end);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    after = text.substr(colon);
  }
  if (!IsHost(host, in_brackets)) return std::nullopt;
  if (after.empty()) return ServerAddress{std::string(host), default_port};
  const auto port = after.front() == ':' ? ParsePort(after.substr(1)) : std::nullopt;
  if (!port) return std::nullopt;
  return ServerAddress{std::string(host), *port};
}

std::optional<int> ParseDatabase(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || value < 0 || value > RedisUrl::kMaxDatabase) return std::nullopt;
  return value;
}

// What stands after the hosts' slash.
Result<RedisUrl> WithPath(RedisUrl url, std::string_view path) {
  if (url.topology == Topology::kSentinel) {
    const std::string_view encoded = path.substr(0, path.find('/'));
    auto name = Decode(encoded);
    if (!name || name->empty()) return Wrong("a Sentinel needs /master-name");
    url.master_name = std::move(*name);
    path.remove_prefix(encoded.size());
    if (!path.empty()) path.remove_prefix(1);
  }
  if (path.empty()) return url;
  const auto database = ParseDatabase(path);
  if (!database) return Wrong("the database is a number from 0");
  if (url.topology == Topology::kCluster && *database != 0) {
    return Wrong("a Cluster has only database 0");
  }
  url.database = *database;
  return url;
}

Result<RedisUrl> WithQuery(RedisUrl url, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    std::string_view value = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const auto key = TakeUntil(value, '=');
    auto decoded = Decode(value);
    if (!key || !decoded || url.topology != Topology::kSentinel) {
      return Wrong("after '?' stand sentinel_user= and sentinel_password=, for Sentinels alone");
    }
    if (*key == "sentinel_user") {
      url.sentinel_login.user = std::move(*decoded);
    } else if (*key == "sentinel_password") {
      url.sentinel_login.password = std::move(*decoded);
    } else {
      return Wrong("after '?' stand sentinel_user= and sentinel_password=, for Sentinels alone");
    }
  }
  if (!url.sentinel_login.user.empty() && url.sentinel_login.password.empty()) {
    return Wrong("sentinel_user needs sentinel_password");
  }
  return url;
}

}  // namespace

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

std::string ToString(const ServerAddress& address) {
  const bool colons = address.host.find(':') != std::string::npos;
  return (colons ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<RedisUrl> ParseRedisUrl(std::string_view text) {
  if (text.size() > RedisUrl::kMaxBytes) return Wrong("it is too long");
  RedisUrl url;
  std::string_view rest;
  for (const Scheme& scheme : kSchemes) {
    if (!text.starts_with(scheme.begin)) continue;
    url.topology = scheme.topology;
    url.tls = scheme.tls;
    rest = text.substr(scheme.begin.size());
  }
  if (rest.data() == nullptr) {
    return Wrong("it begins with redis://, rediss://, redis+sentinel:// or redis+cluster://");
  }
  const std::size_t question = rest.find('?');
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : rest.substr(question + 1);
  rest = rest.substr(0, question);
  const std::size_t slash = rest.find('/');
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  std::string_view hosts = rest.substr(0, slash);
  if (const auto login = TakeUntil(hosts, '@')) {
    auto parsed = ParseLogin(*login);
    if (!parsed) return Wrong("before '@' stands user:password, percent-encoded");
    url.login = std::move(*parsed);
  }
  const std::uint16_t port = url.topology == Topology::kSentinel ? kSentinelPort : kRedisPort;
  for (bool more = true; more;) {
    const auto one = TakeUntil(hosts, ',');
    more = one.has_value();
    auto address = ParseHost(more ? *one : hosts, port);
    if (!address) return Wrong("a host is name, name:port or [IPv6]:port");
    url.hosts.push_back(std::move(*address));
    if (url.hosts.size() > RedisUrl::kMaxHosts) return Wrong("too many hosts");
  }
  if (url.topology == Topology::kSingle && url.hosts.size() > 1) {
    return Wrong("several hosts are for redis+sentinel:// and redis+cluster://");
  }
  return WithPath(std::move(url), path).and_then([query](RedisUrl whole) {
    return WithQuery(std::move(whole), query);
  });
}

std::string Describe(const RedisUrl& url) {
  std::string text = url.tls ? "rediss" : "redis";
  if (url.topology == Topology::kSentinel) text += "+sentinel";
  if (url.topology == Topology::kCluster) text += "+cluster";
  text += "://";
  for (const ServerAddress& host : url.hosts) {
    if (&host != &url.hosts.front()) text += ',';
    text += ToString(host);
  }
  if (url.topology == Topology::kSentinel) text += "/" + url.master_name;
  if (url.database != 0) text += "/" + std::to_string(url.database);
  return text;
}

}  // namespace pairwire::redis
