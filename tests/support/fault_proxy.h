// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FaultProxy: stands between a client and a server on loopback and spoils connections: delays their
// bytes, holds them back, cuts them, takes no new ones. It lives on the test's event loop.
#ifndef PAIRWIRE_TESTS_SUPPORT_FAULT_PROXY_H_
#define PAIRWIRE_TESTS_SUPPORT_FAULT_PROXY_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "signaling/net/event_loop.h"

namespace pairwire::test {

class FaultProxy final : private net::FdHandler {
 public:
  FaultProxy(net::EventLoop& loop, std::uint16_t server_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const;
  // Since the beginning.
  std::size_t accepted() const { return accepted_; }

  // Nothing passes any more on connections on which the client has said `word`; they stay open.
  // Empty: on all that there are. New ones are not meant.
  void Hold(const std::string& word = {});
  // What was held goes on.
  void Release();
  // Both sides see an end.
  void CutAll();
  // New connections are cut at once.
  void RefuseNew(bool on) { refuse_ = on; }
  // New connections are taken, and nothing passes: with Hold, a partition.
  void HoldNew(bool on) { hold_new_ = on; }
  // New connections go to this server: as a balancer does when a node goes.
  void SetServer(std::uint16_t port) { server_port_ = port; }
  // What is read from now on passes so much later, each way.
  void SetDelay(std::chrono::milliseconds delay) { delay_ = delay; }

 private:
  class Pair;

  void OnFdReadable() override;
  void OnFdWritable() override {}
  void Sweep();

  net::EventLoop& loop_;
  std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  bool refuse_ = false;
  bool hold_new_ = false;
  std::chrono::milliseconds delay_{0};
  std::size_t accepted_ = 0;
  std::vector<std::unique_ptr<Pair>> pairs_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_FAULT_PROXY_H_
