// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/pake_data.h"

#include <utility>

#include "peer/auth/auth_failed.h"
#include "signaling/client/webrtc_signal.h"

namespace pairwire {

Result<auth::Fingerprint256> PromisedBy(const std::string& sdp) {
  const auto fingerprint = auth::OnlyFingerprint(sdp);
  if (!fingerprint) {
    return Fail(Errc::kUnsupported, "a pairing needs one certificate with a SHA-256 fingerprint");
  }
  return *fingerprint;
}

Result<auth::PakeMessage> ReadPake(const protocol::RawJson& data) {
  Result<BoxSignal> signal = ParseBoxData(data);
  if (!signal || signal->pake.empty() || signal->box.empty()) return auth::AuthFailed();
  return auth::PakeMessage{std::move(signal->pake), std::move(signal->box)};
}

protocol::RawJson WritePake(auth::PakeMessage message) {
  return ToBoxData({std::move(message.pake), std::move(message.box)});
}

}  // namespace pairwire
