// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The options that the display and the controller share about their way to each other: addresses,
// STUN and TURN servers, a packet capture.
#ifndef PAIRWIRE_SAMPLES_COMMON_PEER_OPTIONS_H_
#define PAIRWIRE_SAMPLES_COMMON_PEER_OPTIONS_H_

#include <pairwire/configuration.h>
#include <pairwire/session.h>

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace pairwire::samples {

// What the command line says; lives as long as the parser that it was added to.
struct PeerOptions {
  std::vector<std::string> bind_addresses;
  std::vector<std::string> interfaces;
  std::vector<std::string> ice_servers;
  std::string ice_username;
  std::string ice_credential;
  std::string turn_tls_ca_file;
  bool relay_only = false;
  bool no_relayed = false;
  std::string capture_file;
  bool capture_keys = false;
};

void AddPeerOptions(CLI::App& app, PeerOptions& options);

// Into the configuration; what makes no sense is for the library to refuse.
void Apply(const PeerOptions& options, PeerConfiguration& configuration);
void Apply(const PeerOptions& options, SessionOptions& session);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_PEER_OPTIONS_H_
