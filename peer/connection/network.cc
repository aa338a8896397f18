// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Network handle: starts the loop thread, builds the loop's side on it, and takes both down in
// order.
#include <pairwire/network.h>

#include <arpa/inet.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "peer/base/asio_loop.h"
#include "peer/base/check.h"
#include "peer/base/run_and_wait.h"
#include "peer/connection/ice_setup.h"
#include "peer/connection/network_access.h"
#include "peer/connection/network_core.h"
#include "peer/connection/peer_connection_core.h"
#include "peer/connection/peer_connection_impl.h"
#include "peer/dtls/certificate_access.h"

namespace pairwire {
namespace {

// A connection needs its close_timeout (2 s by default) to close in order; the rest is for a busy
// machine.
constexpr std::chrono::milliseconds kCloseAllTimeout{2500};

// Less is less than two bursts; usrsctp counts in 32 bits.
constexpr std::size_t kLeastReceiveWindow = 128 * 1024;
constexpr std::size_t kLargestReceiveWindow = 1024 * 1024 * 1024;

bool IsAddress(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

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
  if (configuration.max_message_size < 1 || configuration.max_buffered_amount < 1) {
    return Fail(Errc::kInvalidArgument, "max_message_size and max_buffered_amount are at least 1");
  }
  if (configuration.max_channels < 1 || configuration.max_channels > 65534) {
    return Fail(Errc::kInvalidArgument, "max_channels must be 1..65534");
  }
  return {};
}

}  // namespace

struct Network::Impl {
  explicit Impl(const std::string& thread_name) : loop(thread_name) {}

  AsioLoop loop;
  std::unique_ptr<NetworkCore> core;  // made and destroyed on the loop
  std::shared_ptr<LoopLink> link;
  std::atomic<PeerId> next_id{1};
};

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Network>> Network::Create(NetworkOptions options) {
  auto impl = std::make_unique<Impl>(options.thread_name);
  if (auto started = impl->loop.Start(); !started) return tl::unexpected(started.error());
  std::optional<Error> error;
  std::thread::id thread;
  RunAndWait(impl->loop, [&] {
    thread = std::this_thread::get_id();
    auto core = NetworkCore::Create(impl->loop);
    if (core) {
      impl->core = std::move(*core);
    } else {
      error = core.error();
    }
  });
  if (error) {
    impl->loop.Stop();
    return tl::unexpected(std::move(*error));
  }
  impl->link = std::make_shared<LoopLink>(impl->loop, *impl->core, thread);
  return std::unique_ptr<Network>(new Network(std::move(impl)));
}

Network::~Network() {
  PAIRWIRE_CHECK(!impl_->loop.IsCurrent());
  auto all_closed = std::make_shared<std::promise<void>>();
  auto closed = all_closed->get_future();
  impl_->link->Post([all_closed](NetworkCore& core) {
    core.CloseAll([all_closed] { all_closed->set_value(); });
  });
  closed.wait_for(kCloseAllTimeout);
  impl_->link->Cut();
  RunAndWait(impl_->loop, [this] { impl_->core.reset(); });
  impl_->loop.Stop();
}

Result<PeerConnection> Network::CreatePeerConnection(PeerConfiguration configuration,
                                                     PeerConnectionEvents events) {
  if (auto valid = Validate(configuration); !valid) return tl::unexpected(valid.error());
  const PeerId id = impl_->next_id.fetch_add(1);
  auto shared =
      std::make_shared<PeerConnection::Impl>(impl_->link, id, configuration.max_buffered_amount);
  Result<void> made;
  const bool ran = impl_->link->RunAndWait([&](NetworkCore& core) {
    auto certificate =
        configuration.certificate
            ? Result<dtls::Certificate>(CertificateAccess::Unwrap(*configuration.certificate))
            : core.TakeCertificate();
    if (!certificate) {
      made = tl::unexpected(certificate.error());
      return;
    }
    core.Add(id,
             std::make_unique<PeerConnectionCore>(core, std::move(configuration), std::move(events),
                                                  std::move(*certificate), shared));
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  if (!made) return tl::unexpected(made.error());
  return PeerConnection(std::move(shared));
}

void Network::Post(std::function<void()> task) { impl_->loop.Post(std::move(task)); }

AsioLoop& NetworkAccess::LoopOf(Network& network) { return network.impl_->loop; }

std::shared_ptr<LoopLink> NetworkAccess::LinkOf(Network& network) { return network.impl_->link; }

}  // namespace pairwire
