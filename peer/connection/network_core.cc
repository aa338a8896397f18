// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/network_core.h"

#include <utility>
#include <vector>

#include "peer/connection/peer_connection_core.h"

namespace pairwire {

Result<std::unique_ptr<NetworkCore>> NetworkCore::Create(AsioLoop& loop) {
  auto sctp = sctp::UsrsctpRuntime::Create(loop);
  if (!sctp) return tl::unexpected(sctp.error());
  return std::unique_ptr<NetworkCore>(new NetworkCore(loop, std::move(*sctp)));
}

NetworkCore::NetworkCore(AsioLoop& loop, std::unique_ptr<sctp::UsrsctpRuntime> sctp)
    : loop_(loop),
      services_(std::make_unique<NetworkServices>(loop, random_, [this] { OnNetworkChange(); })),
      ice_(std::make_unique<ice::IceRuntime>(loop, random_)),
      sctp_(std::move(sctp)),
      refill_(loop, [this] { RefillCertificates(); }) {
  RefillCertificates();
}

NetworkCore::~NetworkCore() = default;

Result<dtls::Certificate> NetworkCore::TakeCertificate() {
  refill_.Start(kRefillDelay);
  if (spare_certificates_.empty()) return dtls::Certificate::Generate();
  dtls::Certificate certificate = std::move(spare_certificates_.back());
  spare_certificates_.pop_back();
  return certificate;
}

void NetworkCore::RefillCertificates() {
  if (spare_certificates_.size() == kSpareCertificates) return;
  auto certificate = dtls::Certificate::Generate();
  // Without one the next connection tries again and reports what is wrong.
  if (!certificate) return;
  spare_certificates_.push_back(*std::move(certificate));
  // One a turn: each costs some tenths of a millisecond.
  refill_.Start({});
}

void NetworkCore::Add(PeerId id, std::unique_ptr<PeerConnectionCore> peer) {
  peers_.emplace(id, std::move(peer));
}

PeerConnectionCore* NetworkCore::Find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

void NetworkCore::RemoveLater(PeerId id) {
  loop_.Post(safety_.Wrap([this, id] { Remove(id); }));
}

void NetworkCore::Remove(PeerId id) {
  peers_.erase(id);
  if (peers_.empty() && all_closed_) std::exchange(all_closed_, nullptr)();
}

void NetworkCore::OnNetworkChange() {
  for (const auto& [id, peer] : peers_) {
    peer->OnNetworkChange(
        [this](const std::string& address) { return services_->HasAddress(address); });
  }
}

void NetworkCore::CloseAll(std::function<void()> done) {
  if (peers_.empty()) {
    done();
    return;
  }
  all_closed_ = std::move(done);
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) ids.push_back(id);
  for (const PeerId id : ids) {
    if (auto* peer = Find(id)) peer->Detach();
  }
}

}  // namespace pairwire
