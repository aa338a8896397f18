// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/mdns_publisher.h"

#include <netinet/in.h>

namespace pairwire::net {

MdnsPublisher::MdnsPublisher(IoLoop& loop, RandomSource& random)
    : loop_(loop),
      records_(random),
      sockets_(loop, MdnsSockets::Kind::kGroup,
               [this](ByteSpan bytes, const sockaddr_storage& from, std::size_t link) {
                 OnDatagram(bytes, from, link);
               }) {}

Result<std::string> MdnsPublisher::Publish(const std::string& address) {
  auto name = records_.Add(address);
  if (name && sockets_.size() == 0 && sockets_.Open() == 0) {
    Unpublish(*name);
    return Fail(Errc::kSystem, "no interface takes part in multicast DNS");
  }
  return name;
}

void MdnsPublisher::Unpublish(const std::string& name) {
  records_.Remove(name);
  if (records_.empty()) sockets_.Close();
}

void MdnsPublisher::Refresh() {
  if (!records_.empty()) sockets_.Open();
}

void MdnsPublisher::OnDatagram(ByteSpan bytes, const sockaddr_storage& from, std::size_t link) {
  const bool v4 = from.ss_family == AF_INET;
  const auto port = ntohs(v4 ? reinterpret_cast<const sockaddr_in&>(from).sin_port
                             : reinterpret_cast<const sockaddr_in6&>(from).sin6_port);
  const auto answers = records_.Answer(bytes, port != kMdnsPort, link, loop_.Now());
  if (answers.unicast) sockets_.SendTo(*answers.unicast, from, link);
  if (answers.multicast) sockets_.SendToGroup(*answers.multicast, link);
}

}  // namespace pairwire::net
