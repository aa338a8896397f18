// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

namespace pairwire::test {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) std::abort();
  return {fds[0], fds[1]};
}

int MillisecondsUntil(std::chrono::steady_clock::time_point until) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<long long>(left.count(), 0));
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  signal(SIGPIPE, SIG_IGN);
  const Pipe in = MakePipe();
  const Pipe out = MakePipe();
  const Pipe err = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
  // The test's own signal mask and dispositions are not the program's.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t reset;
  sigemptyset(&reset);
  sigaddset(&reset, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &reset);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int error = posix_spawn(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(in.read);
  close(out.write);
  close(err.write);
  in_ = in.write;
  fcntl(in_, F_SETFL, O_NONBLOCK);
  if (error != 0) {
    std::fprintf(stderr, "cannot start %s\n", argv[0]);
    std::abort();
  }
  reader_ = std::thread([this, out, err] { ReadOutput(out.read, err.read); });
}

ChildProcess::~ChildProcess() {
  CloseInput();
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  reader_.join();
}

void ChildProcess::ReadOutput(int out, int err) {
  std::array<pollfd, 2> fds{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  std::array<char, 64 * 1024> buffer;
  std::string partial;
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    poll(fds.data(), fds.size(), -1);
    for (pollfd& source : fds) {
      if (source.fd < 0 || source.revents == 0) continue;
      const ssize_t got = read(source.fd, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        close(std::exchange(source.fd, -1));
        continue;
      }
      const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
      output_.Update([&](Output& all) {
        if (&source == &fds[1]) {
          all.errors += text;
          return;
        }
        partial += text;
        std::size_t begin = 0;
        for (std::size_t end; (end = partial.find('\n', begin)) != std::string::npos;) {
          all.lines.push_back(partial.substr(begin, end - begin));
          begin = end + 1;
        }
        partial.erase(0, begin);
      });
    }
  }
  output_.Update([](Output& all) { all.ended = true; });
}

std::vector<std::string> ChildProcess::lines() const { return output_.Get().lines; }
std::string ChildProcess::errors() const { return output_.Get().errors; }

std::optional<std::string> ChildProcess::WaitForLine(
    const std::function<bool(const std::string&)>& wanted, std::chrono::milliseconds deadline) {
  std::optional<std::string> found;
  static_cast<void>(output_.WaitUntil(
      [&](const Output& all) {
        while (next_line_ < all.lines.size()) {
          const std::string& line = all.lines[next_line_++];
          if (!wanted(line)) continue;
          found = line;
          return true;
        }
        return all.ended;
      },
      deadline));
  return found;
}

bool ChildProcess::Write(std::string_view text, std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!text.empty()) {
    const ssize_t written = write(in_, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
    pollfd writable{in_, POLLOUT, 0};
    if (poll(&writable, 1, MillisecondsUntil(until)) == 0) return false;
  }
  return true;
}

void ChildProcess::CloseInput() {
  if (in_ >= 0) close(std::exchange(in_, -1));
}

void ChildProcess::Signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

int ChildProcess::WaitForExit(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  if (exit_code_) return *exit_code_;
  if (!output_.WaitUntil([](const Output& all) { return all.ended; }, deadline)) return -1;
  // A pidfd tells the end without polling.
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process, POLLIN, 0};
  const bool over = poll(&ended, 1, MillisecondsUntil(until)) == 1;
  close(process);
  int status = 0;
  if (!over || waitpid(pid_, &status, 0) != pid_) return -1;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *exit_code_;
}

std::size_t ChildProcess::PeakMemoryKib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
  }
  return 0;
}

std::size_t ChildProcess::OpenDescriptors() const {
  std::error_code error;
  const std::filesystem::directory_iterator begin("/proc/" + std::to_string(pid_) + "/fd", error);
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

std::size_t ChildProcess::ConnectionsTo(int port) const { return ConnectionsOf(pid_, port); }

std::size_t ConnectionsOf(pid_t pid, int port) {
  std::set<std::string> inodes;
  std::error_code error;
  const std::string process = "/proc/" + std::to_string(pid);
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  std::array<char, 16> wanted{};
  std::snprintf(wanted.data(), wanted.size(), "0100007F:%04X", static_cast<unsigned>(port));
  std::ifstream table(process + "/net/tcp");
  std::size_t count = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields(std::istream_iterator<std::string>{words}, {});
    if (fields.size() > 9 && fields[2] == wanted.data() && inodes.contains(fields[9])) ++count;
  }
  return count;
}

}  // namespace pairwire::test
