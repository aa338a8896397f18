// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which commands the scripts use, and a way to try each: a script that is refused one fails
// half-way, so whoever sets a relay up wants to know before (`pairwire-relay check`).
#ifndef PAIRWIRE_SIGNALING_REDIS_SCRIPT_COMMANDS_H_
#define PAIRWIRE_SIGNALING_REDIS_SCRIPT_COMMANDS_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/redis/resp.h"
#include "signaling/redis/scripts.h"

namespace pairwire::redis {

// Each once, in the order of the alphabet: "DEL", "EXISTS", ...
std::vector<std::string> CommandsOf(std::span<const Script> scripts);

// A call of `command` that changes nothing, as long as `key` holds a text that is no number and no
// key begins with it and a colon. Whether it fails does not matter, but whether it is refused.
// Empty: no such call is known.
std::optional<Args> TrialOf(std::string_view command, const std::string& key,
                            const std::string& channel);

// The server's words when the user may not do something, directly or in a script, or when it does
// not know the command.
bool IsRefusal(const Reply& reply);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SCRIPT_COMMANDS_H_
