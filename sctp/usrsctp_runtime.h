// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UsrsctpRuntime: the one start of a copy of usrsctp: its settings, its clock, and the table from
// the ids that usrsctp knows to our objects. The owner (Network) makes it and destroys it last.
//
// All calls of a copy must come from one thread: it deadlocks otherwise (input against close). So
// there is one runtime, on one loop, for each copy that was linked (usrsctp_library.h), and the
// library's own timer thread is not started: the loop ticks it with the time that really passed.
// usrsctp is given ids, never pointers of ours: it echoes "addresses" in cookies to the other end,
// and may use one after its socket is closed.
#ifndef PAIRWIRE_SCTP_USRSCTP_RUNTIME_H_
#define PAIRWIRE_SCTP_USRSCTP_RUNTIME_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "peer/base/loop.h"
#include "peer/base/timer.h"
#include "sctp/usrsctp_library.h"

namespace pairwire::sctp {

class UsrsctpRuntime {
 public:
  // What usrsctp calls, by id. Both are called from inside any usrsctp function and must not call
  // one: a lock of the association is held, and it is not recursive.
  class Endpoint {
   public:
    // One packet to send; the bytes may be changed, and are valid during the call only.
    virtual void OnUsrsctpOutput(std::span<std::uint8_t> packet) = 0;
    // Something may be readable or writable.
    virtual void OnUsrsctpActivity() = 0;
    // A timer of usrsctp's may be running that must not be late. May be called at any time.
    virtual bool HasTimers() const = 0;

   protected:
    ~Endpoint() = default;
  };

  // Never reused in the life of the process. Goes to usrsctp as the "address".
  enum class EndpointId : std::uintptr_t {};

  // kInvalidState: as many runtimes live as there are copies. Any thread; `loop` must outlive the
  // runtime.
  static Result<std::unique_ptr<UsrsctpRuntime>> Create(Loop& loop);

  // No association may live. On the loop, or after the loop has stopped. Takes a bounded time:
  // should usrsctp not let go of an endpoint, the library stays started (a warning says so) and the
  // next runtime takes it over.
  ~UsrsctpRuntime();

  UsrsctpRuntime(const UsrsctpRuntime&) = delete;
  UsrsctpRuntime& operator=(const UsrsctpRuntime&) = delete;

  Loop& loop() { return loop_; }
  const UsrsctpLibrary& library() const { return library_; }

  // For UsrsctpAssociation; loop thread only. While at least one endpoint is registered, usrsctp is
  // ticked every 10 ms; every second once nothing happened for as long and no endpoint has timers;
  // a process without endpoints has no timer.
  EndpointId Register(Endpoint& endpoint);
  // No callback of this endpoint comes after.
  void Unregister(EndpointId id);
  // One received packet for an endpoint.
  void Input(EndpointId id, ByteSpan packet);
  // To be called before anything that may start a timer in usrsctp, other than Input, which does:
  // the clock there may be behind. OnUsrsctpOutput may come from inside.
  void Wake() {
    quiet_ticks_ = 0;
    if (slow_) CatchUp();
  }
  // To be called before what starts a retransmission timer: a send while nothing is on the way, a
  // batch of received packets. A timer counts from usrsctp's clock as it was at the last tick, and
  // one that ends early is worth nothing: usrsctp sends no chunk again that is younger than the
  // timeout, and waits for another one.
  void SyncClock();
  std::size_t endpoint_count() const { return endpoints_.size(); }
  std::uint64_t ticks() const { return ticks_; }

  // A buffer to read one message into, shared by all associations of the loop: at least `size`
  // bytes, or kMaxReadBuffer when that is less.
  std::span<std::uint8_t> ReadBuffer(std::size_t size);

  static constexpr std::size_t kMaxReadBuffer = 1024 * 1024;

 private:
  friend struct UsrsctpCallbacks;

  UsrsctpRuntime(Loop& loop, std::size_t copy);

  Endpoint* Find(EndpointId id) const;
  void Tick();
  void CatchUp();
  void Advance(Loop::TimePoint to);
  bool AnyHasTimers() const;

  Loop& loop_;
  const std::size_t copy_;  // its number
  const UsrsctpLibrary& library_;
  std::unordered_map<std::uintptr_t, Endpoint*> endpoints_;
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  std::size_t read_buffer_size_ = 0;
  Loop::TimePoint last_tick_{};
  int quiet_ticks_ = 0;  // since something happened
  bool slow_ = false;
  std::uint64_t ticks_ = 0;
  Timer tick_timer_;
};

// The C functions that usrsctp is given; they find the runtime and the endpoint again.
struct UsrsctpCallbacks {
  static int Output(void* address, void* buffer, std::size_t length, std::uint8_t tos,
                    std::uint8_t set_df) noexcept;
  static void Activity(std::uintptr_t id) noexcept;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_USRSCTP_RUNTIME_H_
