// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsPublisher: random ".local" names for our own addresses, answered for by multicast DNS, so
// that a candidate need not show the address to the relay or to a peer elsewhere
// (draft-ietf-mmusic-mdns-ice-candidates; RFC 6762). No probing: the draft leaves it out for names
// that are random UUIDs; no announcements: nobody can have asked before he was told the name.
#ifndef PAIRWIRE_PEER_NET_MDNS_PUBLISHER_H_
#define PAIRWIRE_PEER_NET_MDNS_PUBLISHER_H_

#include <pairwire/result.h>

#include <string>

#include "peer/base/io_loop.h"
#include "peer/base/random.h"
#include "peer/net/mdns_records.h"
#include "peer/net/mdns_sockets.h"

namespace pairwire::net {

// Loop thread only. Holds sockets only while a name is published.
class MdnsPublisher {
 public:
  // Both outlive the publisher. `random` is fit for secrets.
  MdnsPublisher(IoLoop& loop, RandomSource& random);
  MdnsPublisher(const MdnsPublisher&) = delete;
  MdnsPublisher& operator=(const MdnsPublisher&) = delete;

  // Makes a new name for `address` (IPv4 or IPv6, as text, without a zone) and answers for it from
  // now on. kInvalidArgument: not an address. kLimitExceeded: MdnsRecords::kMaxNames are published.
  // kSystem: no interface takes part in multicast, or port 5353 is held by somebody alone.
  Result<std::string> Publish(const std::string& address);

  // Answers for it no more. Nothing when it is not published.
  void Unpublish(const std::string& name);

  // The machine's interfaces changed: takes part on those that there are now.
  void Refresh();

 private:
  void OnDatagram(ByteSpan bytes, const sockaddr_storage& from, std::size_t link);

  IoLoop& loop_;
  MdnsRecords records_;
  MdnsSockets sockets_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_MDNS_PUBLISHER_H_
