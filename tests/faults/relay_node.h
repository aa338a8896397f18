// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayNode: a real pairwire-relay of several that share a Redis, on a port that stays its own over
// restarts; and the thread on which a fault proxy lives.
#ifndef PAIRWIRE_TESTS_FAULTS_RELAY_NODE_H_
#define PAIRWIRE_TESTS_FAULTS_RELAY_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "signaling/net/event_loop.h"
#include "tests/support/child_process.h"
#include "tests/support/fault_proxy.h"

namespace pairwire::faults {

class RelayNode {
 public:
  // Runs and is ready. `more`: further options.
  RelayNode(std::string id, std::string redis_url, std::vector<std::string> more = {});

  const std::string& id() const { return id_; }
  std::uint16_t port() const { return port_; }
  std::string url() const;
  test::ChildProcess& process() { return *process_; }

  // kill -9.
  void Kill();
  // SIGTERM, and no waiting.
  void Terminate();
  // Its exit code; nothing while it runs.
  std::optional<int> ExitCode();
  // After either, under the same name and port; does not wait until it is ready.
  void Start();
  // The status of /readyz; 0: no answer. Blocks.
  int Readiness() const;
  void WaitReady() const;
  // What it logged, of all its runs.
  std::string Log() const;

 private:
  // False: it did not come to listen.
  bool Launch();

  const std::string id_;
  const std::string redis_url_;
  const std::vector<std::string> more_;
  std::uint16_t port_ = 0;
  std::uint16_t internal_port_ = 0;  // open while it drains
  std::unique_ptr<test::ChildProcess> process_;
  std::string earlier_log_;
};

// A FaultProxy with a loop and a thread of its own, so that it works while the test waits.
class ProxyThread {
 public:
  explicit ProxyThread(std::uint16_t server_port);
  ~ProxyThread();
  ProxyThread(const ProxyThread&) = delete;
  ProxyThread& operator=(const ProxyThread&) = delete;

  std::uint16_t port() const { return port_; }
  // On its thread, soon.
  void Do(std::function<void(test::FaultProxy&)> what);

 private:
  net::EventLoop loop_;
  std::unique_ptr<test::FaultProxy> proxy_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_RELAY_NODE_H_
