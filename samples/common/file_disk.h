// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Files on disk for the file protocol: reading one to send, storing one that arrives so that it is
// either there, complete and synced, or not there at all.
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_DISK_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "samples/common/file_channel.h"

namespace pairwire::samples {

// A name from the network as one that is safe to create: no path, no control characters, not
// hidden, not empty ("file" then), at most 200 bytes.
std::string SafeFileName(std::string_view name);

// "a.txt", 2 -> "a (2).txt".
std::string NumberedFileName(const std::string& name, int number);

class DiskSource final : public FileSource {
 public:
  // not_readable: missing, no regular file, no permission.
  static FileResult<std::unique_ptr<DiskSource>> Open(const std::string& path);
  ~DiskSource() override;

  FileResult<std::size_t> Read(std::span<std::uint8_t> out) override;

  std::uint64_t size() const { return size_; }
  // The last part of the path.
  const std::string& name() const { return name_; }

 private:
  DiskSource(int fd, std::uint64_t size, std::string name)
      : fd_(fd), size_(size), name_(std::move(name)) {}

  const int fd_;
  const std::uint64_t size_;
  const std::string name_;
};

// Stores into `directory` under a safe name; never replaces a file, but takes "name (1)", "name
// (2)"… Problems: disk_full, cannot_store.
class DiskSink final : public FileSink {
 public:
  explicit DiskSink(std::string directory) : directory_(std::move(directory)) {}
  ~DiskSink() override;

  FileResult<void> Open(const std::string& name, std::uint64_t size) override;
  FileResult<void> Write(ByteSpan data) override;
  FileResult<std::string> Commit() override;
  void Discard() override;

 private:
  FileResult<std::string> Publish();

  const std::string directory_;
  std::string name_;
  std::string temporary_;  // path of the hidden file that is being written; empty: none
  int fd_ = -1;
  std::uint64_t written_ = 0;
  std::uint64_t flushed_ = 0;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_DISK_H_
