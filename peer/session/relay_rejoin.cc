// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/relay_rejoin.h"

#include <chrono>
#include <utility>
#include <variant>

#include "peer/base/asio_loop.h"
#include "signaling/client/webrtc_signal.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire {

using protocol::RawJson;

namespace {

// A DELETE under way. The loop's timer queue owns it, as it outlives the session that asks for it.
struct Leaving {
  Leaving(AsioLoop& loop, const RelayUrl& url) : endpoint(loop, url) {}

  RelayEndpoint endpoint;
  std::unique_ptr<HttpCall> call;
  TimerId keeper = 0;
};

}  // namespace

RelayRejoin::RelayRejoin(AsioLoop& loop, Options options)
    : role_(options.role),
      name_(std::move(options.name)),
      allow_relay_(options.allow_relay),
      loop_(loop),
      place_(loop, std::move(options.relay), std::move(options.other_relay)),
      machine_(options.role == auth::PairingRole::kDisplay),
      timer_(loop, [this] { Feed(meeting::TimerFired{}); }) {}

RelayRejoin::~RelayRejoin() { EndAtRelay(); }

void RelayRejoin::Start(const auth::SessionSecrets& secrets, bool has_connection) {
  Stop();
  signals_ =
      std::make_unique<MeetingSignals>(role_, secrets.meet, has_connection, random_, allow_relay_);
  begun_ = relay_carries_ = carries_told_ = false;
  Feed(meeting::Start{});
}

void RelayRejoin::Stop() {
  ++try_;
  Feed(meeting::Stop{});
}

void RelayRejoin::Send(auth::BoxKind kind, const std::string& text) {
  Feed(meeting::Say{kind, text});
}

std::shared_ptr<LinkProof> RelayRejoin::proof() { return signals_ ? signals_->proof() : nullptr; }

std::optional<auth::Fingerprints> RelayRejoin::relay_names() const {
  if (!relay_carries_ || !signals_ || !machine_.proven()) return std::nullopt;
  return signals_->relay_names();
}

void RelayRejoin::Feed(const meeting::MeetingMachine::Input& input) {
  const auto actions = machine_.Handle(loop_.Now(), input);
  const auto deadline = machine_.deadline();
  if (deadline) {
    timer_.StartAt(*deadline);
  } else {
    timer_.Stop();
  }
  for (const auto& action : actions) {
    std::visit([this](const auto& what) { Do(what); }, action);
  }
  if (!carries_told_ && relay_names()) {
    carries_told_ = true;
    Tell([](const RejoinEvents& on) {
      if (on.on_carries) on.on_carries();
    });
  }
}

// Of what is noticed while an action is carried out.
void RelayRejoin::FailLater(const Error& error) {
  loop_.Post(safety_.Wrap([this, at = try_, error] {
    if (at == try_) Feed(meeting::Failed{error});
  }));
}

template <typename F>
void RelayRejoin::Tell(F what) {
  loop_.Post(safety_.Wrap([this, at = try_, what = std::move(what)] {
    if (at != try_) return;
    // It may destroy us.
    const RejoinEvents events = events_;
    what(events);
  }));
}

void RelayRejoin::Do(const meeting::TellMet&) {
  Tell([](const RejoinEvents& on) {
    if (on.on_met) on.on_met();
  });
}

void RelayRejoin::Do(const meeting::TellSignal& action) {
  Tell([action](const RejoinEvents& on) {
    if (on.on_signal) on.on_signal(action.kind, action.text);
  });
}

void RelayRejoin::Do(const meeting::TellFailed& action) {
  Tell([action](const RejoinEvents& on) {
    if (on.on_failed) on.on_failed(action.error, action.retry_after);
  });
}

// --- At the relay --------------------------------------------------------------------------------

void RelayRejoin::Do(const meeting::Dial&) {
  relay_away_ = false;
  place_.Arrive();
  if (role_ == auth::PairingRole::kDisplay) {
    Register();
  } else {
    Pair();
  }
}

void RelayRejoin::Register() {
  protocol::RegisterRequest request;
  request.name = name_;
  request.max_controllers = kPlaces;
  request.meets = {signals_->name()};
  request.codeless = true;
  register_ = RegisterDisplay(
      place_.endpoint(), request,
      [this](RelayResult<protocol::RegisterResponse> answer) { OnRegistered(std::move(answer)); });
}

void RelayRejoin::OnRegistered(RelayResult<protocol::RegisterResponse> answer) {
  if (!answer) return Unreached(answer.error());
  session_id_ = answer->session_id;
  token_ = answer->display_token;
  socket_url_ = answer->ws_url;
  events_url_ = answer->events_url;
  poll_url_ = answer->poll_url;
  EndLeftBehind();
  Feed(meeting::Registered{answer->connection == protocol::kConnectImmediate});
}

void RelayRejoin::Pair() {
  Result<RawJson> hello = signals_->Hello();
  if (!hello) return FailLater(hello.error());
  protocol::PairRequest request;
  request.meet = signals_->name();
  request.name = name_;
  request.hello = std::move(*hello);
  pair_.emplace(
      place_.endpoint(), std::move(request),
      [this](RelayResult<protocol::PairResponse> answer) { OnPaired(std::move(answer)); });
}

void RelayRejoin::OnPaired(RelayResult<protocol::PairResponse> answer) {
  if (!answer) return Unreached(answer.error());
  session_id_ = answer->session_id;
  token_ = answer->controller_token;
  socket_url_ = answer->ws_url;
  Feed(meeting::Paired{});
}

void RelayRejoin::Unreached(const RelayFailure& failure) {
  relay_away_ = failure.error.code == Errc::kRelayUnreachable;
  place_.TryOther(failure.error);
  Feed(meeting::Failed{failure.error, failure.retry_after});
}

void RelayRejoin::Do(const meeting::OpenStream&) {
  EventStreamOptions options;
  options.events_url = events_url_;
  options.poll_url = poll_url_;
  options.token = token_;
  options.long_poll_only = long_poll_;
  EventStreamEvents on;
  on.on_event = [this](const RelayEvent& event) { OnStreamEvent(event); };
  on.on_lost = [this](const RelayFailure& failure) {
    long_poll_ = stream_->long_polling();
    Unreached(failure);
  };
  stream_ = std::make_unique<EventStream>(place_.endpoint(), std::move(options), std::move(on));
}

void RelayRejoin::OnStreamEvent(const RelayEvent& event) {
  if (event.type == protocol::kPairingReady) {
    OnKnock({event.data});
  } else if (event.type == protocol::kSessionTerminated) {
    OnTerminated({event.data});
  } else if (event.type == protocol::kServerDraining) {
    (void)place_.FollowDraining({event.data});
  }
}

void RelayRejoin::OnKnock(const RawJson& data) {
  const auto ready = protocol::ParsePairingReady(data);
  if (!ready) return;
  if (!std::exchange(begun_, true)) {
    const Result<void> knocked = signals_->Begin(loop_.Now(), ready->hello);
    if (!knocked) return Feed(meeting::Failed{knocked.error()});
  }
  Feed(meeting::Knocked{ready->controller_id, signals_->peer_needs_new()});
}

void RelayRejoin::OnTerminated(const RawJson& data) {
  const auto terminated = protocol::ParseSessionTerminated(data);
  // There is nothing to leave any more.
  session_id_.clear();
  Feed(meeting::Failed{
      {Errc::kSessionTerminated,
       "the relay ended the meeting" + (terminated ? ": " + terminated->reason : std::string())}});
}

void RelayRejoin::Do(const meeting::OpenSocket&) {
  SignalingSocketOptions options;
  options.url = socket_url_;
  options.token = token_;
  SignalingSocketEvents on;
  on.on_welcome = [this](const protocol::Welcome& welcome) {
    relay_carries_ = welcome.mode == protocol::kModeBoth;
    Feed(meeting::SocketReady{});
  };
  on.on_message = [this](const protocol::Envelope& envelope) { OnEnvelope(envelope); };
  on.on_closed = [this](const RelayFailure& failure) { Unreached(failure); };
  socket_ = std::make_unique<SignalingSocket>(place_.endpoint(), std::move(options), std::move(on));
}

void RelayRejoin::OnEnvelope(const protocol::Envelope& envelope) {
  const std::string_view type = envelope.type;
  if (type == protocol::kWebrtcOffer || type == protocol::kWebrtcAnswer ||
      type == protocol::kWebrtcIceCandidate || type == protocol::kMessageReceived) {
    if (!machine_.Hears(envelope.from)) return;
    auto said = signals_->Read(loop_.Now(), session_id_, type, envelope.data);
    if (!said) return Feed(meeting::Failed{said.error()});
    Feed(meeting::Heard{said->kind, std::move(said->text)});
  } else if (type == protocol::kPairingReady && role_ == auth::PairingRole::kDisplay) {
    OnKnock(envelope.data);
  } else if (type == protocol::kSessionTerminated) {
    OnTerminated(envelope.data);
  } else if (type == protocol::kUserLeft) {
    const auto left = protocol::ParseUserPresence(envelope.data);
    if (left) Feed(meeting::Left{left->member_id});
  } else if (type == protocol::kServerDraining) {
    (void)place_.FollowDraining(envelope.data);
  } else if (type == protocol::kError) {
    const auto problem = protocol::ParseErrorData(envelope.data);
    if (!problem) return Feed(meeting::Failed{{Errc::kRelayRefused, "the relay refused"}});
    Feed(meeting::Failed{protocol::ToError(*problem), problem->retry_after});
  }
  // Acks, joins and names of later versions: nothing to do here.
}

void RelayRejoin::Do(const meeting::Write& action) {
  if (!socket_) return;
  auto written = signals_->Write(session_id_, action.kind, action.text);
  if (!written) return FailLater(written.error());
  protocol::Envelope envelope;
  envelope.type = written->type;
  envelope.to = action.to;
  envelope.data = std::move(written->data);
  const Result<void> sent = socket_->Send(envelope);
  if (!sent) FailLater(sent.error());
}

void RelayRejoin::Do(const meeting::Leave&) {
  // What could not be ended as the relay is away is ended when it answers again.
  if (role_ == auth::PairingRole::kDisplay && !session_id_.empty() && relay_away_) {
    left_behind_ = {session_id_, token_};
  }
  register_.reset();
  pair_.reset();
  stream_.reset();
  if (socket_) socket_->Close();
  socket_.reset();
  EndAtRelay();
}

void RelayRejoin::EndAtRelay() {
  EndSession(std::exchange(session_id_, {}), std::exchange(token_, {}));
}

// The relay answers: our session of before it was away may have outlived that, with a place where
// the other end would wait for us in vain.
void RelayRejoin::EndLeftBehind() {
  const auto [session_id, token] = std::exchange(left_behind_, {});
  EndSession(session_id, token);
}

void RelayRejoin::EndSession(const std::string& session_id, const std::string& token) {
  if (session_id.empty()) return;
  constexpr std::chrono::seconds kAtMost{10};
  const auto leaving = std::make_shared<Leaving>(loop_, place_.endpoint().url);
  leaving->keeper = loop_.ScheduleAt(loop_.Now() + kAtMost, [leaving] {});
  leaving->call = EndRelaySession(leaving->endpoint, session_id, token,
                                  [&loop = loop_, weak = std::weak_ptr<Leaving>(leaving)] {
                                    const auto over = weak.lock();
                                    if (over) loop.CancelTimer(over->keeper);
                                  });
}

}  // namespace pairwire
