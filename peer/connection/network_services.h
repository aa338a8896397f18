// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkServices: what all connections of a Network share of peer/net, in the terms of the ICE
// box:
// ".local" names, and the news that this machine's addresses changed.
#ifndef PAIRWIRE_PEER_CONNECTION_NETWORK_SERVICES_H_
#define PAIRWIRE_PEER_CONNECTION_NETWORK_SERVICES_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "peer/base/io_loop.h"
#include "peer/base/random.h"
#include "peer/ice/name_resolver.h"
#include "peer/net/mdns_publisher.h"
#include "peer/net/mdns_resolver.h"
#include "peer/net/network_monitor.h"

namespace pairwire {

// Loop thread only.
class NetworkServices final : public ice::NameResolver,
                              public ice::NamePublisher,
                              private net::NetworkEvents {
 public:
  // `on_change` is called from the loop's frame. Without a netlink socket there is a line in the
  // log and no news.
  NetworkServices(IoLoop& loop, RandomSource& random, std::function<void()> on_change);

  // True when an interface that is up has this address; also when nobody knows.
  bool HasAddress(const std::string& address) const;
  // True when there is an IPv4 address besides loopback; also when nobody knows.
  bool HasIpv4() const;

  void Resolve(const std::string& name,
               std::function<void(std::optional<std::string> address)> done) override;
  // One name an address, for as long as the Network lives.
  std::optional<std::string> Publish(const std::string& address) override;

 private:
  void OnNetworkChange(const net::NetworkSnapshot& before,
                       const net::NetworkSnapshot& now) override;

  const std::function<void()> on_change_;
  net::MdnsResolver resolver_;
  net::MdnsPublisher publisher_;
  std::map<std::string, std::string> names_;  // by address; bounded by MdnsRecords::kMaxNames
  std::unique_ptr<net::NetworkMonitor> monitor_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_NETWORK_SERVICES_H_
