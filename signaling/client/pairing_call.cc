// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/pairing_call.h"

#include <utility>

#include "peer/base/asio_loop.h"

namespace pairwire {
namespace {

// Hashes before the loop does something else: about a millisecond.
constexpr std::uint64_t kTriesAtOnce = 2'000;

}  // namespace

PairingCall::PairingCall(RelayEndpoint& endpoint, protocol::PairRequest request, Paired done)
    : endpoint_(endpoint), request_(std::move(request)), done_(std::move(done)) {
  Send();
}

void PairingCall::Send() {
  call_ = PairController(endpoint_, request_, [this](RelayResult<protocol::PairResponse> answer) {
    OnAnswer(std::move(answer));
  });
}

void PairingCall::OnAnswer(RelayResult<protocol::PairResponse> answer) {
  if (!answer && !answer.error().proof_of_work.challenge.empty() && proofs_ < kMaxProofs) {
    solver_.emplace(answer.error().proof_of_work);
    if (solver_->solvable()) {
      ++proofs_;
      request_.proof = {answer.error().proof_of_work.challenge, {}};
      return Solve();
    }
  }
  const Paired done = done_;  // a copy: the callback may destroy this call
  if (done) done(std::move(answer));
}

void PairingCall::Solve() {
  if (auto found = solver_->Try(kTriesAtOnce)) {
    request_.proof.answer = std::move(*found);
    solver_.reset();
    return Send();
  }
  endpoint_.loop.Post(safety_.Wrap([this] { Solve(); }));
}

}  // namespace pairwire
