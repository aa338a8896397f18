// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Logging inside the library: one line to the process's sink (include/pairwire/log.h). A line
// starts with the object and its state: "pc7[connecting] dtls: …". Never payloads, codes, passwords
// or tokens; addresses only at kDebug.
#ifndef PAIRWIRE_PEER_BASE_LOG_H_
#define PAIRWIRE_PEER_BASE_LOG_H_

#include <pairwire/log.h>

#include <string_view>

namespace pairwire {

// False when no sink wants `level`: then do not even format the line.
bool LogWanted(LogLevel level);
void Log(LogLevel level, std::string_view line);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_LOG_H_
