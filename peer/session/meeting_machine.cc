// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/meeting_machine.h"

#include <utility>

#include "peer/base/log.h"

namespace pairwire::meeting {

using auth::BoxKind;

std::string_view ToString(MeetingState state) {
  switch (state) {
    case MeetingState::kIdle:
      return "idle";
    case MeetingState::kDialling:
      return "dialling";
    case MeetingState::kWaiting:
      return "waiting";
    case MeetingState::kOpening:
      return "opening";
    case MeetingState::kProving:
      return "proving";
    case MeetingState::kMet:
      return "met";
  }
  return "";
}

MeetingMachine::Actions MeetingMachine::Handle(TimePoint now, const Input& input) {
  now_ = now;
  std::visit([this](const auto& what) { On(what); }, input);
  return std::exchange(actions_, {});
}

bool MeetingMachine::Hears(std::string_view from) const {
  const bool talking = state_ == MeetingState::kProving || state_ == MeetingState::kMet;
  return talking && (peer_.empty() || from == peer_);
}

void MeetingMachine::SetState(MeetingState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, std::string(display_ ? "display" : "controller") + " meeting[" +
                              std::string(ToString(state_)) + "]: " + std::string(reason) + " -> " +
                              std::string(ToString(state)));
  }
  state_ = state;
}

void MeetingMachine::Reset() {
  wake_at_.reset();
  peer_.clear();
  needs_new_ = socket_open_ = proven_ = described_ = awaiting_answer_ = in_past_ = false;
  next_offer_.reset();
  held_.clear();
}

void MeetingMachine::Fail(Error error, std::optional<std::chrono::seconds> retry_after) {
  actions_.push_back(Leave{});
  SetState(MeetingState::kIdle, error.detail);
  Reset();
  actions_.push_back(TellFailed{std::move(error), retry_after});
}

void MeetingMachine::On(const Start&) {
  On(Stop{});
  SetState(MeetingState::kDialling, "looking for the other end");
  wake_at_ = now_ + kDialDeadline;
  actions_.push_back(Dial{});
}

void MeetingMachine::On(const Stop&) {
  if (state_ == MeetingState::kIdle) return;
  actions_.push_back(Leave{});
  SetState(MeetingState::kIdle, "stopped");
  Reset();
}

void MeetingMachine::On(const TimerFired&) {
  if (!wake_at_ || now_ < *wake_at_) return;
  Fail({Errc::kTimedOut, "the other end is not heard at the relay"});
}

void MeetingMachine::On(const Registered& input) {
  if (!display_ || state_ != MeetingState::kDialling) return;
  SetState(MeetingState::kWaiting, "registered");
  wake_at_.reset();
  if (input.on_socket) {
    actions_.push_back(OpenSocket{});
  } else {
    actions_.push_back(OpenStream{});
  }
}

void MeetingMachine::On(const Paired&) {
  if (display_ || state_ != MeetingState::kDialling) return;
  SetState(MeetingState::kOpening, "the display is there");
  wake_at_ = now_ + kProofDeadline;
  actions_.push_back(OpenSocket{});
}

void MeetingMachine::On(const Knocked& input) {
  if (!display_ || state_ == MeetingState::kIdle || state_ == MeetingState::kDialling) return;
  if (state_ != MeetingState::kWaiting) {
    // It has begun anew, so it is not where this try believes it to be.
    if (input.controller_id != peer_) Fail({Errc::kPeerLeft, "the other end came a second time"});
    return;
  }
  peer_ = input.controller_id;
  needs_new_ = input.needs_new;
  SetState(MeetingState::kOpening, "the controller is there");
  wake_at_ = now_ + kProofDeadline;
  if (socket_open_) {
    On(SocketReady{});
  } else {
    actions_.push_back(OpenSocket{});
  }
}

void MeetingMachine::On(const SocketReady&) {
  if (state_ == MeetingState::kWaiting) {
    socket_open_ = true;
    return;
  }
  if (state_ != MeetingState::kOpening) return;
  if (!display_) {
    SetState(MeetingState::kProving, "the relay's socket is open");
    return;
  }
  // The socket brings the end of the relay's session, too.
  actions_.push_back(CloseStream{});
  SetState(MeetingState::kMet, "the relay's socket is open");
  if (needs_new_) actions_.push_back(TellSignal{BoxKind::kBye, "renew"});
  actions_.push_back(TellMet{});
}

void MeetingMachine::On(const Failed& input) {
  if (state_ != MeetingState::kIdle) Fail(input.error, input.retry_after);
}

void MeetingMachine::On(const Left& input) {
  const bool there = state_ == MeetingState::kOpening || state_ == MeetingState::kProving ||
                     state_ == MeetingState::kMet;
  if (!there || (display_ && input.member_id != peer_)) return;
  Fail({Errc::kPeerLeft, "the other end left the relay"});
}

void MeetingMachine::On(const Heard& input) {
  switch (state_) {
    case MeetingState::kProving:
      if (input.kind != BoxKind::kOffer) return;
      SetState(MeetingState::kMet, "the display proved itself");
      described_ = false;
      actions_.push_back(TellMet{});
      actions_.push_back(TellSignal{input.kind, input.text});
      return;
    case MeetingState::kMet:
      break;
    case MeetingState::kIdle:
    case MeetingState::kDialling:
    case MeetingState::kWaiting:
    case MeetingState::kOpening:
      return;
  }
  if (input.kind == BoxKind::kFrame) {
    // About the session, not about the descriptions that are under way.
    if (proven_) actions_.push_back(TellSignal{input.kind, input.text});
    return;
  }
  if (display_ && input.kind != BoxKind::kCandidate) {
    HeardAnswer(input);
    return;
  }
  if (in_past_) return;
  if (input.kind == BoxKind::kOffer) {
    described_ = false;
    held_.clear();
  }
  actions_.push_back(TellSignal{input.kind, input.text});
}

// An answer, or that there is nothing to restart.
void MeetingMachine::HeardAnswer(const Heard& input) {
  if (!std::exchange(awaiting_answer_, false)) {
    Fail({Errc::kAuthFailed, "an answer without an offer"});
    return;
  }
  wake_at_.reset();
  proven_ = true;
  if (next_offer_) {
    std::string sdp = std::move(*next_offer_);
    next_offer_.reset();
    SendOffer(std::move(sdp));
    return;
  }
  in_past_ = false;
  actions_.push_back(TellSignal{input.kind, input.text});
}

void MeetingMachine::SendOffer(std::string sdp) {
  awaiting_answer_ = true;
  described_ = true;
  if (proven_) wake_at_ = now_ + kAnswerDeadline;
  Out(BoxKind::kOffer, std::move(sdp));
  SendHeld();
}

void MeetingMachine::On(const Say& input) {
  if (state_ != MeetingState::kMet) return;
  switch (input.kind) {
    case BoxKind::kOffer:
      if (!display_) return;
      held_.clear();
      in_past_ = true;
      if (awaiting_answer_) {
        next_offer_ = input.text;
        described_ = false;
      } else {
        SendOffer(input.text);
      }
      return;
    case BoxKind::kAnswer:
      if (display_) return;
      wake_at_.reset();
      proven_ = described_ = true;
      Out(input.kind, input.text);
      SendHeld();
      return;
    case BoxKind::kCandidate:
      if (described_) {
        Out(input.kind, input.text);
      } else {
        Hold(input.text);
      }
      return;
    case BoxKind::kBye:
      if (display_) return;
      if (proven_) {
        Out(input.kind, input.text);
      } else {
        // The next try says so from the start (needs_new).
        Fail({Errc::kPeerLeft, "the other end restarts what is no more"});
      }
      return;
    case BoxKind::kFrame:
      if (proven_) Out(input.kind, input.text);
      return;
  }
}

void MeetingMachine::Hold(const std::string& candidate) {
  if (held_.size() < kMaxHeld) held_.push_back(candidate);
}

void MeetingMachine::SendHeld() {
  for (std::string& candidate : std::exchange(held_, {})) {
    Out(BoxKind::kCandidate, std::move(candidate));
  }
}

void MeetingMachine::Out(BoxKind kind, std::string text) {
  actions_.push_back(Write{peer_, kind, std::move(text)});
}

}  // namespace pairwire::meeting
