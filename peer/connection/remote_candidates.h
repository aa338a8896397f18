// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RemoteCandidates: the candidates of one generation of the other end: those that wait for its
// description, and those handed to ICE, each once (RFC 8838, RFC 8840). Bounded, because the other
// end fills it.
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

  // True for a candidate of this target's section and generation.
  static bool Belongs(const CandidateTarget& target, const IceCandidate& candidate);

  // Keeps a clean candidate until Release. kLimitExceeded when kMaxCandidates wait already.
  Result<void> Wait(IceCandidate candidate);

  // Learns the candidates of the description, then those that waited and belong; returns the new
  // ones.
  std::vector<std::string> Release(const CandidateTarget& target);

  // True when the line is new; kLimitExceeded when kMaxCandidates are known already.
  Result<bool> Learn(std::string_view line);

  void SetDone() { done_ = true; }
  bool done() const { return done_; }

  // What Release would leave as known, without changing anything: for showing the description.
  std::vector<std::string> Preview(const CandidateTarget& target, bool& done) const;

 private:
  std::vector<IceCandidate> waiting_;
  std::vector<std::string> known_;
  bool done_ = false;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_REMOTE_CANDIDATES_H_
