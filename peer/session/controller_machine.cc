// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/controller_machine.h"

#include <algorithm>
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/base/full_jitter.h"
#include "peer/base/log.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::pairing {
namespace {

Error AuthFailed() { return {Errc::kAuthFailed, std::string(auth::kAuthFailedText)}; }

}  // namespace

std::string_view ToString(ControllerState state) {
  switch (state) {
    case ControllerState::kIdle:
      return "idle";
    case ControllerState::kPairing:
      return "pairing";
    case ControllerState::kPausing:
      return "pausing";
    case ControllerState::kOpening:
      return "opening";
    case ControllerState::kAwaitingOffer:
      return "awaiting-offer";
    case ControllerState::kConnecting:
      return "connecting";
    case ControllerState::kLinked:
      return "linked";
    case ControllerState::kDone:
      return "done";
  }
  return "unknown";
}

ControllerMachine::ControllerMachine(std::chrono::milliseconds connect_timeout, bool secret,
                                     RandomSource* retries)
    : connect_timeout_(connect_timeout), secret_(secret), retries_(retries) {}

ControllerMachine::Actions ControllerMachine::Handle(TimePoint now, const Input& input) {
  now_ = now;
  std::visit([this](const auto& what) { On(what); }, input);
  Actions actions = std::exchange(actions_, {});
  for (Action& action : tell_) actions.push_back(std::move(action));
  tell_.clear();
  return actions;
}

void ControllerMachine::SetState(ControllerState state, std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "controller[" + std::string(ToString(state_)) +
                             "]: " + std::string(reason) + " -> " + std::string(ToString(state)));
  }
  state_ = state;
}

bool ControllerMachine::signaling() const {
  return state_ == ControllerState::kOpening || state_ == ControllerState::kAwaitingOffer ||
         state_ == ControllerState::kConnecting;
}

void ControllerMachine::On(const Start&) {
  if (state_ != ControllerState::kIdle) return;
  SetState(ControllerState::kPairing, "started");
  wake_at_ = now_ + connect_timeout_;
  actions_.push_back(DoPair{});
}

void ControllerMachine::On(const Stop&) {
  if (state_ == ControllerState::kDone) return;
  if (state_ != ControllerState::kLinked) actions_.push_back(DropPeer{});
  Leave();
  wake_at_.reset();
  retry_at_.reset();
  SetState(ControllerState::kDone, "stopped");
}

void ControllerMachine::On(const TimerFired&) {
  if (!wake_at_ || now_ < *wake_at_) {
    if (!retry_at_ || now_ < *retry_at_) return;
    retry_at_.reset();
    put_off_.reset();
    SetState(ControllerState::kPairing, "trying again");
    actions_.push_back(DoPair{});
    return;
  }
  if (state_ == ControllerState::kLinked) {
    wake_at_.reset();
    actions_.push_back(CloseSocket{});
    SetState(ControllerState::kDone, "leaving the relay");
  } else if (put_off_) {
    Fail(*std::exchange(put_off_, std::nullopt));
  } else if (attempt_ > 0 && state_ != ControllerState::kConnecting) {
    Fail({Errc::kTimedOut,
          "the display was not found in time: it is off or in use, or it has forgotten this "
          "pairing"});
  } else if (signaling() && doubtful()) {
    Fail(AuthFailed());
  } else if (state_ != ControllerState::kDone) {
    Fail({Errc::kTimedOut, "no connection to the display in time"});
  }
}

void ControllerMachine::On(const PairedWith& input) {
  if (state_ != ControllerState::kPairing) return;
  SetState(ControllerState::kOpening, "the relay knows the code");
  display_name_ = input.display_name;
  actions_.push_back(OpenSocket{});
  // With a secret the relay's word is not enough.
  if (!secret_) tell_.push_back(TellPaired{display_name_});
}

void ControllerMachine::On(const PairFailed& input) {
  if (state_ != ControllerState::kPairing) return;
  Error error = input.failure.error;
  if (error.code == Errc::kRateLimited && input.failure.retry_after) {
    error.detail =
        "too many tries; try again in " + std::to_string(input.failure.retry_after->count()) + " s";
  }
  // A relay that is away altogether may as well be the wrong one.
  const bool asked = input.failure.retry_after && error.code == Errc::kRelayUnreachable;
  const bool put_off = asked || error.code == Errc::kRateLimited;
  const bool later = put_off || error.code == Errc::kCodeNotFound;
  if (!later || !TryAgain(input.failure.retry_after)) return Fail(std::move(error));
  if (put_off) put_off_ = std::move(error);
}

void ControllerMachine::On(const MoveOn&) {
  if (state_ == ControllerState::kOpening) {
    actions_.push_back(OpenSocket{});
  } else if (state_ == ControllerState::kAwaitingOffer || state_ == ControllerState::kConnecting) {
    actions_.push_back(MoveSocket{});
  }
}

void ControllerMachine::On(const SocketReady&) {
  if (state_ != ControllerState::kOpening) return;
  SetState(ControllerState::kAwaitingOffer, "the relay's socket is open");
}

void ControllerMachine::On(const SocketClosed& input) {
  // With the answer sent the two ends may well find each other without the relay: the deadline
  // decides.
  const bool fatal = state_ == ControllerState::kOpening ||
                     state_ == ControllerState::kAwaitingOffer ||
                     (state_ == ControllerState::kConnecting && !answer_sent_);
  if (fatal && !TryAgain()) Fail(input.error);
}

void ControllerMachine::On(const Terminated& input) {
  if (state_ == ControllerState::kLinked) {  // the display has left the relay: so do we
    wake_at_.reset();
    actions_.push_back(CloseSocket{});
    SetState(ControllerState::kDone, "the relay's session is over");
    return;
  }
  if (!signaling() || TryAgain()) return;
  if (doubtful()) return Fail(AuthFailed());
  const bool left = input.reason == protocol::kReasonUserLeft;
  Fail({left ? Errc::kPeerLeft : Errc::kSessionTerminated,
        left ? "the display left while connecting" : "the display ended the pairing"});
}

void ControllerMachine::On(const PeerGone& input) {
  if (!signaling()) return;
  if (!display_id_.empty() && input.member_id != display_id_) return;
  if (TryAgain()) return;
  if (doubtful()) return Fail(AuthFailed());
  Fail({Errc::kPeerLeft, "the display left while connecting"});
}

void ControllerMachine::On(const RelayError& input) {
  if (signaling() && !answer_sent_) Fail(input.error);
}

void ControllerMachine::On(const RemoteDescription& input) {
  if (state_ != ControllerState::kAwaitingOffer) return;
  SetState(ControllerState::kConnecting, "the offer is here");
  display_id_ = input.from;
  actions_.push_back(ApplyDescription{input.data});
}

void ControllerMachine::On(const RemoteCandidate& input) {
  if (state_ == ControllerState::kConnecting && input.from == display_id_) {
    confirmed_ = confirmed_ || answer_sent_;
    actions_.push_back(ApplyCandidate{input.data});
  }
}

void ControllerMachine::On(const RemoteFailed& input) {
  const bool offering = state_ == ControllerState::kAwaitingOffer;
  const bool connecting = state_ == ControllerState::kConnecting && input.from == display_id_;
  if (!offering && !connecting) return;
  if (TryAgain()) return;
  refused_ = true;
  Fail(AuthFailed());
}

void ControllerMachine::On(const Proven&) {
  if (secret_ && state_ == ControllerState::kConnecting) tell_.push_back(TellPaired{display_name_});
}

void ControllerMachine::On(const LocalDescription& input) {
  if (state_ != ControllerState::kConnecting || std::exchange(answer_sent_, true)) return;
  actions_.push_back(SendDescription{display_id_, input.sdp});
  for (IceCandidate& candidate : held_candidates_) {
    actions_.push_back(SendCandidate{display_id_, std::move(candidate)});
  }
  held_candidates_.clear();
}

void ControllerMachine::On(const LocalCandidate& input) {
  if (state_ != ControllerState::kConnecting) return;
  if (answer_sent_) {
    actions_.push_back(SendCandidate{display_id_, input.candidate});
  } else if (held_candidates_.size() < kMaxHeldCandidates) {
    held_candidates_.push_back(input.candidate);
  }
}

void ControllerMachine::On(const PeerFailed& input) {
  if (state_ == ControllerState::kAwaitingOffer || state_ == ControllerState::kConnecting) {
    Fail(input.error);
  }
}

void ControllerMachine::On(const Linked&) {
  if (state_ != ControllerState::kConnecting) return;
  SetState(ControllerState::kLinked, "connected");
  wake_at_ = now_ + kRelayGrace;
  tell_.push_back(HandOver{display_name_});
}

bool ControllerMachine::TryAgain(std::optional<std::chrono::seconds> at_least) {
  // With the offer here it is a pairing like any other: its failure says something.
  const bool early = state_ == ControllerState::kPairing || state_ == ControllerState::kOpening ||
                     state_ == ControllerState::kAwaitingOffer;
  if (retries_ == nullptr || !early) return false;
  auto pause = std::max(kMinPause, JitteredPause<std::chrono::milliseconds>(*retries_, kFirstPause,
                                                                            kMaxPause, attempt_++));
  if (at_least) pause = std::max<std::chrono::milliseconds>(pause, *at_least);
  if (state_ != ControllerState::kPairing) {
    actions_.push_back(DropPeer{});
    actions_.push_back(CloseSocket{});
  }
  SetState(ControllerState::kPausing, "to be tried again");
  display_id_.clear();
  // The deadline comes first; a pause that does not end before it has none.
  if (now_ + pause < *wake_at_) retry_at_ = now_ + pause;
  return true;
}

void ControllerMachine::Leave() {
  const bool told = state_ == ControllerState::kOpening || refused_ || answer_sent_;
  if (secret_ && signaling() && !told) actions_.push_back(Refuse{display_id_});
  actions_.push_back(CloseSocket{});
  if (signaling() && (!secret_ || (answer_sent_ && !refused_))) actions_.push_back(EndRelay{});
}

void ControllerMachine::Fail(Error error) {
  actions_.push_back(DropPeer{});
  Leave();
  wake_at_.reset();
  retry_at_.reset();
  SetState(ControllerState::kDone, "failed");
  tell_.push_back(TellError{std::move(error)});
}

}  // namespace pairwire::pairing
