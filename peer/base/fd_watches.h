// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FdWatches: the descriptors that a loop watches, on one epoll set. It has no thread and no clock:
// the loop says when to look or to wait, and when to call.
//
// The set is itself a descriptor that is readable while something in it is, so that another reactor
// may wait for it (Asio in asio_loop.cc).
#ifndef PAIRWIRE_PEER_BASE_FD_WATCHES_H_
#define PAIRWIRE_PEER_BASE_FD_WATCHES_H_

#include <pairwire/result.h>
#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "peer/base/io_loop.h"

namespace pairwire {

class FdWatches {
 public:
  // How many descriptors one look finds; the others are found by the next.
  static constexpr std::size_t kMaxEvents = 256;

  enum class Trigger {
    kLevel,  // found by each look for as long as it is readable
    kEdge,   // found once each time that it becomes readable; nobody has to read it
  };

  FdWatches() = default;
  ~FdWatches();
  FdWatches(const FdWatches&) = delete;
  FdWatches& operator=(const FdWatches&) = delete;

  // First and once. Error: kSystem (out of descriptors).
  Result<void> Open();
  // Forgets everything and closes the set. What is destroyed may call Remove.
  void Close();
  int epoll_fd() const { return epoll_fd_; }

  // Error: kSystem, `fd` cannot be watched (out of watches, a file, watched already).
  Result<FdWatchId> Add(int fd, Trigger trigger, std::function<void()> on_readable);
  // No callback of this watch starts after the call; also from a callback, also its own.
  void Remove(FdWatchId id);

  // Looks which descriptors are readable; with `wait`, sleeps until there is one. Nothing happens
  // when what an earlier look found has not been called yet.
  void Look(bool wait);
  bool found() const { return next_found_ < found_; }
  // Calls for each descriptor that was found. Not from a callback.
  void CallFound();

 private:
  struct Watch {
    int fd;
    std::function<void()> on_readable;
    bool removed = false;
  };

  int epoll_fd_ = -1;
  FdWatchId next_id_ = 1;
  std::unordered_map<FdWatchId, std::unique_ptr<Watch>> watches_;
  std::array<epoll_event, kMaxEvents> events_{};
  std::size_t found_ = 0;
  std::size_t next_found_ = 0;
  bool calling_ = false;
  // events_ may name them, and a callback that runs may be one of theirs.
  std::vector<std::unique_ptr<Watch>> removed_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_FD_WATCHES_H_
