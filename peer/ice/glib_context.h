// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// GlibContext: one GMainContext driven from an IoLoop, for libnice, which keeps its sockets and
// timers in such a context. No thread, no poll loop of GLib's own: a nested epoll descriptor holds
// the context's descriptors and is watched by the loop; one loop timer stands for the context's
// next timeout. When nothing happens, nothing runs.
//
// One context per libnice agent: a context walks all its sources on each wake-up, so hundreds of
// agents on a shared one would cost hundreds of times as much (measured: 2.9 us for 2 agents, 722
// us for 2000).
//
// It is not a general GLib loop: nobody else may iterate the context. Loop thread only, but for
// Finish.
#ifndef PAIRWIRE_PEER_ICE_GLIB_CONTEXT_H_
#define PAIRWIRE_PEER_ICE_GLIB_CONTEXT_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"

typedef struct _GMainContext GMainContext;
typedef struct _GPollFD GPollFD;
typedef struct _GSource GSource;

namespace pairwire::ice {

class GlibContext {
 public:
  // `after_iteration` runs after each iteration that dispatched something, from the loop's frame
  // and not from inside GLib. kSystem: the process has no descriptor left (GLib itself would abort
  // then).
  static Result<std::unique_ptr<GlibContext>> Create(IoLoop& loop,
                                                     std::function<void()> after_iteration);

  // Not to be called from inside a dispatch or from `after_iteration`.
  ~GlibContext();

  GlibContext(const GlibContext&) = delete;
  GlibContext& operator=(const GlibContext&) = delete;

  GMainContext* get() const { return context_; }

  // To be called after each call into a library that uses the context, as it may have added,
  // changed or closed sockets and timers: an iteration runs in the loop's next turn.
  void Kick();

  // Lets a timer of that name that a library has started since the last iteration run at once, and
  // not only after its first interval. Between calls of the library; Kick comes after it.
  void FireNew(const char* name) { SetTimers(last_source_ + 1, name, 0); }
  // The time that the running timer of that name waits for, in the clock of g_get_monotonic_time,
  // or -1: there is none. Changes each time the timer fires. Always the same name; of timers that
  // run side by side, one.
  std::int64_t TimeOf(const char* name);
  // Lets that timer fire in the next iteration. TimeOf found it; Kick comes after it.
  void Fire();
  // Lets the timers of that name that a library has started never fire. Between calls of the
  // library, or in a dispatch.
  void Silence(const char* name) { SetTimers(1, name, -1); }

  // Makes the calling thread the context's owner, when the loop's thread has ended.
  void TakeOver();

  // From now on `inspect` is called before each dispatch with every descriptor that has something
  // to read, and leaves it there or takes it; true: it took the first of it, and there need be no
  // dispatch for that. It may call this. Empty: no more.
  void SetInspector(std::function<bool(int fd)> inspect) { inspect_ = std::move(inspect); }

  // From now on `take` is called first when a descriptor has something to read, and may take it
  // itself; true: it did, and there need be no iteration for that. If there is more it is called
  // again. It may not call this. Empty: no more.
  void SetShortcut(std::function<bool()> take) { shortcut_ = std::move(take); }

  // Iterates without the loop until `done` is true or `limit` of real time passed: the end of a
  // context whose loop does not run any more. After TakeOver.
  void Finish(const std::function<bool()>& done, std::chrono::milliseconds limit);

  // How often the context was iterated; tests bound the cost of idleness with it.
  std::uint64_t iterations() const { return iterations_; }
  // Whether a source waits for its time, as of the last iteration.
  bool has_timer() const { return timeout_ms_ >= 0; }
  bool in_dispatch() const { return in_dispatch_; }

 private:
  GlibContext(IoLoop& loop, int epoll_fd, std::function<void()> after_iteration);

  void OnReadable();
  void Iterate();
  // What a dispatch may have changed: after a read of datagrams the descriptors are those from
  // before; after anything else some may have been closed and opened again under their numbers.
  enum class Dispatched { kNothing, kDatagrams, kAnything };
  struct Watched {
    int fd;
    std::uint32_t events;
    bool datagrams;
    bool operator==(const Watched&) const = default;
  };

  // Polls without waiting and dispatches what is ready.
  Dispatched Dispatch();
  Dispatched Ready() const;
  void Inspect();
  // Asks the context what it waits for now: fills `priority_`, `polled_`, `timeout_ms_` and `due_`.
  void Query();
  void UpdateDescriptors(Dispatched dispatched);
  bool Watch(const Watched& wanted, bool known);
  // The id of the last source that was attached; ids count up.
  unsigned NewestSource() const;
  // Of the running timers of that name whose ids are at least `first`.
  void SetTimers(unsigned first, const char* name, std::int64_t ready_time);
  void LetSourcesRecurse();
  const Watched* FindWatched(int fd) const;
  void Arm();
  // Null: gone, or it waits for nothing.
  GSource* FoundTimer() const;

  IoLoop& loop_;
  const int epoll_fd_;
  const std::function<void()> after_iteration_;
  std::function<bool(int fd)> inspect_;
  std::function<bool()> shortcut_;
  int shortcuts_ = 0;  // that were taken since the last iteration
  GMainContext* context_;
  FdWatchId watch_ = 0;
  std::vector<GPollFD> polled_;  // its first `polled_count_` elements count
  int polled_count_ = 0;
  int timeout_ms_ = 0;  // -1: no timeout
  Loop::TimePoint due_{};
  int priority_ = 0;
  bool queried_ = false;  // the five above are what GLib would say now
  // What the epoll descriptor holds, as far as we know, in order of descriptors: a handful.
  std::vector<Watched> watched_;
  std::vector<Watched> wanted_;  // kept for its storage
  unsigned last_source_ = 0;     // its id in the context; those up to it were seen
  unsigned found_timer_ = 0;     // what TimeOf found last
  unsigned timer_searched_ = 0;  // the id up to which it has looked
  bool iteration_posted_ = false;
  bool in_dispatch_ = false;
  // The table above may be wrong: descriptors can have been closed, and their numbers used again,
  // since it was last compared with the kernel.
  bool verify_now_ = true;
  bool unverified_ = false;
  Loop::TimePoint verified_at_{};
  std::uint64_t iterations_ = 0;
  Loop::TimePoint armed_for_{};
  Timer timer_;
  TaskSafety safety_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_GLIB_CONTEXT_H_
