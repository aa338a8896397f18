// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/glib_context.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

// How long a descriptor that was closed and opened again under the same number, without a Kick, may
// stay unnoticed. Only libnice's own timers and TCP do that, reads of datagrams never; packets then
// wait this long.
constexpr milliseconds kVerifyInterval{100};

// Rounds of one iteration: what a dispatch makes ready at once (idle sources) need not wait for the
// loop's next turn, but must not starve it either.
constexpr int kMaxRounds = 4;

// What a shortcut takes before the context's other descriptors have their turn.
constexpr int kMaxShortcuts = 16;

std::uint32_t ToEpoll(gushort events) {
  std::uint32_t result = 0;
  if (events & G_IO_IN) result |= EPOLLIN;
  if (events & G_IO_PRI) result |= EPOLLPRI;
  if (events & G_IO_OUT) result |= EPOLLOUT;
  return result;  // errors and hang-ups are always reported
}

bool IsDatagramSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

// GLib ends the process when it gets no descriptor for a context's wake-up; so ask first.
bool HasSpareDescriptors(int fd) {
  std::array<int, 3> spare{};
  bool enough = true;
  for (int& copy : spare) {
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    enough = enough && copy >= 0;
  }
  for (const int copy : spare) {
    if (copy >= 0) close(copy);
  }
  return enough;
}

}  // namespace

Result<std::unique_ptr<GlibContext>> GlibContext::Create(IoLoop& loop,
                                                         std::function<void()> after_iteration) {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return Fail(Errc::kSystem, std::string("epoll_create1: ") + std::strerror(errno));
  if (!HasSpareDescriptors(fd)) {
    close(fd);
    return Fail(Errc::kSystem, "no descriptor left for an ICE agent");
  }
  return std::unique_ptr<GlibContext>(new GlibContext(loop, fd, std::move(after_iteration)));
}

GlibContext::GlibContext(IoLoop& loop, int epoll_fd, std::function<void()> after_iteration)
    : loop_(loop),
      epoll_fd_(epoll_fd),
      after_iteration_(std::move(after_iteration)),
      context_(g_main_context_new()),
      timer_(loop, [this] { Iterate(); }) {
  // Owned for good by the loop's thread: libnice then hands packets over directly, while from a
  // context that nobody owns it copies each to the heap; and a source attached from another thread
  // (a name resolver's) writes to the wake-up descriptor, which is in the set.
  PAIRWIRE_CHECK(g_main_context_acquire(context_));
  watch_ = loop_.WatchReadable(epoll_fd_, [this] { OnReadable(); });
  Kick();
}

GlibContext::~GlibContext() {
  PAIRWIRE_CHECK(!in_dispatch_);
  timer_.Stop();
  loop_.UnwatchFd(watch_);
  g_main_context_release(context_);
  g_main_context_unref(context_);
  close(epoll_fd_);
}

void GlibContext::Kick() {
  verify_now_ = true;
  queried_ = false;
  if (in_dispatch_ || std::exchange(iteration_posted_, true))
    return;  // looked at when that one ends
  loop_.Post(safety_.Wrap([this] {
    iteration_posted_ = false;
    Iterate();
  }));
}

void GlibContext::OnReadable() {
  if (shortcut_ && shortcuts_ < kMaxShortcuts && shortcut_()) {
    ++shortcuts_;
  } else {
    Iterate();
  }
}

void GlibContext::Iterate() {
  PAIRWIRE_CHECK(!in_dispatch_);
  ++iterations_;
  shortcuts_ = 0;
  auto dispatched = Dispatched::kNothing;
  for (int round = 0; round < kMaxRounds; ++round) {
    const Dispatched did = Dispatch();
    dispatched = std::max(dispatched, did);
    if (!queried_) Query();
    if (did == Dispatched::kNothing || timeout_ms_ != 0) break;
  }
  UpdateDescriptors(dispatched);
  if (timeout_ms_ == 0) {
    Kick();  // more is ready; the loop's other work comes first
  } else {
    Arm();
  }
  if (dispatched != Dispatched::kNothing && after_iteration_) {
    const auto alive = safety_.Watch();
    after_iteration_();
    PAIRWIRE_CHECK(*alive);
  }
}

void GlibContext::Query() {
  g_main_context_prepare(context_, &priority_);
  const auto query = [&] {
    const int room = static_cast<int>(polled_.size());
    polled_count_ = g_main_context_query(context_, priority_, &timeout_ms_, polled_.data(), room);
    return polled_count_ <= room;
  };
  while (!query()) polled_.resize(static_cast<std::size_t>(polled_count_) + 4);
  queried_ = true;
  if (timeout_ms_ < 0) return;
  due_ = loop_.Now() + milliseconds(timeout_ms_);
  // GLib rounds up to whole milliseconds, which is a lot for a timer of five.
  GSource* const timer = FoundTimer();
  if (timer == nullptr) return;
  const auto left =
      std::chrono::microseconds(g_source_get_ready_time(timer) - g_get_monotonic_time());
  if (left > std::chrono::microseconds(0)) due_ = std::min(due_, loop_.Now() + left);
}

GlibContext::Dispatched GlibContext::Dispatch() {
  // What the last iteration asked still holds, unless somebody called into the context since.
  if (!queried_) Query();
  queried_ = false;
  g_poll(polled_.data(), static_cast<guint>(polled_count_), 0);
  if (inspect_) Inspect();
  const Dispatched ready = Ready();
  if (ready == Dispatched::kNothing) {
    queried_ = true;
    return ready;
  }
  if (!g_main_context_check(context_, priority_, polled_.data(), polled_count_)) {
    return Dispatched::kNothing;
  }
  in_dispatch_ = true;
  // A sender that never pauses keeps libnice's read loop, and so the loop's turn, busy: it reads
  // each socket until it is empty and has no option to stop earlier.
  g_main_context_dispatch(context_);
  in_dispatch_ = false;
  return ready;
}

GlibContext::Dispatched GlibContext::Ready() const {
  auto ready = Dispatched::kNothing;
  for (int i = 0; i < polled_count_; ++i) {
    const GPollFD& polled = polled_[static_cast<std::size_t>(i)];
    if (polled.revents == 0) continue;
    const Watched* const watched = FindWatched(polled.fd);
    if (watched == nullptr || !watched->datagrams) return Dispatched::kAnything;
    ready = Dispatched::kDatagrams;
  }
  // A timer or an idle source.
  if (timeout_ms_ >= 0 && loop_.Now() >= due_) return Dispatched::kAnything;
  return ready;
}

void GlibContext::Inspect() {
  in_dispatch_ = true;
  const auto inspect = inspect_;  // a copy: it may be replaced by what it finds
  for (int i = 0; i < polled_count_; ++i) {
    GPollFD& polled = polled_[static_cast<std::size_t>(i)];
    if ((polled.revents & G_IO_IN) == 0 || !inspect(polled.fd)) continue;
    // If there is more, the descriptor is reported again.
    polled.revents = static_cast<gushort>(polled.revents & ~G_IO_IN);
  }
  in_dispatch_ = false;
}

void GlibContext::UpdateDescriptors(Dispatched dispatched) {
  const auto now = loop_.Now();
  unverified_ = unverified_ || dispatched == Dispatched::kAnything;
  const bool verify =
      std::exchange(verify_now_, false) || (unverified_ && now - verified_at_ >= kVerifyInterval);
  if (verify) {
    verified_at_ = now;
    unverified_ = false;
  }

  // Two sources may wait for one descriptor.
  std::vector<Watched>& wanted = wanted_;
  wanted.clear();
  for (int i = 0; i < polled_count_; ++i) {
    const GPollFD& polled = polled_[static_cast<std::size_t>(i)];
    const auto at = std::lower_bound(wanted.begin(), wanted.end(), polled.fd,
                                     [](const Watched& w, int fd) { return w.fd < fd; });
    if (at != wanted.end() && at->fd == polled.fd) {
      at->events |= ToEpoll(polled.events);
    } else {
      const Watched* const known = FindWatched(polled.fd);
      const bool datagrams = known != nullptr && known->datagrams;
      wanted.insert(at, {polled.fd, ToEpoll(polled.events), datagrams});
    }
  }
  if (!verify && wanted == watched_) return;

  for (const Watched& old : watched_) {
    const bool stays =
        std::any_of(wanted.begin(), wanted.end(), [&](const Watched& w) { return w.fd == old.fd; });
    // Fails when the descriptor is closed already, which took it out of the set.
    if (!stays) epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, old.fd, nullptr);
  }
  std::erase_if(wanted, [&](Watched& entry) {
    const Watched* const known = FindWatched(entry.fd);
    if (known == nullptr || verify) entry.datagrams = IsDatagramSocket(entry.fd);
    const bool same = known != nullptr && known->events == entry.events && !verify;
    return !same && !Watch(entry, known != nullptr);
  });
  watched_ = wanted;
  LetSourcesRecurse();
}

// False: closed under us; the next query will not name it any more.
bool GlibContext::Watch(const Watched& wanted, bool known) {
  epoll_event event{};
  event.events = wanted.events;
  event.data.fd = wanted.fd;
  int rc = epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, wanted.fd, &event);
  if (rc != 0 && known && errno == ENOENT) {
    // The number was closed and used again.
    rc = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wanted.fd, &event);
  } else if (rc != 0 && !known && errno == EEXIST) {
    rc = epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, wanted.fd, &event);
  }
  return rc == 0;
}

const GlibContext::Watched* GlibContext::FindWatched(int fd) const {
  const auto found = std::lower_bound(watched_.begin(), watched_.end(), fd,
                                      [](const Watched& w, int number) { return w.fd < number; });
  return found != watched_.end() && found->fd == fd ? &*found : nullptr;
}

unsigned GlibContext::NewestSource() const {
  GSource* const probe = g_idle_source_new();
  const unsigned id = g_source_attach(probe, context_);
  g_source_destroy(probe);
  g_source_unref(probe);
  return id - 1;
}

void GlibContext::SetTimers(unsigned first, const char* name, std::int64_t ready_time) {
  const unsigned newest = NewestSource();
  for (unsigned id = first; id <= newest; ++id) {
    GSource* const source = g_main_context_find_source_by_id(context_, id);
    if (source == nullptr || g_source_get_ready_time(source) < 0) continue;
    const char* const its = g_source_get_name(source);
    if (its != nullptr && std::string_view(its) == name) {
      g_source_set_ready_time(source, ready_time);
    }
  }
}

GSource* GlibContext::FoundTimer() const {
  GSource* const source =
      found_timer_ == 0 ? nullptr : g_main_context_find_source_by_id(context_, found_timer_);
  return source != nullptr && g_source_get_ready_time(source) >= 0 ? source : nullptr;
}

std::int64_t GlibContext::TimeOf(const char* name) {
  GSource* timer = FoundTimer();
  if (timer == nullptr) {
    const unsigned newest = NewestSource();
    while (timer == nullptr && timer_searched_ < newest) {
      GSource* const source = g_main_context_find_source_by_id(context_, ++timer_searched_);
      const char* const its = source == nullptr ? nullptr : g_source_get_name(source);
      if (its == nullptr || std::string_view(its) != name) continue;
      found_timer_ = timer_searched_;
      timer = FoundTimer();
    }
  }
  return timer == nullptr ? -1 : g_source_get_ready_time(timer);
}

void GlibContext::Fire() {
  GSource* const timer = FoundTimer();
  if (timer != nullptr) g_source_set_ready_time(timer, 0);
}

// GLib takes a source's descriptors out of its poll set for as long as the source is dispatched,
// and wakes itself each time: two writes to its wake-up descriptor, a read of it, and one more
// iteration for each packet. Not so for a source that may recurse; as nobody iterates inside a
// dispatch, none ever does. Sources with a time stay as they are: GLib wakes itself when a time
// changes that is not taken out.
void GlibContext::LetSourcesRecurse() {
  const unsigned newest = NewestSource();
  while (last_source_ < newest) {
    GSource* const source = g_main_context_find_source_by_id(context_, ++last_source_);
    if (source != nullptr && g_source_get_ready_time(source) < 0) {
      g_source_set_can_recurse(source, TRUE);
    }
  }
}

void GlibContext::Arm() {
  auto when = Loop::TimePoint::max();
  if (timeout_ms_ > 0) when = due_;
  // Once more after the last packet, so that a reused number is found although nothing else
  // happens.
  if (unverified_) when = std::min(when, verified_at_ + kVerifyInterval);
  if (when == Loop::TimePoint::max()) {
    timer_.Stop();
    return;
  }
  // An earlier timer is left alone: it costs one needless iteration, while starting it anew would
  // cost as much with each packet.
  if (timer_.active() && armed_for_ <= when) return;
  armed_for_ = when;
  timer_.StartAt(when);
}

void GlibContext::TakeOver() {
  // GLib counts owners and does not ask which thread lets go.
  g_main_context_release(context_);
  PAIRWIRE_CHECK(g_main_context_acquire(context_));
}

void GlibContext::Finish(const std::function<bool()>& done, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    Dispatch();
    if (done()) return;
    Query();
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return;
    const int wait = static_cast<int>(left);
    g_poll(polled_.data(), static_cast<guint>(polled_count_),
           timeout_ms_ < 0 ? wait : std::min(timeout_ms_, wait));
  }
}

}  // namespace pairwire::ice
