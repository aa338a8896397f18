// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HandshakeRtt: puts right what usrsctp believes of the round trip after the handshake.
//
// usrsctp 0.9.5 takes the time from the first INIT, or COOKIE ECHO, to the answer for a round trip,
// however often it had to be sent; Karn's rule (RFC 9260 section 6.3.1, C5) is against that. Two
// lost packets make a second of 40 ms. The retransmission timeout becomes three times as much, and
// is no less where RTO.Max is less: usrsctp sends no chunk again that is younger. On a path that
// loses a third of the packets a channel then takes ten seconds to open.
//
// So when the handshake took long, a heartbeat of our own measures the round trip: each has a
// number, so it does not matter which of them are lost. usrsctp has no call to be told, but takes
// samples from answers to its own heartbeats: it is given some, with the time that we want.
#ifndef PAIRWIRE_SCTP_HANDSHAKE_RTT_H_
#define PAIRWIRE_SCTP_HANDSHAKE_RTT_H_

#include <pairwire/bytes.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "peer/base/loop.h"
#include "peer/base/timer.h"

namespace pairwire::sctp {

// RTO.Initial (RFC 9260 section 16). The path has just carried a DTLS handshake: no reason to wait
// longer.
inline constexpr std::chrono::milliseconds kInitialRto{300};

class HandshakeRtt {
 public:
  class Events {
   public:
    virtual void SendRttProbe(std::uint32_t id) = 0;
    virtual void OnHandshakeRtt(Loop::Duration round_trip) = 0;

   protected:
    ~Events() = default;
  };

  // From here on what was measured may hold a retransmission.
  static constexpr std::chrono::milliseconds kDoubtful{250};
  static constexpr std::chrono::milliseconds kInterval{150};
  static constexpr std::size_t kMaxProbes = 16;
  // Their ids have this bit, those of PathMtu have not.
  static constexpr std::uint32_t kIdBit = 0x8000'0000;

  HandshakeRtt(Loop& loop, Events& events);

  // After the handshake, with what usrsctp has measured.
  void Start(std::chrono::milliseconds measured);
  void Stop() { timer_.Stop(); }
  void OnAnswer(std::uint32_t id);

 private:
  void Probe();

  Loop& loop_;
  Events& events_;
  std::array<Loop::TimePoint, kMaxProbes> sent_;
  std::size_t probes_ = 0;
  bool done_ = true;
  Timer timer_;
};

// Each takes an eighth of what is wrong away; 30 s come down to 100 ms.
inline constexpr int kRttSamples = 80;

bool HasHeartbeat(ByteSpan packet);

// The answer to the HEARTBEAT in `packet`, which usrsctp sends, as if it had been sent at `sent` of
// the system's clock (gettimeofday, which usrsctp reads). `tag`: the one of packets that we
// receive. Empty when there is none in it.
Bytes AnswerHeartbeat(ByteSpan packet, std::uint32_t tag, std::chrono::microseconds sent);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_HANDSHAKE_RTT_H_
