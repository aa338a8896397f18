// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventLoop: the relay's one thread and its reactor (Asio on epoll), and Alarm, one timer on it.
// All of the relay runs here, so nothing in it has a lock.
//
// Not here: deadlines of connections. Thousands of them share one Alarm (deadline_wheel.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_EVENT_LOOP_H_
#define PAIRWIRE_SIGNALING_SERVER_EVENT_LOOP_H_

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace pairwire::server {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until Stop, on the calling thread, which is then the loop's own.
  void Run();
  // Makes Run return after the handler that runs now. Any thread, also before Run.
  void Stop();
  // Runs `task` on the loop, never from inside Post. Any thread. Tasks that are left when the loop
  // ends are destroyed without being run.
  void Post(std::function<void()> task);

  TimePoint Now() const { return Clock::now(); }

  // For the files that hold sockets.
  boost::asio::io_context& io() { return *io_; }

 private:
  std::unique_ptr<boost::asio::io_context> io_;
};

// One timer. Loop thread only; its destructor cancels it.
class Alarm {
 public:
  Alarm(EventLoop& loop, std::function<void()> on_due);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Replaces an earlier setting. `on_due` may set the alarm again.
  void SetAt(EventLoop::TimePoint when);
  void Cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_EVENT_LOOP_H_
