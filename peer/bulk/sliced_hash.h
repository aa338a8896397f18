// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SlicedHash: hashes the beginning of a file that may be large, a slice each turn of the loop, so
// that what else lives on the loop goes on meanwhile. Where the bytes come from is the caller's.
#ifndef PAIRWIRE_PEER_BULK_SLICED_HASH_H_
#define PAIRWIRE_PEER_BULK_SLICED_HASH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/timer.h"
#include "peer/bulk/bulk_channel.h"
#include "peer/bulk/sha256.h"

namespace pairwire::bulk {

class SlicedHash {
 public:
  // A slice takes about a millisecond: less than what an application notices on its loop.
  static constexpr std::size_t kSliceBytes = 1024 * 1024;

  using Read =
      std::function<FileResult<std::size_t>(std::uint64_t offset, std::span<std::uint8_t> out)>;

  explicit SlicedHash(Loop& loop);

  // Adds bytes 0 to `size` to `digest`, then calls `done` once, from the loop; with whether there
  // were as many, or why they could not be read. `digest` stays where it is until then. One at a
  // time.
  void Start(std::uint64_t size, Sha256& digest, Read read,
             std::function<void(FileResult<bool> whole)> done);
  // Forgets it; `done` is not called.
  void Stop();

 private:
  void HashSlice();
  void Finish(FileResult<bool> whole);

  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
  Sha256* digest_ = nullptr;
  Read read_;
  std::function<void(FileResult<bool>)> done_;
  std::vector<std::uint8_t> buffer_;
  Timer next_;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_SLICED_HASH_H_
