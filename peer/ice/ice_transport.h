// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IceTransport: finds and keeps a path for datagrams to one other peer (ICE, RFC 8445; trickle, RFC
// 8838). One component, as everything is bundled and RTCP is multiplexed (RFC 8843, RFC 5761).
//
// Interface only: nice_transport.h is the real one over libnice; tests use a fake over a simulated
// link. It knows nothing of DTLS or SDP. Loop thread only.
#ifndef PAIRWIRE_PEER_ICE_ICE_TRANSPORT_H_
#define PAIRWIRE_PEER_ICE_ICE_TRANSPORT_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peer/base/random.h"

namespace pairwire::ice {

// RFC 8445 section 7.1: the offerer of the first offer controls, unless the other end is lite.
enum class Role { kControlling, kControlled };

// W3C RTCIceTransportState. kDisconnected: the other end has not answered for a few seconds; it
// recovers by itself or becomes kFailed when consent ends (RFC 7675). kFailed after a pair worked
// is final: an ICE restart is another IceTransport.
//
//                                 +-- answers again --+
//                                 v                   |
//   kNew -> kChecking -> kConnected/kCompleted -> kDisconnected
//               |  ^                |                 |
//               v  |                v                 v
//             kFailed <-------------+-----------------+        any -> kClosed
enum class State { kNew, kChecking, kConnected, kCompleted, kDisconnected, kFailed, kClosed };
std::string_view ToString(State state);

// RFC 8839 section 5.4: ufrag 4..256 characters, password 22..256 characters of ice-char.
struct Credentials {
  std::string ufrag;
  std::string password;

  bool operator==(const Credentials&) const = default;
};

// Fresh ones: 48 bits of ufrag, 144 of password (RFC 8445 section 5.3 asks for 24 and 128).
Credentials MakeCredentials(RandomSource& random);

// A STUN or TURN server that gave nothing (W3C RTCPeerConnectionIceErrorEvent).
struct ServerError {
  std::string url;     // as configured
  int code = 0;        // the STUN error code (RFC 8489 section 14.8), or 701: no answer
  std::string reason;  // for a person
};

struct CandidatePair {
  std::string local;   // "candidate:…" line, without "a="
  std::string remote;  // as above
  bool relayed = false;
};

// What getStats wants to know of ICE (W3C RTCIceCandidatePairStats, RTCTransportStats).
struct Stats {
  std::vector<std::string> local_candidates;   // lines, as signalled or as they turned up
  std::vector<std::string> remote_candidates;  // lines, peer-reflexive ones included
  std::optional<CandidatePair> selected;
  std::uint64_t selected_pair_changes = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  // Of our own consent requests on the selected pair.
  std::uint64_t consent_requests_sent = 0;
  std::uint64_t responses_received = 0;
  std::optional<std::chrono::microseconds> current_round_trip_time;
  std::chrono::microseconds total_round_trip_time{0};
};

// What an IceTransport tells its owner. Never called from inside a method that the owner calls,
// always from the loop's frame; the owner may call back into the transport, and may destroy it.
class Events {
 public:
  // "candidate:…" without "a=", ready for signalling.
  virtual void OnIceCandidate(const std::string& candidate) = 0;
  virtual void OnIceGatheringDone() = 0;
  virtual void OnIceState(State state) = 0;
  virtual void OnIceSelectedPair(const CandidatePair& pair) = 0;
  virtual void OnIceServerError(const ServerError& error) = 0;
  // Datagrams, in the order in which they came, from sources that passed a connectivity check;
  // never STUN. At least one: all that one read of the socket gave. Valid during the call only.
  virtual void OnIcePackets(std::span<const ByteSpan> packets) = 0;
  // A datagram of so many bytes is larger than what the path is known to carry (RFC 8899): it left
  // in fragments, and smaller ones are better. Not every path tells.
  virtual void OnIceDatagramTooLarge(std::size_t /*bytes*/) {}

 protected:
  ~Events() = default;
};

class IceTransport {
 public:
  // Closes, without events. Resources that need time (TURN deallocation) are released in the
  // background.
  virtual ~IceTransport() = default;

  virtual const Credentials& local_credentials() const = 0;

  // Starts gathering; OnIceCandidate for each, then OnIceGatheringDone. Call once. Host candidates
  // come at once; servers that do not answer delay only OnIceGatheringDone, within 10 s.
  virtual Result<void> Gather() = 0;

  // Before SetRemoteCredentials, once. Conflicts are repaired by the tie-breaker (RFC
  // 8445 7.3.1.1).
  virtual void SetRole(Role role) = 0;

  // Checks start when remote credentials and a candidate are known. kInvalidArgument: grammar.
  virtual Result<void> SetRemoteCredentials(const Credentials& credentials) = 0;

  // `candidate` with or without "a=", surrounding blanks ignored. Candidates that we can not use
  // (transport, name instead of address, priority 0, port 0, multicast, RFC 6544 without tcptype)
  // are counted and ignored, which is no error. kParseError: not a candidate line. kLimitExceeded:
  // more than 64.
  virtual Result<void> AddRemoteCandidate(std::string_view candidate) = 0;

  // No more remote candidates will come; only after this may the state become kFailed for lack of
  // pairs.
  virtual void SetRemoteCandidatesDone() = 0;

  // Sends one datagram on the selected pair, at the latest when the loop's turn ends: what one turn
  // sends leaves in few calls of the system. False: not sent (no pair yet, or the socket's buffer
  // is full); upper layers recover as from any lost packet.
  virtual bool Send(ByteSpan packet) = 0;

  virtual Stats stats() const = 0;

  // Why the state is kFailed, as one sentence for a person that names the likely cause ("no STUN
  // server answered and no host pair worked", "the other end stopped answering 30 s ago"); empty in
  // other states.
  virtual std::string failure_reason() const = 0;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_ICE_TRANSPORT_H_
