// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: the offer/answer machine of one data-only peer connection (RFC 8829, W3C WebRTC section
// 4.4): signalling state, current and pending descriptions, and what they mean for the transports. Pure:
// no I/O, no clock; calls in, values out. A call that fails changes nothing.
//
//                        SetLocal(offer)
//            +---------------------------------> have-local-offer ---+
//            |  <---------- rollback ------------        |           | SetRemote(pranswer)
//   stable --+                                SetRemote(answer)      v
//      ^ ^   |           SetRemote(offer)                |      have-remote-pranswer
//      | |   +---------------------------------> have-remote-offer --+
//      | |      <---------- rollback ------------        |           | SetLocal(pranswer)
//      | +------------------ SetLocal(answer) -----------+           v
//      +----------------- answer ----------------------------- have-local-pranswer
#ifndef PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_
#define PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/peer_connection.h>
#include <pairwire/result.h>
#include <pairwire/session_description.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/sdp/description.h"

namespace pairwire {

// What our descriptions say about us; fixed for the life of a connection in this version.
struct LocalParameters {
  std::string session_id;  // o= line, decimal digits
  std::string ice_ufrag;
  std::string ice_pwd;
  sdp::Fingerprint fingerprint;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 256 * 1024;
};

// What the other end's description says, checked for sense.
struct RemoteParameters {
  bool ice_lite = false;
  std::string ice_ufrag;
  std::string ice_pwd;
  std::vector<sdp::Fingerprint> fingerprints;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 65536;  // RFC 8841 section 6.1: absent means 64 KiB; 0 means no limit

  bool operator==(const RemoteParameters&) const = default;
};

// What to do after a description was applied.
struct Applied {
  bool start_gathering = false;             // first local description
  std::optional<RemoteParameters> remote;   // set by the first remote description that is applied
  std::optional<bool> ice_controlling;      // with the first description: we made the first offer (or the other is lite)
  std::optional<bool> dtls_client;          // once both ends are known: our a=setup is active
  bool rejected = false;                    // the answer refused our data section: nothing can connect
  std::vector<std::string> remote_candidates;  // from the description, then those that waited for it
  bool remote_candidates_done = false;
};

class Negotiation {
 public:
  explicit Negotiation(LocalParameters local);

  SignalingState state() const;

  // kInvalidState in the wrong signalling state. The result can be given to SetLocal as it is.
  Result<SessionDescription> CreateOffer() const;
  Result<SessionDescription> CreateAnswer() const;
  // The one that fits the state: an answer in have-remote-offer and have-local-pranswer, else an offer.
  Result<SessionDescription> CreateImplicit() const;

  // SetLocal takes only what CreateOffer or CreateAnswer made (W3C: modified SDP is an error), and rollback.
  Result<Applied> SetLocal(const SessionDescription& description);
  // An offer in have-local-offer rolls ours back first (RFC 8829 section 4.1.10.2: "perfect negotiation").
  Result<Applied> SetRemote(const SessionDescription& description);

  // A local candidate line from ICE: kept for local_description(), returned dressed for signalling. An empty line
  // is end-of-candidates.
  IceCandidate AddLocalCandidate(const std::string& line);

  // What to hand to ICE now: nothing when the candidate belongs to another generation (ufrag) or a
  // rejected section, or waits for the description (at most 64, then kLimitExceeded).
  struct CandidateAction {
    std::optional<std::string> candidate;
    bool done = false;  // end-of-candidates
  };
  Result<CandidateAction> AddRemoteCandidate(const IceCandidate& candidate);

  // Pending if there is one, else current; with the candidates known so far.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;

  // Every later call answers kClosed.
  void Close();
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_
