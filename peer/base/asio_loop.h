// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// AsioLoop: the real IoLoop. One thread on one epoll set (fd_watches.h), which can host a
// Boost.Asio io_context as its guest; Asio itself stays in the .cc, and costs nothing before
// somebody asks for the context. An idle loop makes no system call: there is no periodic tick.
//
// The thread lives in turns:
//
//   sleep -> guest -> watched descriptors -> mailbox -> timers -> turn-end tasks -> sleep
//
// Each step is bounded (the constants in the .cc), so that a flood at one never starves the others;
// what is left over is next turn's, without sleep. With the option `spin` a turn that did something
// is followed by turns instead of sleep for a while.
//
//   kNew --Start--> kRunning --Stop--> kStopped        kNew --Stop--> kStopped
#ifndef PAIRWIRE_PEER_BASE_ASIO_LOOP_H_
#define PAIRWIRE_PEER_BASE_ASIO_LOOP_H_

#include <pairwire/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "peer/base/io_loop.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace pairwire {

class AsioLoop final : public IoLoop {
 public:
  // `thread_name` is what debuggers and top show; the kernel keeps 15 bytes of it. What is posted
  // before Start waits for it.
  //
  // `spin`: for so long after it last had something to do (a descriptor, a posted task), the loop
  // polls instead of sleeping. What comes in that time is served without the wake-up of a sleeping
  // thread, which costs 20 to 60 us; the price is a core kept busy, also after each lone event.
  // Timers alone do not make it spin.
  explicit AsioLoop(std::string thread_name, Duration spin = {});
  // Stops.
  ~AsioLoop() override;

  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;

  // Starts the thread; once. Errors: kSystem (no descriptor, no thread), kInvalidState (started or
  // stopped before).
  Result<void> Start();

  // Refuses new tasks, lets the running turn finish, destroys on the loop's thread what is queued
  // (mailbox, turn-end tasks, timers, watches) and joins the thread. Any thread but the loop's own;
  // again is harmless.
  void Stop();

  // The guest, for code that speaks Asio itself (signaling/client) and runs on this thread. Any
  // thread may ask. Objects on the context must be gone before the loop is. Nobody calls stop() or
  // run() on it. A handler must not throw. From the first call on each sleep of the loop costs two
  // more system calls, as Asio then sleeps for both.
  boost::asio::io_context& context();

  // How many turns have run: an idle loop's figure stands still. Any thread.
  std::uint64_t turns() const;

  // Reads the clock at each call; nothing is cached, so a long turn does not make timers late.
  TimePoint Now() const override;
  bool IsCurrent() const override;
  // Never makes a system call on the loop's own thread, nor while the loop is awake. The mailbox
  // has no bound of its own: whoever posts bounds what he posts.
  void Post(Task task) override;
  // The calls below are allowed on the loop's thread, and anywhere once the loop stopped, when they
  // destroy what they are given and do nothing.
  void PostAtTurnEnd(Task task) override;
  TimerId ScheduleAt(TimePoint when, Task task) override;
  void CancelTimer(TimerId id) override;
  // Puts `fd` into non-blocking mode. `fd` may itself be an epoll descriptor.
  FdWatchId WatchReadable(int fd, std::function<void()> on_readable) override;
  void UnwatchFd(FdWatchId id) override;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_ASIO_LOOP_H_
