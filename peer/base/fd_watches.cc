// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/fd_watches.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "peer/base/check.h"

namespace pairwire {

FdWatches::~FdWatches() { Close(); }

Result<void> FdWatches::Open() {
  PAIRWIRE_CHECK(epoll_fd_ < 0);
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return Fail(Errc::kSystem, std::string("epoll: ") + std::strerror(errno));
  return {};
}

void FdWatches::Close() {
  decltype(watches_) watches;
  watches.swap(watches_);
  watches.clear();
  removed_.clear();
  found_ = next_found_ = 0;
  if (epoll_fd_ >= 0) close(std::exchange(epoll_fd_, -1));
}

Result<FdWatchId> FdWatches::Add(int fd, Trigger trigger, std::function<void()> on_readable) {
  auto watch = std::make_unique<Watch>(Watch{fd, std::move(on_readable)});
  const int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  epoll_event event{};
  event.events = trigger == Trigger::kEdge ? EPOLLIN | EPOLLET : EPOLLIN;
  event.data.ptr = watch.get();
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Fail(Errc::kSystem, std::string("epoll_ctl: ") + std::strerror(errno));
  }
  const FdWatchId id = next_id_++;
  watches_.emplace(id, std::move(watch));
  return id;
}

void FdWatches::Remove(FdWatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  std::unique_ptr<Watch> watch = std::move(found->second);
  watches_.erase(found);
  epoll_event unused{};  // kernels before 2.6.9 wanted one
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, watch->fd, &unused);
  watch->removed = true;
  if (calling_ || this->found()) removed_.push_back(std::move(watch));
}

void FdWatches::Look(bool wait) {
  if (found()) return;
  const int count = epoll_wait(epoll_fd_, events_.data(), kMaxEvents, wait ? -1 : 0);
  PAIRWIRE_CHECK(count >= 0 || errno == EINTR);
  found_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  next_found_ = 0;
}

void FdWatches::CallFound() {
  PAIRWIRE_CHECK(!calling_);
  if (!found()) return;
  calling_ = true;
  while (found()) {
    const auto* watch = static_cast<const Watch*>(events_[next_found_++].data.ptr);
    if (!watch->removed) watch->on_readable();
  }
  calling_ = false;
  // Their callbacks may hold what calls Remove when it goes.
  decltype(removed_) removed;
  removed.swap(removed_);
}

}  // namespace pairwire
