// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayHost: the surroundings that signaling/core asks for: the clock, the executor of the store,
// one alarm for all its deadlines, and the way from its ids to the open sockets and streams. It
// keeps the core's law: whatever would call the core from inside one of its own calls is posted
// instead.
//
// Not here: HTTP (router.h). Loop thread only.
#ifndef PAIRWIRE_SIGNALING_SERVER_RELAY_HOST_H_
#define PAIRWIRE_SIGNALING_SERVER_RELAY_HOST_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signaling/core/relay.h"
#include "signaling/net/resolver.h"
#include "signaling/server/event_stream.h"
#include "signaling/server/ready_watch.h"
#include "signaling/server/user_keys.h"
#include "signaling/server/ws_session.h"
#include "signaling/store/backend.h"
#include "signaling/store/executor.h"

namespace pairwire::server {

class RelayHost final : private relay::RelayOutput,
                        private relay::Executor,
                        private EventStream::Owner,
                        private WsSession::Owner {
 public:
  RelayHost(ConnectionContext& context, const std::string& node_id);
  ~RelayHost();
  RelayHost(const RelayHost&) = delete;
  RelayHost& operator=(const RelayHost&) = delete;

  // Calls `input` with the core and the time, now or (from inside the core) as soon as the core is
  // left, in the order of the calls. Everything that is asked of the core goes through here.
  using Input = std::function<void(relay::Relay& relay, relay::TimePoint now)>;
  void Run(Input input);

  // Numbers for connections, streams and polls; never used twice.
  std::uint64_t NextId() { return ++last_id_; }

  // The connection becomes the event stream `id`, for which the core said yes.
  void AddStream(std::uint64_t id, Handover handover);
  // The connection becomes the WebSocket of `member`; the core hears of it once the upgrade is
  // answered.
  void AddSocket(const HttpRequest& request, Handover handover, relay::Admitted member);

  // A code was right, asked for at `begin`.
  void OnPaired(std::string_view controller_id, net::EventLoop::TimePoint begin);

  const relay::RelayCounters& counters() const { return relay_.counters(); }
  // kInvalidArgument: the backend cannot be set up as configured, and the host is of no use.
  Result<void> startup() const { return startup_; }
  relay::BackendHealth health() const { return backend_->health(); }
  // Lets go of what the nodes share; `done` once, later. Nothing is asked of the core afterwards.
  void StopBackend(std::function<void()> done);
  relay::StoreSizes sizes() const { return backend_->parts().store.Sizes(); }
  bool draining() const { return relay_.draining(); }
  // Its replies come from inside the core, as the store's do.
  relay::Cache& cache() { return backend_->parts().cache; }
  relay::NodeBus& bus() { return backend_->parts().bus; }

 private:
  struct Socket {
    WsSession* session = nullptr;
    std::unique_ptr<relay::Admitted> member;  // until the upgrade is answered
  };

  // relay::RelayOutput
  void SendText(relay::ConnectionId connection, std::string text) override;
  void CloseSocket(relay::ConnectionId connection, std::uint16_t code,
                   std::string_view reason) override;
  void SendEvent(relay::StreamId stream, const relay::SessionEvent& event) override;
  void EndStream(relay::StreamId stream) override;
  void OnSignalAcross(std::chrono::nanoseconds time) override;
  // relay::Executor
  void Post(std::function<void()> task) override;
  // EventStream::Owner, WsSession::Owner
  void OnStreamClosed(std::uint64_t id) override;
  void OnSocketOpen(std::uint64_t id) override;
  void OnSocketText(std::uint64_t id, std::string_view text) override;
  void OnSocketClosed(std::uint64_t id) override;

  std::unique_ptr<relay::BackendOwner> MakeBackend();
  std::unique_ptr<UserKeys> MakeUsers();
  relay::TimePoint Now() const;
  // Runs `task` as part of the core and sets the alarm for what it left behind.
  template <typename Task>
  void RunInside(const Task& task);
  void SetAlarm();
  // Says in the log when the store is gone, and when it is back.
  void WatchStore();

  ConnectionContext& context_;
  const std::string node_id_;
  const relay::TimePoint wall_start_;
  const net::EventLoop::TimePoint steady_start_;
  std::uint64_t last_id_ = 0;
  bool inside_ = false;
  std::deque<Input> waiting_;
  relay::TimePoint alarm_time_ = relay::TimePoint::max();
  net::EventLoop::TimePoint next_tick_{};
  std::unordered_map<std::uint64_t, EventStream*> streams_;
  std::unordered_map<std::uint64_t, Socket> sockets_;
  ReadyWatch ready_;
  bool store_was_up_ = true;
  net::Resolver resolver_;
  Result<void> startup_;
  std::unique_ptr<relay::BackendOwner> backend_;
  std::unique_ptr<UserKeys> users_;  // null without --jwt-jwks
  relay::Relay relay_;
  net::Alarm alarm_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_RELAY_HOST_H_
