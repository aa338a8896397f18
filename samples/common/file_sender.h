// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileSender: the sending side of pairwire.file.v1 (docs/file-transfer.md) as a pure machine over a
// channel and a source. It never holds more than one chunk and never lets more than kHighWater wait
// in the channel.
//
//   kConnecting -- open --> kOffered -- accept --> kSending -- all sent --> kFinishing -- done -->
//   kDone
//        |                     |                      |                        |
//        +---------------------+--- refuse, error, closed, unexpected ---------+---------------->
//        kFailed
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_SENDER_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "samples/common/file_channel.h"
#include "samples/common/sha256.h"

namespace pairwire::samples {

struct SentFile {
  std::uint64_t size = 0;
  std::string sha256;
};

class FileSender {
 public:
  // One chunk: every WebRTC peer takes messages of 64 KiB (RFC 8841 section 6.1).
  static constexpr std::size_t kChunkBytes = 64 * 1024;
  // Enough to keep a fast path busy between two events, little enough for a small device.
  static constexpr std::size_t kHighWater = 1024 * 1024;
  static constexpr std::size_t kLowWater = 512 * 1024;

  struct Events {
    std::function<void(std::uint64_t sent)> on_progress;
    // Once, last; may destroy the sender.
    std::function<void(FileResult<SentFile>)> on_finished;
  };

  enum class State { kConnecting, kOffered, kSending, kFinishing, kDone, kFailed };

  // Channel and source outlive the sender.
  FileSender(FileChannel& channel, FileSource& source, FileOffer offer, Events events);

  // What the channel tells.
  void OnOpen();
  void OnText(std::string_view text);
  void OnData(ByteSpan data);
  void OnBufferedAmountLow();
  void OnClosed(const std::optional<Error>& error);

  State state() const { return state_; }

 private:
  void Take(const FileMessage& message);
  void Pump();
  bool FillChunk();
  bool SendChunk();
  void SendEnd();
  void SendControl(const FileMessage& message);
  void Fail(FileProblem problem, bool tell);
  void Finish(FileResult<SentFile> result);

  FileChannel& channel_;
  FileSource& source_;
  const FileOffer offer_;
  Events events_;
  State state_ = State::kConnecting;
  std::size_t max_chunk_ = kChunkBytes;
  std::vector<std::uint8_t> chunk_;  // read, not yet accepted by the channel from chunk_begin_ on
  std::size_t chunk_begin_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t sent_ = 0;
  Sha256 digest_;
  std::string sha256_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_SENDER_H_
