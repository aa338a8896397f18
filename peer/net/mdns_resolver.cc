// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/mdns_resolver.h"

#include <netinet/in.h>

#include <chrono>
#include <utility>

#include "peer/net/own_address.h"

namespace pairwire::net {
namespace {

// Candidates come one after the other; sockets that the last one opened serve the next.
constexpr std::chrono::milliseconds kKeepOpen{2'000};

std::uint16_t PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET
                   ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                   : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

}  // namespace

MdnsResolver::MdnsResolver(IoLoop& loop)
    : group_(loop, MdnsSockets::Kind::kGroup,
             [this](ByteSpan bytes, const sockaddr_storage& from, std::size_t) {
               OnDatagram(bytes, from);
             }),
      ephemeral_(loop, MdnsSockets::Kind::kEphemeral,
                 [this](ByteSpan bytes, const sockaddr_storage& from, std::size_t) {
                   OnDatagram(bytes, from);
                 }),
      lookups_(loop, *this),
      close_timer_(loop, [this] { CloseWhenIdle(); }) {}

MdnsResolver::~MdnsResolver() = default;

void MdnsResolver::Resolve(const std::string& name, Done done) {
  lookups_.Resolve(name, std::move(done));
  if (!lookups_.idle()) close_timer_.Start(kKeepOpen);
}

void MdnsResolver::SendQuery(ByteSpan query) {
  if (group_.size() == 0 && group_.Open() == 0) {
    // Somebody holds port 5353 for himself alone: then only from a port of our own.
    SendUnicastQuery(query);
    return;
  }
  group_.SendToGroup(query);
}

void MdnsResolver::SendUnicastQuery(ByteSpan query) {
  if (ephemeral_.size() == 0) ephemeral_.Open();
  ephemeral_.SendToGroup(query);
}

void MdnsResolver::OnDatagram(ByteSpan bytes, const sockaddr_storage& from) {
  // RFC 6762 section 6: an answer from another port is none.
  if (PortOf(from) != kMdnsPort) return;
  lookups_.OnMessage(bytes, [&from] { return IsOwnAddress(from); });
}

void MdnsResolver::CloseWhenIdle() {
  if (!lookups_.idle()) {
    close_timer_.Start(kKeepOpen);
    return;
  }
  group_.Close();
  ephemeral_.Close();
}

}  // namespace pairwire::net
