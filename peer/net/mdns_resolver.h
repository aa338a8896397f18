// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsResolver: addresses behind the ".local" names that browsers put into their candidates
// (RFC 6762; draft-ietf-mmusic-mdns-ice-candidates). No cache to speak of, no service discovery, no
// name but those.
#ifndef PAIRWIRE_PEER_NET_MDNS_RESOLVER_H_
#define PAIRWIRE_PEER_NET_MDNS_RESOLVER_H_

#include <functional>
#include <optional>
#include <string>

#include "peer/base/io_loop.h"
#include "peer/base/timer.h"
#include "peer/net/mdns_lookups.h"
#include "peer/net/mdns_sockets.h"

namespace pairwire::net {

// Loop thread only. Holds sockets only while something is looked up.
class MdnsResolver final : private MdnsLookups::Sender {
 public:
  using Done = MdnsLookups::Done;

  // `loop` outlives the resolver.
  explicit MdnsResolver(IoLoop& loop);
  ~MdnsResolver();
  MdnsResolver(const MdnsResolver&) = delete;
  MdnsResolver& operator=(const MdnsResolver&) = delete;

  // Asks on every interface for `name` ("….local", see IsMdnsHostName). `done` gets an IPv4 address
  // as text, else an IPv6 one; or nothing, after a second without an answer, at once when the name
  // has another form or MdnsLookups::kMaxLookups are under way. It is called once, from the loop's
  // own frame and never from inside Resolve; not after the resolver is gone, which it may destroy.
  void Resolve(const std::string& name, Done done);

 private:
  void SendQuery(ByteSpan query) override;
  void SendUnicastQuery(ByteSpan query) override;
  void OnDatagram(ByteSpan bytes, const sockaddr_storage& from);
  void CloseWhenIdle();

  MdnsSockets group_;
  MdnsSockets ephemeral_;
  MdnsLookups lookups_;
  Timer close_timer_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_MDNS_RESOLVER_H_
