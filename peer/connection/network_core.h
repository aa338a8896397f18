// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkCore: the loop's side of a Network: the libraries' runtimes and the table of connections.
// Handles name a connection by id and find it here, so neither side holds the other. Loop thread
// only.
#ifndef PAIRWIRE_PEER_CONNECTION_NETWORK_CORE_H_
#define PAIRWIRE_PEER_CONNECTION_NETWORK_CORE_H_

#include <pairwire/configuration.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/connection/loop_link.h"
#include "peer/connection/network_services.h"
#include "peer/dtls/certificate.h"
#include "peer/ice/nice_transport.h"
#include "sctp/usrsctp_runtime.h"

namespace pairwire {

class PeerConnectionCore;

// Never reused within a Network.
using PeerId = std::uint64_t;

class NetworkCore {
 public:
  // kInvalidState: the process has a Network for each copy of usrsctp already.
  static Result<std::unique_ptr<NetworkCore>> Create(AsioLoop& loop);
  ~NetworkCore();

  AsioLoop& loop() { return loop_; }
  RandomSource& random() { return random_; }
  ice::IceRuntime& ice() { return *ice_; }
  sctp::UsrsctpRuntime& sctp() { return *sctp_; }
  NetworkServices& services() { return *services_; }

  // A certificate for one connection. Some are made ahead, and anew a moment after one was taken,
  // so that connecting does not wait for it.
  Result<dtls::Certificate> TakeCertificate();

  void Add(PeerId id, std::unique_ptr<PeerConnectionCore> peer);
  PeerConnectionCore* Find(PeerId id);
  // Destroys the connection, not now but in the loop's own frame: its methods may be running.
  void RemoveLater(PeerId id);

  // Closes every connection in order; `done` runs once all are gone.
  void CloseAll(std::function<void()> done);

 private:
  // Enough for both ends of one connection in one process.
  static constexpr std::size_t kSpareCertificates = 2;
  // A connection has other things to do at first; then it waits for the network, or is connected.
  static constexpr std::chrono::milliseconds kRefillDelay{10};

  NetworkCore(AsioLoop& loop, std::unique_ptr<sctp::UsrsctpRuntime> sctp);
  void RefillCertificates();
  void Remove(PeerId id);
  void OnNetworkChange();

  AsioLoop& loop_;
  SystemRandom random_;
  std::unique_ptr<NetworkServices> services_;
  std::unique_ptr<ice::IceRuntime> ice_;
  std::unique_ptr<sctp::UsrsctpRuntime> sctp_;
  std::vector<dtls::Certificate> spare_certificates_;
  Timer refill_;
  std::function<void()> all_closed_;
  std::map<PeerId, std::unique_ptr<PeerConnectionCore>> peers_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NETWORK_CORE_H_
