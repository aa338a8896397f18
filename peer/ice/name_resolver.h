// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What ICE needs of multicast DNS (RFC 6762, draft-ietf-mmusic-mdns-ice-candidates), as interfaces:
// browsers hide their addresses behind names under .local. Loop thread only.
#ifndef PAIRWIRE_PEER_ICE_NAME_RESOLVER_H_
#define PAIRWIRE_PEER_ICE_NAME_RESOLVER_H_

#include <functional>
#include <optional>
#include <string>

namespace pairwire::ice {

class NameResolver {
 public:
  // Asks the local network for the address behind `name` ("….local"). `done` gets it as a number,
  // or nullopt when nobody answered within about a second. It is called once, from the loop's frame
  // and never from inside Resolve, or not at all when the resolver goes first.
  virtual void Resolve(const std::string& name,
                       std::function<void(std::optional<std::string> address)> done) = 0;

 protected:
  ~NameResolver() = default;
};

class NamePublisher {
 public:
  // A name ("uuid.local") that the local network's questions are answered for with `address`, for
  // as long as the publisher lives; nullopt when there is none to be had. The same address may get
  // the same name.
  virtual std::optional<std::string> Publish(const std::string& address) = 0;

 protected:
  ~NamePublisher() = default;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_NAME_RESOLVER_H_
