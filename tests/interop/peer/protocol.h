// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The wire of the peer tools (tests/interop/README.md): JSON lines to values and back. No state.
#ifndef PAIRWIRE_TESTS_INTEROP_PEER_PROTOCOL_H_
#define PAIRWIRE_TESTS_INTEROP_PEER_PROTOCOL_H_

#include <pairwire/bytes.h>
#include <pairwire/configuration.h>
#include <pairwire/ice_candidate.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace pairwire::interop {

using Json = nlohmann::ordered_json;

// One line on stdout, in one write. Loop thread, or main thread before the Network exists.
void PrintEvent(const Json& event);

// The `config` of a `create` command. Throws Json::exception for a value of the wrong type, as do
// all of these: a wrong command is answered, not survived.
PeerConfiguration ReadConfiguration(const Json& config);
DataChannelInit ReadChannelInit(const Json& command);
IceCandidate ReadCandidate(const Json& command);
Json WriteCandidate(const IceCandidate& candidate);

// The payload that both ends of a test can make for themselves.
Bytes BinaryPattern(std::size_t size, std::size_t seed);
std::string TextPattern(std::size_t size, std::size_t seed);
// "17 ......": the number, a blank, dots up to `size` bytes.
std::string NumberedText(std::size_t number, std::size_t size);

}  // namespace pairwire::interop

#endif  // PAIRWIRE_TESTS_INTEROP_PEER_PROTOCOL_H_
