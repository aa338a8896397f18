// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/asio_loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "peer/base/check.h"
#include "peer/base/fd_watches.h"
#include "peer/base/log.h"
#include "peer/base/timer_queue.h"

namespace pairwire {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Bounds of one turn, beside FdWatches::kMaxEvents. Large enough that the turn's fixed cost (two
// locks, one epoll_wait) vanishes, small enough that a turn of microsecond tasks stays within a
// millisecond or so.
constexpr int kMaxHandlersPerTurn = 256;
constexpr int kMaxTasksPerTurn = 1024;
constexpr int kMaxTimersPerTurn = 256;

// A turn that follows another without sleep looks at Asio only now and then when it was idle at the
// last look: a look is a system call, and its users (signaling) wait for milliseconds anyway.
constexpr int kTurnsBetweenGuestLooks = 16;

// A burst's mailbox is given back to the heap beyond this many slots.
constexpr std::size_t kKeptMailboxCapacity = 4096;

// pthread_setname_np refuses longer names.
constexpr std::size_t kMaxThreadName = 15;

// The loop whose thread this is.
thread_local const AsioLoop* current_loop = nullptr;

// While it lives, the calling thread, and so each thread it starts, blocks the signals that a
// process handles as a whole: those belong to the application's threads. Faults stay as they are.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int kept : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      sigdelset(&blocked, kept);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

// A descriptor of ours, closed with it.
class OwnedFd {
 public:
  OwnedFd() = default;
  ~OwnedFd() { Reset(-1); }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;

  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace

class AsioLoop::Impl {
 public:
  Impl(const AsioLoop* owner, std::string thread_name, Duration spin)
      : owner_(owner),
        thread_name_(std::move(thread_name)),
        spin_(spin),
        work_(context_.get_executor()) {
    thread_name_.resize(std::min(thread_name_.size(), kMaxThreadName));
  }

  ~Impl() { CloseDescriptors(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> Start();
  void Stop();
  void Post(Task task);
  void PostAtTurnEnd(Task task);
  TimerId ScheduleAt(TimePoint when, Task task);
  void CancelTimer(TimerId id);
  FdWatchId WatchReadable(int fd, std::function<void()> on_readable);
  void UnwatchFd(FdWatchId id);

  asio::io_context& context();
  std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  enum class State { kNew, kRunning, kStopped };

  // What other threads touch; the one lock of the loop, never held while a task runs or is
  // destroyed.
  struct Mailbox {
    std::mutex mutex;
    std::vector<Task> tasks;
    bool accepting = true;
    bool sleeping = false;  // the loop is, or is about to be, asleep: the next Post wakes it
  };

  Result<void> OpenDescriptors();
  void CloseDescriptors();
  void Wake();
  void Run();
  void RunTurn(bool look);
  void RunGuest();
  void RunMailbox();
  bool RefillBatch();
  void RunTimers();
  void RunTurnEnd();
  void Sleep();
  void SleepAsGuestsHost();
  bool HasReadyWork() const;
  bool Spins();
  void ArmTimer();
  void Drain();
  void CheckThread() const {
    PAIRWIRE_CHECK(owner_->IsCurrent() ||
                   state_.load(std::memory_order_acquire) == State::kStopped);
  }

  const AsioLoop* const owner_;
  std::string thread_name_;
  const Duration spin_;
  std::mutex lifecycle_mutex_;  // Start and Stop only
  std::atomic<State> state_ = State::kNew;
  std::atomic<bool> stop_requested_ = false;
  std::atomic<std::uint64_t> turns_ = 0;
  Mailbox mailbox_;
  OwnedFd wake_fd_;  // an eventfd that nobody reads: each write is an edge

  // The guest. Once somebody has asked for the context, the loop sleeps in it, and the watched
  // descriptors are one descriptor to it, the gate; until then Asio costs nothing.
  std::atomic<bool> has_guest_ = false;
  asio::io_context context_{1};  // 1: a hint that one thread runs it
  const asio::executor_work_guard<asio::io_context::executor_type> work_;

  // From here on the loop's thread only.
  std::vector<Task> batch_;  // taken from the mailbox; tasks before batch_next_ have run
  std::size_t batch_next_ = 0;
  std::vector<Task> turn_end_;
  TimerQueue timers_;
  OwnedFd timer_fd_;
  std::optional<TimePoint> armed_for_;  // what timer_fd_ will wake us for
  FdWatches watches_;
  // The set's descriptor, which is not Asio's to close.
  std::optional<asio::posix::stream_descriptor> gate_;
  bool gate_waits_ = false;
  int turns_to_guest_look_ = 0;
  TimePoint turn_time_{};  // when the turn's timers were looked at
  bool busy_ = false;      // there was something to do since Spins was asked
  TimePoint spin_until_{};
  bool draining_ = false;  // stopping or stopped: take nothing new

  std::thread thread_;
};

Result<void> AsioLoop::Impl::Start() {
  const std::lock_guard lock(lifecycle_mutex_);
  if (state_ != State::kNew) return Fail(Errc::kInvalidState, "the loop was started before");
  if (auto opened = OpenDescriptors(); !opened) {
    CloseDescriptors();
    return opened;
  }
  state_ = State::kRunning;
  try {
    const BlockedSignals blocked;
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& failure) {
    state_ = State::kNew;
    CloseDescriptors();
    return Fail(Errc::kSystem, std::string("thread: ") + failure.what());
  }
  return {};
}

Result<void> AsioLoop::Impl::OpenDescriptors() {
  if (auto opened = watches_.Open(); !opened) return opened;
  const auto failed = [](const char* what) {
    return Fail(Errc::kSystem, std::string(what) + ": " + std::strerror(errno));
  };
  timer_fd_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (timer_fd_.get() < 0) return failed("timerfd");
  wake_fd_.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (wake_fd_.get() < 0) return failed("eventfd");
  // Asio throws when it cannot have its own epoll descriptor, or cannot watch ours.
  try {
    gate_.emplace(context_, watches_.epoll_fd());
  } catch (const std::exception& error) {
    return Fail(Errc::kSystem, std::string("epoll: ") + error.what());
  }
  using Trigger = FdWatches::Trigger;
  auto watched = watches_.Add(timer_fd_.get(), Trigger::kEdge, [this] { armed_for_.reset(); });
  if (watched) watched = watches_.Add(wake_fd_.get(), Trigger::kEdge, [] {});
  if (!watched) return tl::unexpected(watched.error());
  return {};
}

void AsioLoop::Impl::CloseDescriptors() {
  if (gate_ && gate_->is_open()) gate_->release();
  gate_.reset();
  watches_.Close();
}

void AsioLoop::Impl::Stop() {
  PAIRWIRE_CHECK(!owner_->IsCurrent());
  const std::lock_guard lock(lifecycle_mutex_);
  if (state_ == State::kStopped) return;
  bool wake = false;
  {
    const std::lock_guard mailbox_lock(mailbox_.mutex);
    mailbox_.accepting = false;
    stop_requested_ = true;
    wake = std::exchange(mailbox_.sleeping, false);
  }
  if (wake) Wake();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Drain();
  }
  state_.store(State::kStopped, std::memory_order_release);
}

void AsioLoop::Impl::Post(Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(mailbox_.mutex);
    if (!mailbox_.accepting) return;  // `task` dies after the lock does
    mailbox_.tasks.push_back(std::move(task));
    wake = std::exchange(mailbox_.sleeping, false);
  }
  // One wake-up for any number of posts: the flag comes back only when the loop goes to sleep
  // again.
  if (wake) Wake();
}

void AsioLoop::Impl::Wake() {
  const std::uint64_t one = 1;
  const ssize_t written = write(wake_fd_.get(), &one, sizeof(one));
  PAIRWIRE_CHECK(written == sizeof(one));
}

asio::io_context& AsioLoop::Impl::context() {
  // A loop that sleeps without a guest would not hear of what is posted to the context.
  if (!has_guest_.exchange(true)) Post([] {});
  return context_;
}

void AsioLoop::Impl::PostAtTurnEnd(Task task) {
  CheckThread();
  if (!draining_) turn_end_.push_back(std::move(task));
}

TimerId AsioLoop::Impl::ScheduleAt(TimePoint when, Task task) {
  CheckThread();
  if (draining_) return 0;
  return timers_.Schedule(when, std::move(task));
}

void AsioLoop::Impl::CancelTimer(TimerId id) {
  CheckThread();
  timers_.Cancel(id);
}

void AsioLoop::Impl::Run() {
  current_loop = owner_;
  pthread_setname_np(pthread_self(), thread_name_.c_str());
  bool look = true;
  while (!stop_requested_) {
    RunTurn(look);
    // What a turn's end asks for the end of the next one (to send what it made) does not wait for
    // another look at the descriptors; every other turn has one whatever happens.
    look = !look || turn_end_.empty();
    if (!stop_requested_ && !HasReadyWork() && !Spins()) Sleep();
  }
  Drain();
  current_loop = nullptr;
}

void AsioLoop::Impl::RunTurn(bool look) {
  turns_.fetch_add(1, std::memory_order_relaxed);
  if (look) {
    RunGuest();
    watches_.Look(false);
    if (watches_.found()) busy_ = true;
    watches_.CallFound();
  }
  RunMailbox();
  RunTimers();
  RunTurnEnd();
}

void AsioLoop::Impl::RunGuest() {
  if (!has_guest_.load(std::memory_order_relaxed) || turns_to_guest_look_-- > 0) return;
  int ran = 0;
  while (ran < kMaxHandlersPerTurn && context_.poll_one() > 0) ++ran;
  if (ran > 0) busy_ = true;
  turns_to_guest_look_ = ran > 0 ? 0 : kTurnsBetweenGuestLooks;
}

void AsioLoop::Impl::RunMailbox() {
  for (int i = 0; i < kMaxTasksPerTurn && !stop_requested_; ++i) {
    if (batch_next_ == batch_.size() && !RefillBatch()) return;
    Task task = std::move(batch_[batch_next_++]);
    busy_ = true;
    task();
  }
}

bool AsioLoop::Impl::RefillBatch() {
  batch_.clear();
  batch_next_ = 0;
  if (batch_.capacity() > kKeptMailboxCapacity) std::vector<Task>().swap(batch_);
  const std::lock_guard lock(mailbox_.mutex);
  batch_.swap(mailbox_.tasks);
  return !batch_.empty();
}

void AsioLoop::Impl::RunTimers() {
  turn_time_ = Clock::now();
  for (int i = 0; i < kMaxTimersPerTurn; ++i) {
    Task task = timers_.TakeDue(turn_time_);
    if (!task) return;
    task();
  }
}

void AsioLoop::Impl::RunTurnEnd() {
  // What these tasks add for a turn's end is the next turn's.
  std::vector<Task> tasks;
  tasks.swap(turn_end_);
  for (Task& task : tasks) std::exchange(task, Task())();
  tasks.clear();
  if (turn_end_.empty()) turn_end_.swap(tasks);  // keep the storage
}

bool AsioLoop::Impl::HasReadyWork() const {
  const auto next = timers_.Next();
  return batch_next_ < batch_.size() || !turn_end_.empty() || (next && *next <= turn_time_);
}

// The next turn polls; it sees posted tasks too, so that nobody has to wake this thread.
bool AsioLoop::Impl::Spins() {
  if (spin_ == Duration::zero()) return false;
  if (std::exchange(busy_, false)) spin_until_ = turn_time_ + spin_;
  return turn_time_ < spin_until_;
}

void AsioLoop::Impl::Sleep() {
  ArmTimer();
  {
    const std::lock_guard lock(mailbox_.mutex);
    if (!mailbox_.tasks.empty() || stop_requested_) return;
    mailbox_.sleeping = true;
  }
  if (has_guest_) {
    SleepAsGuestsHost();
  } else {
    watches_.Look(true);
  }
  busy_ = true;
  const std::lock_guard lock(mailbox_.mutex);
  mailbox_.sleeping = false;
}

// Blocks until one handler ran: the gate's, or the guest's, of which there may be more. A gate that
// opened for what a turn has found without Asio wakes us once for nothing.
void AsioLoop::Impl::SleepAsGuestsHost() {
  if (!std::exchange(gate_waits_, true)) {
    gate_->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const error_code&) { gate_waits_ = false; });
  }
  context_.run_one();
  if (gate_waits_) turns_to_guest_look_ = 0;
}

// Once before each sleep rather than at each ScheduleAt, and only for an earlier time than what is
// armed: a timer that is pushed back again and again costs no system call, at most one wake-up for
// nothing.
void AsioLoop::Impl::ArmTimer() {
  const auto next = timers_.Next();
  if (!next || (armed_for_ && *armed_for_ <= *next)) return;
  const auto since_boot = next->time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot - seconds);
  // libstdc++'s steady_clock is CLOCK_MONOTONIC. Setting also clears an expiry that nobody read.
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(seconds.count());
  spec.it_value.tv_nsec = static_cast<long>(rest.count());
  const int done = timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  PAIRWIRE_CHECK(done == 0);
  armed_for_ = *next;
}

FdWatchId AsioLoop::Impl::WatchReadable(int fd, std::function<void()> on_readable) {
  CheckThread();
  if (draining_) return 0;
  const auto added = watches_.Add(fd, FdWatches::Trigger::kLevel, std::move(on_readable));
  if (added) return *added;
  Log(LogLevel::kError, "loop: cannot watch a descriptor: " + added.error().detail);
  return 0;
}

void AsioLoop::Impl::UnwatchFd(FdWatchId id) {
  CheckThread();
  watches_.Remove(id);
}

// What is destroyed here may call back (cancel, unwatch, post), so each container is emptied before
// its contents die.
void AsioLoop::Impl::Drain() {
  draining_ = true;
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mailbox_.mutex);
    tasks.swap(mailbox_.tasks);
  }
  for (Task& task : batch_) std::exchange(task, Task());
  for (Task& task : tasks) std::exchange(task, Task());
  std::vector<Task> turn_end;
  turn_end.swap(turn_end_);
  turn_end.clear();
  timers_.Clear();
  CloseDescriptors();
}

AsioLoop::AsioLoop(std::string thread_name, Duration spin)
    : impl_(std::make_unique<Impl>(this, std::move(thread_name), spin)) {}

AsioLoop::~AsioLoop() { Stop(); }

Result<void> AsioLoop::Start() { return impl_->Start(); }
void AsioLoop::Stop() { impl_->Stop(); }
asio::io_context& AsioLoop::context() { return impl_->context(); }
std::uint64_t AsioLoop::turns() const { return impl_->turns(); }
Loop::TimePoint AsioLoop::Now() const { return Clock::now(); }
bool AsioLoop::IsCurrent() const { return current_loop == this; }
void AsioLoop::Post(Task task) { impl_->Post(std::move(task)); }
void AsioLoop::PostAtTurnEnd(Task task) { impl_->PostAtTurnEnd(std::move(task)); }
void AsioLoop::CancelTimer(TimerId id) { impl_->CancelTimer(id); }
void AsioLoop::UnwatchFd(FdWatchId id) { impl_->UnwatchFd(id); }

TimerId AsioLoop::ScheduleAt(TimePoint when, Task task) {
  return impl_->ScheduleAt(when, std::move(task));
}

FdWatchId AsioLoop::WatchReadable(int fd, std::function<void()> on_readable) {
  return impl_->WatchReadable(fd, std::move(on_readable));
}

}  // namespace pairwire
