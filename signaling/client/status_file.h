// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A small file that is replaced as a whole: who reads it gets the former text or the new one, never
// a part, also when the writer is killed or the machine loses its power. Not here: what is in it
// (status_book.h).
#ifndef PAIRWIRE_SIGNALING_CLIENT_STATUS_FILE_H_
#define PAIRWIRE_SIGNALING_CLIENT_STATUS_FILE_H_

#include <pairwire/result.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace pairwire {

// The whole file; empty: there is none. kSystem; kLimitExceeded: more than `max_bytes`.
Result<std::optional<std::string>> ReadWholeFile(const std::string& path, std::size_t max_bytes);

// Writes "PATH.new-PID", flushes it, renames it, flushes the folder. Mode 0600. Blocks for as long
// as the disk takes. kSystem: the file is as before.
Result<void> ReplaceFile(const std::string& path, std::string_view text);

// Removes what writers that were killed left beside the file. Best effort.
void RemoveLeftovers(const std::string& path);

// Replaces one file from a thread of its own, so that the caller never waits for the disk. When
// several texts come meanwhile the newest counts.
class FileReplacer {
 public:
  // `failed` runs on the replacer's thread, or inside Write when there can be none.
  FileReplacer(std::string path, std::function<void(const Error&)> failed);
  // Writes what waits.
  ~FileReplacer();

  FileReplacer(const FileReplacer&) = delete;
  FileReplacer& operator=(const FileReplacer&) = delete;

  void Write(std::string text);

 private:
  void Run();

  const std::string path_;
  const std::function<void(const Error&)> failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_STATUS_FILE_H_
