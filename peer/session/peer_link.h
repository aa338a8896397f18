// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerLink: a PeerConnection and its channels, from the offer to the end. It
// speaks SDP and candidates upward and knows nothing of the relay. Made and used on the loop; the
// two handles inside may also be used from other threads once on_linked was called, because nothing
// changes them then.
#ifndef PAIRWIRE_PEER_SESSION_PEER_LINK_H_
#define PAIRWIRE_PEER_SESSION_PEER_LINK_H_

#include <pairwire/peer_connection.h>
#include <pairwire/session.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/auth/hello_tag.h"
#include "peer/base/task_safety.h"

namespace pairwire {

class Network;

// The DataChannels that a link opens.
enum class LinkForm {
  kPlain,  // "pairwire", for raw messages
  kLanes,  // the three lanes of docs/session.md
};

// Called on the loop; each may destroy the link.
struct PeerLinkEvents {
  std::function<void(const std::string& sdp)> on_description;  // our first, ready to be sent
  // Lanes: each of ours after it.
  std::function<void(const SessionDescription&)> on_local;
  // Lanes: an offer is due; Renegotiate makes it.
  std::function<void()> on_negotiation_needed;
  // Lanes: a later description of the other end does not fit; the connection is as it was.
  std::function<void()> on_refused;
  std::function<void(const IceCandidate&)> on_candidate;
  std::function<void()> on_linked;  // all channels are open; messages wait for ResumeMessages
  std::function<void(DataChannel)> on_data_channel;
  std::function<void(const Message&)> on_message;                  // plain
  std::function<void(std::size_t lane, ByteSpan frame)> on_frame;  // lanes
  std::function<void()> on_buffered_amount_low;                    // of any of them
  // Lanes: ICE hears nothing, or hears again.
  std::function<void(bool quiet)> on_quiet;
  // Once, last: a channel or the connection is over, or never came to be. Empty when the channel
  // was closed in order.
  std::function<void(std::optional<Error>)> on_ended;
  // After on_ended: the connection itself is gone, and all its channels have heard of it.
  std::function<void()> on_gone = nullptr;
};

class PeerLink {
 public:
  static constexpr std::string_view kLabel = "pairwire";
  // Of the lanes' channels, which are known by it and by their labels together.
  static constexpr std::string_view kProtocol = "pairwire.session.v1";
  static constexpr std::size_t kLanes = 3;
  // Channels that the other end opened before the application had a handler.
  static constexpr std::size_t kMaxWaitingChannels = 64;

  // What CreatePeerConnection may answer.
  static Result<std::unique_ptr<PeerLink>> Create(Network& network, PeerConfiguration configuration,
                                                  LinkForm form, PeerLinkEvents events);
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  // The display's side: makes the channels and the offer.
  void Offer();
  // The controller's side: applies the offer and answers; the channel comes from the other end.
  void Answer(const std::string& offer);
  // The display's side: applies the answer.
  void TakeAnswer(const std::string& answer);
  void AddCandidate(const IceCandidate& candidate);

  // Once linked. An offer of ours; `restart`: with new ICE credentials, in place of one under way.
  void Renegotiate(bool restart);
  // The other end's offer (on_local has the answer), answer or rollback.
  void TakeRemote(SessionDescription description);
  // Takes back an offer of ours that was not answered.
  void RollBack();

  // From another owner's point of view: the same link with new ears. Channels that came meanwhile
  // wait until on_data_channel is set.
  void SetEvents(PeerLinkEvents events);
  void ResumeMessages();

  DataChannel& channel() { return channels_[0]; }
  DataChannel& lane(std::size_t lane) { return channels_[lane]; }
  const DataChannel& lane(std::size_t lane) const { return channels_[lane]; }
  // The certificates of both ends as DTLS has them; none before it is up.
  std::optional<auth::Fingerprints> fingerprints() const;
  PeerConnection& connection() { return connection_; }
  const PeerConnection& connection() const { return connection_; }

 private:
  PeerLink(LinkForm form, PeerLinkEvents events)
      : form_(form), events_(std::make_shared<const PeerLinkEvents>(std::move(events))) {}

  PeerConnectionEvents ConnectionEvents();
  void OpenChannel(std::size_t lane);
  void AdoptChannel(std::size_t lane, DataChannel channel);
  // Which of ours an incoming channel is; none: it is the application's.
  std::optional<std::size_t> LaneOf(const DataChannel& channel) const;
  void OnOpen(std::size_t lane);
  void OnIncomingChannel(DataChannel channel);
  void OnDescription(Result<SessionDescription> description);
  void OnLocal(Result<SessionDescription> description);
  void Refused(const Error& error);
  void OnConnectionState(PeerConnectionState state, const std::optional<Error>& error);
  void OnConnectionOver(PeerConnectionState state, std::optional<Error> error);
  void End(std::optional<Error> error);

  const LinkForm form_;
  // Shared with a call that is under way: it may replace the events or destroy the link.
  std::shared_ptr<const PeerLinkEvents> events_;
  std::array<bool, kLanes> adopted_{};
  std::array<bool, kLanes> open_{};
  bool described_ = false;  // on_description was called
  bool ended_ = false;
  std::vector<DataChannel> waiting_;
  PeerConnection connection_;
  std::array<DataChannel, kLanes> channels_;  // plain: the first only
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PEER_LINK_H_
