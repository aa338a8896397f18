// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkNamespace: a network of the test's own, with loopback up and nothing else. Needs root.
//
//   NetworkNamespace network;
//   if (!network.ok()) GTEST_SKIP() << kNeedsRoot;
//   const InNetwork inside(network);  // this thread, and each that it starts from now on
//   Command({"ip", "link", "add", ...});
#ifndef PAIRWIRE_TESTS_PEER_NET_NETWORK_NAMESPACE_H_
#define PAIRWIRE_TESTS_PEER_NET_NETWORK_NAMESPACE_H_

#include <string>
#include <vector>

namespace pairwire::test {

inline constexpr char kNeedsRoot[] =
    "SKIPPED: needs root (network namespaces) and ip from the package iproute2";

class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // As ip's "netns" takes it, for as long as this lives.
  std::string path() const;

 private:
  int fd_ = -1;
};

// While it lives, the calling thread is in the namespace.
class InNetwork {
 public:
  explicit InNetwork(const NetworkNamespace& network);
  ~InNetwork();
  InNetwork(const InNetwork&) = delete;
  InNetwork& operator=(const InNetwork&) = delete;

 private:
  int before_ = -1;
};

// Runs a program in the calling thread's network and expects that it succeeds.
void Command(std::vector<std::string> arguments);

// Returns once the interface with this address has its carrier, which the kernel notices a little
// later than the command that gave it one returns.
void WaitUntilUp(const std::string& interface, const std::string& address);

// Two networks joined by a cable: `a` has veth-a with 192.0.2.1 and fd00::1, `b` has veth-b with
// 192.0.2.2 and fd00::2. Addresses can be used at once.
void Join(const NetworkNamespace& a, const NetworkNamespace& b);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_NET_NETWORK_NAMESPACE_H_
