// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionEnd: one end of a session, whole but for the world: frames come in and go out, links come
// and go, messages, states and streams are delivered and acknowledged as docs/session.md promises.
// It joins SessionMachine, HelloKeeper, Outbox, Inbox, states and streams. Pure: the owner has the
// links, the clock and the relay. Not thread-safe. Not here: bulk transfers, typed events, groups.
#ifndef PAIRWIRE_PEER_DELIVERY_SESSION_END_H_
#define PAIRWIRE_PEER_DELIVERY_SESSION_END_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "peer/auth/pairing_channel.h"
#include "peer/delivery/control_frames.h"
#include "peer/delivery/frame.h"
#include "peer/delivery/hello_keeper.h"
#include "peer/delivery/inbox.h"
#include "peer/delivery/outbox.h"
#include "peer/delivery/session_machine.h"
#include "peer/delivery/state_table.h"
#include "peer/delivery/stream_queue.h"

namespace pairwire::delivery {

struct ClosedReport {
  EndReason reason = EndReason::kAsked;
  LostMessages unacknowledged;       // ours: may or may not have been delivered
  std::uint64_t last_delivered = 0;  // theirs
};

// What the owner does for its end. The On... calls reach the application: they come last in a call
// of SessionEnd, and may call it again, but not destroy it.
class SessionOwner {
 public:
  // Takes a frame in any case: the link is there, or was until now.
  virtual void SendFrame(LinkId link, Lane lane, SharedBytes frame) = 0;
  // How many bytes of messages, states and streams the lane should get now; 0: none, and
  // SessionEnd::OnRoom follows.
  virtual std::size_t Room(LinkId link, Lane lane) const = 0;
  virtual auth::Fingerprints FingerprintsOf(LinkId link) const = 0;
  // Of the pairing or the meeting that made the link; none: the link goes.
  virtual std::optional<auth::BindTag> OwnBindTag(LinkId link) = 0;
  virtual bool CheckBindTag(LinkId link, ByteSpan tag) = 0;
  // The actions of the machine that are not about frames, EndLink among them.
  virtual void Do(const SessionMachine::Action& action) = 0;

  // A command. With `manual_ack` it counts as delivered at Acknowledge, else when this returns.
  virtual void OnMessage(std::uint64_t seq, FrameType type, ByteSpan message) = 0;
  virtual void OnStateValue(const StateValue& state) = 0;
  virtual void OnStateCleared(std::string_view key) = 0;
  virtual void OnStream(FrameType type, ByteSpan frame) = 0;
  // All up to this one.
  virtual void OnAcked(std::uint64_t up_to) = 0;
  // NEGOTIATE, REMEMBER, and a PONG that answers a ping of ours (its t0 is ours, whatever was
  // written). ApplyRemote follows at Do for a negotiation that counts.
  virtual void OnControl(const Frame& frame) = 0;
  virtual void OnClosed(const ClosedReport& report) = 0;

 protected:
  ~SessionOwner() = default;
};

struct SessionEndOptions {
  SessionTimes times;
  Outbox::Limits outbox;
  bool manual_ack = false;
  // Both ends say so: a link that was quiet when the relay's took over may be taken back.
  bool parks = false;
  std::uint64_t first_seq = 1;  // tests only, the same at both ends
};

class SessionEnd {
 public:
  using TimePoint = Loop::TimePoint;
  // NEGOTIATE frames of the other end: so many at once, in the long run one in kNegotiationCost.
  // What an end has to say is an offer and its candidates, a few dozen, at each change of network.
  static constexpr int kMaxNegotiations = 256;
  static constexpr std::chrono::milliseconds kNegotiationCost{50};

  // Pings that may wait for their answers; of more the oldest is forgotten.
  static constexpr std::size_t kMaxPings = 32;

  // For states while the relay carries the session, at least: they are sent again after one and a
  // half of these.
  static constexpr std::chrono::microseconds kRelayRoundTrip{1'000'000};

  // `owner` and `random` outlive it.
  SessionEnd(auth::PairingRole role, HelloKeeper keeper, SessionEndOptions options,
             RandomSource& random, SessionOwner& owner);

  SessionEnd(const SessionEnd&) = delete;
  SessionEnd& operator=(const SessionEnd&) = delete;

  // --- From the application. kClosed when the session is closed or closing.

  // The message's number. kBufferFull, kMessageTooLarge, kLimitExceeded.
  Result<std::uint64_t> Send(TimePoint now, FrameType type, ByteSpan message) {
    return SendFramed(now, type, BehindHeader(message));
  }
  // The same without a copy: what BehindHeader gave.
  Result<std::uint64_t> SendFramed(TimePoint now, FrameType type, Bytes framed);
  Result<void> SetState(TimePoint now, std::string_view key, ValueKind kind, ByteSpan value);
  Result<void> ClearState(TimePoint now, std::string_view key);
  // kUnsupported while the relay carries the session.
  Result<void> SendStream(TimePoint now, FrameType type, ByteSpan frame);
  // All up to this one are delivered (manual_ack); `bytes` is what that adds.
  void Acknowledge(TimePoint now, std::uint64_t seq, std::size_t bytes = 0);
  // NEGOTIATE and REMEMBER. kInvalidState: no link.
  Result<void> SendControl(FrameType type, ByteSpan payload);
  // A PING beside those of the machine, for the clock. False: no link, so none was sent.
  bool SendClockPing(TimePoint now);
  void Close(TimePoint now) { Give(now, CloseAsked{}); }

  // --- From the world

  // A frame of a link that was made known by LinkUp or FallbackUp.
  void OnFrame(TimePoint now, LinkId link, Lane lane, ByteSpan bytes);
  // The lane of the link in use takes more.
  void OnRoom(TimePoint now) { Pump(now); }
  // Everything else that happens.
  void Give(TimePoint now, const SessionMachine::Input& input);
  // When to call OnTimer next; earlier does no harm.
  std::optional<TimePoint> deadline() const;
  void OnTimer(TimePoint now);

  SessionState state() const { return machine_.state(); }
  LinkId link() const { return machine_.link(); }
  LinkId parked() const { return machine_.parked(); }
  bool over_relay() const { return machine_.over_relay(); }
  const HelloKeeper& keeper() const { return keeper_; }
  // Before it is destroyed, and nothing else is called.
  HelloKeeper TakeKeeper() { return std::move(keeper_); }
  const Outbox& outbox() const { return outbox_; }
  const Inbox& inbox() const { return inbox_; }
  const StateSender& states() const { return states_; }
  std::uint64_t streams_dropped() const { return streams_.dropped(); }
  // Smoothed over the last answers; zero before the first.
  std::chrono::microseconds round_trip() const { return round_trip_; }

 private:
  void Run(TimePoint now, const SessionMachine::Input& input);
  void DrainedIfSo(TimePoint now);
  void Execute(TimePoint now, const SessionMachine::Action& action);
  void SendHelloOn(TimePoint now, LinkId link);
  void Rewind(TimePoint now);
  void OnHello(TimePoint now, LinkId link, ByteSpan payload);
  void OnOpening(TimePoint now, LinkId link, const Frame& frame);
  void OnCounted(TimePoint now, const Frame& frame);
  bool TakesNegotiation(TimePoint now);
  void OnData(TimePoint now, const Frame& frame);
  void OnState(TimePoint now, const Frame& frame);
  void OnPing(TimePoint now, const Frame& frame);
  void OnPong(TimePoint now, const Frame& frame);
  void SendPingOn(TimePoint now, LinkId link);
  void SetStateRoundTrip();
  void OnAckNumber(TimePoint now, std::uint64_t up_to);
  void Break(TimePoint now);
  void Pump(TimePoint now);
  void SendAcks(TimePoint now);
  void SendOn(LinkId link, FrameType type, ByteSpan payload);
  Result<void> CheckOpen() const;
  bool open() const;

  SessionOwner& owner_;
  const bool manual_ack_;
  HelloKeeper keeper_;
  SessionMachine machine_;
  Outbox outbox_;
  Inbox inbox_;
  StateSender states_;
  StateReceiver remote_states_;
  StreamSender streams_;
  StreamReceiver remote_streams_;
  std::uint64_t peer_last_ = 0;  // as the HELLO said that made the link in use
  std::uint32_t last_ping_ = 0;
  TimePoint negotiated_until_{};
  std::deque<Ping> pings_;  // on the link in use, not answered yet
  std::chrono::microseconds round_trip_{0};
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_SESSION_END_H_
