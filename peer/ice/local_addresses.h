// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which addresses of this machine become host candidates (RFC 8445 section 5.1.1.1). It reads the
// interfaces once; it does not watch them.
#ifndef PAIRWIRE_PEER_ICE_LOCAL_ADDRESSES_H_
#define PAIRWIRE_PEER_ICE_LOCAL_ADDRESSES_H_

#include <pairwire/result.h>
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::ice {

using LocalAddress = sockaddr_storage;  // IPv4 or IPv6, port 0, with scope id for link-local IPv6

// Each address makes one UDP and two TCP candidates, and the other end takes at most 64 of them.
inline constexpr std::size_t kMaxLocalAddresses = 16;

// `bind_addresses` as numbers ("192.0.2.1", "fd00::1", "fe80::1%eth0"). Empty: every address of
// every interface that is up, without loopback; IPv6 link-local only when there is no other, as it
// is of use on one cable only. On a machine (or in a network namespace) that has loopback alone,
// loopback: otherwise no two peers on it could ever connect. More than kMaxLocalAddresses are left
// out.
//
// Without bind addresses only interfaces that one of `interfaces` matches (all when it is empty)
// and none of `excluded` does; a pattern is a name, of which a trailing * stands for any rest.
//
// kInvalidArgument: not an address, or none of this machine's. kLimitExceeded: more than
// kMaxLocalAddresses asked for. kSystem: the interfaces cannot be read, or there is no address at
// all.
Result<std::vector<LocalAddress>> LocalAddresses(const std::vector<std::string>& bind_addresses,
                                                 const std::vector<std::string>& interfaces = {},
                                                 const std::vector<std::string>& excluded = {});

// "eth*" matches "eth0" and "eth"; "*" everything.
bool MatchesInterface(std::string_view pattern, std::string_view name);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_LOCAL_ADDRESSES_H_
