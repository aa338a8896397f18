// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Remembered pairings: ends that have paired by a code once and connect without one from then on
// (docs/security.md). Not here: how they connect (session.h).
#ifndef PAIRWIRE_PAIRINGS_H_
#define PAIRWIRE_PAIRINGS_H_

#include <pairwire/result.h>

#include <chrono>
#include <string>
#include <vector>

namespace pairwire {

struct RememberedPairing {
  std::string id;        // 32 hexadecimal digits, the same at both ends; no secret
  std::string name;      // of the other end, as it gave it when it was remembered
  bool display = false;  // what this end is in it
  std::chrono::system_clock::time_point made;
  std::chrono::system_clock::time_point last_used;
};

// What the file holds, the one used last first. A file that is not there holds none. kParseError:
// it is not such a file; kSystem: it can not be read, or others than its owner can read it.
Result<std::vector<RememberedPairing>> ListPairings(const std::string& file);

// Forgets one. It counts at once for programs that have the file open: a session of it ends with
// kRevoked within 2 s. kInvalidArgument: there is no such pairing.
Result<void> RevokePairing(const std::string& file, const std::string& id);

}  // namespace pairwire

#endif  // PAIRWIRE_PAIRINGS_H_
