// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <utility>

namespace pairwire::server {
namespace asio = boost::asio;

// One thread runs it (hint 1), but Post comes from others, so Asio's own locks stay on.
EventLoop::EventLoop() : io_(std::make_unique<asio::io_context>(1)) {}

EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  const auto work = asio::make_work_guard(*io_);
  io_->run();
}

void EventLoop::Stop() { io_->stop(); }

void EventLoop::Post(std::function<void()> task) { asio::post(*io_, std::move(task)); }

struct Alarm::Impl {
  Impl(asio::io_context& io, std::function<void()> due) : timer(io), on_due(std::move(due)) {}

  asio::steady_timer timer;
  std::function<void()> on_due;
  // A timer that is due already can not be cancelled any more; its handler then finds an older
  // number.
  std::uint64_t generation = 0;
  bool alive = true;
};

Alarm::Alarm(EventLoop& loop, std::function<void()> on_due)
    : impl_(std::make_shared<Impl>(loop.io(), std::move(on_due))) {}

Alarm::~Alarm() {
  impl_->alive = false;
  impl_->timer.cancel();
}

void Alarm::SetAt(EventLoop::TimePoint when) {
  const std::uint64_t generation = ++impl_->generation;
  impl_->timer.expires_at(when);
  impl_->timer.async_wait([impl = impl_, generation](const boost::system::error_code& error) {
    if (error || !impl->alive || impl->generation != generation) return;
    impl->on_due();
  });
}

void Alarm::Cancel() {
  ++impl_->generation;
  impl_->timer.cancel();
}

}  // namespace pairwire::server
