// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SecondProcess: this program once more, as the other end of the measured connection, joined to us
// by a socket. It ends when the socket closes.
#ifndef PAIRWIRE_BENCH_SECOND_PROCESS_H_
#define PAIRWIRE_BENCH_SECOND_PROCESS_H_

#include <pairwire/result.h>
#include <sys/types.h>

#include <memory>

namespace pairwire::bench {

class SecondProcess {
 public:
  // Starts it with our own arguments and the socket's number. kSystem.
  static Result<std::unique_ptr<SecondProcess>> Start(int argc, char** argv);

  // Closes the socket and waits for the process; one that does not end within 5 s is killed.
  ~SecondProcess();

  SecondProcess(const SecondProcess&) = delete;
  SecondProcess& operator=(const SecondProcess&) = delete;

  int fd() const { return fd_; }

 private:
  SecondProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  const pid_t pid_;
  const int fd_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_SECOND_PROCESS_H_
