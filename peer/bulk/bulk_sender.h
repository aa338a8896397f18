// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileSender: the sending side of pairwire.file.v1 and v2 (docs/file-transfer.md) as a pure machine
// over a channel and a source. It never holds more than one chunk and never lets more than
// kHighWater wait in the channel. With v2 a lost channel parks it, and a new one lets it go on.
//
//   kConnecting -- open --> kOffered -- accept --> kSending -- all sent --> kFinishing -- done -->
//   kDone                      |                      ^
//                    accept, part is there       same prefix, or from 0
//                              +----> kChecking ------+
//   Each of them up to kFinishing: -- refuse, error, unexpected, v1: closed --> kFailed
//                                  -- v2: closed --> kParked -- Resume --> kConnecting
#ifndef PAIRWIRE_PEER_BULK_BULK_SENDER_H_
#define PAIRWIRE_PEER_BULK_BULK_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/bulk/bulk_channel.h"
#include "peer/bulk/sha256.h"
#include "peer/bulk/sliced_hash.h"

namespace pairwire::bulk {

class FileSender {
 public:
  // One chunk: every WebRTC peer takes messages of 64 KiB (RFC 8841 section 6.1).
  static constexpr std::size_t kChunkBytes = 64 * 1024;
  // Enough to keep a fast path busy between two events, little enough for a small device.
  static constexpr std::size_t kHighWater = 1024 * 1024;
  static constexpr std::size_t kLowWater = 512 * 1024;

  struct Events {
    std::function<void(std::uint64_t sent)> on_progress = nullptr;
    // v2: the receiver has so much from earlier tries; what follows begins there.
    std::function<void(std::uint64_t offset)> on_from = nullptr;
    // v2: so much is on the receiver's disk.
    std::function<void(std::uint64_t stored)> on_stored = nullptr;
    // v2: the channel is gone; Resume goes on, now or later.
    std::function<void()> on_parked = nullptr;
    // Once, last; may destroy the sender.
    std::function<void(FileResult<SentFile>)> on_finished = nullptr;
  };

  enum class State {
    kConnecting,
    kOffered,
    kChecking,
    kSending,
    kFinishing,
    kParked,
    kDone,
    kFailed
  };

  // v1. Channel and source outlive the sender.
  FileSender(FileChannel& channel, FileSource& source, FileOffer offer, Events events);
  // v2: `offer` has an id (file_id.h), and `source` can be rewound. On `loop` what was sent before
  // is hashed anew. Source and loop outlive the sender; a channel may go once the sender is parked.
  FileSender(Loop& loop, FileChannel& channel, FileSource& source, FileOffer offer, Events events);

  // What the channel tells. Nothing of an old channel after Resume.
  void OnOpen();
  void OnText(std::string_view text);
  void OnData(ByteSpan data);
  void OnBufferedAmountLow();
  void OnClosed(const std::optional<Error>& error);

  // kParked only: the file is offered again once `channel` is open. A source that changed meanwhile
  // ends the transfer then (source_changed).
  void Resume(FileChannel& channel);
  // Gives up and tells the other end. Ends with the problem "cancelled".
  void Cancel();

  State state() const { return state_; }

 private:
  bool over() const { return state_ == State::kDone || state_ == State::kFailed; }
  bool resumable() const { return prefix_.has_value(); }

  void Take(const FileMessage& message);
  void TakeAccept(const FileAccept& accept);
  void TakeHave(const FileHave& have);
  void TakeDone(const FileDone& done);
  void CheckPrefix(std::uint64_t size, const std::string& sha256);
  void SendFrom(std::uint64_t offset);
  void Pump();
  bool FillChunk();
  bool SendChunk();
  void SendEnd();
  bool SendControl(const FileMessage& message);
  void LoseChannel(std::string reason);
  void Fail(FileProblem problem, bool tell);
  void Finish(FileResult<SentFile> result);

  FileChannel* channel_;  // kParked: none
  FileSource& source_;
  FileOffer offer_;
  Events events_;
  State state_ = State::kConnecting;
  const std::int64_t changed_ns_;
  std::size_t max_chunk_ = kChunkBytes;
  std::vector<std::uint8_t> chunk_;  // read, not yet accepted by the channel from chunk_begin_ on
  std::size_t chunk_begin_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t stored_ = 0;
  std::uint64_t transferred_ = 0;  // in all tries
  Sha256 digest_;
  std::string sha256_;                // of the whole file, once it was read to its end
  std::optional<SlicedHash> prefix_;  // v2 only
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_BULK_SENDER_H_
