// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PAIRWIRE_CHECK: a failed check is our bug and ends the program with file, line and text. Network
// input must never reach one; what can happen at run time is a Result.
#ifndef PAIRWIRE_PEER_BASE_CHECK_H_
#define PAIRWIRE_PEER_BASE_CHECK_H_

namespace pairwire {

[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);

}  // namespace pairwire

#define PAIRWIRE_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::pairwire::CheckFailed(__FILE__, __LINE__, #expression))

#endif  // PAIRWIRE_PEER_BASE_CHECK_H_
