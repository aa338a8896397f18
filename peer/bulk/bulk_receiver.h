// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileReceiver: the receiving side of pairwire.file.v1 and v2 (docs/file-transfer.md) as a pure
// machine over a channel and a sink. What it got is visible only when it is complete and its hash
// is right. It lives as long as its channel; with v2 a channel that breaks off leaves what came
// with the sink, and the next receiver goes on from there.
//
//   kWaiting -- v1: offer, room for it --> kReceiving -- end, size and hash right, stored --> kDone
//      |                                       ^
//      +-- v2: offer --> kChecking --> kAccepted, from
//   Each of them: -- refused, too much, too little, wrong hash, disk, closed --> kFailed
#ifndef PAIRWIRE_PEER_BULK_BULK_RECEIVER_H_
#define PAIRWIRE_PEER_BULK_BULK_RECEIVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/timer.h"
#include "peer/bulk/bulk_channel.h"
#include "peer/bulk/sha256.h"
#include "peer/bulk/sliced_hash.h"

namespace pairwire::bulk {

// Places for files that come in at the same time; shared by the receivers of one program.
class FileSlots {
 public:
  static constexpr int kDefault = 4;
  explicit FileSlots(int slots = kDefault) : free_(slots) {}

  bool Take() { return free_ > 0 && free_-- > 0; }
  void Give() { ++free_; }
  int free() const { return free_; }

 private:
  int free_;
};

class FileReceiver {
 public:
  // v2: how much, and how long, what came may wait before it is put on the disk and said so. What
  // is lost with the machine's power is sent again.
  static constexpr std::size_t kSyncBytes = 4 * 1024 * 1024;
  static constexpr std::chrono::seconds kSyncAfter{1};

  struct Events {
    // v2: before the sink is asked for what is there.
    std::function<void(const FileOffer&)> on_offer = nullptr;
    // `offset` bytes are here from an earlier try.
    std::function<void(const FileOffer&, std::uint64_t offset)> on_accepted = nullptr;
    std::function<void(std::uint64_t received)> on_progress = nullptr;
    // Once, last; may destroy the receiver. Not for a file that was stored, and told, before: its
    // sender only missed the receipt.
    std::function<void(FileResult<ReceivedFile>)> on_finished = nullptr;
  };

  enum class State { kWaiting, kChecking, kAccepted, kReceiving, kDone, kFailed };

  // v1. Channel, sink and slots outlive the receiver.
  FileReceiver(FileChannel& channel, FileSink& sink, FileSlots& slots, Events events);
  // v2: on `loop` what is there already is hashed, and what came is synced in time.
  FileReceiver(Loop& loop, FileChannel& channel, FileSink& sink, FileSlots& slots, Events events);
  ~FileReceiver();

  FileReceiver(const FileReceiver&) = delete;
  FileReceiver& operator=(const FileReceiver&) = delete;

  // What the channel tells.
  void OnText(std::string_view text);
  void OnData(ByteSpan data);
  void OnClosed(const std::optional<Error>& error);

  // Gives up and tells the other end; what came is discarded. Ends with the problem "cancelled".
  void Cancel();

  State state() const { return state_; }

 private:
  bool over() const { return state_ == State::kDone || state_ == State::kFailed; }
  bool resumable() const { return prefix_.has_value(); }
  bool holds_file() const {
    return state_ == State::kChecking || state_ == State::kAccepted || state_ == State::kReceiving;
  }

  void TakeOffer(const FileOffer& offer);
  void Refuse(FileProblem problem);
  void HashWhatIsThere();
  void AcceptWith(std::uint64_t offset);
  void TakeFrom(const FileFrom& from);
  bool Sync();
  void TakeEnd(const FileEnd& end);
  bool Send(const FileMessage& message);
  void LetGo(bool keep);
  void Fail(FileProblem problem, bool tell);
  void Finish(FileResult<ReceivedFile> result);

  FileChannel& channel_;
  FileSink& sink_;
  FileSlots& slots_;
  Events events_;
  State state_ = State::kWaiting;
  bool holds_slot_ = false;
  FileOffer offer_;
  std::uint64_t received_ = 0;
  std::uint64_t synced_ = 0;
  Sha256 digest_;
  // v2 only.
  std::optional<SlicedHash> prefix_;
  std::optional<Timer> sync_timer_;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_BULK_RECEIVER_H_
