// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RemoteCandidates: the candidates of the other end's ICE generation in force, each handed to ICE
// once, and those that wait for a description or an answer (RFC 8838, RFC 8840). Bounded, because
// the other end fills it.
//
// Whether an address makes sense is for ICE to say.
#ifndef PAIRWIRE_PEER_CONNECTION_REMOTE_CANDIDATES_H_
#define PAIRWIRE_PEER_CONNECTION_REMOTE_CANDIDATES_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/sdp/description.h"

namespace pairwire {

// Where candidates must point to in order to be of use: the data section's transport of a
// description.
struct CandidateTarget {
  const sdp::Description& description;
  std::size_t data_index;
  std::size_t transport_index;
};

class RemoteCandidates {
 public:
  // Candidates that may wait, and that are kept as known.
  static constexpr std::size_t kMaxCandidates = sdp::kMaxCandidates;
  // One candidate line; the longest that makes sense (IPv6, all extensions) has under 300.
  static constexpr std::size_t kMaxCandidateBytes = 1024;
  // Of sdp_mid and username_fragment (RFC 8839 section 5.4).
  static constexpr std::size_t kMaxTagBytes = 256;

  // Trims blanks and "a=". kInvalidArgument: neither mid nor index (end-of-candidates may do
  // without), or a tag that is too long; kParseError: no candidate line; kLimitExceeded: the line
  // is too long.
  static Result<IceCandidate> Clean(const IceCandidate& candidate);

  // kInvalidArgument: the mid or index names no section of `description`.
  static Result<void> CheckSection(const sdp::Description& description,
                                   const IceCandidate& candidate);

  // What a candidate names as its generation (RFC 8839 section 5.1): `ufrag`, from the candidate's
  // own field, else from its line; else `count`, the line's "generation" where it is above 0 (some
  // ends never count).
  struct Generation {
    std::string_view ufrag;
    std::size_t count = 0;
  };
  static Generation GenerationOf(const IceCandidate& candidate);

  // True for a candidate of this target's section that does not name another ufrag.
  static bool Belongs(const CandidateTarget& target, const IceCandidate& candidate);

  // Where a clean candidate goes. `in_force`: the generation settled last; `pending`: that of an
  // offer not yet answered, when it is another one. Either may be null.
  enum class Route { kIgnore, kWait, kNow };
  Route RouteOf(const IceCandidate& candidate, const CandidateTarget* in_force,
                const CandidateTarget* pending) const;

  // Keeps a clean candidate; one for `pending` that names no ufrag is from now on bound to it.
  // kLimitExceeded when kMaxCandidates wait already.
  Result<void> Wait(IceCandidate candidate, const CandidateTarget* pending);

  // The candidates that wait for `target` are forgotten (its offer was rolled back), or all of
  // them: the exchange is complete, so that what still waits came for an offer that was dropped.
  void Forget(const CandidateTarget& target);
  void ForgetWaiting() { waiting_.clear(); }

  // The generation with `old_ufrag` is past; what is known from now on is another's.
  void StartGeneration(std::string old_ufrag);

  // Learns the candidates of the description, then those that waited and belong; returns the new
  // ones. The others wait on.
  std::vector<std::string> Release(const CandidateTarget& target);

  // True when the line is new; kLimitExceeded when kMaxCandidates are known already.
  Result<bool> Learn(std::string_view line);

  void SetDone() { done_ = true; }
  bool done() const { return done_; }
  const std::vector<std::string>& known() const { return known_; }

  // What Release would leave as known, without changing anything: for showing the description.
  // `pending`: as the first of a generation of its own.
  std::vector<std::string> Preview(const CandidateTarget& target, bool pending, bool& done) const;

 private:
  bool IsReleased(const CandidateTarget& target, const IceCandidate& candidate) const;

  // Ufrags of generations that are over; later ones of them are strangers, which wait in vain until
  // the next exchange.
  static constexpr std::size_t kMaxPast = 8;

  std::vector<IceCandidate> waiting_;
  std::vector<std::string> past_;
  std::size_t restarts_ = 0;
  bool is_counting_ = false;  // from the first generation on, whatever number that had
  std::vector<std::string> known_;
  bool done_ = false;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_REMOTE_CANDIDATES_H_
