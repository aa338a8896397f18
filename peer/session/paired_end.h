// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairedEnd: what a pairing leaves to the session that begins with it. display.cc and controller.cc
// fill it in once the link is open, session.cc lives on it.
#ifndef PAIRWIRE_PEER_SESSION_PAIRED_END_H_
#define PAIRWIRE_PEER_SESSION_PAIRED_END_H_

#include <pairwire/session.h>

#include <memory>
#include <optional>
#include <string>

#include "peer/auth/pairing_exchange.h"
#include "peer/auth/pairing_messages.h"
#include "peer/session/peer_link.h"
#include "signaling/client/relay_url.h"

namespace pairwire {

// The words of auth::Features, and of a plain hello, by which ends say that they speak
// docs/session.md.
inline constexpr std::string_view kSessionFeature = "session.1";
// This end lets boxes over the relay carry the session, where the relay does that. In an exchange
// under a secret only: else nothing would hide the text.
inline constexpr std::string_view kRelayFeature = "session.relay";
// And it keeps a quiet connection meanwhile, to take it back.
inline constexpr std::string_view kParkFeature = "session.park";

struct PairedEnd {
  auth::PairingRole role = auth::PairingRole::kController;
  // Of the form that `peer.session_layer` says: with lanes, or with the one raw channel. With lanes
  // also none: no path was found, and the session looks for one itself.
  std::unique_ptr<PeerLink> link;
  // Established. None: the pairing was plain.
  std::unique_ptr<auth::PairingEnd> proof;
  // What both can do.
  auth::Features features;
  PeerInfo peer;
  SessionOptions options;
  // For what the session does by itself later: meeting the other end at the relay again, over a new
  // connection.
  RelayUrl relay;
  std::optional<RelayUrl> other_relay;  // where it was reached before
  PeerConfiguration configuration;
  std::string own_name;
  std::string pairings_file;  // of this end; empty: it remembers nobody
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PAIRED_END_H_
