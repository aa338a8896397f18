// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/peer_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace pairwire::samples {
namespace {

// An option that may be repeated and takes one value each time: values must not swallow the
// subcommand behind them.
void AddList(CLI::App& app, const std::string& name, std::vector<std::string>& values,
             const std::string& help) {
  app.add_option(name, values, help)->expected(1)->take_all();
}

}  // namespace

void AddPeerOptions(CLI::App& app, PeerOptions& options) {
  AddList(app, "--bind", options.bind_addresses,
          "Use only this local address (may be repeated); loopback has to be named");
  AddList(app, "--interface", options.interfaces,
          "Use only this interface, eth0 or wl* (may be repeated)");
  AddList(app, "--ice-server", options.ice_servers,
          "stun:HOST, turn:HOST[:PORT][?transport=tcp] or turns:HOST (may be repeated)");
  app.add_option("--ice-username", options.ice_username, "For the TURN servers");
  app.add_option("--ice-credential", options.ice_credential, "For the TURN servers")
      ->envname("PAIRWIRE_ICE_CREDENTIAL");
  app.add_option("--turn-tls-ca", options.turn_tls_ca_file,
                 "Certificates (PEM) that vouch for turns: servers; else the system's");
  app.add_flag("--relay-only", options.relay_only, "Go through a TURN server only");
  app.add_flag("--no-relayed", options.no_relayed,
               "Never through the signaling relay, where no path is found and it would carry the "
               "session in encrypted boxes");
  app.add_option("--capture", options.capture_file,
                 "Write the connection's packets to this new file, for Wireshark");
  app.add_flag("--capture-keys", options.capture_keys,
               "With the keys: whoever has the file can read everything");
}

void Apply(const PeerOptions& options, PeerConfiguration& configuration) {
  configuration.bind_addresses = options.bind_addresses;
  configuration.interfaces = options.interfaces;
  if (!options.ice_servers.empty()) {
    configuration.ice_servers = {{.urls = options.ice_servers,
                                  .username = options.ice_username,
                                  .credential = options.ice_credential}};
  }
  configuration.turn_tls_ca_file = options.turn_tls_ca_file;
  if (options.relay_only) configuration.ice_transport_policy = IceTransportPolicy::kRelay;
  configuration.capture_file = options.capture_file;
  configuration.capture_keys = options.capture_keys;
}

void Apply(const PeerOptions& options, SessionOptions& session) {
  session.allow_relay = !options.no_relayed;
}

}  // namespace pairwire::samples
