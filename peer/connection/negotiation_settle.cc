// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation's half about what answers fix: which news of the other end are none, a restart, or
// refused, and what the transports are told (RFC 8829 section 5.11, RFC 8445 section 9).
#include "peer/connection/negotiation.h"

namespace pairwire {

// The DTLS roles stay those of the first answer, whatever a later a=setup says: Firefox and Pion,
// when they made the first offer, turn the roles round in their answer to an ICE restart, and go on
// with the association that there is.
Result<void> Negotiation::CheckSame(const RemoteData& data) const {
  if (!settled_) return {};
  const auto& before = settled_->remote;
  const auto& now = data.parameters;
  if (now.fingerprints != before.fingerprints) {
    return Fail(Errc::kUnsupported,
                "the other end's fingerprints changed: a new DTLS association is "
                "not supported");
  }
  if (now.sctp_port != before.sctp_port) {
    return Fail(Errc::kUnsupported, "a=sctp-port changed: a new SCTP association is not supported");
  }
  return {};
}

Result<bool> Negotiation::IsRestart(const RemoteData& data) const {
  const auto& before = settled_->remote;
  const bool other_ufrag = data.parameters.ice_ufrag != before.ice_ufrag;
  const bool other_pwd = data.parameters.ice_pwd != before.ice_pwd;
  if (other_ufrag == other_pwd) return other_ufrag;
  return Fail(Errc::kInvalidArgument,
              "an ICE restart must change both ice-ufrag and ice-pwd (RFC 8839 section 4.4.1.1.1)");
}

Result<bool> Negotiation::IsRestartAnswered(const RemoteData& data) const {
  if (!settled_) return false;
  const auto restarts = IsRestart(data);
  if (!restarts) return restarts;
  // A pranswer before this one has settled the restart already.
  const bool settled_before = pending_remote_ && pending_remote_->data;
  const bool wanted = generations_.has_pending() && !settled_before;
  if (*restarts && !wanted) {
    return Fail(Errc::kInvalidArgument,
                "the answer changes the ICE credentials, but our offer did not ask for that");
  }
  if (!*restarts && wanted) {
    return Fail(Errc::kInvalidArgument,
                "the answer to our ICE restart has the credentials from before (RFC 8445 "
                "section 9)");
  }
  return restarts;
}

void Negotiation::Settle(RemoteSide& remote, bool we_offered, bool dtls_client, Applied& applied) {
  const auto& parameters = remote.data->parameters;
  if (settled_ && settled_->remote.max_message_size != parameters.max_message_size) {
    applied.max_message_size = parameters.max_message_size;
  }
  if (!settled_) {
    // RFC 8445 section 6.1.1: the end that made the offer controls, but a lite end never does,
    // unless both are.
    const bool controlling =
        local_.ice_lite == parameters.ice_lite ? we_offered : parameters.ice_lite;
    settled_ = Settled{parameters, dtls_client, controlling};
    applied.remote = parameters;
    applied.ice_controlling = controlling;
    applied.dtls_client = dtls_client;
  } else if (remote.restarts) {
    if (current_remote_ && current_remote_->data) Retire(*current_remote_);
    remote_candidates_.StartGeneration(settled_->remote.ice_ufrag);
    settled_->remote = parameters;
    applied.remote = parameters;
    applied.remote_is_restart = true;
    if (parameters.ice_lite && !local_.ice_lite && !settled_->controlling) {
      settled_->controlling = true;
      applied.ice_controlling = true;
    }
    remote.restarts = false;
  } else {
    settled_->remote.max_message_size = parameters.max_message_size;
  }
  TakeCandidates(remote, applied);
}

void Negotiation::TakeCandidates(const RemoteSide& remote, Applied& applied) {
  if (!remote.data) return;
  const bool was_done = remote_candidates_.done();
  applied.remote_candidates = remote_candidates_.Release(TargetOf(remote));
  applied.remote_candidates_done = remote_candidates_.done() && !was_done;
}

}  // namespace pairwire
