// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelaySessionLink: a session's link over boxes that the signaling relay carries, between two ends
// that are met there (rejoin.h). Commands and states, no streams, no channels of the application.
// Not here: what is in a box (relay_boxes.h), its key and its way (meeting_signals.h,
// relay_rejoin.h), and when a session goes this way (peer/delivery/session_machine.h). Loop thread
// only.
//
// Both ends begin at moments of their own. What arrives waits until the first frame of this end,
// its HELLO, has gone out: before it the session does not listen.
#ifndef PAIRWIRE_PEER_SESSION_RELAY_SESSION_LINK_H_
#define PAIRWIRE_PEER_SESSION_RELAY_SESSION_LINK_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/session/relay_boxes.h"
#include "peer/session/session_link.h"

namespace pairwire {

class RelaySessionLink final : public SessionLink {
 public:
  // Close waits so long for the other end's word that the link is over.
  static constexpr std::chrono::seconds kDrain{2};
  // Before the session listens, the other end says HELLO and waits for ours.
  static constexpr std::size_t kMaxHeld = 4;
  // A box's text, for the other end, in order. May not call the link.
  using Write = std::function<void(const Bytes& text)>;

  // `names`: in place of certificates (Rejoin::relay_names).
  RelaySessionLink(Loop& loop, std::uint32_t number, const auth::Fingerprints& names, Write write);

  std::uint32_t number() const { return number_; }
  // A box of the other end that names this link. May end it, and may destroy it as Start's events
  // may.
  void OnBox(const RelayBox& box);
  // There is no way to the other end any more: nothing is waited for. No event.
  void Abandon();

  void Start(SessionLinkEvents events) override { events_ = std::move(events); }
  void Send(delivery::Lane lane, SharedBytes frame) override;
  std::size_t Room(delivery::Lane lane) const override;
  std::size_t Waiting(delivery::Lane) const override { return outbox_.waiting(); }
  std::optional<auth::Fingerprints> fingerprints() const override { return names_; }
  SessionPath path() const override { return {true, {}, {}, Carrier::kRelay}; }
  std::string remote_description() const override { return {}; }
  void RestartIce() override {}
  void Renegotiate(bool) override {}
  void ApplyRemote(const delivery::Negotiation&) override {}
  void RollBack() override {}
  DataChannel CreateDataChannel(std::string_view, DataChannelInit) override { return {}; }
  // Control frames that wait go out at once, the rest does not.
  void Close(std::function<void()> closed) override;

 private:
  // False: the link is gone, or does not listen.
  bool OnFrame(delivery::Lane lane, ByteSpan frame);
  void GiveHeld();
  void Pump();
  void EndLater(Error error);
  void End(std::optional<Error> error);
  void TellClosed();

  Loop& loop_;
  const std::uint32_t number_;
  const auth::Fingerprints names_;
  const Write write_;
  SessionLinkEvents events_;
  RelayOutbox outbox_;
  RelayInbox inbox_;
  bool speaks_ = false;     // this end's first frame was given to us
  bool listens_ = false;    // and what came before it has been given to the session
  bool ended_ = false;      // on_ended was or will be called
  bool peer_over_ = false;  // nothing comes from there any more
  std::vector<std::pair<delivery::Lane, Bytes>> held_;
  std::function<void()> closed_;
  Timer pace_;
  Timer drain_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_RELAY_SESSION_LINK_H_
