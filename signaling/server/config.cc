// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <utility>

#include "signaling/net/http_fetch.h"
#include "signaling/server/trusted_proxies.h"
#include "signaling/server/user_keys.h"
#include "signaling/server/version.h"

namespace pairwire::server {
namespace {

constexpr int kUsageError = 2;

// What CLI11 fills before it is checked as a whole.
struct RawOptions {
  std::string listen = "127.0.0.1:8080";
  std::string internal_listen;
  std::string store = "memory";
  std::string redis;
  std::string config_file;
  std::string log_level = "info";
  std::string rate_limits = "on";
  std::string connection = "lazy";
  std::string signaling = "p2p";
  std::string expiry = "events";
  double drain_seconds = 10;
  double request_seconds = 10;
  double idle_seconds = 60;
  unsigned session_seconds = 600;
};

// "--max-sessions" -> "PAIRWIRE_MAX_SESSIONS".
std::string VariableOf(const std::string& option) {
  std::string name = "PAIRWIRE_";
  for (const char c : option.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

void Declare(CLI::App& app, RawOptions& raw, ServerConfig& config) {
  app.add_option("--listen", raw.listen, "Address and port; port 0 picks a free one")
      ->capture_default_str();
  app.add_option("--internal-listen", raw.internal_listen,
                 "Address and port for operators only: /metrics moves there");
  app.add_option("--trusted-proxy", config.trusted_proxies,
                 "Address or range (10.0.0.0/8) of a proxy whose X-Forwarded-For is believed; "
                 "repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',');
  app.add_option("--store", raw.store, "Where sessions are kept")->capture_default_str();
  app.add_option("--redis", raw.redis,
                 "Redis that joins several nodes to one relay: redis://, redis+sentinel:// or "
                 "redis+cluster://[user:password@]host[:port]..., or rediss for TLS");
  app.add_option("--redis-prefix", config.redis_prefix,
                 "First part of all keys and channels, where several relays share a Redis")
      ->capture_default_str();
  app.add_option("--redis-ca", config.redis_ca,
                 "File with the certificate authorities of a rediss server");
  app.add_option("--redis-cert", config.redis_certificate_file,
                 "PEM file with this relay's certificate, for a rediss server that asks for one");
  app.add_option("--redis-key", config.redis_key_file, "PEM file with the key of --redis-cert");
  app.add_option("--advertise-url", config.advertise_url,
                 "URL of this very node, for clients that another node sends away");
  app.add_option("--region", config.region, "Region of this node, for /version and the metrics");
  app.add_option("--node-id", config.node_id, "Name of this node; random when not given");
  app.add_option("--web", config.web_dir, "Folder with static files to serve at /");
  app.add_option(
      "--public-url", config.public_url,
      "URL of this relay as clients reach it, when a proxy changes it; as https://host[/path]");
  app.add_option("--tls-cert", config.tls_certificate_file,
                 "PEM file with the certificate and its chain; with --tls-key the relay speaks "
                 "HTTPS. SIGHUP reads both anew");
  app.add_option("--tls-key", config.tls_key_file, "PEM file with the certificate's key");
  app.add_option(
      "--jwt-jwks", config.jwt_jwks,
      "File or https URL with the keys (JWKS) of users' tokens (RS256); with it users may "
      "open sockets and enter rooms");
  app.add_option("--jwt-issuer", config.jwt_issuer, "Who must have issued a user's token (iss)");
  app.add_option("--jwt-audience", config.jwt_audience, "Whom a user's token must be for (aud)");
  app.add_option("--jwt-ca", config.jwt_ca,
                 "File with the certificate authorities of the --jwt-jwks server");
  app.add_option("--log-level", raw.log_level, "debug, info, warning, error or off")
      ->capture_default_str();
  app.add_option(
         "--origin", config.origins,
         "Web origin that may use this relay besides its own, as https://host[:port]; repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',');
  app.add_option("--drain-seconds", raw.drain_seconds,
                 "Time over which connections are closed on SIGTERM")
      ->capture_default_str();
  app.add_option("--max-connections", config.limits.connections,
                 "Most connections at once; 0 means the descriptor limit minus 20 %")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--max-connections-per-ip", config.limits.connections_per_ip,
                 "Most connections of one IPv4 address or IPv6 /64; 0 means no bound")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--max-half-open", config.limits.half_open,
                 "Most connections that have not sent a whole request yet")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag(
      "--limit-loopback", config.limit_loopback,
      "Apply the bounds per address to loopback too (a proxy on this machine is one address)");
  app.add_option("--max-sessions", config.max_sessions, "Most sessions at once")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--session-seconds", raw.session_seconds, "How long a code waits to be used")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rate-limits", raw.rate_limits,
                 "on or off: bounds on how often one address may ask and one socket may send")
      ->capture_default_str();
  app.add_option("--connection", raw.connection,
                 "lazy: displays wait on an event stream; immediate: on a WebSocket from the start")
      ->capture_default_str();
  app.add_option("--signaling", raw.signaling,
                 "p2p: messages go from peer to peer; relayed: through this relay (message:send); "
                 "both: from peer to peer, and through this relay for peers that can not")
      ->capture_default_str();
  app.add_option("--expiry", raw.expiry,
                 "events: Redis' expired events bring what is due early; sweep: ten looks a second "
                 "alone")
      ->capture_default_str();
  app.add_flag("--status", config.status, "Serve the status of displays and of their designs");
  app.add_option("--request-seconds", raw.request_seconds,
                 "Time for a client to send one whole request")
      ->capture_default_str();
  app.add_option("--idle-seconds", raw.idle_seconds, "Silence after which a WebSocket is given up")
      ->capture_default_str();
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_config("--config", "", "File with the same options, one `name = value` a line");
  app.set_version_flag("--version", "pairwire-relay " + std::string(kVersion));
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (name == "--help" || name == "--version" || name.empty()) continue;
    // Shown by --help. The reading is done by AddEnvironment, because CLI11 2.1 ranks the file
    // higher.
    option->envname(VariableOf(name));
  }
}

void DeclareEvents(CLI::App& app, EventsRequest& events) {
  app.add_flag("--follow", events.follow, "events: go on with what is still to come");
  app.add_flag("--json", events.json, "events: one JSON object a line, with its cursor");
  app.add_flag("--state", events.state,
               "events: instead of what happened, which nodes, sessions and members that leaves");
  app.add_option("--after", events.after, "events: only what came after this cursor");
}

std::string CheckEvents(const ServerConfig& config, const EventsRequest& events) {
  if (!config.redis) return "events needs --redis: a relay in memory keeps its log to itself";
  if (events.state && (events.follow || events.json || !events.after.empty())) {
    return "events --state is about the whole log: without --follow, --json and --after";
  }
  return {};
}

// The arguments, with every variable whose option is not among them put behind.
std::vector<std::string> AddEnvironment(const CLI::App& app, std::vector<std::string> arguments,
                                        const Environment& environment) {
  const std::vector<std::string> given = arguments;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_envname().empty()) continue;
    const std::string value = environment(option->get_envname());
    if (value.empty()) continue;
    const std::string name = option->get_name();
    const bool present = std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
      return argument == name || argument.rfind(name + "=", 0) == 0;
    });
    if (!present) arguments.push_back(name + "=" + value);
  }
  return arguments;
}

std::optional<LogLevel> ToLogLevel(const std::string& text) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warning", LogLevel::kWarning},
                                                          {"error", LogLevel::kError},
                                                          {"off", LogLevel::kOff}};
  const auto found = kLevels.find(text);
  if (found == kLevels.end()) return std::nullopt;
  return found->second;
}

bool IsName(const std::string& text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string CheckUsers(const ServerConfig& config) {
  if (config.jwt_jwks.empty()) {
    const bool rest =
        !config.jwt_issuer.empty() || !config.jwt_audience.empty() || !config.jwt_ca.empty();
    return rest ? "--jwt-issuer, --jwt-audience and --jwt-ca belong to --jwt-jwks" : "";
  }
  if (config.jwt_issuer.empty() || config.jwt_audience.empty()) {
    return "--jwt-jwks needs --jwt-issuer and --jwt-audience, else tokens for others would count";
  }
  if (!IsJwksUrl(config.jwt_jwks)) {
    return config.jwt_ca.empty() ? "" : "--jwt-ca belongs to a --jwt-jwks that is a URL";
  }
  const auto url = net::HttpsUrl::Parse(config.jwt_jwks);
  return url ? "" : "--jwt-jwks: " + url.error().detail;
}

// The sentence that says what is wrong, or nothing.
std::string Check(const RawOptions& raw, ServerConfig& config) {
  const auto listen = ParseListenAddress(raw.listen);
  if (!listen) return listen.error().detail;
  config.listen_host = listen->host;
  config.listen_port = listen->port;
  if (!raw.internal_listen.empty()) {
    const auto internal = ParseListenAddress(raw.internal_listen, "--internal-listen");
    if (!internal) return internal.error().detail;
    config.internal_host = internal->host;
    config.internal_port = internal->port;
  }
  if (const auto proxies = TrustedProxies::Parse(config.trusted_proxies); !proxies) {
    return proxies.error().detail;
  }
  if (!raw.redis.empty()) {
    // The URL may hold a password, so nothing of it is repeated.
    auto url = redis::ParseRedisUrl(raw.redis);
    if (!url) return "--redis: " + url.error().detail;
    config.redis = std::move(*url);
  }
  if (raw.store != "memory") return "--store knows only `memory` in this version";
  const auto level = ToLogLevel(raw.log_level);
  if (!level) return "--log-level must be debug, info, warning, error or off";
  config.log_level = *level;
  if (raw.rate_limits != "on" && raw.rate_limits != "off") return "--rate-limits must be on or off";
  config.rate_limits = raw.rate_limits == "on";
  if (raw.connection != "lazy" && raw.connection != "immediate") {
    return "--connection must be lazy or immediate";
  }
  if (raw.connection == "immediate") config.connection = relay::ConnectionMode::kImmediate;
  if (raw.signaling != "p2p" && raw.signaling != "relayed" && raw.signaling != "both") {
    return "--signaling must be p2p, relayed or both";
  }
  if (raw.signaling == "relayed") config.signaling = relay::SignalingMode::kRelayed;
  if (raw.signaling == "both") config.signaling = relay::SignalingMode::kBoth;
  if (raw.expiry != "events" && raw.expiry != "sweep") return "--expiry must be events or sweep";
  config.expiry_hints = raw.expiry == "events";
  for (const std::string& origin : config.origins) {
    if (!IsOrigin(origin)) {
      return "--origin must look like https://example.org or http://localhost:3000, without a path";
    }
  }
  const std::string& url = config.public_url;
  if (!url.empty() && (url.back() == '/' || !IsOrigin(url.substr(0, url.find('/', 8))))) {
    return "--public-url must look like https://relay.example.org or https://example.org/relay";
  }
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    return "--tls-cert and --tls-key belong together";
  }
  if (config.redis_certificate_file.empty() != config.redis_key_file.empty()) {
    return "--redis-cert and --redis-key belong together";
  }
  if (std::string wrong = CheckUsers(config); !wrong.empty()) return wrong;
  if (config.redis_prefix.empty() || !IsName(config.redis_prefix)) {
    return "--redis-prefix takes 1 to 64 letters, digits, dots, dashes and underscores";
  }
  if (!IsName(config.region) || !IsName(config.node_id)) {
    return "--region and --node-id take up to 64 letters, digits, dots, dashes and underscores";
  }
  if (!(raw.drain_seconds >= 0 && raw.drain_seconds <= 3600))
    return "--drain-seconds must be 0 to 3600";
  if (!(raw.request_seconds >= 0.1 && raw.request_seconds <= 300)) {
    return "--request-seconds must be 0.1 to 300";
  }
  if (!(raw.idle_seconds >= 1 && raw.idle_seconds <= 3600))
    return "--idle-seconds must be 1 to 3600";
  if (raw.session_seconds < 1 || raw.session_seconds > 86'400)
    return "--session-seconds must be 1 to 86400";
  if (config.max_sessions < 1 || config.max_sessions > 10'000'000) {
    return "--max-sessions must be 1 to 10000000";
  }
  if (config.limits.half_open < 1) return "--max-half-open must be at least 1";
  config.drain_window = Milliseconds(raw.drain_seconds);
  config.timeouts.request = Milliseconds(raw.request_seconds);
  config.timeouts.ws_idle = Milliseconds(raw.idle_seconds);
  config.session_ttl = std::chrono::seconds(raw.session_seconds);
  return {};
}

CommandLine Wrong(std::string sentence) {
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  CommandLine line;
  line.text = "pairwire-relay: " + sentence + " (see pairwire-relay --help)";
  line.exit_code = kUsageError;
  return line;
}

CommandLine Say(std::string text) {
  CommandLine line;
  line.text = std::move(text);
  return line;
}

}  // namespace

std::string SystemEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

CommandLine ParseCommandLine(const std::vector<std::string>& arguments,
                             const Environment& environment) {
  CLI::App app("Brokers pairing, SDP and ICE between displays and controllers.", "pairwire-relay");
  RawOptions raw;
  ServerConfig config;
  EventsRequest request;
  // The subcommands take the same options, so they are no parsers of their own.
  const std::string first = arguments.empty() ? std::string() : arguments.front();
  const bool check = first == "check";
  const bool events = first == "events";
  app.footer(
      "`pairwire-relay check` with the same options says what is wrong with a set-up.\n"
      "`pairwire-relay events --redis URL [--follow] [--after CURSOR] [--json] [--state]` prints "
      "what happened on a relay of several nodes.");
  try {
    Declare(app, raw, config);
    if (events) DeclareEvents(app, request);
    std::vector<std::string> all = AddEnvironment(
        app, {arguments.begin() + (check || events ? 1 : 0), arguments.end()}, environment);
    std::reverse(all.begin(), all.end());  // CLI11 takes the arguments from the back
    app.parse(all);
  } catch (const CLI::CallForHelp&) {
    return Say(app.help());
  } catch (const CLI::CallForVersion&) {
    return Say("pairwire-relay " + std::string(kVersion) + "\n");
  } catch (const CLI::Error& error) {
    return Wrong(error.what());
  }
  std::string problem = Check(raw, config);
  if (problem.empty() && events) problem = CheckEvents(config, request);
  if (!problem.empty()) return Wrong(problem);
  CommandLine line;
  line.config = std::move(config);
  line.check = check;
  if (events) line.events = std::move(request);
  return line;
}

Result<ListenAddress> ParseListenAddress(const std::string& text, const std::string& option) {
  const std::string kWrong =
      option + " must look like 127.0.0.1:8080 or [::1]:8080, port 0 to 65535";
  ListenAddress address;
  std::string port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find("]:");
    if (end == std::string::npos) return Fail(Errc::kInvalidArgument, kWrong);
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 2);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) {
      return Fail(Errc::kInvalidArgument, kWrong);
    }
    address.host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (address.host.empty() || port.empty()) return Fail(Errc::kInvalidArgument, kWrong);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) {
    return Fail(Errc::kInvalidArgument, kWrong);
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  return address;
}

bool IsOrigin(const std::string& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.rfind(scheme, 0) != 0) continue;
    const std::string authority = text.substr(scheme.size());
    return !authority.empty() && authority.size() <= 255 &&
           std::all_of(authority.begin(), authority.end(), [](unsigned char c) {
             return std::isalnum(c) != 0 || c == '-' || c == '.' || c == ':' || c == '[' ||
                    c == ']';
           });
  }
  return false;
}

}  // namespace pairwire::server
