// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionLink: one thing that carries a session's frames, as session_core.h uses it, and LinkProof:
// what ties a link to the exchange that made it. peer_session_link.h is the one over DataChannels.
// Loop thread only.
#ifndef PAIRWIRE_PEER_SESSION_SESSION_LINK_H_
#define PAIRWIRE_PEER_SESSION_SESSION_LINK_H_

#include <pairwire/bytes.h>
#include <pairwire/error.h>
#include <pairwire/session.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "peer/auth/hello_tag.h"
#include "peer/auth/pairing_channel.h"
#include "peer/delivery/control_frames.h"
#include "peer/delivery/frame.h"

namespace pairwire {

// The bind tags of the pairing or meeting that made a link.
class LinkProof {
 public:
  virtual ~LinkProof() = default;
  // None: the certificates are not those that were promised.
  virtual std::optional<auth::BindTag> Own(const auth::Fingerprints& link) = 0;
  [[nodiscard]] virtual bool Check(const auth::Fingerprints& link, ByteSpan tag) = 0;
};

// Each may destroy the link.
struct SessionLinkEvents {
  std::function<void(delivery::Lane, ByteSpan)> on_frame = nullptr;
  // A lane that was full takes more.
  std::function<void()> on_room = nullptr;
  // The path went quiet, or is back.
  std::function<void(bool quiet)> on_quiet = nullptr;
  std::function<void(const SessionPath&)> on_path = nullptr;
  // An offer of ours is due; Renegotiate makes it.
  std::function<void()> on_negotiation_needed = nullptr;
  // Ours, for the other end.
  std::function<void(const delivery::Negotiation&)> on_negotiation = nullptr;
  // What the other end offered or answered does not fit this connection.
  std::function<void()> on_refused = nullptr;
  std::function<void(DataChannel)> on_data_channel = nullptr;
  // Once, last: everything that arrived was given before.
  std::function<void(std::optional<Error>)> on_ended = nullptr;
};

class SessionLink {
 public:
  virtual ~SessionLink() = default;

  // Delivery begins.
  virtual void Start(SessionLinkEvents events) = 0;
  virtual void Send(delivery::Lane lane, SharedBytes frame) = 0;
  // How many bytes the lane should get now.
  virtual std::size_t Room(delivery::Lane lane) const = 0;
  // Bytes that go out before what is sent now.
  virtual std::size_t Waiting(delivery::Lane) const { return 0; }
  // None: not known, so nothing can be proved over it.
  virtual std::optional<auth::Fingerprints> fingerprints() const = 0;
  virtual SessionPath path() const = 0;
  // The other end's description, by which it is known again (o= and fingerprint).
  virtual std::string remote_description() const = 0;

  // New ICE credentials in the next offer; on_negotiation_needed follows.
  virtual void RestartIce() = 0;
  // Makes an offer; on_negotiation follows. `restart`: with new ICE credentials, and in place of
  // one that is under way.
  virtual void Renegotiate(bool restart) = 0;
  virtual void ApplyRemote(const delivery::Negotiation& negotiation) = 0;
  virtual void RollBack() = 0;

  // Any thread, as long as the link is there; calls nobody back. An empty handle: it has none.
  virtual DataChannel CreateDataChannel(std::string_view label, DataChannelInit init) = 0;

  // Nothing arrives any more; what was sent still goes out, for 2 s at most. `closed` is called
  // once, from the loop's own frame; the link may be destroyed then.
  virtual void Close(std::function<void()> closed) = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SESSION_LINK_H_
