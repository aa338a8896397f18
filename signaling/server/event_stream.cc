// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/event_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "signaling/server/jitter.h"

namespace pairwire::server {
namespace {

// A comment; clients ignore it.
constexpr std::string_view kComment = ":\n\n";

// The first comment makes proxies pass the head on at once; `retry` is what an EventSource waits
// before it reconnects.
constexpr const char* kGreeting = "retry: 2000\n:\n\n";

}  // namespace

EventStream::EventStream(ConnectionContext& context, Owner& owner, std::uint64_t id,
                         Handover handover)
    : Connection(ConnectionKind::kEvents),
      context_(context),
      owner_(owner),
      id_(id),
      socket_(std::move(handover.socket)),
      ticket_(std::move(handover.ticket)) {
  socket_.SetEvents(this);
}

void EventStream::Start() {
  const HttpResponse head = {200,
                             {{"Content-Type", "text/event-stream"},
                              {"Cache-Control", "no-store"},
                              // nginx and its kind buffer a response otherwise.
                              {"X-Accel-Buffering", "no"},
                              {"X-Content-Type-Options", "nosniff"}},
                             kGreeting,
                             nullptr};
  SetHeartbeat();
  socket_.WantRead(true);
  Queue(SerializeStreamHead(head));
}

void EventStream::SetHeartbeat() {
  // Jitter, so that displays that came together (a power cut) do not stay in step for ever.
  const auto period = context_.config.timeouts.sse_heartbeat;
  context_.wheel.Set(*this, period - RandomBelow(period / 5, context_.random));
}

void EventStream::Send(std::string event) {
  if (state_ == State::kOpen) Queue(event);
}

void EventStream::End() {
  if (state_ != State::kOpen) return;
  state_ = State::kEnding;
  context_.wheel.Set(*this, context_.config.timeouts.linger);
  if (!HasQueue()) socket_.ShutdownSend();
}

EventStream::Extra& EventStream::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>();
  return *extra_;
}

void EventStream::Queue(std::string_view text) {
  const Limits& limits = context_.config.limits;
  const std::size_t waiting = extra_ ? extra_->queue.size() : 0;
  const std::uint32_t queued = extra_ ? extra_->queued : 0;
  if (waiting + text.size() > limits.queue_bytes || queued >= limits.queue_messages) {
    context_.metrics.OnSlowConsumer(kind());
    Close();
    return;
  }
  if (waiting == 0) {  // nearly always, and nearly always all of it fits
    const net::Socket::Io io = socket_.Write(text);
    if (io.status == net::Socket::Io::Status::kOk) {
      text.remove_prefix(io.bytes);
      if (text.empty()) return;
    } else if (io.status != net::Socket::Io::Status::kWouldBlock) {
      Close();
      return;
    }
    extra().stalled = false;
    socket_.WantWrite(true);
  }
  extra().queue.append(text);
  ++extra_->queued;
}

void EventStream::Write() {
  Extra& pending = *extra_;
  const net::Socket::Io io = socket_.Write(pending.queue);
  if (io.status == net::Socket::Io::Status::kWouldBlock) return;
  if (io.status != net::Socket::Io::Status::kOk) {
    Close();
    return;
  }
  pending.stalled = false;
  pending.queue.erase(0, io.bytes);
  if (!pending.queue.empty()) return;
  pending.queue = std::string();
  pending.queued = 0;
  if (!pending.draining) extra_.reset();
  socket_.WantWrite(false);
  if (state_ == State::kEnding) socket_.ShutdownSend();
}

void EventStream::OnWritable() {
  if (HasQueue()) Write();
}

void EventStream::OnReadable() {
  // The client has nothing to say; this notices that it left.
  std::array<char, 512> buffer;
  const net::Socket::Io io = socket_.Read(buffer.data(), buffer.size());
  if (io.status != net::Socket::Io::Status::kWouldBlock) Close();
}

void EventStream::OnDeadline() {
  if (state_ == State::kEnding) {
    Close();
    return;
  }
  const net::EventLoop::TimePoint now = context_.loop.Now();
  if (extra_ && extra_->draining && now >= extra_->leave_at) {
    End();
    return;
  }
  if (HasQueue()) {
    if (extra_->stalled) {
      context_.metrics.OnSlowConsumer(kind());
      Close();
      return;
    }
    extra_->stalled = true;
  } else {
    Queue(kComment);
    if (state_ != State::kOpen) return;
  }
  SetHeartbeat();
  if (extra_ && extra_->draining) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(extra_->leave_at - now);
    if (left < context_.config.timeouts.sse_heartbeat) context_.wheel.Set(*this, left);
  }
}

void EventStream::Drain(std::chrono::milliseconds window) {
  if (state_ != State::kOpen) return;
  const auto delay = RandomBelow(window, context_.random);
  extra().draining = true;
  extra_->leave_at = context_.loop.Now() + delay;
  if (delay < context_.config.timeouts.sse_heartbeat) context_.wheel.Set(*this, delay);
}

void EventStream::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  context_.wheel.Cancel(*this);
  socket_.Close();
  ticket_ = AdmissionTicket();
  owner_.OnStreamClosed(id_);
  context_.table.Remove(*this);
}

}  // namespace pairwire::server
