// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The PeerConnection handle: posts to the loop, reads the snapshot.
#include <pairwire/peer_connection.h>

#include <utility>

#include "peer/connection/peer_connection_core.h"
#include "peer/connection/peer_connection_impl.h"

namespace pairwire {
namespace {

Error NetworkGone() { return {Errc::kClosed, "the connection is closed"}; }

// Runs `call(PeerConnectionCore&)` on the loop; when the connection is gone, answers `done` with
// kClosed, on this thread if the Network is gone too.
template <typename Done, typename Call>
void PostOrRefuse(const std::shared_ptr<PeerShared>& shared, Done done, Call call) {
  const bool posted =
      shared && shared->link->Post([id = shared->id, done, call](NetworkCore& network) {
        if (auto* peer = network.Find(id)) {
          call(*peer);
        } else if (done) {
          done(tl::unexpected(NetworkGone()));
        }
      });
  if (!posted && done) done(tl::unexpected(NetworkGone()));
}

template <typename T>
T Snapshot(const PeerShared* shared, T PeerSnapshot::*member, T closed) {
  if (shared == nullptr) return closed;
  const std::lock_guard lock(shared->mutex);
  return shared->snapshot.*member;
}

}  // namespace

PeerConnection::PeerConnection() = default;
PeerConnection::PeerConnection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerConnection::PeerConnection(PeerConnection&&) noexcept = default;

PeerConnection& PeerConnection::operator=(PeerConnection&& other) noexcept {
  PeerConnection old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

PeerConnection::~PeerConnection() {
  if (!impl_) return;
  impl_->link->RunAndWait([this](NetworkCore& network) {
    if (auto* peer = network.Find(impl_->id)) peer->Detach();
  });
}

void PeerConnection::CreateOffer(DescriptionCallback done) { CreateOffer({}, std::move(done)); }

void PeerConnection::CreateOffer(OfferOptions options, DescriptionCallback done) {
  PostOrRefuse(impl_, done,
               [options, done](PeerConnectionCore& peer) { peer.CreateOffer(options, done); });
}

void PeerConnection::CreateAnswer(DescriptionCallback done) {
  PostOrRefuse(impl_, done, [done](PeerConnectionCore& peer) { peer.CreateAnswer(done); });
}

void PeerConnection::SetLocalDescription(DescriptionCallback done) {
  PostOrRefuse(impl_, done, [done](PeerConnectionCore& peer) { peer.SetLocalImplicit(done); });
}

void PeerConnection::SetLocalDescription(SessionDescription description, DoneCallback done) {
  PostOrRefuse(impl_, done, [done, description = std::move(description)](PeerConnectionCore& peer) {
    peer.SetLocal(description, done);
  });
}

void PeerConnection::SetRemoteDescription(SessionDescription description, DoneCallback done) {
  PostOrRefuse(impl_, done, [done, description = std::move(description)](PeerConnectionCore& peer) {
    peer.SetRemote(description, done);
  });
}

void PeerConnection::AddIceCandidate(IceCandidate candidate, DoneCallback done) {
  PostOrRefuse(impl_, done, [done, candidate = std::move(candidate)](PeerConnectionCore& peer) {
    peer.AddIceCandidate(candidate, done);
  });
}

void PeerConnection::RestartIce() {
  if (!impl_) return;
  impl_->link->Post([id = impl_->id](NetworkCore& network) {
    if (auto* peer = network.Find(id)) peer->RestartIce();
  });
}

void PeerConnection::GetStats(std::function<void(StatsReport)> done) {
  const bool posted = impl_ && impl_->link->Post([id = impl_->id, done](NetworkCore& network) {
    if (auto* peer = network.Find(id)) {
      peer->GetStats(done);
    } else {
      done({});
    }
  });
  if (!posted) done({});
}

DataChannel PeerConnection::CreateDataChannel(std::string_view label, DataChannelInit init) {
  if (!impl_) return {};
  auto channel = std::make_shared<ChannelImpl>(impl_->link, impl_->id, impl_->budget,
                                               std::string(label), std::move(init));
  const bool posted = impl_->link->Post([channel](NetworkCore& network) {
    if (auto* peer = network.Find(channel->peer_id)) peer->OpenChannel(channel);
  });
  if (!posted) channel->state = DataChannelState::kClosed;
  return DataChannelFactory::Make(std::move(channel));
}

void PeerConnection::Close() {
  if (!impl_) return;
  impl_->link->Post([id = impl_->id](NetworkCore& network) {
    if (auto* peer = network.Find(id)) peer->Close();
  });
}

PeerConnectionState PeerConnection::connection_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::connection, PeerConnectionState::kClosed);
}

SignalingState PeerConnection::signaling_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::signaling, SignalingState::kClosed);
}

IceGatheringState PeerConnection::ice_gathering_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::gathering, IceGatheringState::kNew);
}

IceConnectionState PeerConnection::ice_connection_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::ice, IceConnectionState::kClosed);
}

DtlsTransportState PeerConnection::dtls_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::dtls, DtlsTransportState::kClosed);
}

SctpTransportState PeerConnection::sctp_state() const {
  return Snapshot(impl_.get(), &PeerSnapshot::sctp, SctpTransportState::kClosed);
}

std::optional<SessionDescription> PeerConnection::local_description() const {
  auto pending = pending_local_description();
  return pending ? pending : current_local_description();
}

std::optional<SessionDescription> PeerConnection::remote_description() const {
  auto pending = pending_remote_description();
  return pending ? pending : current_remote_description();
}

std::optional<SessionDescription> PeerConnection::current_local_description() const {
  return Snapshot<std::optional<SessionDescription>>(impl_.get(), &PeerSnapshot::current_local, {});
}

std::optional<SessionDescription> PeerConnection::current_remote_description() const {
  return Snapshot<std::optional<SessionDescription>>(impl_.get(), &PeerSnapshot::current_remote,
                                                     {});
}

std::optional<SessionDescription> PeerConnection::pending_local_description() const {
  return Snapshot<std::optional<SessionDescription>>(impl_.get(), &PeerSnapshot::pending_local, {});
}

std::optional<SessionDescription> PeerConnection::pending_remote_description() const {
  return Snapshot<std::optional<SessionDescription>>(impl_.get(), &PeerSnapshot::pending_remote,
                                                     {});
}

std::optional<bool> PeerConnection::can_trickle_ice_candidates() const {
  return Snapshot<std::optional<bool>>(impl_.get(), &PeerSnapshot::can_trickle, {});
}

std::optional<SelectedCandidatePair> PeerConnection::selected_candidate_pair() const {
  return Snapshot<std::optional<SelectedCandidatePair>>(impl_.get(), &PeerSnapshot::pair, {});
}

std::vector<Bytes> PeerConnection::remote_certificates() const {
  return Snapshot<std::vector<Bytes>>(impl_.get(), &PeerSnapshot::remote_certificates, {});
}

Diagnosis PeerConnection::Diagnose() const {
  return Snapshot<Diagnosis>(impl_.get(), &PeerSnapshot::diagnosis, {});
}

}  // namespace pairwire
