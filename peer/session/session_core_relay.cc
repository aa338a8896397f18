// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore's links over boxes that the relay carries: who begins one, which box is for which,
// and when the two ends leave the relay. The display begins them, as it makes the offers; the
// controller's begins with the display's first box.
#include <algorithm>
#include <utility>

#include "peer/session/relay_session_link.h"
#include "peer/session/session_core.h"

namespace pairwire {

using delivery::LinkId;

void SessionCore::OnCarries() {
  relay_ready_ = true;
  relay_number_ = 0;
  OfferRelay();
}

bool SessionCore::WantsRelay() const {
  if (role_ != auth::PairingRole::kDisplay || !relay_ready_ || relay_link_ != nullptr) return false;
  const delivery::SessionState state = end_->state();
  return state == delivery::SessionState::kRecovering ||
         state == delivery::SessionState::kReconnecting;
}

// The machine says when the link is used; here it is only offered to it.
void SessionCore::OfferRelay() {
  if (!WantsRelay() || relay_timer_.active()) return;
  relay_timer_.StartAt(std::max(loop_.Now(), relay_next_offer_));
}

void SessionCore::OnOfferTimer() {
  if (!WantsRelay()) return;
  relay_next_offer_ = loop_.Now() + kRelayOfferPause;
  Run([this] { AddRelayLink(relay_number_ + 1); });
}

void SessionCore::AddRelayLink(std::uint32_t number) {
  const auto names = rejoin_ ? rejoin_->relay_names() : std::nullopt;
  if (!names) return;
  relay_number_ = number;
  const auto write = [this, number](const Bytes& text) {
    if (!relay_ready_ || !rejoin_ || number != relay_number_) return;
    rejoin_->Send(auth::BoxKind::kFrame, std::string(AsText(text)));
  };
  auto link = std::make_unique<RelaySessionLink>(loop_, number, *names, write);
  relay_link_ = link.get();
  relay_id_ = last_link_ + 1;
  AddLink(std::move(link), nullptr, true);
}

void SessionCore::OnCarried(const std::string& text) {
  if (!relay_ready_) return;
  const auto box = ParseRelayBox(AsBytes(text));
  if (!box) {
    OnLinkEnded(relay_id_);
    return;
  }
  const bool controller = role_ == auth::PairingRole::kController;
  if (controller && box->link > relay_number_ && !box->over) {
    OnLinkEnded(relay_id_);  // the display has begun anew
    AddRelayLink(box->link);
  }
  if (relay_link_ != nullptr && box->link == relay_link_->number()) relay_link_->OnBox(*box);
}

// The meeting is over, and with it what carried the boxes.
void SessionCore::AbandonRelay() {
  relay_ready_ = false;
  relay_timer_.Stop();
  if (relay_link_ == nullptr) return;
  relay_link_->Abandon();
  OnLinkEnded(relay_id_);
}

// `id` is not used any more and gone, or about to go.
void SessionCore::ForgetRelayLink(LinkId id) {
  if (id != relay_id_) return;
  relay_id_ = 0;
  relay_link_ = nullptr;
  if (std::exchange(leave_when_closed_, false)) StopMeeting();
}

void SessionCore::StopMeeting() {
  met_ = false;
  // Its last box has the goodbye, and the end of the relay's session may not overtake it.
  if (closing_.contains(relay_id_) && relay_ready_) {
    leave_when_closed_ = true;
    return;
  }
  relay_ready_ = false;
  relay_timer_.Stop();
  if (rejoin_) rejoin_->Stop();
}

}  // namespace pairwire
