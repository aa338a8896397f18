// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkMonitor: tells when this machine's addresses changed (rtnetlink, rtnetlink(7)): an
// interface came, went or lost its carrier, an address came or went. It does not say what to do
// about it, and it does not watch routes: no address of ours changes with them.
#ifndef PAIRWIRE_PEER_NET_NETWORK_MONITOR_H_
#define PAIRWIRE_PEER_NET_NETWORK_MONITOR_H_

#include <pairwire/result.h>

#include <memory>

#include "peer/base/io_loop.h"
#include "peer/net/network_change_filter.h"
#include "peer/net/network_snapshot.h"

namespace pairwire::net {

// Loop thread only, creation and destruction included. It sees the network namespace of the thread
// that created it.
class NetworkMonitor {
 public:
  using Events = NetworkEvents;

  // Both outlive the monitor. Nothing is reported from inside Create. kSystem: no netlink socket,
  // or the loop cannot watch it.
  static Result<std::unique_ptr<NetworkMonitor>> Create(IoLoop& loop, Events& events);
  ~NetworkMonitor();

  NetworkMonitor(const NetworkMonitor&) = delete;
  NetworkMonitor& operator=(const NetworkMonitor&) = delete;

  // What the last event said, or what Create found.
  const NetworkSnapshot& now() const { return filter_.now(); }

 private:
  NetworkMonitor(IoLoop& loop, Events& events, int fd, NetworkSnapshot now);
  void OnReadable();

  IoLoop& loop_;
  const int fd_;
  FdWatchId watch_ = 0;
  NetworkChangeFilter filter_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_NETWORK_MONITOR_H_
