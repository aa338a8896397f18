// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Remembering: one end of a session on its way into the file of remembered pairings, and the watch
// over the entry from then on (docs/security.md). It says what to send and takes what came; the
// session owns it and carries both. Loop thread only. Not here: how remembered ends find each other
// (display.cc, controller.cc), the file itself (pairings_file.h).
//
//   both ends, on each new link:   REMEMBER offer (own contribution, own name)
//   on the other's offer:          key of both contributions -> file, then REMEMBER accept
//   on the other's accept:         both have it: remembered
//
// An end that keeps no file says nothing, so nothing is remembered. What is lost with a link is
// said again on the next one; the contributions stay, and so does what comes of them.
#ifndef PAIRWIRE_PEER_SESSION_REMEMBERING_H_
#define PAIRWIRE_PEER_SESSION_REMEMBERING_H_

#include <pairwire/result.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "peer/auth/pairing_messages.h"
#include "peer/auth/session_secrets.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/base/timer.h"
#include "peer/delivery/control_frames.h"
#include "peer/session/pairings_file.h"

namespace pairwire {

// None of them destroys its Remembering.
struct RememberingEvents {
  std::function<void(const delivery::Remember&)> send;
  // Both ends have it in their files; once. Not called for a session that began as a remembered
  // one.
  std::function<void(const std::string& pairing_id)> on_remembered;
  // The entry went from this end's file; once.
  std::function<void()> on_revoked;
};

class Remembering {
 public:
  // How often the file is looked at while a session lives that is in it.
  static constexpr std::chrono::seconds kWatch{1};

  struct Options {
    auth::PairingRole role = auth::PairingRole::kController;
    std::string file;
    std::string own_name;    // shortened to what a frame takes
    std::string pairing_id;  // the session began as this remembered pairing; else empty
    // What "last used" is taken from.
    std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
  };

  Remembering(Loop& loop, RandomSource& random, Options options, RememberingEvents events);

  // A link is in use: what is not agreed on yet is said on it.
  void OnLink();
  // kParseError: the other end does not keep the protocol.
  Result<void> OnFrame(const auth::SessionSecrets& secrets, ByteSpan payload);
  // The session is over. Nothing follows.
  void Stop();
  // The same, and the other end has revoked the pairing: this end forgets it, too.
  void OnRevokedByOther();

 private:
  void OnOffer(const auth::SessionSecrets& secrets, const delivery::Remember& offer);
  bool Store(const auth::SessionSecrets& secrets, const delivery::Remember& offer);
  void Send(delivery::RememberKind kind);
  void Watch();
  void Look();

  const Options options_;
  PairingsFile file_;
  const RememberingEvents events_;
  std::array<std::uint8_t, auth::kContributionBytes> own_{};
  std::optional<std::array<std::uint8_t, auth::kContributionBytes>> theirs_;
  std::string id_;         // in the file of this end
  bool agreed_ = false;    // in that of the other end, too
  bool given_up_ = false;  // one of the two can not
  bool answered_ = false;  // on this link
  bool stopped_ = false;
  std::optional<PairingsFile::Stamp> seen_;
  Timer timer_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_REMEMBERING_H_
