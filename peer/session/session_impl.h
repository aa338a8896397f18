// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Session::Impl: what is behind the Session handle, in one of two forms: one raw channel
// (plain_session.h), or the session layer (session_core.h). SessionFactory makes the one that the
// two ends have agreed on.
#ifndef PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_
#define PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_

#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "peer/connection/loop_link.h"
#include "peer/session/paired_end.h"

namespace pairwire {

// An event as it goes on the wire, encoded once for any number of sessions.
struct EncodedEvent {
  EventClass event_class = EventClass::kCommand;
  std::string_view name;
  ByteSpan json;
  bool presents = false;  // a frame with a moment

  // `json`: what EventToJson made of it; the caller keeps it.
  static EncodedEvent Of(const Event& event, std::string_view json);
};

struct Session::Impl {
  explicit Impl(std::shared_ptr<LoopLink> link_to_loop) : to_loop(std::move(link_to_loop)) {}
  virtual ~Impl() = default;

  const std::shared_ptr<LoopLink> to_loop;

  // Loop only. What lives on this session's connections besides the application (bulk.h): each is
  // called after a change of state and when the handle is gone, and must do no more than post.
  using WatcherId = std::uint64_t;
  WatcherId AddWatcher(std::function<void()> watcher) {
    watchers_.emplace(++last_watcher_, std::move(watcher));
    return last_watcher_;
  }
  void RemoveWatcher(WatcherId id) { watchers_.erase(id); }
  void TellWatchers() const {
    for (const auto& [id, watcher] : watchers_) watcher();
  }
  // Loop only.
  int files_out = 0;  // kMaxFilesAtOnce

  // Loop only.
  virtual void Subscribe(SessionEvents handlers) = 0;
  // The handlers are gone; what arrives waits, as before Subscribe.
  virtual void Unsubscribe() = 0;
  virtual void StartClose() = 0;
  virtual void Detach() = 0;  // the handle is gone: no callback starts any more
  virtual void NetworkChanged() = 0;
  virtual void Acknowledge(MessageId id) = 0;
  // Another controller has the display now.
  virtual void Replaced() = 0;

  // Any thread; as the methods of the handle.
  virtual Result<MessageId> Send(ByteSpan data, bool is_text) = 0;
  virtual Result<MessageId> Send(const Event& event) = 0;
  virtual Result<MessageId> SendEncoded(const EncodedEvent& event) = 0;
  virtual Result<void> SetState(std::string_view key, ByteSpan value, bool is_text) = 0;
  virtual Result<void> ClearState(std::string_view key) = 0;
  virtual Result<void> SendStream(ByteSpan frame) = 0;
  virtual std::size_t buffered_amount() const = 0;
  virtual void SetBufferedAmountLowThreshold(std::size_t bytes) = 0;
  virtual void WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) = 0;
  virtual DataChannel CreateDataChannel(std::string_view label, DataChannelInit init) = 0;
  virtual SessionState state() const = 0;
  virtual SessionPath path() const = 0;
  virtual PeerInfo peer() const = 0;
  virtual SessionStats stats() const = 0;
  virtual std::optional<SharedClock> clock() const = 0;
  // Of the fastest recent ping of the clock; none before the first.
  virtual std::optional<std::chrono::microseconds> fastest_round_trip() const = 0;

 private:
  std::map<WatcherId, std::function<void()>> watchers_;
  WatcherId last_watcher_ = 0;
};

// All called on the loop, on_connected and on_over once at most.
struct SessionHooks {
  // Both ends have verified each other (plain form: the link is open), from the loop's own frame.
  std::function<void()> on_connected;
  // The other end is away for long (true), or back: a display offers its place meanwhile.
  std::function<void(bool waits)> on_waiting = nullptr;
  // Last. Before on_connected: why there never was a session.
  std::function<void(std::optional<Error>)> on_over;
};

class SessionFactory {
 public:
  using Impl = Session::Impl;

  // Loop only. The link is open, or there is none. Who made the Session keeps it until
  // on_connected, and gives it to the application then; dropping it before that ends it, and no
  // hook is called any more.
  static Session Make(Network& network, PairedEnd paired, SessionHooks hooks);

  // A handle to what is there already.
  static Session HandleTo(std::shared_ptr<Impl> impl) { return Session(std::move(impl)); }
  // None for an empty handle.
  static std::shared_ptr<Impl> ImplOf(const Session& session) { return session.impl_; }
};

// What the connection of a link says about its path.
SessionPath PathOf(const PeerLink& link);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_
