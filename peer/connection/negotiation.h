// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: the offer/answer machine of one data-only peer connection (RFC 8829, W3C WebRTC
// section 4.4): signalling state, current and pending descriptions, and what they mean for the
// transports. Pure: no I/O, no clock; calls in, values out. A call that fails changes nothing.
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
//
//   have-local-offer -- SetRemote(offer): ours is rolled back --> have-remote-offer
//   any -- Close --> closed
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

#include "peer/connection/offer_answer.h"
#include "peer/connection/remote_candidates.h"
#include "peer/sdp/description.h"

namespace pairwire {

// What to do after a description was applied. Everything about the other end comes with the first
// answer (or pranswer), ours or theirs: until then an offer can be rolled back as if it had never
// been.
struct Applied {
  // Once: with the first local description that has a data section.
  bool start_gathering = false;

  // These three come together, once.
  std::optional<RemoteParameters> remote;
  // We made the offer of this first exchange, or the other end is lite.
  std::optional<bool> ice_controlling;
  // Our a=setup is active.
  std::optional<bool> dtls_client;

  // The exchange ended without the data section that there was: nothing can connect.
  bool rejected = false;

  // New ones only: from the description, then those that waited for it.
  std::vector<std::string> remote_candidates;
  bool remote_candidates_done = false;
};

// Not thread-safe: one owner, one thread. No method calls out.
class Negotiation {
 public:
  explicit Negotiation(LocalParameters local);

  SignalingState state() const { return state_; }

  // kInvalidState in the wrong signalling state. The result can be given to SetLocal as it is.
  // Twice without a SetLocal or SetRemote in between gives the same text, but for local candidates
  // found since.
  Result<SessionDescription> CreateOffer() const;
  Result<SessionDescription> CreateAnswer() const;
  // The one that fits the state: an answer in have-remote-offer and have-local-pranswer, else an
  // offer.
  Result<SessionDescription> CreateImplicit() const;

  // Takes only what CreateOffer or CreateAnswer made since the last change (W3C: modified SDP is an
  // error, here kInvalidArgument; candidate lines do not count), and rollback of our own offer.
  Result<Applied> SetLocal(const SessionDescription& description);
  // An offer in have-local-offer rolls ours back first (RFC 8829 section 4.1.10.2: "perfect
  // negotiation"). kParseError, kLimitExceeded: the text; kInvalidArgument: it does not fit the
  // description it answers or follows; kUnsupported: other credentials or fingerprints than before
  // (ICE restart), hash functions, roles that we do not do; kInvalidState.
  Result<Applied> SetRemote(const SessionDescription& description);

  // A local candidate line from ICE: kept for local_description(), returned dressed for signalling.
  // An empty line is end-of-candidates.
  IceCandidate AddLocalCandidate(const std::string& line);

  // What to hand to ICE now: nothing when the candidate belongs to another generation (ufrag) or a
  // rejected section, is known already, or waits for the first answer (at most 64, then
  // kLimitExceeded). kInvalidArgument: neither mid nor index, or one that names no section;
  // kParseError: no candidate line.
  struct CandidateAction {
    std::optional<std::string> candidate;  // without "a=" and surrounding blanks
    bool done = false;                     // end-of-candidates
  };
  Result<CandidateAction> AddRemoteCandidate(const IceCandidate& candidate);

  // Pending if there is one, else current; with the candidates known so far.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;

  // Every later call answers kClosed; the descriptions stay readable.
  void Close();

 private:
  struct LocalSide {
    SdpType type = SdpType::kOffer;
    sdp::Description description;  // without candidates
    std::optional<std::size_t> data_index;
  };
  struct RemoteSide {
    SdpType type = SdpType::kOffer;
    sdp::Description description;
    std::optional<RemoteData> data;
  };
  // What the first answer fixed for the life of the connection. An ICE restart will replace
  // `remote`'s credentials and the candidates; the roles stay.
  struct Settled {
    RemoteParameters remote;
    bool dtls_client = false;
  };

  // Only after everything that can fail.
  void SetState(SignalingState state) { state_ = state; }

  const LocalSide* LatestLocal() const;
  const RemoteSide* LatestRemote() const;

  LocalSide NextOffer() const;
  LocalSide NextAnswer() const;
  SessionDescription Print(const LocalSide& side) const;

  Result<Applied> SetLocalOffer(const SessionDescription& description);
  Result<Applied> SetLocalAnswer(const SessionDescription& description);
  Result<Applied> SetRemoteOffer(sdp::Description description);
  Result<Applied> SetRemoteAnswer(SdpType type, sdp::Description description);

  Result<void> CheckSame(const RemoteData& data, bool dtls_client) const;
  void ApplyLocal(LocalSide side, Applied& applied);
  void Settle(const RemoteSide& remote, bool we_offered, bool dtls_client, Applied& applied);
  void TakeCandidates(const RemoteSide& remote, Applied& applied);
  void FinishExchange(std::optional<std::size_t> data_index);

  const LocalParameters local_;
  SignalingState state_ = SignalingState::kStable;
  std::uint64_t version_ = 0;  // of the last local description applied; the next one has one more
  bool gathering_started_ = false;

  std::optional<LocalSide> current_local_;
  std::optional<LocalSide> pending_local_;
  std::optional<RemoteSide> current_remote_;
  std::optional<RemoteSide> pending_remote_;
  // The data section that both ends agreed to in the last complete exchange.
  std::optional<std::size_t> data_index_;
  std::optional<Settled> settled_;

  std::vector<std::string> local_candidates_;
  bool local_candidates_done_ = false;
  RemoteCandidates remote_candidates_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_
