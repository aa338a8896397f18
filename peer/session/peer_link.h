// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerLink: a PeerConnection and its message channel "pairwire", from the offer to the end. It
// speaks SDP and candidates upward and knows nothing of the relay. Made and used on the loop; the
// two handles inside may also be used from other threads once on_linked was called, because nothing
// changes them then.
#ifndef PAIRWIRE_PEER_SESSION_PEER_LINK_H_
#define PAIRWIRE_PEER_SESSION_PEER_LINK_H_

#include <pairwire/peer_connection.h>
#include <pairwire/session.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/task_safety.h"

namespace pairwire {

class Network;

// Called on the loop; each may destroy the link.
struct PeerLinkEvents {
  std::function<void(const std::string& sdp)> on_description;  // ours, ready to be sent
  std::function<void(const IceCandidate&)> on_candidate;
  std::function<void()> on_linked;  // the message channel is open; messages wait for ResumeMessages
  std::function<void(DataChannel)> on_data_channel;
  std::function<void(const Message&)> on_message;
  std::function<void()> on_buffered_amount_low;
  // Once, last: the message channel or the connection is over, or never came to be. Empty when the
  // channel was closed in order.
  std::function<void(std::optional<Error>)> on_ended;
};

class PeerLink {
 public:
  static constexpr std::string_view kLabel = "pairwire";
  // Channels that the other end opened before the application had a handler.
  static constexpr std::size_t kMaxWaitingChannels = 64;

  // What CreatePeerConnection may answer.
  static Result<std::unique_ptr<PeerLink>> Create(Network& network, PeerConfiguration configuration,
                                                  PeerLinkEvents events);
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  // The display's side: makes the channel and the offer.
  void Offer();
  // The controller's side: applies the offer and answers; the channel comes from the other end.
  void Answer(const std::string& offer);
  // The display's side: applies the answer.
  void TakeAnswer(const std::string& answer);
  void AddCandidate(const IceCandidate& candidate);

  // From another owner's point of view: the same link with new ears. Channels that came meanwhile
  // wait until on_data_channel is set.
  void SetEvents(PeerLinkEvents events);
  void ResumeMessages() { channel_.ResumeReceiving(); }

  DataChannel& channel() { return channel_; }
  PeerConnection& connection() { return connection_; }

 private:
  explicit PeerLink(PeerLinkEvents events)
      : events_(std::make_shared<const PeerLinkEvents>(std::move(events))) {}

  PeerConnectionEvents ConnectionEvents();
  void AdoptChannel(DataChannel channel);
  void OnIncomingChannel(DataChannel channel);
  void OnDescription(Result<SessionDescription> description);
  void OnConnectionState(PeerConnectionState state, const std::optional<Error>& error);
  void End(std::optional<Error> error);

  // Shared with a call that is under way: it may replace the events or destroy the link.
  std::shared_ptr<const PeerLinkEvents> events_;
  bool has_channel_ = false;
  bool ended_ = false;
  std::vector<DataChannel> waiting_;
  PeerConnection connection_;
  DataChannel channel_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PEER_LINK_H_
