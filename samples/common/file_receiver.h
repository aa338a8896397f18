// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileReceiver: the receiving side of pairwire.file.v1 (docs/file-transfer.md) as a pure machine
// over a channel and a sink. What it got is visible only when it is complete and its hash is right.
//
//   kWaiting -- offer, room for it --> kReceiving -- end, size and hash right, stored --> kDone
//       |                                  |
//       +-- refused ----------+            +-- too much, too little, wrong hash, disk, closed -->
//       kFailed
//                             v
//                          kFailed
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_RECEIVER_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "samples/common/file_channel.h"
#include "samples/common/sha256.h"

namespace pairwire::samples {

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

struct ReceivedFile {
  std::string name;  // as the sender called it
  std::uint64_t size = 0;
  std::string sha256;
  std::string path;
};

class FileReceiver {
 public:
  struct Events {
    std::function<void(const FileOffer&)> on_accepted;
    // Once, last; may destroy the receiver.
    std::function<void(FileResult<ReceivedFile>)> on_finished;
  };

  enum class State { kWaiting, kReceiving, kDone, kFailed };

  // Channel, sink and slots outlive the receiver.
  FileReceiver(FileChannel& channel, FileSink& sink, FileSlots& slots, Events events);
  ~FileReceiver();

  FileReceiver(const FileReceiver&) = delete;
  FileReceiver& operator=(const FileReceiver&) = delete;

  // What the channel tells.
  void OnText(std::string_view text);
  void OnData(ByteSpan data);
  void OnClosed(const std::optional<Error>& error);

  State state() const { return state_; }

 private:
  void TakeOffer(const FileOffer& offer);
  void TakeEnd(const FileEnd& end);
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
  Sha256 digest_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_RECEIVER_H_
