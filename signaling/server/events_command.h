// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairwire-relay events`: prints the event log of a relay of several nodes (event_log.h), or what
// it tells of the present. It only reads, and needs no node to be there.
//
// Not here: the log of a relay without Redis, which no other process can see.
#ifndef PAIRWIRE_SIGNALING_SERVER_EVENTS_COMMAND_H_
#define PAIRWIRE_SIGNALING_SERVER_EVENTS_COMMAND_H_

#include <chrono>
#include <functional>
#include <string>

#include "signaling/server/config.h"
#include "signaling/store/event_log.h"

namespace pairwire::server {

// Where the lines go; each with its end. False: nobody reads any more.
using LineSink = std::function<bool(const std::string& line)>;

// Redis is given up when it was not reached for so long; with --follow only at the beginning.
inline constexpr std::chrono::seconds kEventsPatience{10};

// Prints until the log is at its end, for ever with `follow`. Returns the exit code: 0; 1 when
// Redis cannot be read, with one line through `complain`. `config.redis` must be set.
int RunEvents(const ServerConfig& config, const EventsRequest& request, const LineSink& print,
              const LineSink& complain, std::chrono::milliseconds patience = kEventsPatience);

// "2026-11-21T16:40:00.123Z member_joined session=s_1 member=c_1 role=controller node=a\n"; as
// JSON, one object with `cursor`, `at`, `type`, and of the rest what the event has.
std::string ToLine(const relay::LoggedEvent& event, bool json);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_EVENTS_COMMAND_H_
