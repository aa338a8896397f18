// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/second_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace pairwire::bench {
namespace {

constexpr int kLinkFd = 3;  // the first after the standard ones
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{2};

}  // namespace

Result<std::unique_ptr<SecondProcess>> SecondProcess::Start(int argc, char** argv) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Fail(Errc::kSystem, std::string("socketpair: ") + std::strerror(errno));
  }
  std::vector<char*> arguments(argv, argv + argc);
  std::string link = "--link-fd=" + std::to_string(kLinkFd);
  arguments.push_back(link.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], kLinkFd);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return Fail(Errc::kSystem, std::string("posix_spawn: ") + std::strerror(error));
  }
  return std::unique_ptr<SecondProcess>(new SecondProcess(pid, ends[0]));
}

SecondProcess::~SecondProcess() {
  close(fd_);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace pairwire::bench
