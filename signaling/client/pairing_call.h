// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairingCall: enters a code at the relay; when the relay asks for a proof of work, solves it and
// tries again. It works on the loop in pieces of a millisecond, so a connection on the same loop
// goes on.
//
//   request --200, any refusal but the one below--> done
//      ^  \--429 with a challenge--> solving --+
//      +----------------------------------------+     at most kMaxProofs times
#ifndef PAIRWIRE_SIGNALING_CLIENT_PAIRING_CALL_H_
#define PAIRWIRE_SIGNALING_CLIENT_PAIRING_CALL_H_

#include <memory>
#include <optional>

#include "peer/base/task_safety.h"
#include "signaling/client/proof_solver.h"
#include "signaling/client/relay_api.h"

namespace pairwire {

class PairingCall {
 public:
  // A flood may get worse while one is being solved, and another one is asked for.
  static constexpr int kMaxProofs = 3;

  // Loop thread only. `done` runs later, once, on the loop; it may destroy the call. How long the
  // whole may take is the owner's to decide: destroying it cancels.
  PairingCall(RelayEndpoint& endpoint, protocol::PairRequest request, Paired done);
  PairingCall(const PairingCall&) = delete;
  PairingCall& operator=(const PairingCall&) = delete;

 private:
  void Send();
  void OnAnswer(RelayResult<protocol::PairResponse> answer);
  void Solve();

  RelayEndpoint& endpoint_;
  protocol::PairRequest request_;
  const Paired done_;
  int proofs_ = 0;
  std::unique_ptr<HttpCall> call_;
  std::optional<ProofSolver> solver_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_PAIRING_CALL_H_
