// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The one place where the bench's options become the library's: addresses, sizes, switches.
#ifndef PAIRWIRE_BENCH_PEER_SETTINGS_H_
#define PAIRWIRE_BENCH_PEER_SETTINGS_H_

#include <pairwire/configuration.h>

#include <string>

#include "bench/options.h"

namespace pairwire::bench {

NetworkOptions NetworkSettings(const Options& options);

// Loopback only, without the listening TCP sockets that nobody would use there.
PeerConfiguration PeerSettings(const Options& options);

// The same for a connection below a Session, which has bounds of its own above the library's.
PeerConfiguration SessionPeerSettings(const Options& options);

// How the scenario's channel is made.
DataChannelInit ChannelSettings(const Options& options);

// Options that name a switch which this build of the library does not have; empty when all is well.
std::string FindMissingSwitch(const Options& options);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_PEER_SETTINGS_H_
