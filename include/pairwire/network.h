// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Network: one loop thread that carries any number of peer connections. A process may have several,
// for several processors; they share nothing, and a connection stays on the one that made it.
#ifndef PAIRWIRE_NETWORK_H_
#define PAIRWIRE_NETWORK_H_

#include <pairwire/configuration.h>
#include <pairwire/peer_connection.h>
#include <pairwire/result.h>

#include <functional>
#include <memory>

namespace pairwire {

class Network {
 public:
  // Starts the loop thread. kSystem: the process has no thread or descriptor left. kInvalidState:
  // the process has as many Networks as the library was built for (CMake's PAIRWIRE_NETWORKS, 4).
  static Result<std::unique_ptr<Network>> Create(NetworkOptions options = {});

  // Closes what is still open (within 3 s, of which 1 s for the goodbyes of sessions) and joins the
  // thread. Handles that outlive their Network
  // stay valid objects whose calls answer kClosed. Not to be called on the loop thread.
  ~Network();

  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // kInvalidArgument: a configuration value is out of its documented range.
  Result<PeerConnection> CreatePeerConnection(PeerConfiguration configuration,
                                              PeerConnectionEvents events);

  // Runs `task` on the loop thread, after what was posted before.
  void Post(std::function<void()> task);

 private:
  friend class NetworkAccess;  // peer/session reaches the loop through it
  struct Impl;
  explicit Network(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_NETWORK_H_
