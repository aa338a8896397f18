// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The other end's checks, which libnice answers and does not show: who sent one, and the answer to
// one that libnice did not see (RFC 8445 section 7.3). Pure.
#ifndef PAIRWIRE_PEER_ICE_STUN_ANSWER_H_
#define PAIRWIRE_PEER_ICE_STUN_ANSWER_H_

#include <pairwire/bytes.h>

#include <optional>

#include "peer/ice/ice_transport.h"
#include "peer/udp/socket_address.h"

namespace pairwire::ice {

// Whether `bytes` are a Binding request from somebody who has our password.
bool IsCheck(ByteSpan bytes, const Credentials& local);

// For a consent request (RFC 7675) on the pair that is selected already: nothing is learnt from it
// and no pair changes. nullopt: it is no check, or asks for more than that.
std::optional<Bytes> AnswerCheck(ByteSpan bytes, const Credentials& local,
                                 const udp::SocketAddress& from);

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_STUN_ANSWER_H_
