// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/main_loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace pairwire::samples {

std::vector<std::string> LineSplitter::Feed(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = kMaxLine - line_.size();
    const std::size_t take = std::min({end, room, bytes.size()});
    line_ += bytes.substr(0, take);
    bytes.remove_prefix(take);
    const bool complete = end == take;
    if (complete) bytes.remove_prefix(1);
    if (complete || line_.size() == kMaxLine) lines.push_back(std::exchange(line_, {}));
  }
  return lines;
}

std::optional<std::string> LineSplitter::Rest() {
  if (line_.empty()) return std::nullopt;
  return std::exchange(line_, {});
}

MainLoop::MainLoop() {
  signal(SIGPIPE,
         SIG_IGN);  // stdout may be a pipe whose reader has gone: a write error says so too
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal_fd_ = signalfd(-1, &ending, SFD_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signal_fd_ < 0 || wake_fd_ < 0) {
    std::perror("no descriptors left");
    std::exit(kExitFailed);
  }
}

MainLoop::~MainLoop() {
  close(signal_fd_);
  close(wake_fd_);
}

void MainLoop::Wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake anyway.
  static_cast<void>(!write(wake_fd_, &one, sizeof one));
}

void MainLoop::Finish(int exit_code) {
  int none = -1;
  exit_code_.compare_exchange_strong(none, exit_code);
  Wake();
}

void MainLoop::ReadLines(std::function<void(std::vector<std::string>)> on_lines) {
  on_lines_ = std::move(on_lines);
}

void MainLoop::WantLines() {
  lines_wanted_ = true;
  Wake();
}

std::optional<int> MainLoop::Wait() {
  while (true) {
    if (const int code = exit_code_; code >= 0) return code;
    const bool read_input = on_lines_ && !input_ended_ && lines_wanted_;
    std::array<pollfd, 3> fds{{{signal_fd_, POLLIN, 0},
                               {wake_fd_, POLLIN, 0},
                               {read_input ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return kExitFailed;
    if (fds[0].revents != 0) {
      signalfd_siginfo info{};
      static_cast<void>(!read(signal_fd_, &info, sizeof info));
      return std::nullopt;
    }
    if (fds[1].revents != 0) {
      std::uint64_t count = 0;
      static_cast<void>(!read(wake_fd_, &count, sizeof count));
    }
    if (fds[2].revents != 0) OnInput();
  }
}

void MainLoop::OnInput() {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    std::vector<std::string> lines = splitter_.Feed({buffer.data(), static_cast<std::size_t>(got)});
    if (lines.empty()) return;
    lines_wanted_ = false;
    on_lines_(std::move(lines));
    return;
  }
  input_ended_ = true;
  lines_wanted_ = false;
  std::vector<std::string> last;
  if (auto rest = splitter_.Rest()) last.push_back(std::move(*rest));
  if (!last.empty()) on_lines_(std::move(last));
  on_lines_({});
}

}  // namespace pairwire::samples
