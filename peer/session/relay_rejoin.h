// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayRejoin: the Rejoin of real sessions: the display registers without a code, at a name that
// only the two ends know, and waits on the event stream; the controller pairs by that name; then
// both have a socket, as in a pairing. Carries out MeetingMachine's actions. Between Stop and Start
// it holds nothing at the relay. Loop thread only.
#ifndef PAIRWIRE_PEER_SESSION_RELAY_REJOIN_H_
#define PAIRWIRE_PEER_SESSION_RELAY_REJOIN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/session/meeting_machine.h"
#include "peer/session/meeting_signals.h"
#include "peer/session/rejoin.h"
#include "peer/session/relay_place.h"
#include "signaling/client/event_stream.h"
#include "signaling/client/pairing_call.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/signaling_socket.h"

namespace pairwire {

class AsioLoop;

class RelayRejoin final : public Rejoin {
 public:
  // One knock, and one more of a controller that begins anew: by that the display knows.
  static constexpr int kPlaces = 2;

  struct Options {
    auth::PairingRole role = auth::PairingRole::kController;
    RelayUrl relay;
    std::optional<RelayUrl> other_relay;
    std::string name;  // of this end
    // Boxes over the relay may carry the session, where the relay does that (--signaling both).
    bool allow_relay = false;
  };

  RelayRejoin(AsioLoop& loop, Options options);
  ~RelayRejoin() override;

  void SetEvents(RejoinEvents events) override { events_ = std::move(events); }
  void Start(const auth::SessionSecrets& secrets, bool has_connection) override;
  void Stop() override;
  void Send(auth::BoxKind kind, const std::string& text) override;
  std::shared_ptr<LinkProof> proof() override;
  std::optional<auth::Fingerprints> relay_names() const override;

 private:
  void Feed(const meeting::MeetingMachine::Input& input);
  void FailLater(const Error& error);

  void Do(const meeting::Dial&);
  void Do(const meeting::OpenStream&);
  void Do(const meeting::CloseStream&) { stream_.reset(); }
  void Do(const meeting::OpenSocket&);
  void Do(const meeting::Write& action);
  void Do(const meeting::Leave&);
  void Do(const meeting::TellMet&);
  void Do(const meeting::TellSignal& action);
  void Do(const meeting::TellFailed& action);

  void Register();
  void Pair();
  void OnRegistered(RelayResult<protocol::RegisterResponse> answer);
  void OnPaired(RelayResult<protocol::PairResponse> answer);
  void OnStreamEvent(const RelayEvent& event);
  void OnEnvelope(const protocol::Envelope& envelope);
  void OnKnock(const protocol::RawJson& data);
  void OnTerminated(const protocol::RawJson& data);
  void Unreached(const RelayFailure& failure);
  void EndAtRelay();
  void EndLeftBehind();
  void EndSession(const std::string& session_id, const std::string& token);
  // To the owner, from the loop's own frame, unless another try has begun until then.
  template <typename F>
  void Tell(F what);

  const auth::PairingRole role_;
  const std::string name_;
  const bool allow_relay_;
  AsioLoop& loop_;
  RelayPlace place_;
  SystemRandom random_;
  RejoinEvents events_;
  meeting::MeetingMachine machine_;
  std::uint64_t try_ = 0;  // grows with each Start and Stop

  // Of the try.
  std::unique_ptr<MeetingSignals> signals_;
  bool begun_ = false;          // somebody has knocked
  bool relay_carries_ = false;  // the relay says that messages may go through it
  bool carries_told_ = false;
  bool relay_away_ = false;  // that is how the try ended
  std::string session_id_;
  std::string token_;
  std::string socket_url_;
  std::string events_url_;
  std::string poll_url_;
  // Of an earlier try: a display's session and its token, which the relay may have still.
  std::pair<std::string, std::string> left_behind_;
  bool long_poll_ = false;  // server-sent events did not get through once: do not try again
  std::unique_ptr<HttpCall> register_;
  std::optional<PairingCall> pair_;
  std::unique_ptr<EventStream> stream_;
  std::unique_ptr<SignalingSocket> socket_;
  Timer timer_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_RELAY_REJOIN_H_
