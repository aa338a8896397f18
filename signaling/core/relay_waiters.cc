// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The waiting display: event streams (SSE) and long-polls. Both read the session's log at the store
// and then follow it. What is published between the store's step and its answer is buffered, and
// the ids tell what was seen already.
#include <charconv>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"

namespace pairwire::relay {

using protocol::ProblemCode;

namespace {

// Our event ids are decimal numbers. Anything else is as good as none: the whole log.
std::uint64_t ParseEventId(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() ? id : 0;
}

}  // namespace

void Relay::Impl::OpenEventStream(std::string_view session_id, std::string_view token,
                                  std::string_view last_event_id, StreamId stream,
                                  Reply<void> reply) {
  if (draining_) return reply(Problem(ProblemCode::kNotReady, "draining", drain_retry_));
  if (!CanWait()) {
    return reply(Problem(ProblemCode::kNotReady, "too many waiting", std::chrono::seconds(5)));
  }
  const auto parts = SplitToken(token);
  if (!parts || parts->session_id != session_id) {
    return reply(Problem(ProblemCode::kUnauthorized, "not a token of this session"));
  }
  Waiter& waiter = streams_[stream];
  waiter.last_id = ParseEventId(last_event_id);
  BeginOpening(waiter, parts->session_id).streams.push_back(stream);
  store_.OpenEvents(
      parts->session_id, parts->hash, options_.node_id, waiter.last_id, now_,
      Guarded([this, stream, reply = std::move(reply)](StoreResult<OpenedEvents> result) {
        OnStreamOpened(stream, std::move(result), reply);
      }));
}

Relay::Impl::OpeningWaiters& Relay::Impl::BeginOpening(Waiter& waiter,
                                                       const std::string& session_id) {
  const auto session = sessions_.try_emplace(session_id).first;
  // A key stays where it is, and the session is not dropped while somebody waits for it.
  waiter.session_id = &session->first;
  waiter.opening = std::make_unique<Opening>();
  if (!session->second.opening) session->second.opening = std::make_unique<OpeningWaiters>();
  return *session->second.opening;
}

void Relay::Impl::EndOpening(LocalSession& session,
                             std::vector<std::uint64_t> OpeningWaiters::*list, std::uint64_t id) {
  if (!session.opening) return;
  std::erase((*session.opening).*list, id);
  if (session.opening->streams.empty() && session.opening->polls.empty()) session.opening.reset();
}

void Relay::Impl::OnStreamOpened(StreamId id, StoreResult<OpenedEvents> result,
                                 const Reply<void>& reply) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return reply({});  // Closed meanwhile; nobody listens.
  Waiter& waiter = found->second;
  if (!result) {
    CloseEventStream(id);
    return reply(Problem(result.error()));
  }
  AdoptStream(id, *waiter.session_id);
  reply({});
  const std::unique_ptr<Opening> heard = std::move(waiter.opening);
  waiter.epoch = result->epoch;
  const bool ended = result->ended || heard->ended || waiter.epoch < heard->moved_epoch;
  SendEvents(id, Unseen(waiter, result->events));
  SendEvents(id, Unseen(waiter, heard->events));
  if (draining_) output_.SendEvent(id, draining_event_);  // asked for just before the drain began
  if (ended) EndStream(id);
}

void Relay::Impl::AdoptStream(StreamId id, const std::string& session_id) {
  LocalSession& session = SessionOf(session_id);
  EndOpening(session, &OpeningWaiters::streams, id);
  const StreamId older = std::exchange(session.stream, id);
  if (older == 0) return;
  streams_.erase(older);
  output_.EndStream(older);
}

void Relay::Impl::CloseEventStream(StreamId stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  const std::string session_id = *found->second.session_id;
  streams_.erase(found);
  LocalSession& session = SessionOf(session_id);
  EndOpening(session, &OpeningWaiters::streams, stream);
  if (session.stream == stream) session.stream = 0;
  DropSessionIfEmpty(session_id);
}

void Relay::Impl::EndStream(StreamId id) {
  CloseEventStream(id);
  output_.EndStream(id);
}

void Relay::Impl::SendEvents(StreamId id, const std::vector<SessionEvent>& events) {
  counters_.events_sent += events.size();
  for (const SessionEvent& event : events) output_.SendEvent(id, event);
}

std::vector<SessionEvent> Relay::Impl::Unseen(Waiter& waiter,
                                              const std::vector<SessionEvent>& events) {
  std::vector<SessionEvent> unseen;
  for (const SessionEvent& event : events) {
    const std::uint64_t id = ParseEventId(event.id);
    if (id <= waiter.last_id) continue;
    waiter.last_id = id;
    unseen.push_back(event);
  }
  return unseen;
}

void Relay::Impl::Poll(std::string_view session_id, std::string_view token, std::string_view after,
                       std::chrono::milliseconds timeout, PollId poll,
                       Reply<protocol::PollResponse> reply) {
  if (draining_) return reply(Problem(ProblemCode::kNotReady, "draining", drain_retry_));
  if (!CanWait()) {
    return reply(Problem(ProblemCode::kNotReady, "too many waiting", std::chrono::seconds(5)));
  }
  const auto parts = SplitToken(token);
  if (!parts || parts->session_id != session_id) {
    return reply(Problem(ProblemCode::kUnauthorized, "not a token of this session"));
  }
  PendingPoll& pending = polls_[poll];
  pending.waiter.last_id = ParseEventId(after);
  pending.reply = std::move(reply);
  const auto wait = std::clamp<std::chrono::milliseconds>(timeout, std::chrono::milliseconds(0),
                                                          protocol::kMaxPollTimeout);
  BeginOpening(pending.waiter, parts->session_id).polls.push_back(poll);
  deadlines_.Schedule(pending.timeout, now_ + wait, {Work::Kind::kPollTimeout, poll, {}, {}});
  store_.OpenEvents(parts->session_id, parts->hash, options_.node_id, pending.waiter.last_id, now_,
                    Guarded([this, poll](StoreResult<OpenedEvents> result) {
                      OnPollOpened(poll, std::move(result));
                    }));
}

void Relay::Impl::OnPollOpened(PollId id, StoreResult<OpenedEvents> result) {
  const auto found = polls_.find(id);
  if (found == polls_.end()) return;
  if (!result) return CompletePoll(id, Problem(result.error()));
  Waiter& waiter = found->second.waiter;
  waiter.epoch = result->epoch;
  const std::unique_ptr<Opening> heard = std::move(waiter.opening);
  const bool overdue = found->second.overdue || waiter.epoch < heard->moved_epoch;
  AdoptPoll(id, *waiter.session_id);
  protocol::PollResponse response{Unseen(waiter, result->events)};
  for (SessionEvent& event : Unseen(waiter, heard->events)) {
    response.events.push_back(std::move(event));
  }
  if (overdue || !response.events.empty()) CompletePoll(id, std::move(response));
}

void Relay::Impl::AdoptPoll(PollId id, const std::string& session_id) {
  LocalSession& session = SessionOf(session_id);
  EndOpening(session, &OpeningWaiters::polls, id);
  const PollId older = std::exchange(session.poll, id);
  if (older != 0) CompletePoll(older, protocol::PollResponse{});
}

void Relay::Impl::OnPollTimeout(PollId id) {
  PendingPoll& pending = polls_.at(id);
  if (!pending.waiter.opening) return CompletePoll(id, protocol::PollResponse{});
  deadlines_.Cancel(pending.timeout);
  pending.overdue = true;
}

void Relay::Impl::CompletePoll(PollId id, protocol::Outcome<protocol::PollResponse> result) {
  const auto found = polls_.find(id);
  if (found == polls_.end()) return;
  if (result) counters_.events_sent += result->events.size();
  const Reply<protocol::PollResponse> reply = std::move(found->second.reply);
  CancelPoll(id);
  reply(std::move(result));
}

void Relay::Impl::CancelPoll(PollId poll) {
  const auto found = polls_.find(poll);
  if (found == polls_.end()) return;
  const std::string session_id = *found->second.waiter.session_id;
  deadlines_.Cancel(found->second.timeout);
  polls_.erase(found);
  LocalSession& session = SessionOf(session_id);
  EndOpening(session, &OpeningWaiters::polls, poll);
  if (session.poll == poll) session.poll = 0;
  DropSessionIfEmpty(session_id);
}

void Relay::Impl::OnWatchMoved(const NodeMessage& message) {
  const auto found = sessions_.find(message.session_id);
  if (found == sessions_.end()) return;
  ForEachOpening(found->second, [&](Opening& opening) {
    opening.moved_epoch = std::max(opening.moved_epoch, message.epoch);
  });
  const StreamId stream = found->second.stream;
  const PollId poll = found->second.poll;
  if (stream != 0 && streams_.at(stream).epoch < message.epoch) EndStream(stream);
  if (poll != 0 && polls_.at(poll).waiter.epoch < message.epoch) {
    CompletePoll(poll, protocol::PollResponse{});
  }
}

void Relay::Impl::OnEvent(const NodeMessage& message) {
  const auto found = sessions_.find(message.session_id);
  if (found == sessions_.end()) return;
  const bool ended = message.kind == NodeMessage::Kind::kEnded;
  ForEachOpening(found->second, [&](Opening& opening) {
    opening.events.push_back(message.event);
    opening.ended = opening.ended || ended;
  });
  const StreamId stream = found->second.stream;
  const PollId poll = found->second.poll;
  if (stream != 0) {
    SendEvents(stream, Unseen(streams_.at(stream), {message.event}));
    if (ended) EndStream(stream);
  }
  if (poll != 0) {
    auto events = Unseen(polls_.at(poll).waiter, {message.event});
    if (!events.empty()) CompletePoll(poll, protocol::PollResponse{std::move(events)});
  }
}

}  // namespace pairwire::relay
