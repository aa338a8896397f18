// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/display_machine.h"

#include <algorithm>
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/auth/code_guard.h"
#include "peer/base/full_jitter.h"
#include "peer/base/log.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::pairing {
namespace {

static_assert(kPlaces == auth::CodeGuard::kRunsPerCode);

Error AuthFailed() { return {Errc::kAuthFailed, std::string(auth::kAuthFailedText)}; }

}  // namespace

std::string_view ToString(DisplayState state) {
  switch (state) {
    case DisplayState::kIdle:
      return "idle";
    case DisplayState::kRegistering:
      return "registering";
    case DisplayState::kBackingOff:
      return "backing-off";
    case DisplayState::kWaiting:
      return "waiting";
    case DisplayState::kOpening:
      return "opening";
    case DisplayState::kConnecting:
      return "connecting";
    case DisplayState::kLinked:
      return "linked";
    case DisplayState::kStopped:
      return "stopped";
  }
  return "unknown";
}

DisplayMachine::DisplayMachine(RandomSource& random, std::chrono::milliseconds retry_delay,
                               bool secret)
    : random_(random),
      retry_delay_(std::clamp(retry_delay, kMinRetry, kMaxRetry)),
      secret_(secret) {}

DisplayMachine::Actions DisplayMachine::Handle(TimePoint now, const Input& input) {
  now_ = now;
  std::visit([this](const auto& what) { On(what); }, input);
  Actions actions = std::exchange(actions_, {});
  for (Action& action : tell_) actions.push_back(std::move(action));
  tell_.clear();
  return actions;
}

std::optional<DisplayMachine::TimePoint> DisplayMachine::deadline() const {
  if (!wake_at_) return stream_retry_at_;
  if (!stream_retry_at_) return wake_at_;
  return std::min(*wake_at_, *stream_retry_at_);
}

void DisplayMachine::SetState(DisplayState state, std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "display[" + std::string(ToString(state_)) + "]: " + std::string(reason) +
                             " -> " + std::string(ToString(state)));
  }
  state_ = state;
  wake_at_.reset();
  stream_retry_at_.reset();
}

void DisplayMachine::On(const Start&) {
  if (state_ == DisplayState::kIdle) Register("started");
}

void DisplayMachine::On(const Stop&) {
  if (state_ == DisplayState::kStopped) return;
  const bool leave = state_ != DisplayState::kLinked || wake_at_.has_value();
  // A Session that was handed out is the application's and lives on.
  if (state_ != DisplayState::kLinked) actions_.push_back(DropPeer{});
  if (leave) LeaveRelay();
  SetState(DisplayState::kStopped, "stopped");
}

void DisplayMachine::On(const TimerFired&) {
  const bool due = wake_at_ && now_ >= *wake_at_;
  switch (state_) {
    case DisplayState::kIdle:
    case DisplayState::kRegistering:
    case DisplayState::kStopped:
      return;
    case DisplayState::kBackingOff:
      if (due) Register("trying again");
      return;
    case DisplayState::kWaiting:
      if (due) {
        LeaveRelay();
        Renew("the code expired");
      } else if (stream_retry_at_ && now_ >= *stream_retry_at_) {
        stream_retry_at_.reset();
        Listen();
      }
      return;
    case DisplayState::kOpening:
    case DisplayState::kConnecting:
      if (!due) return;
      if (secret_ && !proven_) return FailPairing(AuthFailed());
      FailPairing({Errc::kTimedOut, "the controller did not connect within 30 s"});
      return;
    case DisplayState::kLinked:
      if (due) {
        wake_at_.reset();
        LeaveRelay();
      }
      return;
  }
}

void DisplayMachine::On(const RegisteredAs& input) {
  // It was asked for while the controller was away, and is not needed any more.
  if (state_ == DisplayState::kLinked) LeaveRelay();
  if (state_ != DisplayState::kRegistering) return;
  SetState(DisplayState::kWaiting, "registered");
  registered_at_ = now_;
  code_ = input.code;
  code_ends_ = now_ + input.code.expires_in + kExpiryGrace;
  wake_at_ = code_ends_;
  knocked_.clear();
  immediate_ = input.immediate;
  socket_open_ = false;
  move_ = false;
  Listen();
  tell_.push_back(ShowCode{input.code});
}

void DisplayMachine::On(const RegisterFailed& input) {
  if (state_ != DisplayState::kRegistering) return;
  TellOutage(input.failure.error);
  BackOff(input.failure.retry_after);
}

void DisplayMachine::On(const StreamOpened&) {
  if (state_ != DisplayState::kWaiting) return;
  attempt_ = 0;
  outage_ = false;
}

void DisplayMachine::On(const StreamLost& input) {
  if (state_ != DisplayState::kWaiting) return;
  actions_.push_back(CloseStream{});
  LostWhileWaiting(input.failure);
}

// The stream, or the socket in its place.
void DisplayMachine::LostWhileWaiting(const RelayFailure& failure) {
  const Errc code = failure.error.code;
  if (code == Errc::kUnauthorized || code == Errc::kSessionTerminated) {
    Renew("the relay has forgotten the session");
    return;
  }
  if (move_) {
    // The node that goes closed it before we did: no outage, and the other node waits.
    stream_retry_at_ = now_;
    return;
  }
  TellOutage(failure.error);
  std::chrono::milliseconds pause = NextPause();
  if (failure.retry_after) {
    pause = std::max<std::chrono::milliseconds>(pause, *failure.retry_after);
  }
  stream_retry_at_ = now_ + pause;
}

void DisplayMachine::Listen() {
  const bool move = std::exchange(move_, false);
  if (immediate_) {
    if (move && socket_open_) {
      actions_.push_back(MoveSocket{});
    } else {
      actions_.push_back(OpenSocket{});
    }
    socket_open_ = false;
    return;
  }
  if (move) actions_.push_back(CloseStream{});
  actions_.push_back(OpenStream{});
}

void DisplayMachine::On(const MoveOn& input) {
  switch (state_) {
    case DisplayState::kWaiting: {
      // A thousand displays of one node must not reach the next one together.
      const auto spread = std::clamp<std::chrono::milliseconds>(
          input.spread, std::chrono::milliseconds(0), kMaxSpread);
      move_ = true;
      stream_retry_at_ = now_ + FullJitter(random_, spread);
      return;
    }
    case DisplayState::kOpening:
      actions_.push_back(OpenSocket{});
      return;
    case DisplayState::kConnecting:
      actions_.push_back(MoveSocket{});
      return;
    case DisplayState::kIdle:
    case DisplayState::kRegistering:  // the answer comes or the next try goes there
    case DisplayState::kBackingOff:
    case DisplayState::kLinked:  // leaves the relay within 2 s anyway
    case DisplayState::kStopped:
      return;
  }
}

void DisplayMachine::On(const PairingReady& input) {
  if (!secret_) {
    if (state_ == DisplayState::kWaiting) Knock(input);
    return;
  }
  // `user_joined` of one who has knocked comes here too, as does what a relay makes up.
  if (knocked_.size() == kPlaces || std::ranges::count(knocked_, input.controller_id) > 0) return;
  switch (state_) {
    case DisplayState::kWaiting:
      knocked_.push_back(input.controller_id);
      Knock(input);
      return;
    case DisplayState::kOpening:  // one run at a time
      knocked_.push_back(input.controller_id);
      to_refuse_.push_back(input.controller_id);
      return;
    case DisplayState::kConnecting:
    case DisplayState::kLinked:
      knocked_.push_back(input.controller_id);
      actions_.push_back(Refuse{input.controller_id});
      return;
    case DisplayState::kIdle:
    case DisplayState::kRegistering:
    case DisplayState::kBackingOff:
    case DisplayState::kStopped:
      return;
  }
}

void DisplayMachine::Knock(const PairingReady& input) {
  const bool ready = immediate_ && socket_open_;
  SetState(ready ? DisplayState::kConnecting : DisplayState::kOpening,
           input.meet ? "a remembered controller is here" : "a controller entered the code");
  wake_at_ = now_ + kPairingDeadline;
  controller_id_ = input.controller_id;
  controller_name_ = input.controller_name;
  offer_sent_ = false;
  answered_ = false;
  proven_ = false;
  failed_early_.reset();
  held_end_.reset();
  held_candidates_.clear();
  to_refuse_.clear();
  by_meet_ = input.meet.has_value();
  actions_.push_back(BeginRun{input.hello, input.meet});
  if (ready) {
    actions_.push_back(StartPeer{});
  } else {
    actions_.push_back(OpenSocket{});
  }
  // With a secret nobody has paired before the answer is here.
  if (!secret_) tell_.push_back(TellPaired{controller_name_});
}

void DisplayMachine::On(const SessionOver&) {
  // The place is on offer already.
  if (std::exchange(waits_, false)) return;
  if (state_ != DisplayState::kLinked) return;
  if (wake_at_) LeaveRelay();
  Register("the session is over");
}

void DisplayMachine::On(const SessionWaits&) {
  if (state_ != DisplayState::kLinked) return;
  waits_ = true;
  if (wake_at_) LeaveRelay();
  Register("the controller is away");
}

void DisplayMachine::On(const SessionBack&) {
  if (!std::exchange(waits_, false) || state_ == DisplayState::kStopped) return;
  if (state_ == DisplayState::kOpening || state_ == DisplayState::kConnecting) {
    actions_.push_back(EndRun{});
    actions_.push_back(DropPeer{});
  }
  LeaveRelay();
  SetState(DisplayState::kLinked, "the controller is back");
  tell_.push_back(ShowCode{});
}

void DisplayMachine::On(const SocketReady&) {
  if (state_ == DisplayState::kWaiting && immediate_) {
    socket_open_ = true;
    attempt_ = 0;
    outage_ = false;
    return;
  }
  if (state_ != DisplayState::kOpening) return;
  const auto pairing_ends = wake_at_;
  SetState(DisplayState::kConnecting, "the relay's socket is open");
  wake_at_ = pairing_ends;
  // The socket brings session:terminated too: one connection to the relay is enough.
  actions_.push_back(CloseStream{});
  for (std::string& id : to_refuse_) actions_.push_back(Refuse{std::move(id)});
  to_refuse_.clear();
  if (failed_early_) return FailPairing(*std::exchange(failed_early_, std::nullopt));
  actions_.push_back(StartPeer{});
}

void DisplayMachine::On(const SocketClosed& input) {
  if (state_ == DisplayState::kWaiting && immediate_) {
    socket_open_ = false;
    actions_.push_back(CloseSocket{});
    LostWhileWaiting({input.error, {}});
  } else if (state_ == DisplayState::kOpening) {
    FailPairing(input.error, Relay::kNone);
  } else if (state_ == DisplayState::kConnecting && !answered_) {
    FailPairing(input.error, Relay::kNone);
  }
  // With the answer here the two ends may well find each other without the relay: the deadline
  // decides.
}

void DisplayMachine::On(const Terminated& input) {
  switch (state_) {
    case DisplayState::kWaiting:
      actions_.push_back(CloseStream{});
      if (immediate_) actions_.push_back(CloseSocket{});
      Renew("the relay ended the session");
      return;
    case DisplayState::kOpening:
    case DisplayState::kConnecting: {
      const bool left = input.reason == protocol::kReasonUserLeft;
      if (secret_ && !proven_) return FailPairing(AuthFailed(), Relay::kNone);
      FailPairing({left ? Errc::kPeerLeft : Errc::kSessionTerminated,
                   left ? "the controller left while connecting"
                        : "the pairing was ended while connecting"});
      return;
    }
    case DisplayState::kIdle:
    case DisplayState::kRegistering:
    case DisplayState::kBackingOff:
    case DisplayState::kLinked:  // it lives without the relay
    case DisplayState::kStopped:
      return;
  }
}

void DisplayMachine::On(const PeerGone& input) {
  const bool pairing = state_ == DisplayState::kOpening || state_ == DisplayState::kConnecting;
  if (!pairing || input.member_id != controller_id_) return;
  if (secret_ && !proven_) return FailPairing(AuthFailed());
  FailPairing({Errc::kPeerLeft, "the controller left while connecting"});
}

void DisplayMachine::On(const RelayError& input) {
  if (state_ == DisplayState::kConnecting && !answered_) FailPairing(input.error);
}

void DisplayMachine::On(const RemoteDescription& input) {
  if (state_ != DisplayState::kConnecting || input.from != controller_id_) return;
  if (!offer_sent_ || std::exchange(answered_, true)) return;
  actions_.push_back(ApplyDescription{input.data});
}

void DisplayMachine::On(const RemoteCandidate& input) {
  if (state_ == DisplayState::kConnecting && input.from == controller_id_) {
    actions_.push_back(ApplyCandidate{input.data});
  }
}

void DisplayMachine::On(const RemoteFailed& input) {
  const bool pairing = state_ == DisplayState::kOpening || state_ == DisplayState::kConnecting;
  // Once it has proved that it knows the code, only the connection counts.
  if (!secret_ || !pairing || proven_ || input.from != controller_id_) return;
  FailPairing(AuthFailed());
}

void DisplayMachine::On(const Proven&) {
  if (!secret_ || state_ != DisplayState::kConnecting || std::exchange(proven_, true)) return;
  if (held_end_) actions_.push_back(SendCandidate{controller_id_, *held_end_});
  held_end_.reset();
  tell_.push_back(TellPaired{controller_name_});
}

void DisplayMachine::On(const LocalDescription& input) {
  if (state_ != DisplayState::kConnecting || std::exchange(offer_sent_, true)) return;
  actions_.push_back(SendDescription{controller_id_, input.sdp});
  for (IceCandidate& candidate : held_candidates_) {
    actions_.push_back(SendCandidate{controller_id_, std::move(candidate)});
  }
  held_candidates_.clear();
}

void DisplayMachine::On(const LocalCandidate& input) {
  if (state_ != DisplayState::kConnecting) return;
  if (secret_ && !proven_ && input.candidate.candidate.empty()) {
    // By this the controller knows that we took its answer.
    held_end_ = input.candidate;
  } else if (offer_sent_) {
    actions_.push_back(SendCandidate{controller_id_, input.candidate});
  } else if (held_candidates_.size() < kMaxHeldCandidates) {
    held_candidates_.push_back(input.candidate);
  }
}

void DisplayMachine::On(const PeerFailed& input) {
  if (state_ == DisplayState::kConnecting) {
    FailPairing(input.error);
  } else if (state_ == DisplayState::kOpening) {
    failed_early_ = input.error;
  }
}

void DisplayMachine::On(const Linked&) {
  if (state_ != DisplayState::kConnecting) return;
  SetState(DisplayState::kLinked, "connected");
  wake_at_ = now_ + kRelayGrace;
  if (std::exchange(waits_, false)) tell_.push_back(EndWaiting{});
  tell_.push_back(HandOver{controller_name_});
}

void DisplayMachine::Register(std::string_view reason) {
  SetState(DisplayState::kRegistering, reason);
  actions_.push_back(DoRegister{});
}

void DisplayMachine::BackOff(std::optional<std::chrono::seconds> at_least) {
  SetState(DisplayState::kBackingOff, "waiting before the next try");
  std::chrono::milliseconds pause = NextPause();
  if (at_least) pause = std::max<std::chrono::milliseconds>(pause, *at_least);
  wake_at_ = now_ + pause;
}

// A new code, at once; unless the last one did not live long enough to be of use.
void DisplayMachine::Renew(std::string_view reason) {
  if (now_ - registered_at_ < kTooSoon) {
    BackOff(std::nullopt);
  } else {
    Register(reason);
  }
}

void DisplayMachine::FailPairing(Error error, Relay relay) {
  const bool places = knocked_.size() < kPlaces && now_ < code_ends_;
  if (state_ == DisplayState::kOpening) relay = Relay::kNone;  // no socket to go on with
  if (secret_ && !proven_ && relay == Relay::kKept) {
    actions_.push_back(Refuse{controller_id_});
    if (places) return FailRun(std::move(error));
  }
  actions_.push_back(EndRun{});
  actions_.push_back(DropPeer{});
  LeaveRelay();
  if (error.code == Errc::kRelayUnreachable) {
    TellOutage(error);
  } else {
    tell_.push_back(TellError{std::move(error)});
  }
  Register("the pairing failed");
}

// The code and the relay's session stay; who knocks next is heard on the socket.
void DisplayMachine::FailRun(Error error) {
  actions_.push_back(DropPeer{});
  actions_.push_back(EndRun{});
  SetState(DisplayState::kWaiting, "the run failed");
  immediate_ = true;
  socket_open_ = true;
  move_ = false;
  wake_at_ = code_ends_;
  // Nobody tried the code who came by a remembered pairing.
  if (!by_meet_) ++code_.failed_attempts;
  code_.expires_in = std::chrono::duration_cast<std::chrono::seconds>(code_ends_ - now_);
  tell_.push_back(TellError{std::move(error)});
  tell_.push_back(ShowCode{code_});
}

void DisplayMachine::LeaveRelay() {
  actions_.push_back(CloseStream{});
  actions_.push_back(CloseSocket{});
  actions_.push_back(EndRelay{});
}

void DisplayMachine::TellOutage(const Error& error) {
  if (!std::exchange(outage_, true)) tell_.push_back(TellError{error});
}

std::chrono::milliseconds DisplayMachine::NextPause() {
  return std::max(kMinRetry, JitteredPause<std::chrono::milliseconds>(random_, retry_delay_,
                                                                      kMaxRetry, attempt_++));
}

}  // namespace pairwire::pairing
