// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/controller_machine.h"

#include <utility>

#include "peer/base/log.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::pairing {

std::string_view ToString(ControllerState state) {
  switch (state) {
    case ControllerState::kIdle:
      return "idle";
    case ControllerState::kPairing:
      return "pairing";
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

ControllerMachine::ControllerMachine(std::chrono::milliseconds connect_timeout)
    : connect_timeout_(connect_timeout) {}

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
  actions_.push_back(CloseSocket{});
  if (signaling()) actions_.push_back(EndRelay{});
  wake_at_.reset();
  SetState(ControllerState::kDone, "stopped");
}

void ControllerMachine::On(const TimerFired&) {
  if (!wake_at_ || now_ < *wake_at_) return;
  if (state_ == ControllerState::kLinked) {
    wake_at_.reset();
    actions_.push_back(CloseSocket{});
    SetState(ControllerState::kDone, "leaving the relay");
  } else if (state_ != ControllerState::kDone) {
    Fail({Errc::kTimedOut, "no connection to the display in time"});
  }
}

void ControllerMachine::On(const PairedWith& input) {
  if (state_ != ControllerState::kPairing) return;
  SetState(ControllerState::kOpening, "the code was right");
  display_name_ = input.display_name;
  actions_.push_back(OpenSocket{});
  tell_.push_back(TellPaired{display_name_});
}

void ControllerMachine::On(const PairFailed& input) {
  if (state_ != ControllerState::kPairing) return;
  Error error = input.failure.error;
  if (error.code == Errc::kRateLimited && input.failure.retry_after) {
    error.detail =
        "too many tries; try again in " + std::to_string(input.failure.retry_after->count()) + " s";
  }
  Fail(std::move(error));
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
  actions_.push_back(StartPeer{});
}

void ControllerMachine::On(const SocketClosed& input) {
  // With the answer sent the two ends may well find each other without the relay: the deadline
  // decides.
  const bool fatal = state_ == ControllerState::kOpening ||
                     state_ == ControllerState::kAwaitingOffer ||
                     (state_ == ControllerState::kConnecting && !answer_sent_);
  if (fatal) Fail(input.error);
}

void ControllerMachine::On(const Terminated& input) {
  if (state_ == ControllerState::kLinked) {  // the display has left the relay: so do we
    wake_at_.reset();
    actions_.push_back(CloseSocket{});
    SetState(ControllerState::kDone, "the relay's session is over");
    return;
  }
  if (!signaling()) return;
  const bool left = input.reason == protocol::kReasonUserLeft;
  Fail({left ? Errc::kPeerLeft : Errc::kSessionTerminated,
        left ? "the display left while connecting" : "the display ended the pairing"});
}

void ControllerMachine::On(const PeerGone& input) {
  if (!signaling()) return;
  if (!display_id_.empty() && input.member_id != display_id_) return;
  Fail({Errc::kPeerLeft, "the display left while connecting"});
}

void ControllerMachine::On(const RelayError& input) {
  if (signaling() && !answer_sent_) Fail(input.error);
}

void ControllerMachine::On(const RemoteDescription& input) {
  if (state_ != ControllerState::kAwaitingOffer) return;
  SetState(ControllerState::kConnecting, "the offer is here");
  display_id_ = input.from;
  actions_.push_back(ApplyDescription{input.sdp});
}

void ControllerMachine::On(const RemoteCandidate& input) {
  if (state_ == ControllerState::kConnecting && input.from == display_id_) {
    actions_.push_back(ApplyCandidate{input.candidate});
  }
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

void ControllerMachine::Fail(Error error) {
  actions_.push_back(DropPeer{});
  actions_.push_back(CloseSocket{});
  if (signaling()) actions_.push_back(EndRelay{});
  wake_at_.reset();
  SetState(ControllerState::kDone, "failed");
  tell_.push_back(TellError{std::move(error)});
}

}  // namespace pairwire::pairing
