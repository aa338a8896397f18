// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Routes: the way of a text from a member here to another member, wherever that one's socket is.
// The sender's node owns the order: of each pair it is in one of these states.
//
//   at a place   texts go there at once: to a socket here, or over the link to its node
//   refusing     the place refused one; further ones queue until all that were sent are settled,
//                then those that were refused go to the front of the queue, and the store is asked
//   asking       the store is asked about the first of the queue, one at a time; it names a place,
//                or keeps the text
//   waiting      the store named the place that refused: asked again a little later, and believed
//                then, as that node may have been cut off for a while only
//
// A sender's ack means: in the buffer of the target's socket, or kept in the store. After 5 s
// without either it is told peer_unreachable.
#include <iterator>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using protocol::ProblemCode;

Relay::Impl::Route& Relay::Impl::RouteOf(LocalMember& from, const std::string& to) {
  std::unique_ptr<Route>& route = from.routes[to];
  if (!route) route = std::make_unique<Route>();
  return *route;
}

Relay::Impl::Socket* Relay::Impl::ReadyTarget(const Socket& from, std::string_view to) {
  std::string from_space;
  const std::string& session_id = from.member.session_id;
  const LocalMember* local = FindMember(KeyOf(session_id, from.member.member_id, from_space));
  if (local == nullptr) return nullptr;
  if (to.empty()) {
    // Texts that wait for an answer about who is meant go before those that need none.
    if (local->sole.empty() || local->routes.contains(to)) return nullptr;
    to = local->sole;
  }
  const auto found = local->routes.find(to);
  if (found == local->routes.end()) return nullptr;
  const Route& route = *found->second;
  // What was refused or waits goes first.
  if (!route.queue.empty() || route.asking || !route.rerouted.empty()) return nullptr;
  if (route.place.node_id != options_.node_id) return nullptr;
  std::string to_space;
  const LocalMember* target = FindMember(KeyOf(session_id, found->first, to_space));
  Socket* socket = target == nullptr ? nullptr : FindSocket(target->socket);
  const bool ready = socket != nullptr && socket->state == SocketState::kLive &&
                     socket->epoch == route.place.epoch;
  return ready ? socket : nullptr;
}

void Relay::Impl::SendSignal(const std::string& from, const std::string& to, Outgoing outgoing) {
  LocalMember& local = members_.at(from);
  // Texts that wait for an answer about who is meant go before those that need none.
  const auto unnamed = to.empty() ? local.routes.find(to) : local.routes.end();
  const bool wait =
      unnamed != local.routes.end() && (unnamed->second->asking || !unnamed->second->queue.empty());
  const std::string& target = to.empty() && !wait ? local.sole : to;
  // A session has few members, so this many routes are names that a client made up.
  const bool known = local.routes.contains(target);
  if (!known && local.routes.size() >= protocol::kMaxJsonMembers) {
    return Fail(outgoing, ProblemCode::kQueueFull, "too many targets");
  }
  Route& route = RouteOf(local, target);
  if (route.queue.empty() && !route.asking && route.rerouted.empty() &&
      !route.place.node_id.empty()) {
    return Transmit(from, target, route, std::move(outgoing));
  }
  if (route.queue.size() >= protocol::kMaxKeptMessages ||
      route.queue_bytes + outgoing.text.size() > protocol::kMaxKeptBytes) {
    return Fail(outgoing, ProblemCode::kQueueFull, "too much is on its way to the other end");
  }
  route.queue_bytes += outgoing.text.size();
  route.queue.push_back(std::move(outgoing));
  Pump(from, std::string(target));
}

void Relay::Impl::Pump(const std::string& from, const std::string& to) {
  for (;;) {
    // Looked up each time: what is sent may end in a socket's close.
    LocalMember* local = FindMember(from);
    const auto found = local == nullptr ? Routes::iterator{} : local->routes.find(to);
    if (local == nullptr || found == local->routes.end()) return;
    Route& route = *found->second;
    if (route.queue.empty() || route.asking || route.waiting || !route.rerouted.empty()) return;
    if (route.place.node_id.empty() && route.queue.front().deadline > now_) {
      return AskStore(from, to, route);
    }
    Outgoing next = route.Pop();
    if (next.deadline <= now_) {
      ++counters_.signals_undeliverable;
      Fail(next, ProblemCode::kPeerUnreachable, "the other end was not reached");
    } else {
      Transmit(from, to, route, std::move(next));
    }
  }
}

void Relay::Impl::AskStore(const std::string& from, const std::string& to, Route& route) {
  route.asking = true;
  store_.Route({members_.at(from).session_id, IdOf(from), to, route.queue.front().text}, now_,
               Guarded([this, from, to](StoreResult<Routed> routed) {
                 OnRouted(from, to, std::move(routed));
               }));
}

void Relay::Impl::OnRouted(const std::string& from, const std::string& to,
                           StoreResult<Routed> routed) {
  LocalMember* local = FindMember(from);
  if (local == nullptr) return;
  Route& route = RouteOf(*local, to);
  route.asking = false;
  if (routed && routed->place && to.empty()) {
    // Now it is known who is meant; what waits goes that way.
    local->sole = routed->to;
    Route& named = RouteOf(*local, routed->to);
    for (Outgoing& waiting : std::exchange(route.queue, {})) {
      named.queue.push_back(std::move(waiting));
    }
    named.queue_bytes += std::exchange(route.queue_bytes, 0);
    const bool idle = named.unsettled == 0 && !named.asking && named.rerouted.empty();
    if (idle) named.place = *routed->place;
    named.allowed = true;
    return Pump(from, routed->to);
  }
  if (routed && routed->place) {
    if (*routed->place == route.refused) {
      route.waiting = true;
      deadlines_.Schedule(route.wait, now_ + kRouteRetry, {Work::Kind::kRoute, 0, from, to});
      return;
    }
    route.place = *routed->place;
    route.allowed = true;
    return Pump(from, to);
  }
  const Outgoing first = route.Pop();
  if (routed) {
    Succeed(first, /*kept=*/true);
    return Pump(from, to);
  }
  if (local->sole == to) local->sole.clear();
  // A name that a client made up is not remembered.
  if (!route.allowed && route.queue.empty()) local->routes.erase(to);
  Fail(first, routed.error());
  Pump(from, to);
}

void Relay::Impl::OnRouteDue(const std::string& from, const std::string& to) {
  Route& route = RouteOf(members_.at(from), to);
  deadlines_.Cancel(route.wait);
  route.waiting = false;
  route.refused = {};
  Pump(from, to);
}

void Relay::Impl::Transmit(const std::string& from, const std::string& to, Route& route,
                           Outgoing outgoing) {
  const bool here = route.place.node_id == options_.node_id;
  std::string space;
  const std::string& session_id = members_.at(from).session_id;
  if (here) {
    const LocalMember* target = FindMember(KeyOf(session_id, to, space));
    Socket* socket = target == nullptr ? nullptr : FindSocket(target->socket);
    if (socket != nullptr && socket->state == SocketState::kLive &&
        socket->epoch == route.place.epoch) {
      SendNow(*socket, outgoing.text);
      return Succeed(outgoing, /*kept=*/false);
    }
  }
  const std::uint64_t tag = ++last_tag_;
  std::string text = std::exchange(outgoing.text, {});
  const bool answer_now = !outgoing.message_id.empty();
  const TimePoint deadline = outgoing.deadline;
  ++route.unsettled;
  in_flight_.emplace(tag, InFlight{from, to, std::move(outgoing)});
  if (here) return Receive(KeyOf(session_id, to), {std::move(text), route.place.epoch, {tag, {}}});
  ++counters_.signals_to_nodes;
  Signal signal{session_id,      IdOf(from), to,      route.place.epoch,
                std::move(text), answer_now, deadline};
  if (links_.Send(route.place.node_id, std::move(signal), tag)) return;
  --route.unsettled;
  const auto refused = in_flight_.extract(tag);
  Fail(refused.mapped().outgoing, ProblemCode::kQueueFull, "too much is on its way to that node");
}

bool Relay::Impl::HasMoved(std::uint64_t tag) {
  const auto found = in_flight_.find(tag);
  if (found == in_flight_.end()) return false;
  LocalMember* local = FindMember(found->second.from);
  if (local == nullptr) return false;
  const Route& route = RouteOf(*local, found->second.to);
  // One that is nowhere has time: its node may be about to answer.
  return route.hint && !route.hint->node_id.empty() && *route.hint != route.place;
}

void Relay::Impl::OnSettled(std::uint64_t tag, Settled settled, Signal signal) {
  if (tag == 0) {
    // A notice that the relay itself sent on.
    if (settled == Settled::kReroute && signal.deadline > now_) {
      RouteNotice(signal.session_id, KeyOf(signal.session_id, signal.to), std::move(signal.text));
    }
    return;
  }
  auto found = in_flight_.extract(tag);
  if (found.empty()) return;
  InFlight in_flight = std::move(found.mapped());
  LocalMember* local = FindMember(in_flight.from);
  if (local == nullptr) return;
  Route& route = RouteOf(*local, in_flight.to);
  --route.unsettled;
  switch (settled) {
    case Settled::kDelivered:
      if (route.place.node_id != options_.node_id) {
        across_.push_back(in_flight.outgoing.deadline - NodeLinks::kGiveUp);
      }
      Succeed(in_flight.outgoing, /*kept=*/false);
      break;
    case Settled::kUnreachable:
      ++counters_.signals_undeliverable;
      Fail(in_flight.outgoing, ProblemCode::kPeerUnreachable, "the other node does not answer");
      break;
    case Settled::kReroute:
      ++counters_.signals_rerouted;
      in_flight.outgoing.text = std::move(signal.text);
      route.rerouted.emplace(tag, std::move(in_flight.outgoing));
      break;
  }
  if (route.unsettled > 0) return;
  if (!route.rerouted.empty()) {
    OnRefused(in_flight.from, in_flight.to, route);
  } else if (route.hint) {
    route.place = *std::exchange(route.hint, std::nullopt);
  }
}

void Relay::Impl::OnRefused(const std::string& from, const std::string& to, Route& route) {
  route.refused = std::exchange(route.place, {});
  // One that is newer than what refused is as good as an answer of the store.
  if (route.hint && route.hint->epoch > route.refused.epoch) route.place = *route.hint;
  route.hint.reset();
  std::vector<Outgoing> first;
  for (auto& [tag, outgoing] : std::exchange(route.rerouted, {})) {
    route.queue_bytes += outgoing.text.size();
    first.push_back(std::move(outgoing));
  }
  route.queue.insert(route.queue.begin(), std::make_move_iterator(first.begin()),
                     std::make_move_iterator(first.end()));
  Pump(from, to);
}

void Relay::Impl::OnPlaced(const NodeMessage& message) {
  const auto session = sessions_.find(message.session_id);
  if (session == sessions_.end()) return;
  for (const std::string& member_id : session->second.members) {
    LocalMember& local = members_.at(member_id);
    if (IdOf(member_id) == message.member_id) continue;
    const auto found = local.routes.find(message.member_id);
    if (found == local.routes.end()) {
      // Perhaps one more, so that it is no longer clear who is meant.
      if (local.sole != message.member_id) local.sole.clear();
      // A controller's only counterpart was there when it joined, and a user's route comes with its
      // first text.
      if (local.role != Role::kDisplay || message.place.node_id.empty()) continue;
      Route& route = RouteOf(local, message.member_id);
      route.allowed = true;
      route.place = message.place;
      continue;
    }
    Route& route = *found->second;
    if (!route.allowed || message.place.epoch < route.place.epoch) continue;
    const Place place = message.place.node_id.empty() ? Place{} : message.place;
    const bool idle = route.unsettled == 0 && route.queue.empty() && !route.asking;
    if (idle) {
      route.place = place;
    } else if (route.unsettled > 0) {
      route.hint = place;
    }
  }
}

void Relay::Impl::Succeed(const Outgoing& outgoing, bool kept) {
  ++(kept ? counters_.messages_kept : counters_.messages_routed);
  counters_.bytes_routed += outgoing.data_bytes;
  Socket* sender = FindSocket(outgoing.socket);
  if (sender == nullptr) return;
  --sender->routes_in_flight;
  Ack(*sender, outgoing.message_id);
}

void Relay::Impl::Fail(const Outgoing& outgoing, ProblemCode code, std::string detail) {
  Socket* sender = FindSocket(outgoing.socket);
  if (sender == nullptr) return;
  --sender->routes_in_flight;
  SendError(*sender, outgoing.message_id, code, std::move(detail));
}

void Relay::Impl::Fail(const Outgoing& outgoing, StoreError error) {
  switch (error) {
    case StoreError::kNotFound:
      return Fail(outgoing, ProblemCode::kUnknownTarget, "the session is over");
    case StoreError::kNoTarget:
      return Fail(outgoing, ProblemCode::kUnknownTarget,
                  "nobody is there by that id, or it is not clear who is meant");
    case StoreError::kNotAllowed:
      return Fail(outgoing, ProblemCode::kNotAllowed,
                  "only the display and a controller talk to each other");
    case StoreError::kFull:
      return Fail(outgoing, ProblemCode::kQueueFull, "too much is kept for the other end");
    case StoreError::kUnavailable:
      ++counters_.store_errors;
      return Fail(outgoing, ProblemCode::kNotReady, "the store does not answer");
  }
}

}  // namespace pairwire::relay
