// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ChildProcess: a real program under test: its output line by line with deadlines, its input, its
// signals, its exit code. One thread uses it. What is still running when it is destroyed is killed.
#ifndef PAIRWIRE_TESTS_SUPPORT_CHILD_PROCESS_H_
#define PAIRWIRE_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/wait.h"

namespace pairwire::test {

class ChildProcess {
 public:
  // Starts `arguments[0]`, with its own stdin, stdout and stderr.
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // The next line of stdout, from where the last call stopped, that `wanted` accepts; lines before
  // it are passed over. Empty when the program ended or the deadline passed.
  std::optional<std::string> WaitForLine(const std::function<bool(const std::string&)>& wanted,
                                         std::chrono::milliseconds deadline = kDeadline);

  // Everything that came on stdout up to now, line by line.
  std::vector<std::string> lines() const;
  std::string errors() const;

  // False when the program does not take it in time.
  bool Write(std::string_view text, std::chrono::milliseconds deadline = kDeadline);
  void CloseInput();

  void Signal(int number) const;

  // Reads to the end and waits: the exit code, or 128 + the signal that ended it, or -1 when the
  // deadline passed.
  int WaitForExit(std::chrono::milliseconds deadline = kDeadline);

  // The most memory that it had so far, in KiB (VmHWM); 0 when it is gone.
  std::size_t PeakMemoryKib() const;
  std::size_t OpenDescriptors() const;
  // TCP connections that it holds to 127.0.0.1:`port`.
  std::size_t ConnectionsTo(int port) const;

 private:
  struct Output {
    std::vector<std::string> lines;
    std::string errors;
    bool ended = false;  // both outputs are closed
  };

  void ReadOutput(int out, int err);

  pid_t pid_ = -1;
  int in_ = -1;
  std::size_t next_line_ = 0;
  std::optional<int> exit_code_;
  Watched<Output> output_;
  std::thread reader_;
};

// The same of any process, as this one.
std::size_t ConnectionsOf(pid_t pid, int port);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_CHILD_PROCESS_H_
