// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What usrsctp believes of the round trip after the handshake, put right.
//
// usrsctp 0.9.5 takes the time from the first INIT, or COOKIE ECHO, to the answer for a round trip,
// however often it had to be sent; Karn's rule (RFC 9260 section 6.3.1, C5) is against that. Two
// lost packets make a second of 40 ms. The retransmission timeout becomes three times as much, and
// is no less where RTO.Max is less: usrsctp sends no chunk again that is younger. On a path that
// loses a third of the packets a channel then takes ten seconds to open.
//
// So after the handshake a round trip that may hold a retransmission is replaced by one that makes
// the timeout RTO.Initial, as if none had been measured. usrsctp has no call for that, but takes
// samples from answers to its own heartbeats: it is given some, with the time that we want.
//
// Pure.
#ifndef PAIRWIRE_SCTP_HANDSHAKE_RTT_H_
#define PAIRWIRE_SCTP_HANDSHAKE_RTT_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstdint>

namespace pairwire::sctp {

// RTO.Initial (RFC 9260 section 16). The path has just carried a DTLS handshake: no reason to wait
// longer.
inline constexpr std::chrono::milliseconds kInitialRto{300};
// A measured round trip from here on may hold a retransmission; on a path that is really that long
// one chunk may be sent once too often.
inline constexpr std::chrono::milliseconds kDoubtfulRtt{250};
// By turns, so that mean and variance make RTO.Initial.
inline constexpr std::chrono::milliseconds kAssumedRtts[] = {std::chrono::milliseconds(50),
                                                             std::chrono::milliseconds(150)};
// Each takes an eighth of what is wrong away; 30 s come down to 100 ms.
inline constexpr int kRttSamples = 80;

// The answer to `heartbeat`, a packet in which usrsctp sends a HEARTBEAT, as if it had been sent at
// `sent` of the system's clock (gettimeofday, which usrsctp reads). `tag`: the one of packets that
// we receive. Empty when it is not such a packet.
Bytes AnswerHeartbeat(ByteSpan heartbeat, std::uint32_t tag, std::chrono::microseconds sent);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_HANDSHAKE_RTT_H_
