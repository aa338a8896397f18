// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire.ping.v1: a DataChannel labelled "ping" on which the receiving end sends every message
// back as it came. Here: the names, and the echoing end. The measuring end is the controller's ping
// command.
#ifndef PAIRWIRE_SAMPLES_COMMON_PING_H_
#define PAIRWIRE_SAMPLES_COMMON_PING_H_

#include <pairwire/data_channel.h>

#include <cstddef>
#include <string_view>

namespace pairwire::samples {

inline constexpr std::string_view kPingLabel = "ping";
inline constexpr std::string_view kPingProtocol = "pairwire.ping.v1";
inline constexpr std::size_t kPingBytes = 64;

bool IsPing(const DataChannel& channel);

// Sends a message back on `channel`. One that does not fit into the send buffer is dropped: a ping
// that waits for room measures nothing.
void SendBack(DataChannel& channel, const Message& message);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_PING_H_
