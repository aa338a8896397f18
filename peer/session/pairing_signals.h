// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairingSignals: what the messages of a pairing say, between SDP and candidates on one side and
// the relay's JSON on the other. Two forms: in the open, or proven by the code's secret
// (peer/auth). Pure, one of it in each end's core. Not here: when a message is sent and what a
// failure leads to (display_machine.h, controller_machine.h).
//
// In the proven form everything that came from outside and is wrong is kAuthFailed with one text,
// and final for the run.
#ifndef PAIRWIRE_PEER_SESSION_PAIRING_SIGNALS_H_
#define PAIRWIRE_PEER_SESSION_PAIRING_SIGNALS_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/result.h>
#include <pairwire/session.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/auth/code_guard.h"
#include "peer/auth/pairing_code.h"
#include "peer/auth/pairing_exchange.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/session/paired_end.h"
#include "peer/session/peer_link.h"
#include "signaling/protocol/json.h"

namespace pairwire {

// What both ends do alike within one run.
class PairingSignals {
 public:
  virtual ~PairingSignals() = default;
  PairingSignals(const PairingSignals&) = delete;
  PairingSignals& operator=(const PairingSignals&) = delete;

  Result<protocol::RawJson> Candidate(const IceCandidate& candidate);
  // In the open a malformed one is an error that does no harm: others may do.
  Result<IceCandidate> TakeCandidate(const protocol::RawJson& data);

  // What both can do, as far as the other end has said it.
  const auth::Features& features() const { return features_; }
  LinkForm form() const;
  // Both ends let the relay carry the session. As form(), proven only when the run is.
  bool both_allow_relay() const { return Have(kRelayFeature); }
  bool secret() const { return secret_; }
  // For the session, once the last description is through; none: the pairing was in the open.
  std::unique_ptr<auth::PairingEnd> TakeProof() { return std::move(end_); }

 protected:
  PairingSignals(bool secret, bool allow_relay, RandomSource& random)
      : secret_(secret), allow_relay_(allow_relay), random_(random) {}

  auth::Features OwnFeatures() const;
  // Sets what both can do, from what the other end says in the open.
  void Agree(const auth::Features& theirs);
  bool Have(std::string_view feature) const;

  const bool secret_;
  const bool allow_relay_;
  RandomSource& random_;
  std::unique_ptr<auth::PairingEnd> end_;  // of the run; none in the open
  auth::Features features_;
};

class DisplaySignals final : public PairingSignals {
 public:
  using TimePoint = Loop::TimePoint;

  static constexpr std::chrono::seconds kMeetingPause{1};
  struct Options {
    bool secret = true;
    auth::SecretLength letters = auth::SecretLength::kFive;
    std::string page_url;      // kept for the QR code; checked by CheckPage
    bool allow_relay = false;  // as SessionOptions::allow_relay
  };
  // Whether a pairing URL can be made of it. kInvalidArgument.
  static Result<void> CheckPage(std::string_view page_url);
  // `random` outlives the signals.
  DisplaySignals(Options options, RandomSource& random);

  // What to show for the digits that the relay gave. kRelayProtocol: they are none.
  Result<PairingCode> NewCode(TimePoint now, const std::string& digits,
                              std::chrono::seconds expires_in);
  // A controller knocked with this hello; what was before is over. kAuthFailed: it may not try.
  // `meeting`: it came by what the two remember, which costs the code nothing. After such a run
  // failed, the next one may not try for kMeetingPause.
  Result<void> Begin(TimePoint now, const protocol::RawJson& hello,
                     std::optional<auth::SplitCode> meeting = {});
  // The data of webrtc:offer. `room`: the session's id at the relay.
  Result<protocol::RawJson> Offer(const std::string& room, const std::string& sdp);
  // The controller's SDP; with a secret, it has proved that it knows the code.
  Result<std::string> TakeAnswer(TimePoint now, const protocol::RawJson& data);
  // The run is over; one that was not won counts as failed.
  void EndRun();

 private:
  const Options options_;
  auth::CodeGuard guard_;
  bool by_meeting_ = false;                 // the run
  std::optional<TimePoint> meeting_rests_;  // until then
  auth::DisplayExchange* run_ = nullptr;    // end_, or gone with it
};

class ControllerSignals final : public PairingSignals {
 public:
  // `random` outlives the signals.
  // An empty secret: in the open. `allow_relay`: as SessionOptions::allow_relay.
  ControllerSignals(auth::SplitCode code, RandomSource& random, bool allow_relay = false);

  // Another try of a remembered pairing.
  void Renew(auth::SplitCode meeting);

  const std::string& lookup() const { return lookup_; }
  // `hello` of the pair request, once.
  Result<protocol::RawJson> Hello();
  // The display's SDP; with a secret, it has proved that it knows the code.
  Result<std::string> TakeOffer(const std::string& room, const protocol::RawJson& data);
  // The data of webrtc:answer.
  Result<protocol::RawJson> Answer(const std::string& sdp);

 private:
  std::string lookup_;
  auth::ControllerExchange* run_ = nullptr;
};

// What a person typed, or the whole URL of a QR code. Digits alone are refused unless `open` says
// that they will do; then the secret is empty. kInvalidArgument, without any of the text.
Result<auth::SplitCode> ReadCode(std::string_view typed, bool open);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PAIRING_SIGNALS_H_
