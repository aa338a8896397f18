// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MeetingSignals: what the messages of one meeting say, between descriptions and candidates on one
// side and the relay's JSON on the other. A meeting is proven as a pairing with a URL's secret is,
// at a name and with a password that only the two ends of the session can derive
// (auth::SessionSecrets); the first offer and answer prove it, what follows goes in boxes. Pure;
// one of it in each try to meet. Not here: when something is sent (meeting_machine.h).
#ifndef PAIRWIRE_PEER_SESSION_MEETING_SIGNALS_H_
#define PAIRWIRE_PEER_SESSION_MEETING_SIGNALS_H_

#include <pairwire/result.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/auth/pairing_exchange.h"
#include "peer/auth/session_secrets.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/session/session_link.h"
#include "signaling/protocol/json.h"

namespace pairwire {

class MeetingSignals {
 public:
  // Says besides kSessionFeature: this end has no connection any more that a restart could save.
  // Else the display would offer one first, and the answer to that could prove nothing.
  static constexpr std::string_view kNewFeature = "session.new";

  struct Said {
    auth::BoxKind kind = auth::BoxKind::kOffer;
    std::string text;
  };
  struct Written {
    std::string_view type;
    protocol::RawJson data;
  };

  // `has_connection`: as kNewFeature, of a controller. `allow_relay`: says kRelayFeature
  // (paired_end.h). `random` outlives the signals and proofs.
  MeetingSignals(auth::PairingRole role, const auth::Secret<64>& meet, bool has_connection,
                 RandomSource& random, bool allow_relay = false);

  // For the relay.
  const std::string& name() const { return name_; }

  // The controller's `hello` of the pair request, once.
  Result<protocol::RawJson> Hello();
  // The display: a controller knocked with this hello, once. kAuthFailed.
  Result<void> Begin(Loop::TimePoint now, const protocol::RawJson& hello);
  // The display, after Begin: the controller says kNewFeature. Authentic once it has answered.
  bool peer_needs_new() const;

  // Both ends said kRelayFeature, and have proved themselves: what stands in the HELLOs of a link
  // over the relay in place of certificates. Else none.
  std::optional<auth::Fingerprints> relay_names() const;

  // kOffer of the display, kAnswer of the controller (each the first thing said by its end),
  // kCandidate, kBye of the controller, and kFrame. `room`: the session's id at the relay.
  // kAuthFailed; kInvalidState: before its time.
  Result<Written> Write(std::string_view room, auth::BoxKind kind, const std::string& text);
  // A message of the other end, in the order in which they came. kAuthFailed, and then ever after.
  Result<Said> Read(Loop::TimePoint now, std::string_view room, std::string_view type,
                    const protocol::RawJson& data);

  // For links that were made here. Lives as long as anybody holds it.
  std::shared_ptr<LinkProof> proof() const;

 private:
  Result<auth::PakeMessage> First(std::string_view room, const std::string& sdp);
  Result<std::string> TakeFirst(Loop::TimePoint now, std::string_view room,
                                const protocol::RawJson& data);

  const auth::PairingRole role_;
  const std::string name_;
  bool said_ = false;                               // our first description is out
  bool heard_ = false;                              // the other end's is here
  auth::DisplayExchange* display_ = nullptr;        // end_ of a display
  auth::ControllerExchange* controller_ = nullptr;  // end_ of a controller
  std::shared_ptr<auth::PairingEnd> end_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_MEETING_SIGNALS_H_
