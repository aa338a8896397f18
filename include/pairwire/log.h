// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Where Pairwire's log lines go. The library never prints: without a sink, lines are dropped before
// they are formatted. Lines never hold payloads, pairing codes, ICE passwords or tokens.
#ifndef PAIRWIRE_LOG_H_
#define PAIRWIRE_LOG_H_

#include <functional>
#include <string_view>

namespace pairwire {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Called on the thread that logs (usually a Network's loop thread), several threads at once when
// there are several Networks. Must not call back into Pairwire and must not block.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

// Sets the process-wide sink and the lowest level that reaches it. Call it before the first Network
// is created; an empty sink turns logging off.
void SetLogSink(LogSink sink, LogLevel lowest = LogLevel::kInfo);

}  // namespace pairwire

#endif  // PAIRWIRE_LOG_H_
