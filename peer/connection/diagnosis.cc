// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/diagnosis.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pairwire {
namespace {

constexpr int kNoAnswer = 701;  // W3C section 4.8.2: a server that can not be reached

bool IsTurn(const IceServerError& error) { return error.url.starts_with("turn"); }

std::string Describe(const IceServerError& error) {
  return error.url + ": " + (error.text.empty() ? std::to_string(error.code) : error.text);
}

FailureCause CauseOf(const IceFacts& facts) {
  if (facts.was_connected) return FailureCause::kConsentLost;
  if (facts.local_candidates == 0 && facts.servers.empty()) return FailureCause::kNoLocalAddress;
  if (facts.remote_candidates == 0) return FailureCause::kNoRemoteCandidates;
  const auto refused = [](const auto& error) { return IsTurn(error) && error.code != kNoAnswer; };
  if (std::ranges::any_of(facts.servers, refused)) return FailureCause::kTurnRefused;
  if (std::ranges::any_of(facts.servers, IsTurn)) return FailureCause::kTurnUnreachable;
  if (!facts.servers.empty()) return FailureCause::kStunUnreachable;
  return FailureCause::kNoCommonPair;
}

std::string_view Sentence(FailureCause cause) {
  switch (cause) {
    case FailureCause::kConsentLost:
      return "the other end stopped answering";
    case FailureCause::kNoLocalAddress:
      return "this machine has no address to offer";
    case FailureCause::kNoRemoteCandidates:
      return "the other end sent no candidate that could be used";
    case FailureCause::kTurnRefused:
      return "no pair of candidates works, and a TURN server refused";
    case FailureCause::kTurnUnreachable:
      return "no pair of candidates works, and a TURN server did not answer";
    case FailureCause::kStunUnreachable:
      return "no pair of candidates works, and the STUN server did not answer";
    default:
      return "no pair of candidates works";
  }
}

FailureCause CauseOf(Errc code) {
  switch (code) {
    case Errc::kPeerLeft:
      return FailureCause::kClosedByPeer;
    case Errc::kFingerprintMismatch:
      return FailureCause::kFingerprintMismatch;
    case Errc::kDtlsFailed:
      return FailureCause::kDtlsHandshake;
    case Errc::kSctpFailed:
      return FailureCause::kSctp;
    case Errc::kUnsupported:
      return FailureCause::kRejected;
    case Errc::kTimedOut:
      return FailureCause::kTimedOut;
    case Errc::kIceFailed:
      return FailureCause::kNoCommonPair;
    default:
      return FailureCause::kNoLocalAddress;  // gathering refused: address, port range, descriptors
  }
}

}  // namespace

Diagnosis DiagnoseIce(const IceFacts& facts) {
  Diagnosis diagnosis{CauseOf(facts), {}, facts.servers};
  diagnosis.text = Sentence(diagnosis.cause);
  const bool turn = diagnosis.cause == FailureCause::kTurnRefused ||
                    diagnosis.cause == FailureCause::kTurnUnreachable;
  if (turn || diagnosis.cause == FailureCause::kStunUnreachable) {
    const auto guilty = std::ranges::find_if(
        facts.servers, [turn](const auto& error) { return IsTurn(error) == turn; });
    if (guilty != facts.servers.end()) diagnosis.text += " (" + Describe(*guilty) + ")";
  } else if (!facts.ice_says.empty()) {
    diagnosis.text = facts.ice_says;
  }
  return diagnosis;
}

Diagnosis DiagnoseEnd(const std::optional<Error>& error, std::vector<IceServerError> servers) {
  if (!error) return {FailureCause::kNone, {}, std::move(servers)};
  return {CauseOf(error->code), error->detail, std::move(servers)};
}

}  // namespace pairwire
