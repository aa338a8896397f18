// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pairwire/configuration.h>

#include <chrono>
#include <string>

#include "peer/connection/ice_setup.h"
#include "peer/connection/transport_stack.h"
#include "peer/dtls/dtls_transport.h"

namespace pairwire {
namespace {

// Less is less than two bursts; usrsctp counts in 32 bits.
constexpr std::size_t kLeastReceiveWindow = 128 * 1024;
constexpr std::size_t kLargestReceiveWindow = 1024 * 1024 * 1024;

bool IsAddress(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

}  // namespace

Result<void> Validate(const PeerConfiguration& configuration) {
  for (const auto& address : configuration.bind_addresses) {
    if (!IsAddress(address)) {
      return Fail(Errc::kInvalidArgument, "bind_addresses: '" + address + "' is no IP address");
    }
  }
  if (configuration.port_range_begin > configuration.port_range_end) {
    return Fail(Errc::kInvalidArgument, "port_range_begin is above port_range_end");
  }
  if (auto servers = PlanServers(configuration.ice_servers); !servers) {
    return tl::unexpected(servers.error());
  }
  if (configuration.ice_pacing.count() < 1 || configuration.ice_pacing.count() > 1000) {
    return Fail(Errc::kInvalidArgument, "ice_pacing must be 1..1000 ms");
  }
  if (configuration.close_timeout.count() < 0) {
    return Fail(Errc::kInvalidArgument, "close_timeout must not be negative");
  }
  if (configuration.connect_timeout.count() < 1) {
    return Fail(Errc::kInvalidArgument, "connect_timeout must be above 0");
  }
  if (configuration.disconnected_timeout.count() < 1 ||
      configuration.consent_timeout <= configuration.disconnected_timeout) {
    return Fail(Errc::kInvalidArgument, "0 < disconnected_timeout < consent_timeout");
  }
  if (configuration.consent_timeout > std::chrono::seconds(30)) {
    return Fail(Errc::kInvalidArgument, "consent_timeout is at most 30 s (RFC 7675 section 5.1)");
  }
  if (auto dtls = dtls::CheckOptions(DtlsOptions(configuration)); !dtls) return dtls;
  if (configuration.sctp_receive_window < kLeastReceiveWindow ||
      configuration.sctp_receive_window > kLargestReceiveWindow) {
    return Fail(Errc::kInvalidArgument, "sctp_receive_window must be 128 KiB..1 GiB");
  }
  if (configuration.data_stall_after < std::chrono::seconds(1) ||
      configuration.data_stall_after > std::chrono::hours(1)) {
    return Fail(Errc::kInvalidArgument, "data_stall_after must be 1 s..1 h");
  }
  if (configuration.max_message_size < 1 || configuration.max_buffered_amount < 1) {
    return Fail(Errc::kInvalidArgument, "max_message_size and max_buffered_amount are at least 1");
  }
  if (configuration.max_channels < 1 || configuration.max_channels > 65534) {
    return Fail(Errc::kInvalidArgument, "max_channels must be 1..65534");
  }
  return {};
}

}  // namespace pairwire
