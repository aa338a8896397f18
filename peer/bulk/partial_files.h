// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PartialFiles: files of one folder whose transfer broke off and may go on (pairwire.file.v2). Each
// is a hidden file named after its id. They are bounded in number and age, and locked while they
// are written, also against another program that stores into the same folder. Not here: what is
// written into them (disk_files.h).
#ifndef PAIRWIRE_PEER_BULK_PARTIAL_FILES_H_
#define PAIRWIRE_PEER_BULK_PARTIAL_FILES_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "peer/bulk/bulk_channel.h"

namespace pairwire::bulk {

// What errno means for a file that is being stored: disk_full or cannot_store.
FileProblem StoreProblem(int error, const std::string& what);

class PartialFiles {
 public:
  // At most so many wait in a folder; the one that was written to longest ago makes room.
  static constexpr std::size_t kMaxPartials = 16;
  // Nobody goes on after a day.
  static constexpr std::chrono::hours kMaxAge{24};
  // Files whose receipt may have been lost: so many that were stored last.
  static constexpr std::size_t kMaxStored = 16;

  using WallTime = std::chrono::system_clock::time_point;

  // Removes what is too old or too much. `now` is the clock of the file system's times.
  PartialFiles(std::string directory, std::function<WallTime()> now);

  struct Opened {
    int fd = -1;  // the caller's; writes append; locked until it is closed
    std::string path;
    std::uint64_t size = 0;
  };
  // Opens or makes the partial of this id. Problems: resume_refused (it is being written just now),
  // too_many_files (each place is being written to), disk_full, cannot_store.
  FileResult<Opened> Open(std::string_view id);

  void Remember(const std::string& id, ReceivedFile file);
  std::optional<ReceivedFile> Stored(std::string_view id) const;

  const std::string& directory() const { return directory_; }

 private:
  // Removes the expired, and the oldest until at most `most` are left; how many are left.
  std::size_t Clean(std::size_t most);

  const std::string directory_;
  const std::function<WallTime()> now_;
  std::deque<std::pair<std::string, ReceivedFile>> stored_;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_PARTIAL_FILES_H_
