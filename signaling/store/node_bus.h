// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NodeBus: datagrams between the nodes of a relay, and topics, as a publish/subscribe service gives
// them: in order per sender and channel while both ends' connections live, and lost without a word
// when they do not. It promises nothing more; what must arrive is numbered and repeated on top of
// it (core/node_links.h).
//
// A message on a channel is no proof of authority: who receives it checks member and epoch again.
// One thread. Handlers are called later, never inside a call, and may call the bus.
#ifndef PAIRWIRE_SIGNALING_STORE_NODE_BUS_H_
#define PAIRWIRE_SIGNALING_STORE_NODE_BUS_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::relay {

class NodeBusHandler {
 public:
  // For this node: one payload of frames (node_frame.h). It may be anybody's, so it may be
  // anything.
  virtual void OnFrames(std::string_view bytes) = 0;
  virtual void OnTopic(std::string_view topic, std::string_view payload) = 0;
  // Down: what is sent now, or was sent to us, may be lost. Up again: send anew what is unanswered.
  // A bus begins as down, unless it is one that is never away (one process), which never calls
  // this.
  virtual void OnBusState(bool up) = 0;

 protected:
  ~NodeBusHandler() = default;
};

class NodeBus {
 public:
  // One payload; a sender with more splits it between frames. Larger ones are dropped.
  static constexpr std::size_t kMaxPayloadBytes = 256 * 1024;

  virtual ~NodeBus() = default;

  // One handler a node, until Detach, after which nothing is called, neither handler nor callbacks
  // of what this node sent.
  virtual void Attach(const std::string& node_id, NodeBusHandler& handler) = 0;
  virtual void Detach(const std::string& node_id) = 0;

  // `done` gets how many heard it: 0 says that nobody listens under that name, nothing that nobody
  // can tell (a cluster) or that the send failed. May be empty.
  using Sent = std::function<void(std::optional<int> receivers)>;
  virtual void SendToNode(const std::string& from, const std::string& to, std::string bytes,
                          Sent done) = 0;

  // Topics are rooms. Counted per node: a topic is heard while somebody there wants it.
  virtual void Subscribe(const std::string& node_id, const std::string& topic) = 0;
  virtual void Unsubscribe(const std::string& node_id, const std::string& topic) = 0;
  // Also to the sender's own node, if it subscribed.
  virtual void Publish(const std::string& topic, std::string payload) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_NODE_BUS_H_
