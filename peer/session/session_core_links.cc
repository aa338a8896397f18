// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore's links: how they come, what they carry, how they go, and what the two ends agree on
// over them and at the relay.
#include <string_view>
#include <utility>

#include "peer/base/log.h"
#include "peer/session/peer_session_link.h"
#include "peer/session/session_core.h"
#include "signaling/client/webrtc_signal.h"

namespace pairwire {

using delivery::LinkId;
using delivery::Negotiation;
using delivery::NegotiationKind;

namespace {

constexpr std::string_view kRenew = "renew";

// The bind tags of the first pairing, whose owner the core is.
class PairingProof final : public LinkProof {
 public:
  explicit PairingProof(std::unique_ptr<auth::PairingEnd> pairing) : pairing_(std::move(pairing)) {}

  std::optional<auth::BindTag> Own(const auth::Fingerprints& link) override {
    const auto tag = pairing_->OwnBindTag(link.peer);
    if (!tag) return std::nullopt;
    return *tag;
  }
  bool Check(const auth::Fingerprints& link, ByteSpan tag) override {
    return pairing_->CheckBindTag(tag, link.peer).has_value();
  }

 private:
  const std::unique_ptr<auth::PairingEnd> pairing_;
};

// "4711" of "o=- 4711 2 IN IP4 127.0.0.1".
std::string_view SessionIdOf(std::string_view sdp) {
  const std::size_t begin = sdp.find("o=");
  if (begin == std::string_view::npos) return {};
  const std::string_view line = sdp.substr(begin, sdp.find('\n', begin) - begin);
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return {};
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return {};
  return line.substr(first + 1, second - first - 1);
}

// Whether two descriptions are of one connection: RFC 8866 section 5.2, and the certificate.
bool SameConnection(std::string_view a, std::string_view b) {
  const auto fingerprint = auth::OnlyFingerprint(a);
  return fingerprint && fingerprint == auth::OnlyFingerprint(b) && !SessionIdOf(a).empty() &&
         SessionIdOf(a) == SessionIdOf(b);
}

delivery::RejoinFailed::Why WhyFailed(const Error& error) {
  switch (error.code) {
    case Errc::kRelayUnreachable:
      return delivery::RejoinFailed::Why::kRelayAway;
    case Errc::kPeerLeft:
    case Errc::kSessionTerminated:
      return delivery::RejoinFailed::Why::kPeerMoved;
    default:
      return delivery::RejoinFailed::Why::kRefused;
  }
}

}  // namespace

// The first link, and the ears at the relay.
void SessionCore::Begin() {
  if (detached_) return;
  if (rejoin_) {
    RejoinEvents on;
    on.on_met = [this] {
      met_ = true;
      Give(delivery::RelayMet{});
    };
    on.on_signal = [this](auth::BoxKind kind, const std::string& text) {
      Run([&] { OnSignal(kind, text); });
    };
    on.on_carries = [this] { OnCarries(); };
    on.on_failed = [this](const Error& error, std::optional<std::chrono::seconds> retry_after) {
      met_ = false;
      Give(delivery::RejoinFailed{WhyFailed(error), retry_after.value_or(std::chrono::seconds(0))});
      Run([this] { AbandonRelay(); });
    };
    rejoin_->SetEvents(std::move(on));
  }
  std::shared_ptr<LinkProof> proof;
  if (pairing_) proof = std::make_shared<PairingProof>(std::move(pairing_));
  if (!first_link_) {
    // The one that the pairing was about, which never came up.
    Give(delivery::LinkEnded{++last_link_});
    return;
  }
  AddLink(std::move(first_link_), std::move(proof));
}

void SessionCore::AddLink(std::unique_ptr<SessionLink> carrier, std::shared_ptr<LinkProof> proof,
                          bool over_relay) {
  const LinkId id = ++last_link_;
  SessionLink& link = *carrier;
  links_[id] = {std::move(carrier), std::move(proof), {}};
  SessionLinkEvents on;
  on.on_frame = [this, id](delivery::Lane lane, ByteSpan bytes) {
    if (watch_ && !watch_->OnFrame(id, LinkWatch::Way::kReceived, lane, bytes)) return;
    Run([&] {
      frame_at_ = loop_.Now();
      end_->OnFrame(frame_at_, id, lane, bytes);
    });
  };
  on.on_room = [this] { Run([this] { end_->OnRoom(loop_.Now()); }); };
  on.on_quiet = [this, id](bool quiet) {
    if (quiet) {
      Give(delivery::PathQuiet{id});
    } else {
      Give(delivery::PathBack{id});
    }
  };
  on.on_path = [this, id](const SessionPath& path) {
    if (id == end_->link()) SetPath(path);
  };
  on.on_negotiation_needed = [this, id] {
    if (id == end_->link()) Give(delivery::NegotiationNeeded{});
  };
  on.on_negotiation = [this, id](const Negotiation& negotiation) {
    OnNegotiation(id, negotiation);
  };
  on.on_refused = [this, id] {
    if ((id == end_->link() || id == end_->parked()) && met_) GiveLater(delivery::RenewAsked{});
  };
  on.on_data_channel = [this, id](DataChannel channel) { OnDataChannel(id, std::move(channel)); };
  on.on_ended = [this, id](std::optional<Error>) { OnLinkEnded(id); };
  const auto alive = safety_.Watch();
  // The lanes are heard before BIND and HELLO go out: nothing arrives within this call.
  link.Start(std::move(on));
  if (!*alive || !links_.contains(id)) return;
  if (over_relay) {
    Give(delivery::FallbackUp{id});
  } else {
    Give(delivery::LinkUp{id});
  }
}

void SessionCore::OnDataChannel(LinkId id, DataChannel channel) {
  // Nobody has proved anything yet on a link that is not in use.
  if (id != end_->link()) {
    const auto link = links_.find(id);
    if (link != links_.end() && link->second.channels.size() < PeerLink::kMaxWaitingChannels) {
      link->second.channels.push_back(std::move(channel));
    }
    return;
  }
  const auto events = events_;
  if (subscribed_) {
    // Without a handler it has nobody to keep its handle, which closes it.
    if (events->on_data_channel && !detached_) events->on_data_channel(std::move(channel));
  } else if (!detached_ && held_channels_.size() < PeerLink::kMaxWaitingChannels) {
    held_channels_.push_back(std::move(channel));
  }
}

void SessionCore::GiveChannels(LinkId id) {
  const auto link = links_.find(id);
  if (link == links_.end()) return;
  const auto alive = safety_.Watch();
  for (DataChannel& channel : std::exchange(link->second.channels, {})) {
    OnDataChannel(id, std::move(channel));
    if (!*alive) return;
  }
}

SessionLink* SessionCore::Carrier(LinkId id) const {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second.carrier.get();
}

SessionLink* SessionCore::Connection() const {
  if (end_->parked() != 0) return Carrier(end_->parked());
  return end_->over_relay() ? nullptr : InUse();
}

void SessionCore::SetOpener(SessionLink* link) {
  const std::lock_guard lock(opener_mutex_);
  opener_ = link;
}

// It may be in the middle of a callback: it goes from the loop's own frame.
void SessionCore::OnLinkEnded(LinkId id) {
  if (!links_.contains(id)) return;
  DropLink(id);
  Give(delivery::LinkEnded{id});
}

void SessionCore::LoseLinks() {
  const auto keep = self_.lock();
  connecting_.reset();
  while (!links_.empty()) {
    const LinkId id = links_.begin()->first;
    links_.erase(links_.begin());
    if (watch_) watch_->OnDropped(id);
    ForgetRelayLink(id);
    Give(delivery::LinkEnded{id});
  }
}

void SessionCore::DropLink(LinkId id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  Link link = std::move(found->second);
  links_.erase(found);
  if (watch_) watch_->OnDropped(id);
  SessionLink& carrier = *link.carrier;
  {
    const std::lock_guard lock(opener_mutex_);
    if (opener_ == &carrier) opener_ = nullptr;
  }
  closing_[id] = std::move(link);
  carrier.Close([this, id] {
    loop_.Post(safety_.Wrap([this, id] {
      const auto keep = self_.lock();
      closing_.erase(id);
      ForgetRelayLink(id);
      GoWhenDone();
    }));
  });
}

// --- delivery::SessionOwner ----------------------------------------------------------------------

void SessionCore::SendFrame(LinkId link, delivery::Lane lane, SharedBytes frame) {
  SessionLink* const carrier = Carrier(link);
  if (carrier == nullptr) return;
  if (watch_ && !watch_->OnFrame(link, LinkWatch::Way::kSent, lane, *frame)) return;
  carrier->Send(lane, std::move(frame));
}

std::size_t SessionCore::Room(LinkId link, delivery::Lane lane) const {
  const SessionLink* const carrier = Carrier(link);
  return carrier != nullptr ? carrier->Room(lane) : 0;
}

auth::Fingerprints SessionCore::FingerprintsOf(LinkId link) const {
  const SessionLink* const carrier = Carrier(link);
  return carrier != nullptr ? carrier->fingerprints().value_or(auth::Fingerprints{})
                            : auth::Fingerprints{};
}

std::optional<auth::BindTag> SessionCore::OwnBindTag(LinkId id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  const auto fingerprints = found->second.carrier->fingerprints();
  std::optional<auth::BindTag> tag;
  if (fingerprints && found->second.proof) tag = found->second.proof->Own(*fingerprints);
  // Without one the link proves nothing: this end treats it as if the other's were wrong.
  if (!tag) GiveLater(delivery::BindSeen{id, false});
  return tag;
}

bool SessionCore::CheckBindTag(LinkId id, ByteSpan tag) {
  const auto found = links_.find(id);
  if (found == links_.end() || !found->second.proof) return false;
  const auto fingerprints = found->second.carrier->fingerprints();
  return fingerprints && found->second.proof->Check(*fingerprints, tag);
}

void SessionCore::OnControl(const delivery::Frame& frame) {
  if (frame.header.type == delivery::FrameType::kPong) OnPong(frame.payload);
  if (frame.header.type == delivery::FrameType::kRemember) {
    const auto& secrets = end_->keeper().secrets();
    if (!remembering_ || !secrets) return;
    const auto taken = remembering_->OnFrame(*secrets, frame.payload);
    if (!taken) GiveLater(delivery::Violation{end_->link()});
    return;
  }
  if (frame.header.type != delivery::FrameType::kNegotiate) return;
  // ApplyRemote follows, or does not.
  negotiation_ = delivery::ParseNegotiation(frame.payload);
}

// --- Negotiation ---------------------------------------------------------------------------------

// Ours, of a link that there is: at the relay while the two ends meet there, else in band.
void SessionCore::OnNegotiation(LinkId id, const Negotiation& negotiation) {
  const bool parked = id == end_->parked();
  if (id != end_->link() && !parked) return;
  if (parked && !met_) return;
  if (met_ && (parked || next_.state == SessionState::kRecovering)) {
    switch (negotiation.kind) {
      case NegotiationKind::kOffer:
        rejoin_->Send(auth::BoxKind::kOffer, negotiation.text);
        return;
      case NegotiationKind::kAnswer:
        rejoin_->Send(auth::BoxKind::kAnswer, negotiation.text);
        return;
      default:
        rejoin_->Send(auth::BoxKind::kCandidate, negotiation.text);
        return;
    }
  }
  Run([&] {
    (void)end_->SendControl(delivery::FrameType::kNegotiate,
                            delivery::NegotiationPayload(negotiation));
  });
}

// `offer`: of the other end, to be answered; null: we offer. Replaces a connection that does not
// come up.
void SessionCore::StartConnecting(const std::string* offer) {
  connecting_.reset();
  if (!new_link_ || !rejoin_) return;
  PeerLinkEvents on;
  ConnectingEvents(on);
  auto link = new_link_(std::move(on));
  if (!link) {
    if (LogWanted(LogLevel::kWarning)) {
      Log(LogLevel::kWarning, "session: no new connection: " + ToString(link.error()));
    }
    return;
  }
  connecting_ = std::move(*link);
  if (offer != nullptr) {
    connecting_->Answer(*offer);
  } else {
    connecting_->Offer();
  }
}

void SessionCore::ConnectingEvents(PeerLinkEvents& on) {
  const auto kind =
      role_ == auth::PairingRole::kDisplay ? auth::BoxKind::kOffer : auth::BoxKind::kAnswer;
  on.on_description = [this, kind](const std::string& sdp) {
    if (rejoin_) rejoin_->Send(kind, sdp);
  };
  on.on_candidate = [this](const IceCandidate& candidate) {
    if (rejoin_) rejoin_->Send(auth::BoxKind::kCandidate, ToCandidateData(candidate).text);
  };
  on.on_linked = [this] {
    if (!connecting_) return;
    AddLink(std::make_unique<PeerSessionLink>(loop_, std::move(connecting_)), rejoin_->proof());
  };
  // The machine tries again by itself.
  on.on_ended = [this](std::optional<Error>) {
    loop_.Post([link = std::shared_ptr<PeerLink>(std::move(connecting_))] {});
  };
}

void SessionCore::OnSignal(auth::BoxKind kind, const std::string& text) {
  switch (kind) {
    case auth::BoxKind::kOffer:
      OnOffer(text);
      return;
    case auth::BoxKind::kAnswer:
      if (connecting_) {
        connecting_->TakeAnswer(text);
      } else if (SessionLink* const link = Connection()) {
        link->ApplyRemote({NegotiationKind::kAnswer, text});
      }
      return;
    case auth::BoxKind::kCandidate: {
      if (connecting_) {
        const auto candidate = ParseCandidateData({text});
        if (candidate) connecting_->AddCandidate(*candidate);
      } else if (SessionLink* const link = Connection()) {
        link->ApplyRemote({NegotiationKind::kCandidate, text});
      }
      return;
    }
    case auth::BoxKind::kBye:
      if (text == kRenew) Give(delivery::RenewAsked{});
      return;
    case auth::BoxKind::kFrame:
      OnCarried(text);
      return;
  }
}

// Offers are the display's.
void SessionCore::OnOffer(const std::string& sdp) {
  if (role_ == auth::PairingRole::kDisplay) return;
  SessionLink* const link = Connection();
  const bool restart =
      SameConnection(sdp, link != nullptr ? link->remote_description() : last_remote_);
  if (restart && link != nullptr) {
    link->ApplyRemote({NegotiationKind::kOffer, sdp});
  } else if (restart) {
    rejoin_->Send(auth::BoxKind::kBye, std::string(kRenew));
  } else {
    StartConnecting(&sdp);
  }
}

void SessionCore::SetPath(const SessionPath& path) {
  next_.path = path;
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.path = path;
  }
  const auto events = events_;
  if (events->on_path && !detached_) events->on_path(path);
}

}  // namespace pairwire
