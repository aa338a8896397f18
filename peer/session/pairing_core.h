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
#include "peer/session/peer_link.h"
#include "peer/session/session_impl.h"
#include "signaling/client/nearest_relay.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/signaling_socket.h"
#include "signaling/client/webrtc_signal.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire {

// `Self` derives from this, has a `Do` for each further action of its machine and an `OnOther` for
// the relay's further messages, and names the description that it sends and the one that it
// expects: kSends, kExpects.
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
      core->UseRelay(nearest);
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
        endpoint_(loop_, std::move(url)),
        peer_(std::move(peer)),
        machine_(std::move(machine)),
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
    Arrive();
    SignalingSocketEvents on;
    on.on_welcome = [this](const protocol::Welcome& welcome) {
      resume_token_ = welcome.resume_token;
      Feed(pairing::SocketReady{});
    };
    on.on_message = [this](const protocol::Envelope& envelope) { OnEnvelope(envelope); };
    on.on_closed = [this](const Error& error) {
      TryOtherRelay(error);
      Feed(pairing::SocketClosed{error});
    };
    socket_ = std::make_unique<SignalingSocket>(endpoint_, std::move(options), std::move(on));
  }

  void Do(const pairing::CloseSocket&) {
    if (socket_) socket_->Close();
    socket_.reset();
  }

  void Do(const pairing::DropPeer&) { link_.reset(); }

  void Do(const pairing::ApplyCandidate& action) {
    if (link_) link_->AddCandidate(action.candidate);
  }

  void Do(const pairing::SendDescription& action) {
    Send(Self::kSends, action.to, ToSdpData(action.sdp));
  }

  void Do(const pairing::SendCandidate& action) {
    Send(protocol::kWebrtcIceCandidate, action.to, ToCandidateData(action.candidate));
  }

  void Do(const pairing::EndRelay&) {
    if (session_id_.empty()) return;
    ending_ = EndRelaySession(endpoint_, session_id_, token_, [this] { OnRelayLeft(); });
    session_id_.clear();
    token_.clear();
  }

  // Makes link_ and gives its events to the machine; false when there is none (the machine hears of
  // it).
  bool StartLink() {
    PeerLinkEvents on;
    on.on_description = [this](const std::string& sdp) { Feed(pairing::LocalDescription{sdp}); };
    on.on_candidate = [this](const IceCandidate& candidate) {
      Feed(pairing::LocalCandidate{candidate});
    };
    on.on_linked = [this] { Feed(pairing::Linked{}); };
    on.on_ended = [this](std::optional<Error> error) {
      Feed(pairing::PeerFailed{
          error.value_or(Error{Errc::kPeerLeft, "the other end left while connecting"})});
    };
    auto link = PeerLink::Create(network_, peer_, std::move(on));
    if (!link) {
      FeedLater(pairing::PeerFailed{link.error()});
      return false;
    }
    link_ = std::move(*link);
    return true;
  }

  // The connected link as a Session for the application.
  Session TakeSession(const std::string& peer_name, std::function<void()> on_over) {
    return SessionFactory::Make(to_loop_, loop_, std::move(link_), peer_name, std::move(on_over));
  }

  // The node that we talk to goes: to the one that it names, if it does. Addresses of the session
  // that are whole URLs stay as they are: they are those of a proxy, which knows where to.
  void FollowDraining(const protocol::RawJson& data) {
    const auto draining = protocol::ParseServerDraining(data);
    if (!draining || draining->url.empty()) return;
    const Result<RelayUrl> url = ParseRelayUrl(draining->url);
    if (!url || (endpoint_.url.tls && !url->tls)) return;
    UseRelay(*url);
    leaving_ = true;
    Feed(pairing::MoveOn{draining->retry_after / 2});
  }
  void UseRelay(const RelayUrl& url) {
    if (url == endpoint_.url) return;
    other_url_ = std::exchange(endpoint_.url, url);
  }
  // The relay was not reached here: the next try goes to where it was reached before. Unless it was
  // lost at the node that we are leaving.
  void TryOtherRelay(const Error& error) {
    if (leaving_ || error.code != Errc::kRelayUnreachable || !other_url_) return;
    std::swap(*other_url_, endpoint_.url);
  }
  // A connection is about to be made where the endpoint says.
  void Arrive() { leaving_ = false; }

  std::weak_ptr<Self> self() const { return self_; }

  const bool pick_nearest_;

  Network& network_;
  AsioLoop& loop_;
  const std::shared_ptr<LoopLink> to_loop_;
  RelayEndpoint endpoint_;
  const PeerConfiguration peer_;
  bool stopped_ = false;

  // What the relay gave us for the current session.
  std::string session_id_;
  std::string token_;
  std::string socket_url_;
  std::string resume_token_;  // of the socket that was welcomed last

  std::unique_ptr<PeerLink> link_;

 private:
  void OnEnvelope(const protocol::Envelope& envelope) {
    LogSignal("got ", envelope.type);
    if (envelope.type == Self::kExpects) {
      Result<std::string> sdp = ParseSdpData(envelope.data);
      if (sdp) {
        Feed(pairing::RemoteDescription{envelope.from, std::move(*sdp)});
      } else {
        Feed(pairing::PeerFailed{{Errc::kParseError, "the other end's description is malformed: " +
                                                         sdp.error().detail}});
      }
    } else if (envelope.type == protocol::kWebrtcIceCandidate) {
      Result<IceCandidate> candidate = ParseCandidateData(envelope.data);
      if (candidate) Feed(pairing::RemoteCandidate{envelope.from, std::move(*candidate)});
    } else if (envelope.type == protocol::kSessionTerminated) {
      const auto terminated = protocol::ParseSessionTerminated(envelope.data);
      Feed(pairing::Terminated{terminated ? terminated->reason : ""});
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
    loop_.CancelTimer(std::exchange(keeper_, 0));
  }

  Machine machine_;
  std::optional<NearestRelay> nearest_;
  std::optional<RelayUrl> other_url_;
  bool leaving_ = false;  // what is open is still at other_url_
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
