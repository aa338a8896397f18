// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/interop/peer/protocol.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

namespace pairwire::interop {
namespace {

using std::chrono::milliseconds;

// The member's value unless it is absent or null.
template <typename T>
std::optional<T> Find(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

template <typename T>
void Read(const Json& object, const char* name, T& out) {
  if (auto value = Find<T>(object, name)) out = std::move(*value);
}

void ReadMs(const Json& object, const char* name, milliseconds& out) {
  if (const auto value = Find<std::int64_t>(object, name)) out = milliseconds(*value);
}

IceServer ReadServer(const Json& json) {
  IceServer server;
  const Json& urls = json.at("urls");
  if (urls.is_string()) {
    server.urls.push_back(urls.get<std::string>());
  } else {
    server.urls = urls.get<std::vector<std::string>>();
  }
  Read(json, "username", server.username);
  Read(json, "credential", server.credential);
  return server;
}

// What only our own tool reads.
void ReadOwnOptions(const Json& json, PeerConfiguration& configuration) {
  Read(json, "bindAddresses", configuration.bind_addresses);
  Read(json, "interfaces", configuration.interfaces);
  Read(json, "excludedInterfaces", configuration.excluded_interfaces);
  Read(json, "portRangeBegin", configuration.port_range_begin);
  Read(json, "portRangeEnd", configuration.port_range_end);
  Read(json, "lite", configuration.ice_lite);
  Read(json, "iceTcp", configuration.enable_ice_tcp);
  Read(json, "turnTlsCaFile", configuration.turn_tls_ca_file);
  Read(json, "restartOnNetworkChange", configuration.restart_on_network_change);
  Read(json, "maxMessageSize", configuration.max_message_size);
  Read(json, "maxBufferedAmount", configuration.max_buffered_amount);
  if (Find<bool>(json, "interleaving").value_or(false)) {
    configuration.interleaving = InterleavingPolicy::kAlways;
  }
  ReadMs(json, "icePacingMs", configuration.ice_pacing);
  ReadMs(json, "disconnectedTimeoutMs", configuration.disconnected_timeout);
  ReadMs(json, "consentTimeoutMs", configuration.consent_timeout);
  ReadMs(json, "connectTimeoutMs", configuration.connect_timeout);
  if (const auto mdns = Find<std::string>(json, "mdns")) {
    configuration.mdns = *mdns == "publish"   ? MdnsMode::kResolveAndPublish
                         : *mdns == "resolve" ? MdnsMode::kResolve
                                              : MdnsMode::kOff;
  }
}

}  // namespace

void PrintEvent(const Json& event) {
  const std::string line = event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

PeerConfiguration ReadConfiguration(const Json& config) {
  PeerConfiguration configuration;
  if (const auto servers = Find<Json>(config, "iceServers")) {
    for (const Json& server : *servers) configuration.ice_servers.push_back(ReadServer(server));
  }
  if (Find<std::string>(config, "iceTransportPolicy") == "relay") {
    configuration.ice_transport_policy = IceTransportPolicy::kRelay;
  }
  if (const auto own = Find<Json>(config, "pairwire")) ReadOwnOptions(*own, configuration);
  return configuration;
}

DataChannelInit ReadChannelInit(const Json& command) {
  DataChannelInit init;
  Read(command, "ordered", init.ordered);
  Read(command, "negotiated", init.negotiated);
  Read(command, "protocol", init.protocol);
  init.max_retransmits = Find<std::uint16_t>(command, "maxRetransmits");
  init.id = Find<std::uint16_t>(command, "id");
  if (const auto life_time = Find<std::int64_t>(command, "maxPacketLifeTime")) {
    init.max_packet_life_time = milliseconds(*life_time);
  }
  return init;
}

IceCandidate ReadCandidate(const Json& command) {
  IceCandidate candidate;
  Read(command, "candidate", candidate.candidate);
  candidate.sdp_mid = Find<std::string>(command, "sdpMid");
  candidate.sdp_mline_index = Find<int>(command, "sdpMLineIndex");
  candidate.username_fragment = Find<std::string>(command, "usernameFragment");
  return candidate;
}

Json WriteCandidate(const IceCandidate& candidate) {
  Json event{{"event", "candidate"}, {"candidate", candidate.candidate}};
  if (candidate.sdp_mid) event["sdpMid"] = *candidate.sdp_mid;
  if (candidate.sdp_mline_index) event["sdpMLineIndex"] = *candidate.sdp_mline_index;
  if (candidate.username_fragment) event["usernameFragment"] = *candidate.username_fragment;
  return event;
}

Bytes BinaryPattern(std::size_t size, std::size_t seed) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>((seed * 31 + i * 7) % 251);
  }
  return bytes;
}

std::string TextPattern(std::size_t size, std::size_t seed) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (seed + i) % 26);
  return text;
}

std::string NumberedText(std::size_t number, std::size_t size) {
  std::string text = std::to_string(number) + ' ';
  if (text.size() < size) text.resize(size, '.');
  return text;
}

}  // namespace pairwire::interop
