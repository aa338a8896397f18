// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerSessionLink: a session's link over the three lanes of a PeerLink. Not here: what the frames
// mean (peer/delivery), and how descriptions reach the other end (session_core.h). Loop thread
// only.
#ifndef PAIRWIRE_PEER_SESSION_PEER_SESSION_LINK_H_
#define PAIRWIRE_PEER_SESSION_PEER_SESSION_LINK_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/session/peer_link.h"
#include "peer/session/session_link.h"

namespace pairwire {

class PeerSessionLink final : public SessionLink {
 public:
  // What may be with SCTP and unacknowledged, a lane. Control: enough to fill a path of 1 Gbit/s
  // and 8 ms, and what acknowledgements wait behind at most. State: then only the newest values
  // wait. Stream: two frames of the largest.
  static constexpr std::size_t kControlWindow = 1024 * 1024;
  static constexpr std::size_t kStateWindow = 16 * 1024;
  static constexpr std::size_t kStreamWindow = 128 * 1024;
  static constexpr std::chrono::seconds kDrain{2};

  // The link is open.
  PeerSessionLink(Loop& loop, std::unique_ptr<PeerLink> link);

  void Start(SessionLinkEvents events) override;
  void Send(delivery::Lane lane, SharedBytes frame) override;
  std::size_t Room(delivery::Lane lane) const override;
  std::size_t Waiting(delivery::Lane lane) const override;
  std::optional<auth::Fingerprints> fingerprints() const override { return fingerprints_; }
  SessionPath path() const override;
  std::string remote_description() const override;
  void RestartIce() override;
  void Renegotiate(bool restart) override;
  void ApplyRemote(const delivery::Negotiation& negotiation) override;
  void RollBack() override;
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init) override;
  void Close(std::function<void()> closed) override;

 private:
  void OnDescription(const SessionDescription& description);
  void End(std::optional<Error> error);
  void CloseConnection();
  void Closed();

  Loop& loop_;
  const std::unique_ptr<PeerLink> link_;
  const std::optional<auth::Fingerprints> fingerprints_;
  SessionLinkEvents events_;
  bool ended_ = false;
  bool quiet_ = false;
  bool closing_connection_ = false;
  std::function<void()> closed_;
  Timer drain_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PEER_SESSION_LINK_H_
