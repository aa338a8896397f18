// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the file protocol's two machines need from the outside: a message channel, a file to read, a
// file to write. Tests give fakes; file_transfer.h gives DataChannels and file_disk.h the disk.
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_CHANNEL_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_CHANNEL_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "samples/common/file_messages.h"

namespace pairwire::samples {

template <typename T>
using FileResult = tl::expected<T, FileProblem>;

// As DataChannel; Close sends what waits first.
class FileChannel {
 public:
  virtual ~FileChannel() = default;
  virtual Result<void> SendText(std::string_view text) = 0;
  virtual Result<void> SendData(ByteSpan data) = 0;
  virtual std::size_t buffered_amount() const = 0;
  virtual void Close() = 0;
};

class FileSource {
 public:
  virtual ~FileSource() = default;
  // Fills as much of `out` as there is; 0 at the end of the file.
  virtual FileResult<std::size_t> Read(std::span<std::uint8_t> out) = 0;
};

// One file being stored. Nothing is visible under its name before Commit; one that is neither
// committed nor discarded is discarded when the sink is destroyed.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual FileResult<void> Open(const std::string& name, std::uint64_t size) = 0;
  virtual FileResult<void> Write(ByteSpan data) = 0;
  // The path under which it is stored.
  virtual FileResult<std::string> Commit() = 0;
  virtual void Discard() = 0;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_CHANNEL_H_
