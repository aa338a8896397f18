// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CoturnProcess: a real TURN server (Debian's coturn) on loopback, IPv4 and IPv6, UDP and TCP, for
// one test.
#ifndef PAIRWIRE_TESTS_PEER_ICE_TURN_SERVER_H_
#define PAIRWIRE_TESTS_PEER_ICE_TURN_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/server_port.h"

namespace pairwire::ice {

// A UDP port of 127.0.0.1 that drops whatever comes, for as long as it lives.
class SilentPort {
 public:
  SilentPort() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<const sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { close(fd_); }

  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  const int fd_;
  std::uint16_t port_ = 0;
};

class CoturnProcess {
 public:
  static constexpr const char* kProgram = "/usr/bin/turnserver";

  static bool Available() { return std::filesystem::exists(kProgram); }

  // With one user, "user" and "secret", unless `arguments` bring others.
  explicit CoturnProcess(std::vector<std::string> arguments = {"--user=user:secret"}) {
    char name[] = "/tmp/pairwire-turn-XXXXXX";
    directory_ = mkdtemp(name);
    port_ = test::ServerPort();
    std::vector<std::string> command = {kProgram,
                                        "-n",
                                        "--listening-ip=127.0.0.1",
                                        "--listening-ip=::1",
                                        "--relay-ip=127.0.0.1",
                                        "--relay-ip=::1",
                                        "--listening-port=" + std::to_string(port_),
                                        "--allow-loopback-peers",
                                        "--no-tls",
                                        "--no-dtls",
                                        "--no-cli",
                                        "--no-rfc5780",
                                        "--lt-cred-mech",
                                        "--realm=pairwire.test",
                                        "--log-file=stdout",
                                        "--simple-log",
                                        "--pidfile=" + directory_ + "/pid",
                                        "--userdb=" + directory_ + "/db"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    process_ = std::make_unique<test::ChildProcess>(std::move(command));
    running_ = process_
                   ->WaitForLine([](const std::string& line) {
                     return line.find("SQLite DB connection success") != std::string::npos;
                   })
                   .has_value();
  }
  ~CoturnProcess() {
    process_.reset();
    std::filesystem::remove_all(directory_);
  }

  CoturnProcess(const CoturnProcess&) = delete;
  CoturnProcess& operator=(const CoturnProcess&) = delete;

  bool running() const { return running_; }
  std::uint16_t port() const { return port_; }
  std::vector<std::string> log() const { return process_->lines(); }

 private:
  std::string directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<test::ChildProcess> process_;
  bool running_ = false;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_TESTS_PEER_ICE_TURN_SERVER_H_
