// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ServerConfig: everything an operator can set, as one plain struct that was validated once. It is
// filled from the command line, then the environment (PAIRWIRE_LISTEN for --listen and so on), then
// the file of
// --config; the first of the three that names an option wins.
//
// Not here: what the options do. Each is used by the file that its comment names.
#ifndef PAIRWIRE_SIGNALING_SERVER_CONFIG_H_
#define PAIRWIRE_SIGNALING_SERVER_CONFIG_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "signaling/core/relay.h"
#include "signaling/redis/redis_url.h"
#include "signaling/server/log.h"

namespace pairwire::server {

// How long each kind of waiting may last. Tests shorten them; operators rarely need to.
struct Timeouts {
  // One request, from its first byte (the first request: from the accept) to the end of its body. A
  // client that trickles its headers ("slowloris") is gone after this.
  std::chrono::milliseconds request{10'000};
  // A kept-alive HTTP connection between two requests.
  std::chrono::milliseconds keep_alive{30'000};
  // A response or an event that the client does not take off the wire.
  std::chrono::milliseconds write{20'000};
  // After the last byte of an error response the client gets this long to read it before the socket
  // goes.
  std::chrono::milliseconds linger{2'000};
  // Comments on an idle event stream; the protocol promises one at least every 20 s.
  std::chrono::milliseconds sse_heartbeat{15'000};
  // WebSocket: upgrade and closing handshake; silence (not even a pong) before it is given up.
  std::chrono::milliseconds ws_handshake{10'000};
  std::chrono::milliseconds ws_idle{60'000};
};

// Bounds on what clients can make the process hold (signaling/server/admission.h and the sessions).
struct Limits {
  // Connections of all kinds. 0: the descriptor limit minus 20 %.
  std::size_t connections = 0;
  // Connections of one IPv4 address or one IPv6 /64. 0: no bound. Loopback is exempt unless
  // limit_loopback.
  std::size_t connections_per_ip = 256;
  // Connections that have not completed their first request yet.
  std::size_t half_open = 1'024;
  // HTTP: a request line with a token, and a body with a name, a code and an opaque hello.
  std::size_t header_bytes = 8 * 1'024;
  std::size_t body_bytes = 16 * 1'024;
  // What a client may send ahead of the response to its first request.
  std::size_t pipelined_bytes = 16 * 1'024;
  // One WebSocket message (kMaxMessageBytes of the protocol).
  std::size_t ws_message_bytes = 64 * 1'024;
  // What may wait in one socket's outgoing queue before the client counts as too slow and is
  // closed.
  std::size_t queue_bytes = 256 * 1'024;
  std::size_t queue_messages = 128;
  // A larger file of --web is not served.
  std::size_t static_file_bytes = 8 * 1'024 * 1'024;
};

struct ServerConfig {
  std::string listen_host = "127.0.0.1";  // an address, without brackets
  std::uint16_t listen_port = 8080;       // 0: the system picks a free one
  // A second listener for operators: /metrics, and whatever no client should reach. Empty: /metrics
  // is served to all.
  std::string internal_host;
  std::uint16_t internal_port = 0;
  // Ranges of addresses whose X-Forwarded-For is believed (trusted_proxies.h).
  std::vector<std::string> trusted_proxies;
  std::string region;
  std::string node_id;  // empty: a random one is made at start
  std::string web_dir;  // empty: no static files
  // What clients are told in front of paths ("https://relay.example.org/base"); empty: paths only,
  // which they append to the URL that they know already.
  std::string public_url;
  // PEM files for HTTPS; both or neither. Read anew by Server::ReloadCertificate.
  std::string tls_certificate_file;
  std::string tls_key_file;
  // Where clients reach this very node, for those that another node sends away; may be empty.
  std::string advertise_url;
  // Row L13: switches back to how things were before, each on its own.
  relay::ConnectionMode connection = relay::ConnectionMode::kLazy;
  relay::SignalingMode signaling = relay::SignalingMode::kPeerToPeer;
  bool expiry_hints = true;  // false: the sweep alone, without Redis' expired events
  // What joins several nodes to one relay; nothing: this process is all of it.
  std::optional<redis::RedisUrl> redis;
  std::string redis_prefix = "pw";
  std::string redis_ca;  // a file; empty: the system's certificate authorities
  // PEM files, for a server that asks its clients for a certificate; both or neither.
  std::string redis_certificate_file;
  std::string redis_key_file;
  // Users (user_keys.h): a file or an https URL with the keys (JWKS) that sign their tokens; empty:
  // there are no users. With it both of issuer and audience.
  std::string jwt_jwks;
  std::string jwt_issuer;
  std::string jwt_audience;
  std::string jwt_ca;  // a file; empty: the system's certificate authorities
  LogLevel log_level = LogLevel::kInfo;
  std::vector<std::string> origins;  // as browsers send them: "https://example.org"
  std::chrono::milliseconds drain_window{10'000};
  bool limit_loopback = false;
  Limits limits;
  Timeouts timeouts;

  // Sessions; handed to signaling/core.
  std::chrono::seconds session_ttl{600};
  std::size_t max_sessions = 100'000;
  bool rate_limits = true;
  bool status = false;  // the status of displays (signaling/services/status.h)
};

// `events` instead of running: what of the event log to print (events_command.h).
struct EventsRequest {
  bool follow = false;  // for ever, what is still to come too
  bool json = false;    // one object a line
  bool state = false;   // instead of the events what they tell of the present
  std::string after;    // a cursor of an earlier run; empty: from the oldest
};

// What the command line asked for: run with `config`, or print `text` and leave with `exit_code`
// (0: --help and --version, to stdout; 2: wrong usage, one line for stderr).
struct CommandLine {
  std::optional<ServerConfig> config;
  bool check = false;                   // `check` came first: do not run, look (check_command.h)
  std::optional<EventsRequest> events;  // `events` came first
  std::string text;
  int exit_code = 0;
};

// Reads a variable of the environment; empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;
std::string SystemEnvironment(const std::string& name);

// Never throws and never prints. `arguments` leaves out the program's own name.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments,
                             const Environment& environment = SystemEnvironment);

// "127.0.0.1:8080", "[::1]:0", "localhost:8080" into host and port. `option` stands in the error's
// sentence.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
Result<ListenAddress> ParseListenAddress(const std::string& text,
                                         const std::string& option = "--listen");

// True for what a browser sends in an Origin header: scheme, host, optional port, no path.
bool IsOrigin(const std::string& text);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_CONFIG_H_
