// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/node_links.h"

#include <algorithm>
#include <utility>

namespace pairwire::relay {
namespace {

// Earlier runs of a node that are remembered, so that what they left on the bus is not taken for a
// further restart.
constexpr std::size_t kMaxRetired = 8;
// Instead of the hashes of a handover (node_frame.h).
constexpr std::string_view kNothingKnown = "?";

bool IsNumbered(NodeFrameKind kind) {
  return kind == NodeFrameKind::kSignal || kind == NodeFrameKind::kHandover ||
         kind == NodeFrameKind::kHandoverDone;
}

}  // namespace

NodeLinks::NodeLinks(std::string node_id, std::uint64_t incarnation, NodeBus& bus,
                     NodeLinksHandler& handler)
    : node_id_(std::move(node_id)), incarnation_(incarnation), bus_(bus), handler_(handler) {}
NodeLinks::~NodeLinks() = default;

NodeLinks::Peer* NodeLinks::PeerOf(const std::string& node_id) {
  const auto found = peers_.find(node_id);
  if (found != peers_.end()) return &found->second;
  return peers_.size() >= kMaxNodes ? nullptr : &peers_[node_id];
}

bool NodeLinks::Enqueue(const std::string& node_id, Outgoing outgoing) {
  Peer* peer = PeerOf(node_id);
  if (peer == nullptr || peer->sent.size() >= kMaxUnsettled ||
      peer->unsettled_bytes + outgoing.signal.text.size() > kMaxUnsettledBytes) {
    return false;
  }
  if (peer->unsettled == 0) peer->resend_at = now_ + kResend;
  ++peer->unsettled;
  peer->unsettled_bytes += outgoing.signal.text.size();
  peer->first_deadline = std::min(peer->first_deadline, outgoing.signal.deadline);
  peer->sent.push_back(std::move(outgoing));
  return true;
}

bool NodeLinks::Send(const std::string& node_id, Signal signal, std::uint64_t tag) {
  Outgoing outgoing;
  outgoing.tag = tag;
  outgoing.signal = std::move(signal);
  return Enqueue(node_id, std::move(outgoing));
}

void NodeLinks::Handover(const std::string& node_id, const std::string& session_id,
                         const std::string& member_id, std::uint64_t epoch,
                         std::vector<KeptText> tail,
                         const std::optional<std::vector<TokenHash>>& resume_hashes,
                         TimePoint deadline) {
  Outgoing outgoing;
  outgoing.kind = NodeFrameKind::kHandover;
  outgoing.signal.session_id = session_id;
  outgoing.signal.to = member_id;
  outgoing.signal.epoch = epoch;
  outgoing.signal.deadline = deadline;
  for (KeptText& kept : tail) {
    Outgoing one = outgoing;
    one.id = std::move(kept.id);
    one.signal.text = std::move(kept.text);
    Enqueue(node_id, std::move(one));
  }
  outgoing.kind = NodeFrameKind::kHandoverDone;
  if (resume_hashes) {
    for (const TokenHash& hash : *resume_hashes) {
      outgoing.signal.text.append(hash.begin(), hash.end());
    }
  } else {
    outgoing.signal.text = kNothingKnown;
  }
  Enqueue(node_id, std::move(outgoing));
}

void NodeLinks::Settle(const InboundTag& tag, NodeFrameResult result) {
  const auto found = peers_.find(tag.node_id);
  if (found == peers_.end() || found->second.incarnation != tag.incarnation) return;
  Peer& peer = found->second;
  const auto received = peer.received.find(tag.seq);
  if (received == peer.received.end() || received->second.result) return;
  received->second.result = result;
  peer.fresh.push_back(tag.seq);
  const bool at_once = received->second.answer_now || result == NodeFrameResult::kNotHere;
  peer.answer_at = std::min(peer.answer_at, at_once ? now_ : now_ + kAckDelay);
}

bool NodeLinks::Known(Peer& peer, const NodePayloadHeader& header) {
  if (peer.incarnation == header.incarnation) return true;
  const auto& retired = peer.retired;
  if (std::find(retired.begin(), retired.end(), header.incarnation) != retired.end()) return false;
  const bool restarted = peer.incarnation != 0;
  if (restarted) {
    peer.retired.push_back(peer.incarnation);
    if (peer.retired.size() > kMaxRetired) peer.retired.erase(peer.retired.begin());
  }
  peer.incarnation = header.incarnation;
  peer.expected = header.base;
  peer.received.clear();
  peer.fresh.clear();
  if (restarted) peer.received_upto = peer.base - 1;
  return true;
}

void NodeLinks::OnFrames(std::string_view bytes) {
  const auto payload = ParseNodePayload(bytes);
  if (!payload || payload->header.incarnation == 0) return;
  const NodePayloadHeader& header = payload->header;
  Peer* peer = PeerOf(header.node_id);
  if (peer == nullptr) return;
  const bool other_run = peer->incarnation != 0 && peer->incarnation != header.incarnation;
  if (!Known(*peer, header)) return;
  peer->trusted_until = now_ + kTrust;
  // What the sender has an answer to, or gave up.
  peer->received.erase(peer->received.begin(), peer->received.lower_bound(header.base));
  peer->expected = std::max(peer->expected, header.base);
  for (const NodeFrame& frame : payload->frames) {
    if (IsNumbered(frame.kind)) OnNumbered(*peer, header, frame);
    if (frame.kind == NodeFrameKind::kAck) OnAck(*peer, frame);
    if (frame.kind == NodeFrameKind::kPing) {
      peer->tell_all = true;
      peer->answer_at = now_;
    }
  }
  if (!other_run) return;
  // It gets all that it does not have, and takes each once; what was for members of the run before
  // it refuses.
  const std::uint64_t lacks = std::max(peer->base, peer->received_upto + 1);
  peer->next_to_flush = std::min(peer->next_to_flush, lacks);
}

void NodeLinks::OnNumbered(Peer& peer, const NodePayloadHeader& header, const NodeFrame& frame) {
  if (frame.seq != peer.expected || peer.received.size() >= kMaxUnsettled) {
    // Came before, or something in front of it is missing: the answer says what.
    peer.tell_all = true;
    peer.answer_at = std::min(peer.answer_at, now_ + kAckDelay);
    return;
  }
  ++peer.expected;
  peer.received[frame.seq].answer_now = frame.answer_now;
  const InboundTag tag{header.node_id, header.incarnation, frame.seq};
  std::string session_id(frame.session_id);
  std::string to(frame.to);
  if (frame.kind == NodeFrameKind::kSignal) {
    Signal signal;
    signal.session_id = std::move(session_id);
    signal.from = std::string(frame.from);
    signal.to = std::move(to);
    signal.epoch = frame.epoch;
    signal.text = std::string(frame.text);
    return handler_.OnSignal(tag, std::move(signal));
  }
  Settle(tag, NodeFrameResult::kDelivered);
  if (frame.kind == NodeFrameKind::kHandover) {
    handler_.OnHandover(session_id, to, frame.epoch,
                        {std::string(frame.id), std::string(frame.text)});
  } else {
    if (frame.text == kNothingKnown) {
      return handler_.OnHandoverDone(session_id, to, frame.epoch, std::nullopt);
    }
    std::vector<TokenHash> hashes;
    std::string_view rest = frame.text;
    for (TokenHash hash{}; rest.size() >= hash.size() && hashes.size() < kMaxResumeHashes;) {
      std::copy_n(rest.begin(), hash.size(), hash.begin());
      rest.remove_prefix(hash.size());
      hashes.push_back(hash);
    }
    handler_.OnHandoverDone(session_id, to, frame.epoch, std::move(hashes));
  }
}

void NodeLinks::OnAck(Peer& peer, const NodeFrame& frame) {
  if (frame.of_incarnation != incarnation_) return;
  bool progress = false;
  if (frame.received_upto > peer.received_upto && frame.received_upto < peer.next_to_flush) {
    peer.received_upto = frame.received_upto;
    progress = true;
  }
  for (const NodeAckRun& run : frame.runs) {
    const std::uint64_t end = peer.base + peer.sent.size();
    const std::uint64_t last = run.first + run.count < run.first ? end : run.first + run.count;
    for (std::uint64_t seq = std::max(run.first, peer.base); seq < std::min(last, end); ++seq) {
      // Nobody can have answered what was never sent.
      if (seq >= peer.next_to_flush) break;
      progress = true;
      Finish(peer, seq,
             run.result == NodeFrameResult::kDelivered ? Settled::kDelivered : Settled::kReroute);
    }
  }
  if (progress) peer.resend_at = now_ + kResend;
}

void NodeLinks::Finish(Peer& peer, std::uint64_t seq, Settled settled) {
  // The handler may have come back here meanwhile.
  if (seq < peer.base || seq >= peer.base + peer.sent.size()) return;
  Outgoing& outgoing = peer.sent[static_cast<std::size_t>(seq - peer.base)];
  if (outgoing.settled) return;
  outgoing.settled = true;
  --peer.unsettled;
  peer.unsettled_bytes -= outgoing.signal.text.size();
  const bool signal = outgoing.kind == NodeFrameKind::kSignal;
  const std::uint64_t tag = outgoing.tag;
  Signal carried = std::move(outgoing.signal);
  while (!peer.sent.empty() && peer.sent.front().settled) {
    peer.sent.pop_front();
    ++peer.base;
  }
  peer.next_to_flush = std::max(peer.next_to_flush, peer.base);
  if (peer.unsettled == 0) {
    peer.first_deadline = TimePoint::max();
    peer.resend_at = TimePoint::max();
  }
  if (signal) handler_.OnSettled(tag, settled, std::move(carried));
}

void NodeLinks::OnBusState(bool up) {
  bus_up_ = up;
  if (!up) return;
  up_at_ = now_;
  for (auto& [id, peer] : peers_) {
    if (peer.unsettled > 0) peer.resend_at = now_;
    peer.tell_all = peer.tell_all || !peer.received.empty();
    if (peer.tell_all) peer.answer_at = now_;
  }
  Tick(now_);
}

void NodeLinks::RerouteAll(Peer& peer) {
  const std::uint64_t end = peer.base + peer.sent.size();
  for (std::uint64_t seq = peer.base; seq < end; ++seq) Finish(peer, seq, Settled::kReroute);
}

void NodeLinks::OnNodeGone(const std::string& node_id) {
  const auto found = peers_.find(node_id);
  if (found != peers_.end()) RerouteAll(found->second);
}

// It died, or has lost the bus for a moment and has what was sent before: then it says so when it
// is back. Whoever has a socket elsewhere need not wait for that.
void NodeLinks::OnUnheard(const std::string& node_id) {
  const auto found = peers_.find(node_id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  const std::uint64_t end = peer.base + peer.sent.size();
  for (std::uint64_t seq = peer.base; seq < end; ++seq) {
    if (seq < peer.base) continue;  // Gone with those in front of it.
    const Outgoing& outgoing = peer.sent[static_cast<std::size_t>(seq - peer.base)];
    const bool signal = outgoing.kind == NodeFrameKind::kSignal && !outgoing.settled;
    if (signal && handler_.HasMoved(outgoing.tag)) Finish(peer, seq, Settled::kReroute);
  }
}

void NodeLinks::GiveUp(Peer& peer) {
  const std::uint64_t end = peer.base + peer.sent.size();
  // What the handler sends meanwhile counts as well.
  peer.first_deadline = TimePoint::max();
  for (std::uint64_t seq = peer.base; seq < end; ++seq) {
    if (seq < peer.base) continue;  // Gone with those in front of it.
    const Outgoing& outgoing = peer.sent[static_cast<std::size_t>(seq - peer.base)];
    if (outgoing.settled) continue;
    if (outgoing.signal.deadline <= now_) {
      Finish(peer, seq, Settled::kUnreachable);
    } else {
      peer.first_deadline = std::min(peer.first_deadline, outgoing.signal.deadline);
    }
  }
}

void NodeLinks::Tick(TimePoint now) {
  now_ = std::max(now_, now);
  for (auto& [id, peer] : peers_) {
    if (peer.first_deadline <= now_) GiveUp(peer);
    if (peer.resend_at > now_ || !bus_up_) continue;
    peer.resend_at = peer.unsettled > 0 ? now_ + kResend : TimePoint::max();
    if (peer.unsettled == 0) continue;
    peer.trusted_until = TimePoint::min();
    // Again from the first that did not arrive; when all did, ask for the answers.
    const std::uint64_t again = std::max(peer.base, peer.received_upto + 1);
    peer.ping = again >= peer.next_to_flush;
    peer.next_to_flush = std::min(peer.next_to_flush, again);
  }
}

TimePoint NodeLinks::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const auto& [id, peer] : peers_) {
    next = std::min(next, peer.first_deadline);
    if (bus_up_) next = std::min({next, peer.resend_at, peer.answer_at});
  }
  return next;
}

std::size_t NodeLinks::unsettled() const {
  std::size_t sum = 0;
  for (const auto& [id, peer] : peers_) sum += peer.unsettled;
  return sum;
}

NodeFrame NodeLinks::FrameOf(const Outgoing& outgoing, std::uint64_t seq) {
  NodeFrame frame;
  frame.kind = outgoing.kind;
  frame.seq = seq;
  frame.epoch = outgoing.signal.epoch;
  frame.answer_now = outgoing.signal.answer_now;
  frame.session_id = outgoing.signal.session_id;
  frame.from = outgoing.signal.from;
  frame.to = outgoing.signal.to;
  frame.id = outgoing.id;
  frame.text = outgoing.signal.text;
  return frame;
}

void NodeLinks::AppendAnswers(Peer& peer, std::vector<NodeFrame>& frames) {
  NodeFrame ack;
  ack.kind = NodeFrameKind::kAck;
  ack.of_incarnation = peer.incarnation;
  ack.received_upto = peer.expected - 1;
  if (peer.tell_all) {
    peer.fresh.clear();
    for (const auto& [seq, received] : peer.received) {
      if (received.result) peer.fresh.push_back(seq);
    }
  }
  std::sort(peer.fresh.begin(), peer.fresh.end());
  for (const std::uint64_t seq : peer.fresh) {
    const auto received = peer.received.find(seq);
    if (received == peer.received.end()) continue;
    const NodeFrameResult result = *received->second.result;
    if (!ack.runs.empty() && ack.runs.back().result == result &&
        ack.runs.back().first + ack.runs.back().count == seq) {
      ++ack.runs.back().count;
      continue;
    }
    if (ack.runs.size() == kMaxAckRuns) {
      frames.push_back(ack);
      ack.runs.clear();
    }
    ack.runs.push_back({seq, 1, result});
  }
  frames.push_back(std::move(ack));
  peer.fresh.clear();
  peer.tell_all = false;
  peer.answer_at = TimePoint::max();
}

void NodeLinks::Flush(const std::string& node_id, Peer& peer) {
  const std::uint64_t end = peer.base + peer.sent.size();
  const bool answer = peer.answer_at <= now_ && peer.incarnation != 0;
  if (peer.next_to_flush >= end && !answer && !peer.ping) return;
  std::vector<NodeFrame> frames;
  // With what is sent anyway go answers that would have waited.
  if (peer.answer_at != TimePoint::max() && peer.incarnation != 0) AppendAnswers(peer, frames);
  if (std::exchange(peer.ping, false)) frames.emplace_back();
  for (; peer.next_to_flush < end; ++peer.next_to_flush) {
    const Outgoing& outgoing = peer.sent[static_cast<std::size_t>(peer.next_to_flush - peer.base)];
    if (!outgoing.settled) {
      frames.push_back(FrameOf(outgoing, peer.next_to_flush));
      continue;
    }
    // Given up before those in front of it: the number is still owed to the receiver.
    NodeFrame empty;
    empty.kind = NodeFrameKind::kHandoverDone;
    empty.seq = peer.next_to_flush;
    frames.push_back(empty);
  }
  const NodePayloadHeader header{node_id_, incarnation_, peer.base};
  std::string payload;
  const auto send = [&] {
    NodeBus::Sent counted;
    if (now_ >= peer.trusted_until) {
      counted = [this, alive = std::weak_ptr<char>(alive_), node_id](auto receivers) {
        if (alive.expired() || receivers != 0) return;
        if (now_ - up_at_ >= kBackLater) OnUnheard(node_id);
      };
    }
    bus_.SendToNode(node_id_, node_id, std::exchange(payload, {}), std::move(counted));
  };
  AppendHeader(header, payload);
  for (const NodeFrame& frame : frames) {
    const std::size_t size =
        frame.text.size() + frame.runs.size() * sizeof(NodeAckRun) + kMaxFrameOverhead;
    if (payload.size() + size > NodeBus::kMaxPayloadBytes) {
      send();
      AppendHeader(header, payload);
    }
    AppendFrame(frame, payload);
  }
  send();
}

void NodeLinks::EndTurn() {
  if (!bus_up_) return;
  for (auto& [id, peer] : peers_) Flush(id, peer);
}

}  // namespace pairwire::relay
