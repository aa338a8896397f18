// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NodeLinks: one node's links to all others: signals for members that have their socket there, and
// the tails of sockets that were taken over. Numbered per pair of nodes and incarnation, gathered
// into one payload a turn, received once and in order over a bus that may lose, double and reorder,
// and settled one by one. Pure: time comes in, bytes go out through the NodeBus.
//
//   Send --> queued --EndTurn--> sent --the receiver has it in the member's socket--> kDelivered
//              |                   |--the receiver, or the next run of it, has no such socket; it
//              |                   |  is gone; nobody listens there, and the member has moved
//              |                   |  on--------------------------------------------> kReroute
//              +-------------------+--no answer until the signal's deadline--------> kUnreachable
//
// kReroute: it was not delivered, unless its node died (then it may have been). kUnreachable:
// nobody knows. Signals to one member are settled in any order, but delivered in the order of Send.
//
// Not here: where a member is, and what to do about a reroute (relay_routes.cc).
#ifndef PAIRWIRE_SIGNALING_CORE_NODE_LINKS_H_
#define PAIRWIRE_SIGNALING_CORE_NODE_LINKS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/store/node_bus.h"
#include "signaling/store/node_frame.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

enum class Settled : std::uint8_t { kDelivered, kReroute, kUnreachable };

struct Signal {
  std::string session_id;
  std::string from;  // Empty: the relay itself.
  std::string to;
  std::uint64_t epoch = 0;  // Of the place that it is sent to.
  std::string text;
  bool answer_now = false;  // Somebody waits for the answer: it is not gathered with others.
  TimePoint deadline{};     // When to give up.
};

// A signal that another node waits for. Plain, so that one that comes too late finds nothing.
struct InboundTag {
  std::string node_id;
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;
};

// Called from inside OnFrames, OnNodeGone, Tick and the bus's callbacks; may call the links.
class NodeLinksHandler {
 public:
  // For a member here. To be answered by Settle, once, now or later.
  virtual void OnSignal(const InboundTag& tag, Signal signal) = 0;
  // One text of the tail for the member's socket `epoch` here, in order; then the end of it.
  virtual void OnHandover(const std::string& session_id, const std::string& member_id,
                          std::uint64_t epoch, KeptText text) = 0;
  // With the hashes of resume tokens that are still good, at most kMaxResumeHashes; nullopt: that
  // node knows nothing of a socket before this one.
  virtual void OnHandoverDone(const std::string& session_id, const std::string& member_id,
                              std::uint64_t epoch,
                              std::optional<std::vector<TokenHash>> resume_hashes) = 0;
  // Asked about what is unsettled while nobody listens at its node: is the member known to be
  // somewhere else by now?
  virtual bool HasMoved(std::uint64_t tag) = 0;
  // What became of what was sent under `tag`.
  virtual void OnSettled(std::uint64_t tag, Settled settled, Signal signal) = 0;

 protected:
  ~NodeLinksHandler() = default;
};

class NodeLinks {
 public:
  // From a signal's arrival at the relay: as long as the resume window, after which nobody waits.
  static constexpr std::chrono::seconds kGiveUp{5};
  // For answers to signals whose sender asked for none.
  static constexpr std::chrono::milliseconds kAckDelay{20};
  // Unanswered for so long while the bus is up: once more, under the same numbers.
  static constexpr std::chrono::milliseconds kResend{400};
  // A node that was heard so lately is not counted among the bus's receivers, which costs an answer
  // for each payload; if it died meanwhile, a resend or its lease will tell.
  static constexpr std::chrono::seconds kTrust{1};
  // After the bus was away other nodes are back on it so much later at most: that nobody listens
  // there says nothing yet, and what was sent before may have arrived.
  static constexpr std::chrono::seconds kBackLater{3};
  // Per node; beyond, Send refuses.
  static constexpr std::size_t kMaxUnsettledBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kMaxUnsettled = 16 * 1024;
  // Nodes; what comes from further ones is ignored.
  static constexpr std::size_t kMaxNodes = 1024;

  // `bus` and `handler` outlive the links. `incarnation`: random, of this run.
  NodeLinks(std::string node_id, std::uint64_t incarnation, NodeBus& bus,
            NodeLinksHandler& handler);
  ~NodeLinks();
  NodeLinks(const NodeLinks&) = delete;
  NodeLinks& operator=(const NodeLinks&) = delete;

  // False: too much is unsettled there; nothing was taken.
  [[nodiscard]] bool Send(const std::string& node_id, Signal signal, std::uint64_t tag);
  // To the member's socket `epoch` on that node; nullopt for the hashes: this node knows nothing of
  // the socket that was taken over. Given up silently, with its deadline.
  void Handover(const std::string& node_id, const std::string& session_id,
                const std::string& member_id, std::uint64_t epoch, std::vector<KeptText> tail,
                const std::optional<std::vector<TokenHash>>& resume_hashes, TimePoint deadline);
  // The answer to OnSignal. A tag that is unknown by now is ignored.
  void Settle(const InboundTag& tag, NodeFrameResult result);

  void OnFrames(std::string_view bytes);
  void OnBusState(bool up);
  // The node died: everything unsettled there is rerouted, in order.
  void OnNodeGone(const std::string& node_id);
  // Sends what was gathered. To be called at the end of each turn in which anything was called.
  void EndTurn();
  // Sets the time and does what is due.
  void Tick(TimePoint now);
  TimePoint NextDeadline() const;

  // For metrics: over all nodes.
  std::size_t unsettled() const;

 private:
  struct Outgoing {
    NodeFrameKind kind = NodeFrameKind::kSignal;
    std::uint64_t tag = 0;
    Signal signal;         // Of a handover: session, to, epoch, text.
    std::string id;        // Of a handover.
    bool settled = false;  // Waits for those in front of it.
  };
  struct Received {
    bool answer_now = false;
    std::optional<NodeFrameResult> result;
  };
  struct Peer {
    // Ours to it. Number `base` is the front of `sent`.
    std::deque<Outgoing> sent;
    std::uint64_t base = 1;
    std::uint64_t next_to_flush = 1;
    std::uint64_t received_upto = 0;
    std::size_t unsettled = 0;
    std::size_t unsettled_bytes = 0;
    TimePoint first_deadline = TimePoint::max();
    TimePoint resend_at = TimePoint::max();
    TimePoint trusted_until = TimePoint::min();
    bool ping = false;
    // Its to us.
    std::uint64_t incarnation = 0;  // 0: never heard.
    std::vector<std::uint64_t> retired;
    std::uint64_t expected = 1;
    std::map<std::uint64_t, Received> received;  // From its base on.
    std::vector<std::uint64_t> fresh;            // Settled, not told yet.
    bool tell_all = false;
    TimePoint answer_at = TimePoint::max();
  };

  bool Enqueue(const std::string& node_id, Outgoing outgoing);
  Peer* PeerOf(const std::string& node_id);
  static bool Known(Peer& peer, const NodePayloadHeader& header);
  void OnNumbered(Peer& peer, const NodePayloadHeader& header, const NodeFrame& frame);
  void OnAck(Peer& peer, const NodeFrame& frame);
  void Finish(Peer& peer, std::uint64_t seq, Settled settled);
  void OnUnheard(const std::string& node_id);
  void RerouteAll(Peer& peer);
  void GiveUp(Peer& peer);
  void Flush(const std::string& node_id, Peer& peer);
  void AppendAnswers(Peer& peer, std::vector<NodeFrame>& frames);
  static NodeFrame FrameOf(const Outgoing& outgoing, std::uint64_t seq);

  const std::string node_id_;
  const std::uint64_t incarnation_;
  NodeBus& bus_;
  NodeLinksHandler& handler_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  bool bus_up_ = true;
  TimePoint up_at_{};
  TimePoint now_{};
  // Nodes of the map do not move, and none is removed: a name is a few hundred bytes.
  std::map<std::string, Peer> peers_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_NODE_LINKS_H_
