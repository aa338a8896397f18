// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NiceTransport's fast path: who is trusted on it, what comes over it, and STUN that libnice gets
// and does not show, or does not get. The rest is in nice_transport.cc.
#include <optional>

#include "peer/ice/agent.h"
#include "peer/ice/consent.h"
#include "peer/ice/nice_transport.h"
#include "peer/ice/stun_answer.h"

namespace pairwire::ice {

NiceTransport::Counters NiceTransport::counters() const {
  Counters all = counters_;
  if (fast_path_ == nullptr) return all;
  const FastPath::Counters fast = fast_path_->counters();
  all.packets_sent += fast.packets_sent;
  all.bytes_sent += fast.bytes_sent;
  all.send_would_block += fast.send_full;
  all.send_errors += fast.send_errors;
  all.fast_packets_sent = fast.packets_sent;
  all.strangers_refused = fast.refused;
  all.datagrams_too_large = fast.too_large;
  return all;
}

// What the other end's checks and answers say is told to libnice alone; so we look, too. Looking
// costs: only while consent waits for an answer, and for who passes a check while checks run. Not
// for the latter over a path whose every packet goes through libnice.
void NiceTransport::WatchStun() {
  const bool direct = fast_path_ != nullptr && (!selected_ || fast_path_->active());
  agent_->WatchStun(consent_awaits_ || (direct && checks_timer_.active()));
}

void NiceTransport::ExpectChecks() {
  if (fast_path_ == nullptr) return;
  checks_timer_.Start(options_.checks_last);
  WatchStun();
}

bool NiceTransport::OnStun(ByteSpan bytes, const udp::SocketAddress& from) {
  const bool answered = consent_ != nullptr && consent_awaits_ && consent_->OnStun(bytes);
  if (fast_path_ != nullptr && from.known() && !fast_path_->Trusts(from) &&
      IsCheck(bytes, local_credentials_)) {
    fast_path_->Trust(from);
  }
  return !answered;
}

// Consent between two ends that have nothing to say, without waking libnice. From the other end's
// checks it learns about pairs, nominations and roles, so it gets them for as long as there are
// news, unless they are a Consent's; requests on the selected pair that come later tell it nothing.
bool NiceTransport::TakeStun(ByteSpan bytes, const udp::SocketAddress& from) {
  if (stopped_ || consent_ == nullptr || options_.lite) return false;
  if (consent_awaits_ && consent_->OnStun(bytes)) return true;
  if (!fast_path_->IsSelected(from)) return false;
  if (checks_timer_.active() && !Consent::IsRequest(bytes)) return false;
  const auto answer = AnswerCheck(bytes, local_credentials_, from);
  if (!answer) return false;
  ++counters_.checks_answered;
  SendStun(*answer);
  return true;
}

// Past libnice where that is possible.
void NiceTransport::SendStun(ByteSpan message) {
  if (fast_path_ != nullptr && fast_path_->active()) {
    fast_path_->SendStun(message);
  } else {
    agent_->Send(message);
  }
}

void NiceTransport::LookForChecks() {
  for (const auto& address : agent_->PeerReflexiveAddresses()) fast_path_->Trust(address);
  agent_->LookForStun();
}

void NiceTransport::OnFastPackets(std::span<const ByteSpan> packets) {
  counters_.fast_packets_received += packets.size();
  OnPackets(packets);
}

// A receiving kernel may glue a STUN message to the DTLS before it, and the two then pass libnice
// by. Consent must not hang on that: answers are looked at, as when libnice gets them, and requests
// answered. On the selected pair they tell libnice nothing new, USE-CANDIDATE included; a check on
// another pair is left to its retransmission.
void NiceTransport::OnFastStray(ByteSpan packet, const udp::SocketAddress& from, bool selected) {
  if (stopped_ || consent_ == nullptr) return;
  const auto answer =
      selected ? AnswerCheck(packet, local_credentials_, from) : std::optional<Bytes>();
  if (answer) {
    ++counters_.checks_answered;
    SendStun(*answer);
  }
  if (!consent_->OnStun(packet) && !answer) ++counters_.packets_dropped;
}

void NiceTransport::OnFastSendFailed() {
  if (consent_ != nullptr) consent_->Hint();
}

void NiceTransport::OnFastTooLarge(std::size_t bytes) {
  if (!stopped_) events_.OnIceDatagramTooLarge(bytes);
}

}  // namespace pairwire::ice
