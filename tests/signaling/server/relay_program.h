// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Program: the real pairwire-relay as a process, for tests that look at it from outside.
#ifndef PAIRWIRE_TESTS_SIGNALING_SERVER_RELAY_PROGRAM_H_
#define PAIRWIRE_TESTS_SIGNALING_SERVER_RELAY_PROGRAM_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;

namespace pairwire::server::testing {

// The program as its users run it.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PAIRWIRE_RELAY_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(::pipe2(out_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err_.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out_[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_[1], STDERR_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, PAIRWIRE_RELAY_PROGRAM, &actions, nullptr, argv.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out_[1]);
    ::close(err_[1]);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      Wait();
    }
    ::close(out_[0]);
    ::close(err_[0]);
  }

  std::string ReadLine() { return Read(out_[0], true); }
  std::string ReadOutput() { return Read(out_[0], false); }
  std::string ReadErrors() { return Read(err_[0], false); }
  void Signal(int number) const { ::kill(pid_, number); }
  pid_t pid() const { return pid_; }
  // The exit code, or -1 when a signal ended it.
  int Wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Starts listening and tells its port.
  std::uint16_t Port() {
    const std::string line = ReadLine();
    EXPECT_EQ(line.rfind("listening on http://127.0.0.1:", 0), 0U) << line;
    return static_cast<std::uint16_t>(std::atoi(line.c_str() + line.rfind(':') + 1));
  }

 private:
  static std::string Read(int fd, bool one_line) {
    std::string text;
    char c = 0;
    while (true) {
      pollfd waiting{fd, POLLIN, 0};
      if (::poll(&waiting, 1, 30'000) != 1) {
        ADD_FAILURE() << "the program said nothing; so far: " << text;
        return text;
      }
      if (::read(fd, &c, 1) != 1 || (one_line && c == '\n')) return text;
      text += c;
    }
  }

  pid_t pid_ = -1;
  std::array<int, 2> out_{};
  std::array<int, 2> err_{};
};

}  // namespace pairwire::server::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_SERVER_RELAY_PROGRAM_H_
