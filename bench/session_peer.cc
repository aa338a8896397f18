// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/session_peer.h"

#include <utility>

#include "bench/peer_end.h"
#include "bench/peer_settings.h"
#include "peer/connection/network_access.h"
#include "peer/session/peer_link.h"
#include "peer/session/peer_session_link.h"
#include "peer/session/session_core.h"

namespace pairwire::bench {
namespace {

constexpr char kSession[] = "session";
constexpr char kDescription[] = "description";

}  // namespace

SessionPeer::SessionPeer(Context& context, std::function<void(Session&)> on_connected)
    : context_(context), on_connected_(std::move(on_connected)) {}

SessionPeer::~SessionPeer() = default;

PeerLink* SessionPeer::Link() {
  if (link_ || linked_) return link_.get();
  PeerLinkEvents on;
  on.on_description = [this](const std::string& sdp) {
    context_.wire.Send({{kSession, {{kDescription, sdp}}}});
  };
  on.on_candidate = [this](const IceCandidate& candidate) {
    context_.wire.Send({{kSession, ToJson(candidate)}});
  };
  on.on_linked = [this] { OnLinked(); };
  on.on_ended = [this](std::optional<Error> error) {
    context_.Fail(error.value_or(Error{Errc::kClosed, "the connection closed"}));
  };
  auto link = PeerLink::Create(context_.network, SessionPeerSettings(context_.options),
                               LinkForm::kLanes, std::move(on));
  if (!link) {
    context_.Fail(link.error());
    return nullptr;
  }
  link_ = *std::move(link);
  return link_.get();
}

void SessionPeer::Offer() {
  if (PeerLink* const link = Link()) link->Offer();
}

bool SessionPeer::OnWire(const Json& message) {
  if (!message.contains(kSession)) return false;
  PeerLink* const link = Link();
  if (link == nullptr) return true;  // a candidate that is not needed any more
  const Json& signal = message[kSession];
  if (!signal.contains(kDescription)) {
    link->AddCandidate(CandidateFromJson(signal));
  } else if (context_.active) {
    link->TakeAnswer(signal.value(kDescription, ""));
  } else {
    link->Answer(signal.value(kDescription, ""));
  }
  return true;
}

void SessionPeer::OnLinked() {
  linked_ = true;
  SessionStart start;
  // The display makes the offer.
  start.role = context_.active ? auth::PairingRole::kDisplay : auth::PairingRole::kController;
  AsioLoop& loop = NetworkAccess::LoopOf(context_.network);
  start.link = std::make_unique<PeerSessionLink>(loop, std::move(link_));
  start.features = {"session.1"};
  start.peer.session_layer = true;
  SessionHooks hooks;
  hooks.on_connected = [this] { on_connected_(session_); };
  hooks.on_over = [this](std::optional<Error> error) {
    context_.Fail(error.value_or(Error{Errc::kClosed, "the session closed"}));
  };
  auto core = SessionCore::Make(NetworkAccess::LinkOf(context_.network), loop, std::move(start),
                                std::move(hooks));
  if (!core) return context_.Fail(core.error());
  session_ = SessionFactory::HandleTo(*std::move(core));
}

}  // namespace pairwire::bench
