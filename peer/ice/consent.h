// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Consent: asks the other end, for as long as a pair is in use, whether it still wants our packets
// (RFC 7675), and notices early that it does not answer. libnice's own way ends a session after one
// lost packet, or after 50 s, and knows no "disconnected".
//
// - A request each 5 s, randomised by 0.8..1.2. One that is unanswered for 1 s makes the path
//   suspect: then one each 500 ms, each a transaction of its own, until one is answered.
// - Suspect, five requests unanswered, and nothing at all received for `disconnected_timeout`: the
//   other end is disconnected. It is that within 6 + 3 s of its death, or disconnected_timeout if
//   that is longer. An answer or a packet ends it.
// - No valid answer for `consent_timeout`: consent has expired, which is final. Packets do not
//   renew consent, as anyone can send them; answers do, as they prove the remote password.
//
//   idle --Start--> fresh <--answer-- suspect <--answer, packet-- disconnected
//                     +----unanswered--> +--------silence----------> |
//                     +----- consent_timeout ------> expired <-------+
//
// A lite agent sends no requests (RFC 7675 section 3: it only answers); Passive() then only watches
// for silence: the other end's authenticated requests and packets renew both.
//
// The role that a request names may be wrong, as libnice repairs conflicts and does not tell: the
// tie-breaker is the one that never makes the other end change its role, and its 487 (RFC 8445
// section 7.3.1.1) tells us ours.
//
// No socket: requests leave through Sink, everything that may be an answer comes to OnStun.
#ifndef PAIRWIRE_PEER_ICE_CONSENT_H_
#define PAIRWIRE_PEER_ICE_CONSENT_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/base/timer.h"
#include "peer/ice/ice_transport.h"
#include "peer/ice/stun_message.h"

namespace pairwire::ice {

struct ConsentOptions {
  std::chrono::milliseconds consent_timeout{30'000};  // RFC 7675 section 5.1
  // Without anything received; twice as long without an answer, whatever else is received.
  std::chrono::milliseconds disconnected_timeout{5'000};
  // Lite: send nothing. Silence then is `disconnected` after three times disconnected_timeout, as
  // the other end's requests come 4..6 s apart, or more.
  bool passive = false;
};

class Consent {
 public:
  // What it needs and tells. Called from timers, from OnStun and from OnPacket; may call back, but
  // not destroy the Consent.
  class Sink {
   public:
    // On the selected pair. What is not sent counts as lost.
    virtual void SendConsentRequest(ByteSpan request) = 0;
    // Whether OnStun needs to be called: a request is unanswered or, passive, one is due.
    virtual void OnConsentAwaiting(bool awaiting) = 0;
    virtual void OnConsentDisconnected() = 0;
    virtual void OnConsentRecovered() = 0;
    virtual void OnConsentExpired() = 0;

   protected:
    ~Sink() = default;
  };

  // Requests that an answer may still match: half a minute of the fastest rate.
  static constexpr std::size_t kMaxUnanswered = 64;

  // `loop`, `random` and `sink` outlive it.
  Consent(Loop& loop, RandomSource& random, ConsentOptions options, Credentials local,
          Credentials remote, bool controlling, Sink& sink);

  Consent(const Consent&) = delete;
  Consent& operator=(const Consent&) = delete;

  // A pair was nominated, the first one or another: its check counts as an answer.
  void Start();
  void Stop();

  // Bytes that may be a STUN message for us. True: it was one that counted: an answer, or, passive,
  // a request.
  bool OnStun(ByteSpan bytes);

  // A request of another Consent's, by its tie-breaker, which no agent draws: it asks for consent
  // and tells about no pair and no role. Authenticity is not looked at.
  static bool IsRequest(ByteSpan bytes);

  // A datagram of the other end's arrived, authenticated or not.
  void OnPacket();

  // The path may be broken (the socket said so): ask now, unless that was done a moment ago.
  void Hint();

  bool disconnected() const { return disconnected_; }
  bool expired() const { return expired_; }
  // Since the last valid answer.
  Loop::Duration since_answer() const { return loop_.Now() - last_answer_; }

  std::uint64_t requests_sent() const { return requests_sent_; }
  std::uint64_t responses_received() const { return responses_received_; }
  std::optional<std::chrono::microseconds> round_trip_time() const { return round_trip_time_; }
  std::chrono::microseconds total_round_trip_time() const { return total_round_trip_time_; }

 private:
  struct Request {
    StunTransactionId id;
    Loop::TimePoint sent_at;
  };

  bool OnResponse(const StunMessage& message);
  bool OnRequest(const StunMessage& message);
  void OnRoleConflict();
  void Answered();
  void SendRequest();
  void OnRequestTimer();
  void CheckSilence();
  void Recover();
  void WatchExpiry();
  void Expire();
  Loop::TimePoint NextRegular();
  Loop::TimePoint OneWayAt() const;

  Loop& loop_;
  RandomSource& random_;
  const ConsentOptions options_;
  const Credentials local_;
  const Credentials remote_;
  Sink& sink_;
  bool controlling_;
  bool running_ = false;
  bool disconnected_ = false;
  bool expired_ = false;
  Loop::TimePoint last_answer_{};
  Loop::TimePoint last_packet_{};
  Loop::TimePoint last_request_{};
  std::optional<Loop::TimePoint> last_conflict_;
  std::vector<Request> unanswered_;  // mostly empty, and a deque would hold half a KiB
  std::uint64_t requests_sent_ = 0;
  std::uint64_t responses_received_ = 0;
  std::optional<std::chrono::microseconds> round_trip_time_;
  std::chrono::microseconds total_round_trip_time_{0};
  Timer request_timer_;
  Timer silence_timer_;
  Timer expiry_timer_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_CONSENT_H_
