// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: the offer/answer machine of one data-only peer connection (RFC 8829, W3C WebRTC
// section 4.4): signalling state, current and pending descriptions, ICE generations, and what they
// mean for the transports. Pure: no I/O, no clock; calls in, values out. A call that fails changes
// nothing.
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
//
// What never changes in the life of a connection: DTLS fingerprints and roles, the SCTP port.
// Everything else may be negotiated anew.
#ifndef PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_
#define PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/peer_connection.h>
#include <pairwire/result.h>
#include <pairwire/session_description.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peer/connection/local_generations.h"
#include "peer/connection/offer_answer.h"
#include "peer/connection/remote_candidates.h"
#include "peer/sdp/description.h"

namespace pairwire {

// What to do after a description was applied, in the order of the fields. Everything about the
// other end comes with an answer (or pranswer), ours or theirs: until then an offer can be rolled
// back as if it had never been.
struct Applied {
  // The generation that a restart offer of ours started is gone: stop gathering for it. The one in
  // force is not touched. (A first offer that is rolled back keeps its generation, and its
  // candidates go into the next description.)
  bool drop_gathering = false;

  // Start gathering for this generation: with the first local description that has a data section;
  // with a restart offer of ours; with our answer to a restart of the other end.
  std::optional<LocalGeneration> gather;

  // The first time, and if the other end is lite from a restart on. We made the offer of this first
  // exchange, or the other end is lite and we are not.
  std::optional<bool> ice_controlling;
  // Once, with the first `remote`: our a=setup is active.
  std::optional<bool> dtls_client;

  // A generation of the other end is settled: it belongs to our latest generation (the one `gather`
  // named last), which now takes over from the one before. Not a restart only the first time; in a
  // restart only the ICE parameters (and ice_lite) are news.
  std::optional<RemoteParameters> remote;
  bool remote_is_restart = false;

  // A later exchange, a restart too, changed a=max-message-size (0: no limit).
  std::optional<std::uint64_t> max_message_size;

  // For the other end's generation in force (the one of `remote` if there is one): new ones only,
  // from the description, then those that waited for it.
  std::vector<std::string> remote_candidates;
  bool remote_candidates_done = false;

  // The exchange ended without the data section that there was: nothing can connect.
  bool rejected = false;
};

// Not thread-safe: one owner, one thread. Nothing is called but make_ice.
class Negotiation {
 public:
  // `make_ice` is called when a description needs a new local generation: the first one, restarts.
  Negotiation(LocalParameters local, std::function<IceParameters()> make_ice);

  SignalingState state() const { return state_; }

  // kInvalidState in the wrong signalling state. The result can be given to SetLocal as it is.
  // Twice with the same options and without a SetLocal or SetRemote in between gives the same text,
  // but for local candidates found since.
  Result<SessionDescription> CreateOffer(OfferOptions options = {});
  Result<SessionDescription> CreateAnswer();
  // The one that fits the state: an answer in have-remote-offer and have-local-pranswer, else an
  // offer.
  Result<SessionDescription> CreateImplicit();

  // Takes only what CreateOffer or CreateAnswer made last, since the last change (W3C: modified SDP
  // is an error, here kInvalidArgument; candidate lines do not count; empty SDP stands for it), and
  // rollback. Rollback undoes an offer of either end (RFC 8829 section 5.7) and is kInvalidState in
  // stable and, as W3C has it and RFC 8829 has not, with a pranswer: that has started transports.
  Result<Applied> SetLocal(const SessionDescription& description);
  // An offer in have-local-offer rolls ours back first (RFC 8829 section 4.1.10.2: "perfect
  // negotiation"). kParseError, kLimitExceeded: the text; kInvalidArgument: it does not fit the
  // description it answers or follows, ICE credentials that change where they must not, or do not
  // where they must; kUnsupported: other fingerprints or SCTP port than before (that
  // takes a new DTLS or SCTP association: make a new connection), hash functions, roles that we do
  // not do; kInvalidState.
  Result<Applied> SetRemote(const SessionDescription& description);

  // W3C restartIce: offers from now on have new ICE credentials, until an exchange with new ones of
  // ours was completed; survives rollback. Nothing happens before the first local description.
  void RequestIceRestart();
  // A channel exists: data is wanted.
  void SetWantsData(bool wants) { wants_data_ = wants; }
  // W3C section 4.7.3, with the check for stable: false in every other state, so that its rise is
  // the event.
  bool negotiation_needed() const;

  // A local candidate line from ICE: kept for the descriptions that name its generation, returned
  // dressed for signalling. An empty line is end-of-candidates. Nothing for a generation that is
  // neither in force nor that of a pending restart.
  std::optional<IceCandidate> AddLocalCandidate(std::uint32_t generation, const std::string& line);

  // What to hand to ICE now, for the other end's generation in force. Nothing when the candidate
  // belongs to a past generation or a rejected section, is known already, or waits: for the answer
  // that settles its generation, or for a description with its ufrag (RFC 8838 has them come in
  // order; at most 64 wait, then kLimitExceeded; a completed exchange forgets the rest). A
  // candidate says its generation by username_fragment, else by the line's "ufrag", else by the
  // line's "generation" above 0; else it is of the latest description's. kInvalidArgument: neither
  // mid nor index, or one that names no section; kParseError: no candidate line.
  struct CandidateAction {
    std::optional<std::string> candidate;  // without "a=" and surrounding blanks
    bool done = false;                     // end-of-candidates
  };
  Result<CandidateAction> AddRemoteCandidate(const IceCandidate& candidate);

  // W3C's: with the candidates of their generation known so far.
  std::optional<SessionDescription> current_local_description() const;
  std::optional<SessionDescription> pending_local_description() const;
  std::optional<SessionDescription> current_remote_description() const;
  std::optional<SessionDescription> pending_remote_description() const;
  // Pending if there is one, else current.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;

  // W3C canTrickleIceCandidates: whether the latest remote description says so; empty before one.
  // An end that can not must get a description with all candidates (half trickle, RFC 8838
  // section 16).
  std::optional<bool> can_trickle_ice_candidates() const;

  // Every later call answers kClosed; the descriptions stay readable.
  void Close();

 private:
  struct LocalSide {
    SdpType type = SdpType::kOffer;
    sdp::Description description;  // without candidates
    std::optional<std::size_t> data_index;
    std::uint32_t generation = 0;  // of its ICE parameters; 0 without a data section
  };
  struct RemoteSide {
    SdpType type = SdpType::kOffer;
    sdp::Description description;
    std::optional<RemoteData> data;
    bool restarts = false;  // its ICE parameters are other ones than those in force
    bool retired = false;   // a restart is past it: its description holds its candidates
  };
  // What answers fixed: roles, fingerprints and port for the life of the connection, the rest until
  // the next restart.
  struct Settled {
    RemoteParameters remote;
    bool dtls_client = false;
    bool controlling = false;
  };

  // Only after everything that can fail.
  void SetState(SignalingState state) { state_ = state; }

  const LocalSide* LatestLocal() const;
  const RemoteSide* LatestRemote() const;

  bool RestartsNext(OfferOptions options) const;
  const LocalSide& NextOffer(OfferOptions options);
  const LocalSide& NextAnswer();
  SessionDescription Print(const LocalSide& side) const;
  SessionDescription Print(const RemoteSide& side) const;

  Result<Applied> SetLocalOffer(const SessionDescription& description);
  Result<Applied> SetLocalAnswer(const SessionDescription& description);
  Result<Applied> SetRemoteOffer(sdp::Description description);
  Result<Applied> SetRemoteAnswer(SdpType type, sdp::Description description);
  Result<Applied> Rollback();

  Result<void> CheckSame(const RemoteData& data) const;
  // Whether the ICE parameters are other ones than those in force.
  Result<bool> IsRestart(const RemoteData& data) const;
  Result<bool> IsRestartAnswered(const RemoteData& data) const;
  void ApplyLocal(LocalSide side, Applied& applied);
  void ForgetRemoteOffer();
  void Retire(RemoteSide& side);
  static CandidateTarget TargetOf(const RemoteSide& side);
  void Settle(RemoteSide& remote, bool we_offered, bool dtls_client, Applied& applied);
  void TakeCandidates(const RemoteSide& remote, Applied& applied);
  void FinishExchange(std::optional<std::size_t> data_index);
  void Changed();

  const LocalParameters local_;
  SignalingState state_ = SignalingState::kStable;
  std::uint64_t version_ = 0;  // of the last local description applied; the next one has one more
  bool wants_data_ = false;
  // RequestIceRestart: generations up to this one are to be replaced (W3C
  // [[LocalIceCredentialsToReplace]]).
  std::optional<std::uint32_t> replace_up_to_;

  // W3C [[LastCreatedOffer]] and [[LastCreatedAnswer]]; gone with every change.
  std::optional<LocalSide> last_offer_;
  std::optional<LocalSide> last_answer_;
  std::optional<LocalSide> current_local_;
  std::optional<LocalSide> pending_local_;
  std::optional<RemoteSide> current_remote_;
  std::optional<RemoteSide> pending_remote_;
  // The data section that both ends agreed to in the last complete exchange.
  std::optional<std::size_t> data_index_;
  std::optional<Settled> settled_;

  LocalGenerations generations_;
  RemoteCandidates remote_candidates_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NEGOTIATION_H_
