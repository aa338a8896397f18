// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rejoin: how the two ends of a session that lives find each other again and signal, when they have
// no link by which to do so. One meeting at a time; session_core.h drives it, the machine in
// peer/delivery says when. Not here: how they meet. Loop thread only.
#ifndef PAIRWIRE_PEER_SESSION_REJOIN_H_
#define PAIRWIRE_PEER_SESSION_REJOIN_H_

#include <pairwire/error.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "peer/auth/pairing_channel.h"
#include "peer/auth/session_secrets.h"
#include "peer/session/session_link.h"

namespace pairwire {

// From the loop's own frame, none of them from inside a call of Rejoin.
struct RejoinEvents {
  // The other end is there, too. At the controller it has proved who it is; the display has to make
  // an offer first, and hears of an answer only when that proves who gave it.
  std::function<void()> on_met;
  // What the other end sent. An offer of the connection that there is restarts it, any other one
  // makes a new connection. kBye with "renew": it has not the connection any more that an offer was
  // for, or, before on_met, that one would be for. kFrame: see relay_boxes.h.
  std::function<void(auth::BoxKind, const std::string&)> on_signal;
  // Boxes of this meeting may carry the session's frames: both ends are proven, both allow it, and
  // the relay carries messages. Once a meeting at most, after on_met.
  std::function<void()> on_carries = nullptr;
  // A try to meet failed, or the meeting ended. Nothing follows until Start. `retry_after`: the
  // relay asked to be left alone for so long.
  std::function<void(const Error&, std::optional<std::chrono::seconds> retry_after)> on_failed;
};

class Rejoin {
 public:
  virtual ~Rejoin() = default;

  virtual void SetEvents(RejoinEvents events) = 0;
  // One try. `secrets` are those of the session, valid during the call. `has_connection`: there is
  // one that a restart may save.
  virtual void Start(const auth::SessionSecrets& secrets, bool has_connection) = 0;
  // Ends the try or the meeting; nothing follows.
  virtual void Stop() = 0;
  // In a meeting; else it is dropped.
  virtual void Send(auth::BoxKind kind, const std::string& text) = 0;
  // Of the meeting: for the links that it makes. None: there was no meeting.
  virtual std::shared_ptr<LinkProof> proof() = 0;
  // From on_carries to the meeting's end: what stands in HELLOs over its boxes in place of
  // certificates. Else none.
  virtual std::optional<auth::Fingerprints> relay_names() const { return std::nullopt; }
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_REJOIN_H_
