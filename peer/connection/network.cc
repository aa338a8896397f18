// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Network handle: starts the loop thread, builds the loop's side on it, and takes both down in
// order.
#include <pairwire/network.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "peer/base/asio_loop.h"
#include "peer/base/check.h"
#include "peer/base/run_and_wait.h"
#include "peer/connection/network_access.h"
#include "peer/connection/network_core.h"
#include "peer/connection/peer_connection_core.h"
#include "peer/connection/peer_connection_impl.h"
#include "peer/dtls/certificate_access.h"

namespace pairwire {
namespace {

// Longer than any pause of a conversation that wants it.
constexpr std::chrono::microseconds kMaxSpin{1'000'000};

// What its sessions have to say before it goes: a round trip, where the other end is there.
constexpr std::chrono::milliseconds kGoodbyeTimeout{1000};

// A connection needs its close_timeout (2 s by default) to close in order; the rest is for a busy
// machine.
constexpr std::chrono::milliseconds kCloseAllTimeout{2500};

}  // namespace

struct Network::Impl {
  explicit Impl(const NetworkOptions& options) : loop(options.thread_name, options.spin) {}

  AsioLoop loop;
  std::unique_ptr<NetworkCore> core;  // made and destroyed on the loop
  std::shared_ptr<LoopLink> link;
  std::atomic<PeerId> next_id{1};
};

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Network>> Network::Create(NetworkOptions options) {
  if (options.spin < std::chrono::microseconds(0) || options.spin > kMaxSpin) {
    return Fail(Errc::kInvalidArgument, "spin must be 0..1 s");
  }
  auto impl = std::make_unique<Impl>(options);
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
  auto all_said = std::make_shared<std::promise<void>>();
  auto said = all_said->get_future();
  impl_->link->Post([all_said, link = impl_->link.get()](NetworkCore&) {
    link->Begin([all_said] { all_said->set_value(); });
  });
  said.wait_for(kGoodbyeTimeout);
  auto all_closed = std::make_shared<std::promise<void>>();
  auto closed = all_closed->get_future();
  impl_->link->Post([all_closed, link = impl_->link.get()](NetworkCore& core) {
    link->End();
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
