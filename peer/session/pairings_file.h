// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The file of remembered pairings: whom this end knows, and the secret that it shares with each
// (auth::RememberedSecret). JSON, readable by its owner only, replaced as a whole: after a crash it
// is the old one or the new one. Several programs may use one file; each change locks it. Any
// thread; every call reads or writes the disk. Not here: how a pairing comes to be remembered, and
// the public ListPairings and RevokePairing (pairwire/pairings.h) beyond this file's part of them.
#ifndef PAIRWIRE_PEER_SESSION_PAIRINGS_FILE_H_
#define PAIRWIRE_PEER_SESSION_PAIRINGS_FILE_H_

#include <pairwire/pairings.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "peer/auth/secret.h"

namespace pairwire {

// A 65th pairing replaces the one whose last use is longest ago.
inline constexpr std::size_t kMaxPairings = 64;

struct StoredPairing {
  RememberedPairing shown;
  auth::Secret<64> key;
};

class PairingsFile {
 public:
  // Nothing is opened before it is needed.
  explicit PairingsFile(std::string path) : path_(std::move(path)) {}

  // Tells whether the file may have changed: equal stamps, equal content. Of a file that is not
  // there it is that of none.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  // The one used last first; none when the file is not there. kParseError: it is no such file;
  // kSystem: it can not be read, or others than its owner can.
  Result<std::vector<StoredPairing>> Read() const;
  // Adds it, or replaces that of the same id.
  Result<void> Put(StoredPairing pairing);
  // kInvalidArgument: there is no such pairing.
  Result<void> Remove(const std::string& id);
  Result<void> Touch(const std::string& id, std::chrono::system_clock::time_point used);

 private:
  template <typename Change>
  Result<void> Update(Change change);
  Result<void> Write(const std::vector<StoredPairing>& pairings) const;

  const std::string path_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PAIRINGS_FILE_H_
