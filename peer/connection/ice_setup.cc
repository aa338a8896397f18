// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/ice_setup.h"

#include <algorithm>
#include <utility>

#include "peer/base/log.h"
#include "peer/connection/network_services.h"
#include "peer/ice/ice_server_url.h"

namespace pairwire {
namespace {

constexpr std::size_t kMaxCredentialBytes = 512;

ice::NiceTransportOptions ToOptions(NetworkCore& network, const PeerConfiguration& configuration) {
  ice::NiceTransportOptions options;
  options.bind_addresses = configuration.bind_addresses;
  options.interfaces = configuration.interfaces;
  options.excluded_interfaces = configuration.excluded_interfaces;
  options.relay_only = configuration.ice_transport_policy == IceTransportPolicy::kRelay;
  options.lite = configuration.ice_lite;
  if (configuration.mdns != MdnsMode::kOff) options.resolver = &network.services();
  if (configuration.mdns == MdnsMode::kResolveAndPublish) options.publisher = &network.services();
  options.disconnected_timeout = configuration.disconnected_timeout;
  options.consent_timeout = configuration.consent_timeout;
  options.port_range_begin = configuration.port_range_begin;
  options.port_range_end = configuration.port_range_end;
  options.ice_tcp = configuration.enable_ice_tcp;
  options.fast_path = configuration.enable_fast_path;
  options.pacing = configuration.ice_pacing;
  return options;
}

}  // namespace

Result<ServerPlan> PlanServers(const std::vector<IceServer>& servers) {
  ServerPlan plan;
  for (const auto& server : servers) {
    for (const auto& text : server.urls) {
      const auto url = ice::ParseIceServerUrl(text);
      if (!url) return tl::unexpected(url.error());
      if (url->scheme == ice::ServerScheme::kStun) {
        if (!plan.stun) plan.stun = ice::StunServer{text, url->host, url->port};
        continue;
      }
      if (server.username.empty() || server.credential.empty()) {
        return Fail(Errc::kInvalidArgument, text + ": a TURN server needs username and credential");
      }
      if (server.username.size() > kMaxCredentialBytes ||
          server.credential.size() > kMaxCredentialBytes) {
        return Fail(Errc::kInvalidArgument, text + ": username or credential over 512 bytes");
      }
      auto& kind = url->scheme == ice::ServerScheme::kTurns ? plan.turn_over_tls : plan.turn;
      kind.push_back(
          {text, url->host, url->port, url->transport, server.username, server.credential});
      if (plan.turn.size() + plan.turn_over_tls.size() > ice::NiceTransport::kMaxTurnServers) {
        return Fail(Errc::kLimitExceeded, "more than 8 TURN urls");
      }
    }
  }
  return plan;
}

IceSetup::IceSetup(NetworkCore& network, const PeerConfiguration& configuration)
    : network_(network),
      options_(ToOptions(network, configuration)),
      ca_file_(configuration.turn_tls_ca_file) {
  // Checked before the connection was made.
  if (auto plan = PlanServers(configuration.ice_servers)) {
    options_.stun = std::move(plan->stun);
    options_.turn_servers = std::move(plan->turn);
    turn_over_tls_ = std::move(plan->turn_over_tls);
  }
}

std::unique_ptr<ice::IceTransport> IceSetup::Make(ice::Credentials local, ice::Events& events) {
  OpenTunnels();
  return std::make_unique<ice::NiceTransport>(network_.ice(), options_, std::move(local), events);
}

// With the first generation; later ones use them again.
void IceSetup::OpenTunnels() {
  // libnice asks a server from local addresses of its family only.
  const auto& bound = options_.bind_addresses;
  const bool v4 = bound.empty() ? network_.services().HasIpv4()
                                : std::ranges::any_of(bound, [](const std::string& address) {
                                    return address.find(':') == std::string::npos;
                                  });
  for (auto& server : std::exchange(turn_over_tls_, {})) {
    auto tunnel = net::TlsTunnel::Create(
        network_.loop(),
        {.host = server.host, .port = server.port, .ca_file = ca_file_, .listen_v6 = !v4});
    if (!tunnel) {
      tunnel_error_ = server.url + ": " + ToString(tunnel.error());
      Log(LogLevel::kWarning, tunnel_error_);
      continue;
    }
    server.host = v4 ? "127.0.0.1" : "::1";
    server.port = (*tunnel)->port();
    server.transport = ice::ServerTransport::kTcp;
    options_.turn_servers.push_back(std::move(server));
    tunnels_.push_back(std::move(*tunnel));
  }
}

std::string IceSetup::TunnelTrouble() const {
  if (!tunnel_error_.empty()) return tunnel_error_;
  for (const auto& tunnel : tunnels_) {
    if (!tunnel->last_error().empty()) return tunnel->last_error();
  }
  return {};
}

}  // namespace pairwire
