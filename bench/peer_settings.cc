// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peer_settings.h"

#include <algorithm>

namespace pairwire::bench {
namespace {

// The switches are looked for by name, so that one bench measures the library with and without
// them.
template <typename Configuration>
bool SetFastPath(Configuration& configuration, bool on) {
  if constexpr (requires { configuration.enable_fast_path = on; }) {
    configuration.enable_fast_path = on;
    return true;
  } else {
    return false;
  }
}

template <typename Network>
bool SetSpin(Network& network, std::chrono::microseconds spin) {
  if constexpr (requires { network.spin = spin; }) {
    network.spin = spin;
    return true;
  } else {
    return false;
  }
}

// The library's 4 MiB, but not more than 4096 messages wait (and 256 KiB may), and 4 always fit.
std::size_t DefaultBuffer(std::size_t message_size) {
  constexpr std::size_t kLeast = 256 * 1024;
  const std::size_t most = PeerConfiguration().max_buffered_amount;
  return std::max(std::clamp(4096 * message_size, kLeast, most), 4 * message_size);
}

}  // namespace

NetworkOptions NetworkSettings(const Options& options) {
  NetworkOptions network;
  network.thread_name = options.link_fd ? "bench-second" : "bench-first";
  if (options.spin) SetSpin(network, *options.spin);
  return network;
}

PeerConfiguration PeerSettings(const Options& options) {
  PeerConfiguration peer;
  peer.bind_addresses = {"127.0.0.1"};
  peer.enable_ice_tcp = false;
  peer.mdns = MdnsMode::kOff;
  peer.restart_on_network_change = false;
  const std::size_t largest =
      options.bulk ? std::max(options.size, kBulkMessageBytes) : options.size;
  peer.max_buffered_amount = options.buffer != 0 ? options.buffer : DefaultBuffer(largest);
  // The library asks that the buffer holds the largest message.
  peer.max_message_size =
      std::max(std::min(peer.max_message_size, peer.max_buffered_amount), options.size);
  peer.max_receive_buffer = std::max(peer.max_receive_buffer, 4 * options.size);
  if (options.fast_path) SetFastPath(peer, *options.fast_path);
  if (options.pacing) peer.ice_pacing = *options.pacing;
  return peer;
}

PeerConfiguration SessionPeerSettings(const Options& options) {
  PeerConfiguration peer = PeerSettings(options);
  peer.max_buffered_amount = PeerConfiguration().max_buffered_amount;
  peer.max_message_size = PeerConfiguration().max_message_size;
  return peer;
}

DataChannelInit ChannelSettings(const Options& options) {
  DataChannelInit init;
  if (options.unreliable) {
    init.ordered = false;
    init.max_retransmits = 0;
  }
  return init;
}

std::string FindMissingSwitch(const Options& options) {
  PeerConfiguration peer;
  NetworkOptions network;
  if (options.fast_path && !SetFastPath(peer, *options.fast_path)) {
    return "this build of the library has no switch for --fast-path";
  }
  if (options.spin && !SetSpin(network, *options.spin)) {
    return "this build of the library has no switch for --spin";
  }
  return {};
}

}  // namespace pairwire::bench
