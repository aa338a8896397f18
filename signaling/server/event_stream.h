// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventStream: the connection of one waiting display, as server-sent events (WHATWG HTML 9.2).
// After the head of the response it holds a socket, a place in the deadline wheel and nothing else;
// a comment goes out now and then so that proxies keep the connection and a dead client is noticed.
//
//   kOpen --EndStream, drain moment--> kEnding (what is queued, then the end) --> kClosed
//     \--client left, queue at its bound, client does not read-----------------------^
//
// Not here: which events; signaling/core decides and keeps them for Last-Event-ID.
#ifndef PAIRWIRE_SIGNALING_SERVER_EVENT_STREAM_H_
#define PAIRWIRE_SIGNALING_SERVER_EVENT_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "signaling/server/http_session.h"

namespace pairwire::server {

class EventStream final : public Connection, private net::Socket::Events {
 public:
  // Hears once of the end, whoever caused it; possibly from inside Start, Send or End.
  class Owner {
   public:
    virtual void OnStreamClosed(std::uint64_t id) = 0;

   protected:
    ~Owner() = default;
  };

  EventStream(ConnectionContext& context, Owner& owner, std::uint64_t id, Handover handover);

  // Sends the head of the response. Call it once, after the stream was put into the table.
  void Start();
  // One event in its wire form. A client that does not read is closed when its queue is full.
  void Send(std::string event);
  // Ends after what was sent.
  void End();

  void Drain(std::chrono::milliseconds window) override;
  void Abort() override { Close(); }
  std::size_t queued_bytes() const override { return extra_ ? extra_->queue.size() : 0; }

 private:
  enum class State : std::uint8_t { kOpen, kEnding, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnDeadline() override;
  void Queue(std::string_view text);
  bool HasQueue() const { return extra_ && !extra_->queue.empty(); }
  void Write();
  void SetHeartbeat();
  void Close();

  // What nearly no stream has, so that the others do not pay for it.
  struct Extra {
    std::string queue;         // what the socket did not take yet
    std::uint32_t queued = 0;  // messages in it, at most
    bool stalled = false;      // nothing of the queue went out since the last heartbeat
    bool draining = false;
    net::EventLoop::TimePoint leave_at{};
  };

  Extra& extra();

  State state_ = State::kOpen;  // first: it fits behind the base's members
  ConnectionContext& context_;
  Owner& owner_;
  const std::uint64_t id_;
  net::Socket socket_;
  AdmissionTicket ticket_;
  std::unique_ptr<Extra> extra_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_EVENT_STREAM_H_
