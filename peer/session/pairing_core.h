// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairingCore: what display.cc and controller.cc share when they carry out their machine's actions:
// the relay's socket, the peer that is being connected, one timer, and how all of it ends. Loop
// thread only.
//
// Ownership: the loop owns a core (a task in its timer queue does), so that it goes with the loop
// at the latest; the application's handle only asks it to stop.
#ifndef PAIRWIRE_PEER_SESSION_PAIRING_CORE_H_
#define PAIRWIRE_PEER_SESSION_PAIRING_CORE_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "peer/base/log.h"
#include "peer/base/timer.h"
#include "peer/connection/network_access.h"
#include "peer/session/pairing_events.h"
#include "peer/session/pairing_signals.h"
#include "peer/session/peer_link.h"
#include "peer/session/relay_place.h"
#include "peer/session/session_impl.h"
#include "signaling/client/nearest_relay.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/signaling_socket.h"
#include "signaling/client/webrtc_signal.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire {

// `Self` derives from this, has a `Do` for each further action of its machine, an `OnOther` for the
// relay's further messages, and `signals_` of its role, and names the description that it sends and
// the one that it expects: kSends, kExpects.
template <typename Self, typename Machine>
class PairingCore {
 public:
  using Input = typename Machine::Input;

  PairingCore(const PairingCore&) = delete;
  PairingCore& operator=(const PairingCore&) = delete;

  // Hands a new core to its loop and starts it.
  static void Run(const std::shared_ptr<Self>& core) {
    core->self_ = core;
    // Far enough never to come: what matters is that the loop's timer queue owns the core.
    constexpr std::chrono::hours kTenYears{24 * 365 * 10};
    core->keeper_ = core->loop_.ScheduleAt(core->loop_.Now() + kTenYears, [core] {});
    if (!core->pick_nearest_) {
      core->Feed(pairing::Start{});
      return;
    }
    core->nearest_.emplace(core->endpoint_, [core = core.get()](const RelayUrl& nearest) {
      core->place_.Use(nearest);
      core->Feed(pairing::Start{});
    });
  }

  // No callback starts any more. `left` runs once the relay was told, or at once when there is
  // nothing to tell; then the core goes.
  void Stop(std::function<void()> left) {
    if (stopped_) {
      left();
      return;
    }
    const auto keep = self_.lock();
    stopped_ = true;
    Feed(pairing::Stop{});
    if (ending_) {
      left_ = std::move(left);
    } else {
      Release();
      left();
    }
  }

 protected:
  PairingCore(Network& network, Machine machine, RelayUrl url, bool pick_nearest,
              PeerConfiguration peer)
      : pick_nearest_(pick_nearest),
        network_(network),
        loop_(NetworkAccess::LoopOf(network)),
        to_loop_(NetworkAccess::LinkOf(network)),
        place_(loop_, std::move(url)),
        endpoint_(place_.endpoint()),
        peer_(std::move(peer)),
        machine_(std::move(machine)),
        direct_timer_(loop_, [this] { GoWithoutPath(); }),
        timer_(loop_, [this] { Feed(pairing::TimerFired{}); }) {}
  ~PairingCore() = default;

  void Feed(const Input& input) {
    const auto keep = self_.lock();
    const auto actions = machine_.Handle(loop_.Now(), input);
    const auto deadline = machine_.deadline();
    if (deadline) {
      timer_.StartAt(*deadline);
    } else {
      timer_.Stop();
    }
    const bool stopping = stopped_;
    for (const auto& action : actions) {
      // The application dropped its handle in a callback: Stop has done the rest.
      if (stopped_ && !stopping) return;
      std::visit([this](const auto& what) { static_cast<Self*>(this)->Do(what); }, action);
    }
  }

  // As Feed, but from the loop's own frame: for what is noticed while an action is carried out.
  void FeedLater(Input input) {
    loop_.Post([weak = self_, input = std::move(input)] {
      if (const auto core = weak.lock()) core->Feed(input);
    });
  }

  void Do(const pairing::OpenSocket&) { Open({}); }

  void Do(const pairing::MoveSocket&) {
    protocol::Resume resume{resume_token_, socket_ ? socket_->last_id() : std::string()};
    // What is queued there goes out while the new one is being dialled, so before all that follows.
    if (socket_) socket_->Close();
    Open(resume_token_.empty() ? std::nullopt : std::optional(std::move(resume)));
  }

  void Open(std::optional<protocol::Resume> resume) {
    SignalingSocketOptions options;
    options.url = socket_url_;
    options.token = token_;
    options.resume = std::move(resume);
    resume_token_.clear();
    place_.Arrive();
    SignalingSocketEvents on;
    on.on_welcome = [this](const protocol::Welcome& welcome) {
      resume_token_ = welcome.resume_token;
      relay_carries_ = welcome.mode == protocol::kModeBoth;
      Feed(pairing::SocketReady{});
    };
    on.on_message = [this](const protocol::Envelope& envelope) { OnEnvelope(envelope); };
    on.on_closed = [this](const RelayFailure& failure) {
      place_.TryOther(failure.error);
      Feed(pairing::SocketClosed{failure.error});
    };
    socket_ = std::make_unique<SignalingSocket>(endpoint_, std::move(options), std::move(on));
  }

  void Do(const pairing::CloseSocket&) {
    if (socket_) socket_->Close();
    socket_.reset();
  }

  void Do(const pairing::DropPeer&) {
    ++run_;
    proven_ = false;
    direct_timer_.Stop();
    link_.reset();
    session_ = Session();
  }

  void Do(const pairing::ApplyCandidate& action) {
    if (!link_) return;
    const Result<IceCandidate> candidate = signals().TakeCandidate({action.data});
    if (candidate) {
      link_->AddCandidate(*candidate);
    } else if (candidate.error().code == Errc::kAuthFailed) {
      FailRun(candidate.error());
    }
  }

  void Do(const pairing::SendDescription& action) {
    Result<protocol::RawJson> data = static_cast<Self*>(this)->Describe(action.sdp);
    if (!data) return FailRun(data.error());
    Send(Self::kSends, action.to, std::move(*data));
  }

  void Do(const pairing::SendCandidate& action) {
    if (!link_) return;  // it is a session's by now, and so is the proof
    Result<protocol::RawJson> data = signals().Candidate(action.candidate);
    if (!data) return FailRun(data.error());
    Send(protocol::kWebrtcIceCandidate, action.to, std::move(*data));
  }

  void Do(const pairing::Refuse& action) { Send(Self::kSends, action.to, ToFailedData()); }

  // Of this run, and no later one; from the loop's own frame.
  void FailRun(const Error& error) {
    loop_.Post([weak = self_, run = run_, error] {
      const auto core = weak.lock();
      if (core && core->run_ == run) core->Feed(pairing::PeerFailed{error});
    });
  }

  void Do(const pairing::EndRelay&) {
    if (session_id_.empty()) return;
    ending_ = EndRelaySession(endpoint_, session_id_, token_, [this] { OnRelayLeft(); });
    session_id_.clear();
    token_.clear();
  }

  // The session for the application.
  Session TakeSession() {
    handed_over_ = session_number_;
    return std::exchange(session_, Session());
  }

  // What becomes of the session that was handed out does not matter any more.
  void ForgetHandedOver() { handed_over_ = 0; }

  // Makes link_ and gives its events to the machine; false when there is none (the machine hears of
  // it).
  bool StartLink() {
    PeerLinkEvents on;
    on.on_description = [this](const std::string& sdp) { Feed(pairing::LocalDescription{sdp}); };
    on.on_candidate = [this](const IceCandidate& candidate) {
      Feed(pairing::LocalCandidate{candidate});
    };
    on.on_linked = [this] { MakeSession(); };
    on.on_ended = [this](std::optional<Error> error) {
      if (MayGoWithoutPath()) {
        // From the loop's own frame: the link is in the middle of this.
        direct_timer_.StartAt(loop_.Now());
        return;
      }
      Feed(pairing::PeerFailed{
          error.value_or(Error{Errc::kPeerLeft, "the other end left while connecting"})});
    };
    auto link = PeerLink::Create(network_, peer_, signals().form(), std::move(on));
    if (!link) {
      FailRun(link.error());
      return false;
    }
    link_ = std::move(*link);
    return true;
  }

  // Both ends have what a session begins with, and its first link is to come.
  void ProvenHere() {
    proven_ = true;
    if (MayGoWithoutPath()) direct_timer_.Start(pairing::kDirectTime);
  }

  // Not where nothing would hide the text from the relay, or one end does not want that: then it
  // is the direct path or none, and its failure is the pairing's.
  bool MayGoWithoutPath() {
    return proven_ && link_ && relay_carries_ && signals().form() == LinkForm::kLanes &&
           signals().both_allow_relay();
  }

  // There is no direct path so far: the session begins without a link, and meets the other end at
  // the relay at once. There it goes on looking for one, and goes through the relay meanwhile.
  void GoWithoutPath() {
    if (!MayGoWithoutPath()) return;
    link_.reset();
    MakeSession();
  }

  // The open link becomes a Session, which is the application's once it is connected (HandOver).
  void MakeSession() {
    direct_timer_.Stop();
    PairedEnd paired;
    paired.role = Self::kRole;
    paired.link = std::move(link_);
    paired.features = signals().features();
    paired.proof = signals().TakeProof();
    paired.peer.name = peer_name_;
    paired.peer.authenticated = paired.proof != nullptr;
    paired.peer.session_layer = signals().form() == LinkForm::kLanes;
    paired.options = static_cast<Self*>(this)->options_.session;
    paired.relay = endpoint_.url;
    paired.other_relay = place_.other_url();
    paired.configuration = peer_;
    paired.own_name = static_cast<Self*>(this)->options_.name;
    paired.pairings_file = static_cast<Self*>(this)->options_.pairings_file;
    paired.peer.pairing_id = pairing_id_;
    const std::uint64_t number = ++session_number_;
    SessionHooks hooks;
    hooks.on_connected = [weak = self_] {
      if (const auto core = weak.lock()) core->Feed(pairing::Linked{});
    };
    hooks.on_waiting = [weak = self_, number](bool waits) {
      const auto core = weak.lock();
      if (core && number == core->handed_over_) core->OnHandedOverSessionWaits(waits);
    };
    hooks.on_over = [weak = self_, number](const std::optional<Error>& error) {
      if (const auto core = weak.lock()) core->OnSessionOver(number, error);
    };
    session_ = SessionFactory::Make(network_, std::move(paired), std::move(hooks));
  }

  void FollowDraining(const protocol::RawJson& data) {
    const auto spread = place_.FollowDraining(data);
    if (spread) Feed(pairing::MoveOn{*spread / 2});
  }

  std::weak_ptr<Self> self() const { return self_; }

  const bool pick_nearest_;

  Network& network_;
  AsioLoop& loop_;
  const std::shared_ptr<LoopLink> to_loop_;
  RelayPlace place_;
  RelayEndpoint& endpoint_;
  const PeerConfiguration peer_;
  bool stopped_ = false;

  // What the relay gave us for the current session.
  std::string session_id_;
  std::string token_;
  std::string socket_url_;
  std::string resume_token_;  // of the socket that was welcomed last

  bool relay_carries_ = false;  // the relay says that messages may go through it

  std::unique_ptr<PeerLink> link_;
  std::string peer_name_;
  std::string pairing_id_;  // of the remembered pairing by which the other end comes

 private:
  void OnSessionOver(std::uint64_t number, const std::optional<Error>& error) {
    if (number == handed_over_) {
      handed_over_ = 0;
      static_cast<Self*>(this)->OnHandedOverSessionOver();
    } else if (number == session_number_) {
      FeedLater(pairing::PeerFailed{
          error.value_or(Error{Errc::kPeerLeft, "the other end left while connecting"})});
    }
  }

  void OnEnvelope(const protocol::Envelope& envelope) {
    LogSignal("got ", envelope.type);
    if (envelope.type == Self::kExpects) {
      if (IsFailedData(envelope.data)) {
        Feed(pairing::RemoteFailed{envelope.from});
      } else {
        Feed(pairing::RemoteDescription{envelope.from, envelope.data.text});
      }
    } else if (envelope.type == protocol::kWebrtcIceCandidate) {
      Feed(pairing::RemoteCandidate{envelope.from, envelope.data.text});
    } else if (envelope.type == protocol::kSessionTerminated) {
      const auto terminated = protocol::ParseSessionTerminated(envelope.data);
      static_cast<Self*>(this)->OnTerminated(terminated ? terminated->reason : "");
    } else if (envelope.type == protocol::kUserLeft) {
      const auto left = protocol::ParseUserPresence(envelope.data);
      if (left) Feed(pairing::PeerGone{left->member_id});
    } else if (envelope.type == protocol::kServerDraining) {
      FollowDraining(envelope.data);
    } else if (envelope.type == protocol::kError) {
      const auto problem = protocol::ParseErrorData(envelope.data);
      // The socket is good, and what could not be resumed comes anew, or never does: the deadline
      // decides.
      if (problem && problem->code == protocol::ProblemCode::kResumeFailed) return;
      Feed(pairing::RelayError{
          problem ? protocol::ToError(*problem)
                  : Error{Errc::kRelayRefused, "the relay refused without a reason"}});
    } else {
      static_cast<Self*>(this)->OnOther(envelope);
    }
  }

  PairingSignals& signals() { return static_cast<Self*>(this)->signals_; }

  void Send(std::string_view type, const std::string& to, protocol::RawJson data) {
    if (!socket_) return;
    LogSignal("sending ", type);
    protocol::Envelope envelope;
    envelope.type = type;
    envelope.to = to;
    envelope.data = std::move(data);
    const Result<void> sent = socket_->Send(envelope);
    if (!sent) FeedLater(pairing::SocketClosed{sent.error()});
  }

  // The type only: SDP and candidates stay out of logs.
  void LogSignal(std::string_view what, std::string_view type) const {
    if (!LogWanted(LogLevel::kDebug)) return;
    Log(LogLevel::kDebug, "signaling[" + std::string(ToString(machine_.state())) +
                              "]: " + std::string(what) + std::string(type));
  }

  void OnRelayLeft() {
    const auto keep = self_.lock();
    ending_.reset();
    if (!stopped_) return;
    const auto left = std::exchange(left_, nullptr);
    Release();
    if (left) left();
  }

  void Release() {
    timer_.Stop();
    direct_timer_.Stop();
    loop_.CancelTimer(std::exchange(keeper_, 0));
  }

  Machine machine_;
  bool proven_ = false;  // by this end's run; see ProvenHere
  Timer direct_timer_;
  std::uint64_t run_ = 0;             // grows with each peer that was dropped
  Session session_;                   // made of the link; until it is handed out
  std::uint64_t session_number_ = 0;  // of the one made last
  std::uint64_t handed_over_ = 0;     // of the one that the application has; 0: none
  std::optional<NearestRelay> nearest_;
  std::unique_ptr<SignalingSocket> socket_;
  std::unique_ptr<HttpCall> ending_;  // a DELETE under way; a newer one replaces it
  std::function<void()> left_;
  std::weak_ptr<Self> self_;
  TimerId keeper_ = 0;
  Timer timer_;
};

// A handle's last act: stops the core and, off the loop, gives the relay a moment to hear that the
// code is void, so that a program may end right after.
template <typename Core>
void StopCore(LoopLink& to_loop, const std::weak_ptr<Core>& weak) {
  constexpr std::chrono::milliseconds kPatience{500};
  const bool on_loop = to_loop.IsCurrent();
  auto left = std::make_shared<std::promise<void>>();
  std::future<void> done = left->get_future();
  const bool ran = to_loop.RunAndWait([&](NetworkCore&) {
    const auto core = weak.lock();
    const auto tell = [left = std::move(left)] { left->set_value(); };
    if (core) {
      core->Stop(tell);
    } else {
      tell();
    }
  });
  if (ran && !on_loop) done.wait_for(kPatience);
}

// A name that goes to the relay and onto the other end's screen.
Result<void> CheckPairingName(std::string_view name);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PAIRING_CORE_H_
