// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Session handle, and who makes what is behind it.
#include <algorithm>
#include <utility>

#include "peer/connection/network_access.h"
#include "peer/session/peer_session_link.h"
#include "peer/session/plain_session.h"
#include "peer/session/relay_rejoin.h"
#include "peer/session/session_core.h"
#include "peer/session/session_impl.h"

namespace pairwire {
namespace {

tl::unexpected<Error> EmptyHandle() { return Fail(Errc::kClosed, "an empty handle"); }

}  // namespace

std::string_view ToString(SessionState state) {
  switch (state) {
    case SessionState::kConnected:
      return "connected";
    case SessionState::kRecovering:
      return "recovering";
    case SessionState::kReconnecting:
      return "reconnecting";
    case SessionState::kClosing:
      return "closing";
    case SessionState::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view ToString(Carrier carrier) {
  switch (carrier) {
    case Carrier::kDirect:
      return "direct";
    case Carrier::kTurn:
      return "turn";
    case Carrier::kRelay:
      return "relay";
  }
  return "unknown";
}

SessionPath PathOf(const PeerLink& link) {
  const std::optional<SelectedCandidatePair> pair = link.connection().selected_candidate_pair();
  if (!pair) return {};
  return {pair->relayed, pair->local, pair->remote,
          pair->relayed ? Carrier::kTurn : Carrier::kDirect};
}

EncodedEvent EncodedEvent::Of(const Event& event, std::string_view json) {
  const auto* const frame = std::get_if<events::AnimationFrame>(&event);
  return {ClassOf(event), NameOf(event), AsBytes(json),
          frame != nullptr && frame->present_at.has_value()};
}

Session SessionFactory::Make(Network& network, PairedEnd paired, SessionHooks hooks) {
  AsioLoop& loop = NetworkAccess::LoopOf(network);
  std::shared_ptr<LoopLink> to_loop = NetworkAccess::LinkOf(network);
  if (!paired.peer.session_layer) {
    return Session(
        PlainSession::Make(std::move(to_loop), loop, std::move(paired), std::move(hooks)));
  }
  SessionStart start;
  std::string own_name = std::move(paired.own_name);
  start.role = paired.role;
  if (paired.link) start.link = std::make_unique<PeerSessionLink>(loop, std::move(paired.link));
  start.proof = std::move(paired.proof);
  start.features = std::move(paired.features);
  // What nobody has proved would be the relay's to read.
  const bool allow_relay = start.proof != nullptr && paired.options.allow_relay;
  start.peer = std::move(paired.peer);
  start.options = paired.options;
  start.times.window = std::clamp<std::chrono::milliseconds>(
      paired.options.resume_window, std::chrono::seconds(1), delivery::SessionTimes::kMaxWindow);
  start.rejoin = std::make_unique<RelayRejoin>(
      loop, RelayRejoin::Options{start.role, std::move(paired.relay), std::move(paired.other_relay),
                                 own_name, allow_relay});
  // What nobody has proved is not worth remembering.
  if (!paired.pairings_file.empty() && start.peer.authenticated) {
    Remembering::Options remember;
    remember.role = start.role;
    remember.file = std::move(paired.pairings_file);
    remember.own_name = std::move(own_name);
    remember.pairing_id = start.peer.pairing_id;
    start.remember = std::move(remember);
  }
  start.new_link = [&network, configuration = std::move(paired.configuration)](PeerLinkEvents on) {
    return PeerLink::Create(network, configuration, LinkForm::kLanes, std::move(on));
  };
  auto over = hooks.on_over;
  auto core = SessionCore::Make(std::move(to_loop), loop, std::move(start), std::move(hooks));
  if (core) return Session(std::move(*core));
  // The pairing has given its key away: there is nothing to prove with.
  loop.Post([over = std::move(over), error = core.error()] {
    if (over) over(error);
  });
  return Session();
}

Session::Session() = default;
Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;

Session& Session::operator=(Session&& other) noexcept {
  Session old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Session::~Session() {
  if (!impl_) return;
  const auto to_loop = impl_->to_loop;
  // It goes on the loop, too, if nobody else holds it.
  to_loop->RunAndWait([this](NetworkCore&) {
    const auto impl = std::move(impl_);
    impl->Detach();
    impl->TellWatchers();
  });
}

void Session::Subscribe(SessionEvents events) {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_, events = std::move(events)](NetworkCore&) mutable {
    impl->Subscribe(std::move(events));
  });
}

Result<MessageId> Session::Send(std::string_view text) {
  if (!impl_) return EmptyHandle();
  return impl_->Send(AsBytes(text), true);
}

Result<MessageId> Session::Send(ByteSpan data) {
  if (!impl_) return EmptyHandle();
  return impl_->Send(data, false);
}

Result<MessageId> Session::Send(const Event& event) {
  if (!impl_) return EmptyHandle();
  return impl_->Send(event);
}

Result<void> Session::SetState(std::string_view key, ByteSpan value) {
  if (!impl_) return EmptyHandle();
  return impl_->SetState(key, value, false);
}

Result<void> Session::SetState(std::string_view key, std::string_view text) {
  if (!impl_) return EmptyHandle();
  return impl_->SetState(key, AsBytes(text), true);
}

Result<void> Session::ClearState(std::string_view key) {
  if (!impl_) return EmptyHandle();
  return impl_->ClearState(key);
}

Result<void> Session::SendStream(ByteSpan frame) {
  if (!impl_) return EmptyHandle();
  return impl_->SendStream(frame);
}

void Session::Acknowledge(MessageId id) {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_, id](NetworkCore&) { impl->Acknowledge(id); });
}

std::size_t Session::buffered_amount() const { return impl_ ? impl_->buffered_amount() : 0; }

void Session::SetBufferedAmountLowThreshold(std::size_t bytes) {
  if (impl_) impl_->SetBufferedAmountLowThreshold(bytes);
}

void Session::WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) {
  if (impl_) {
    impl_->WhenWritable(bytes, std::move(done));
  } else {
    done(EmptyHandle());
  }
}

DataChannel Session::CreateDataChannel(std::string_view label, DataChannelInit init) {
  return impl_ ? impl_->CreateDataChannel(label, std::move(init)) : DataChannel();
}

void Session::NetworkChanged() {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_](NetworkCore&) { impl->NetworkChanged(); });
}

void Session::Close() {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_](NetworkCore&) { impl->StartClose(); });
}

SessionState Session::state() const { return impl_ ? impl_->state() : SessionState::kClosed; }

SessionPath Session::path() const { return impl_ ? impl_->path() : SessionPath{}; }

PeerInfo Session::peer() const { return impl_ ? impl_->peer() : PeerInfo{}; }

SessionStats Session::stats() const { return impl_ ? impl_->stats() : SessionStats{}; }

std::optional<SharedClock> Session::clock() const { return impl_ ? impl_->clock() : std::nullopt; }

}  // namespace pairwire
