// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore: a session with the session layer: it owns the pure end (peer/delivery) and its
// links, carries out what the end asks for, and gives what arrives to the application.
//
// Five files: session_core.cc (the end and its timers), session_core_links.cc (links, meetings,
// negotiation), session_core_relay.cc (links over the relay), session_core_face.cc (the
// application's side), session_core_clock.cc (the other end's clock, and frames that wait for their
// moment).
//
// The handle owns it, and while it closes without a handle, a timer of the loop does. Loop thread
// only, but for what Session::Impl calls from any thread: that goes through SendGate, StateGate and
// a snapshot under a lock, which is never held in a callback. None of those calls waits for the
// loop.
#ifndef PAIRWIRE_PEER_SESSION_SESSION_CORE_H_
#define PAIRWIRE_PEER_SESSION_SESSION_CORE_H_

#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/auth/pairing_exchange.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/delivery/session_end.h"
#include "peer/session/frame_presenter.h"
#include "peer/session/link_watch.h"
#include "peer/session/peer_link.h"
#include "peer/session/rejoin.h"
#include "peer/session/remembering.h"
#include "peer/session/send_gate.h"
#include "peer/session/session_clock.h"
#include "peer/session/session_impl.h"
#include "peer/session/session_link.h"
#include "peer/session/state_gate.h"

namespace pairwire {

class RelaySessionLink;

// What a session begins with.
struct SessionStart {
  auth::PairingRole role = auth::PairingRole::kController;
  // Open. None: the two ends meet at once, by `rejoin`.
  std::unique_ptr<SessionLink> link;
  // Established, and its resume key not taken. None: plain.
  std::unique_ptr<auth::PairingEnd> proof;
  auth::Features features;  // valid (checked)
  PeerInfo peer;
  SessionOptions options;
  delivery::SessionTimes times;
  // None: what no link brings back is lost when the window is over.
  std::unique_ptr<Rejoin> rejoin;
  // None: nobody is remembered, whatever the other end says.
  std::optional<Remembering::Options> remember;
  // A connection of the lanes' form, for links after the first; none: there are none.
  std::function<Result<std::unique_ptr<PeerLink>>(PeerLinkEvents)> new_link;
};

class SessionCore final : public SessionFactory::Impl, private delivery::SessionOwner {
 public:
  // An end that goes without saying so may take this long to say goodbye to its links.
  static constexpr std::chrono::seconds kLingering{10};
  // Before Subscribe, of commands, and as much of states. The other end's bounds are lower.
  static constexpr std::size_t kMaxHeldBytes = 5 * 1024 * 1024;
  // From one link over the relay that the display offers to the next.
  static constexpr std::chrono::seconds kRelayOfferPause{1};
  // Calls of WhenWritable that wait.
  static constexpr std::size_t kMaxWaiters = 4096;

  // Loop only. kAuthFailed: the proof has no key to give.
  static Result<std::shared_ptr<SessionCore>> Make(std::shared_ptr<LoopLink> to_loop, Loop& loop,
                                                   SessionStart start, SessionHooks hooks);
  SessionCore(std::shared_ptr<LoopLink> link_to_loop, Loop& loop, SessionStart start,
              delivery::HelloKeeper keeper, SessionHooks hooks);

  ~SessionCore() override;

  // --- Session::Impl
  void Subscribe(SessionEvents handlers) override;
  void Unsubscribe() override;
  void StartClose() override;
  void Detach() override;
  void NetworkChanged() override;
  void Acknowledge(MessageId id) override;
  void Replaced() override { Give(delivery::Replaced{}); }
  Result<MessageId> Send(ByteSpan data, bool is_text) override;
  Result<MessageId> Send(const Event& event) override;
  Result<MessageId> SendEncoded(const EncodedEvent& event) override;
  Result<void> SetState(std::string_view key, ByteSpan value, bool is_text) override;
  Result<void> ClearState(std::string_view key) override;
  Result<void> SendStream(ByteSpan frame) override;
  std::size_t buffered_amount() const override { return gate_.bytes(); }
  void SetBufferedAmountLowThreshold(std::size_t bytes) override;
  void WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) override;
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init) override;
  SessionState state() const override;
  SessionPath path() const override;
  PeerInfo peer() const override;
  SessionStats stats() const override;
  std::optional<SharedClock> clock() const override { return clock_.At(loop_.Now()); }
  std::optional<std::chrono::microseconds> fastest_round_trip() const override {
    return clock_.round_trip();
  }

  // For tests, from the loop's own frame: its connections go at once.
  void LoseLinks();
  // For tests, the same: null ends it. Returns the link in use; 0: none.
  delivery::LinkId Watch(LinkWatch* watch) {
    watch_ = watch;
    return end_->link();
  }

 private:
  struct Link {
    std::unique_ptr<SessionLink> carrier;
    std::shared_ptr<LinkProof> proof;
    std::vector<DataChannel> channels;  // the other end's, until the link is in use
  };
  struct Held {
    std::uint64_t seq = 0;
    delivery::FrameType type = delivery::FrameType::kDataBinary;
    Bytes message;
  };
  struct HeldState {
    bool cleared = false;
    delivery::ValueKind kind = delivery::ValueKind::kBinary;
    Bytes value;
  };
  struct Snapshot {
    SessionState state = SessionState::kConnected;
    SessionPath path;
    SessionStats stats;
    std::string pairing_id;
  };
  struct Waiter {
    std::size_t bytes = 0;
    std::function<void(Result<void>)> done;
  };

  // --- delivery::SessionOwner
  void SendFrame(delivery::LinkId link, delivery::Lane lane, SharedBytes frame) override;
  std::size_t Room(delivery::LinkId link, delivery::Lane lane) const override;
  auth::Fingerprints FingerprintsOf(delivery::LinkId link) const override;
  std::optional<auth::BindTag> OwnBindTag(delivery::LinkId link) override;
  bool CheckBindTag(delivery::LinkId link, ByteSpan tag) override;
  void Do(const delivery::SessionMachine::Action& action) override;
  void OnMessage(std::uint64_t seq, delivery::FrameType type, ByteSpan message) override;
  void OnStateValue(const delivery::StateValue& state) override;
  void OnStateCleared(std::string_view key) override;
  void OnStream(delivery::FrameType type, ByteSpan frame) override;
  void OnAcked(std::uint64_t up_to) override;
  void OnControl(const delivery::Frame& frame) override;
  void OnClosed(const delivery::ClosedReport& report) override;

  // --- The end and its timers
  void Begin();
  // Calls the end. Each way in from outside is one of these.
  template <typename F>
  void Run(F work) {
    const auto keep = self_.lock();
    work();
    SettleLater();
  }
  void Give(const delivery::SessionMachine::Input& input);
  void GiveLater(delivery::SessionMachine::Input input);
  // What follows from all that a turn of the loop brought, at its end: the timer, and what other
  // threads see. Once for any number of frames and messages.
  void SettleLater();
  void Settle();
  void OnTimer();
  void SayGoodbye();
  void LetGo();
  void Drain();
  void PutIntoOutbox(std::vector<SendGate::Waiting> messages);
  Result<MessageId> SendNow(delivery::FrameType type, ByteSpan message);
  Result<MessageId> SendCommand(delivery::FrameType type, ByteSpan message);
  Result<void> Taken(const Result<bool>& tell);
  void DrainStates();
  void ShowOverRelay();
  void TellWaiting(bool waits);
  void SetSessionState(delivery::SessionState state, std::string_view why);
  void TellClosed();
  void GoWhenDone();

  // --- Links and meetings
  void AddLink(std::unique_ptr<SessionLink> carrier, std::shared_ptr<LinkProof> proof,
               bool over_relay = false);
  void DropLink(delivery::LinkId id);
  void OnDataChannel(delivery::LinkId id, DataChannel channel);
  void GiveChannels(delivery::LinkId id);
  SessionLink* Carrier(delivery::LinkId id) const;
  void SetOpener(SessionLink* link);
  SessionLink* InUse() const { return Carrier(end_->link()); }
  // The one that a restart of ICE may save; none while the relay alone carries the session.
  SessionLink* Connection() const;
  void OnLinkEnded(delivery::LinkId id);
  void OnNegotiation(delivery::LinkId id, const delivery::Negotiation& negotiation);
  void StartConnecting(const std::string* offer);
  void ConnectingEvents(PeerLinkEvents& on);
  void OnSignal(auth::BoxKind kind, const std::string& text);
  void OnOffer(const std::string& sdp);
  void SetPath(const SessionPath& path);
  void StartRemembering(Remembering::Options options);

  // --- Links over the relay
  void OnCarries();
  bool WantsRelay() const;
  void OfferRelay();
  void OnOfferTimer();
  void AddRelayLink(std::uint32_t number);
  void OnCarried(const std::string& text);
  void AbandonRelay();
  void ForgetRelayLink(delivery::LinkId id);
  void StopMeeting();

  // --- The clock and frames
  void SetClockRunning(bool connected);
  void ArmClock();
  void OnClockTimer();
  void OnPong(ByteSpan payload);
  void OnPresenting();
  std::optional<std::int64_t> ReferenceOffset() const;
  bool TakeFrame(const events::AnimationFrame& frame);
  void ShowFrame(const events::AnimationFrame& frame, std::chrono::microseconds late);

  // --- To the application
  // `now`: the clock was asked for the frame already.
  void DeliverCommand(Loop::TimePoint now, std::uint64_t seq, delivery::FrameType type,
                      ByteSpan message);
  void HoldState(std::string_view key, HeldState state);
  void DeliverState(std::string_view key, const HeldState& state, ByteSpan value);
  void DeliverEvent(ByteSpan json);
  void DeliverHeld();
  void ServeWaiters();
  void FailWaiters(const Error& error);
  void TellRoom();
  void TellRemembered();

  const auth::PairingRole role_;
  const bool manual_ack_;
  const PeerInfo peer_;
  Loop& loop_;
  SystemRandom random_;
  std::weak_ptr<SessionCore> self_;
  SessionHooks hooks_;
  bool connected_told_ = false;
  bool detached_ = false;
  bool subscribed_ = false;
  std::shared_ptr<const SessionEvents> events_ = std::make_shared<const SessionEvents>();
  Loop::TimePoint frame_at_{};  // when the frame came that is being taken
  bool settling_ = false;       // Settle comes at the end of this turn
  bool let_go_ = false;         // the Network goes: nothing is registered with the loop any more

  std::unique_ptr<auth::PairingEnd> pairing_;
  std::map<delivery::LinkId, Link> links_;    // at most four, as the machine has them
  std::map<delivery::LinkId, Link> closing_;  // what they were given still goes out
  delivery::LinkId last_link_ = 0;
  LinkWatch* watch_ = nullptr;
  std::unique_ptr<SessionLink> first_link_;  // until Begin
  std::unique_ptr<Rejoin> rejoin_;
  std::function<Result<std::unique_ptr<PeerLink>>(PeerLinkEvents)> new_link_;
  std::unique_ptr<PeerLink> connecting_;  // made by a meeting, not open yet
  bool met_ = false;
  bool relay_ready_ = false;                // boxes of this meeting may carry frames
  std::uint32_t relay_number_ = 0;          // of the meeting's last link over the relay
  delivery::LinkId relay_id_ = 0;           // the same as a link of ours; it may be closing
  RelaySessionLink* relay_link_ = nullptr;  // in links_ or closing_
  Loop::TimePoint relay_next_offer_{};
  Timer relay_timer_;
  bool leave_when_closed_ = false;  // the meeting ends when that link has
  std::string last_remote_;         // the description of the link that was in use last
  std::unique_ptr<Remembering> remembering_;
  bool tell_remembered_ = false;
  std::optional<delivery::Negotiation> negotiation_;  // that ApplyRemote is about

  std::deque<Held> held_;  // commands before Subscribe
  std::size_t held_bytes_ = 0;
  std::map<std::string, HeldState, std::less<>> held_states_;
  std::size_t held_state_bytes_ = 0;  // of the values
  std::vector<DataChannel> held_channels_;
  std::optional<ClosedReport> report_;
  bool closed_told_ = false;
  bool saying_goodbye_ = false;  // and LetGo follows when it is said
  std::deque<Waiter> waiters_;

  SendGate gate_;
  StateGate state_gate_;
  bool over_relay_ = false;  // as state_gate_ knows it
  mutable std::mutex opener_mutex_;
  SessionLink* opener_ = nullptr;  // the link in use, for channels from any thread
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_;
  Snapshot next_;  // the loop's own

  SessionClock clock_;
  Timer clock_timer_;
  FramePresenter presenter_;

  Timer timer_;
  std::optional<Loop::TimePoint> timer_at_;
  TimerId keeper_timer_ = 0;
  LoopLink::EndingId ending_ = 0;
  TaskSafety safety_;
  std::optional<delivery::SessionEnd> end_;  // goes before what it calls
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SESSION_CORE_H_
