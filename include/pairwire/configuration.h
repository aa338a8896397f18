// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Plain option structs with their defaults and the reason for each.
#ifndef PAIRWIRE_CONFIGURATION_H_
#define PAIRWIRE_CONFIGURATION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pairwire {

// One Network: one loop thread that many peers share.
struct NetworkOptions {
  // The thread's name as `ps -L` and debuggers show it; at most 15 bytes are kept
  // (pthread_setname_np).
  std::string thread_name = "pairwire";
};

// One peer connection (W3C RTCConfiguration, data part).
struct PeerConfiguration {
  // Local addresses to use, as text ("192.0.2.1", "fd00::1"). Empty: all addresses of interfaces
  // that are up, without loopback. Loopback has to be asked for by name ("127.0.0.1").
  std::vector<std::string> bind_addresses = {};

  // Ports for host candidates; 0..0 lets the system choose.
  std::uint16_t port_range_begin = 0;
  std::uint16_t port_range_end = 0;

  // ICE over TCP (RFC 6544) beside UDP.
  bool enable_ice_tcp = true;

  // Ta of RFC 8445 section 14: the pause between two connectivity checks. 5 ms is the RFC's lower
  // bound and the only part of the connect time that is ours to choose.
  std::chrono::milliseconds ice_pacing{5};

  // From the remote description to `connected`; after it the connection has failed.
  std::chrono::milliseconds connect_timeout{30'000};

  // Largest message we accept, announced as a=max-message-size (RFC 8841). Browsers send up to
  // 256 KiB; native peers more. Memory for one message may be held while it is reassembled.
  std::size_t max_message_size = 1024 * 1024;

  // Bytes that may wait in all send buffers of the connection together; Send answers kBufferFull
  // above.
  std::size_t max_buffered_amount = 4 * 1024 * 1024;

  // Received bytes that may wait for handlers that the application paused or has not set yet. Above
  // it the SCTP receive window closes and the sender waits.
  std::size_t max_receive_buffer = 1024 * 1024;

  // Open channels at one time; a peer that opens more is told by a reset of the stream.
  std::size_t max_channels = 256;
};

// W3C RTCDataChannelInit, the part that is built: reliable and ordered.
struct DataChannelInit {
  // Sub-protocol name, at most 256 bytes of UTF-8.
  std::string protocol = {};
};

}  // namespace pairwire

#endif  // PAIRWIRE_CONFIGURATION_H_
