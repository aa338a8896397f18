// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Files on disk for the file protocol: reading one to send, storing one that arrives so that it is
// either there, complete and synced, or not there at all. Where unfinished ones wait for their next
// try is partial_files.h's.
#ifndef PAIRWIRE_PEER_BULK_DISK_FILES_H_
#define PAIRWIRE_PEER_BULK_DISK_FILES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/bulk/bulk_channel.h"
#include "peer/bulk/partial_files.h"

namespace pairwire::bulk {

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
  FileResult<void> Rewind() override;
  std::int64_t changed_ns() const override;

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
// (2)"… Problems: disk_full, cannot_store, resume_refused (the same file is coming in already).
class DiskSink final : public FileSink {
 public:
  // For files that are never resumed.
  explicit DiskSink(std::string directory) : directory_(std::move(directory)) {}
  // For files that may be; into the directory of `partials`, which outlives the sink.
  explicit DiskSink(PartialFiles& partials)
      : directory_(partials.directory()), partials_(&partials) {}
  ~DiskSink() override;

  FileResult<void> Open(const std::string& name, std::uint64_t size) override;
  FileResult<void> Write(ByteSpan data) override;
  FileResult<std::string> Commit() override;
  void Discard() override;
  FileResult<std::uint64_t> Reopen(const FileOffer& offer) override;
  FileResult<std::size_t> ReadBack(std::uint64_t offset, std::span<std::uint8_t> out) override;
  FileResult<void> Restart() override;
  FileResult<void> Sync() override;
  void Keep() override;
  std::optional<ReceivedFile> Stored(const FileOffer& offer) const override;
  void Remember(const FileOffer& offer, const ReceivedFile& file) override;

 private:
  FileResult<void> CheckRoom(std::uint64_t bytes) const;
  FileResult<std::string> Publish();

  const std::string directory_;
  PartialFiles* const partials_ = nullptr;  // none: nothing is kept
  std::string name_;
  std::string temporary_;  // path of the hidden file that is being written; empty: none
  int fd_ = -1;
  std::uint64_t written_ = 0;
  std::uint64_t flushed_ = 0;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_DISK_FILES_H_
