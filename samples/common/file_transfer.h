// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// File transfers over DataChannels: joins the two pure machines (file_sender.h, file_receiver.h)
// with a channel and the disk. Everything here is made, used and destroyed on the Network's loop
// thread, or while no callback can run.
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_TRANSFER_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_TRANSFER_H_

#include <pairwire/data_channel.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "samples/common/file_disk.h"
#include "samples/common/file_receiver.h"
#include "samples/common/file_sender.h"

namespace pairwire::samples {

using Seconds = std::chrono::duration<double>;

// One file on its way out.
class OutgoingFile {
 public:
  struct Events {
    std::function<void(std::uint64_t sent)> on_progress;
    // Once, last; may destroy the transfer. The time runs from the constructor.
    std::function<void(FileResult<SentFile>, Seconds)> on_finished;
  };

  OutgoingFile(Session& session, std::unique_ptr<DiskSource> source, Events events);
  ~OutgoingFile();

  std::uint64_t size() const { return source_->size(); }
  const std::string& name() const { return source_->name(); }

 private:
  class Channel;

  const std::unique_ptr<DiskSource> source_;
  std::chrono::steady_clock::time_point started_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<FileSender> sender_;
};

// All files on their way in.
class FileInbox {
 public:
  struct Events {
    std::function<void(const ReceivedFile&, Seconds)> on_file;
    std::function<void(const FileProblem&)> on_problem;
  };

  // An empty directory refuses every file.
  FileInbox(std::string directory, Events events);
  ~FileInbox();

  static bool Wants(const DataChannel& channel);
  void Take(DataChannel channel);
  // Forgets what is still coming in; for when the session is over.
  void Clear();

 private:
  struct Incoming;
  void Forget(std::uint64_t id);

  const std::string directory_;
  const Events events_;
  FileSlots slots_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::unique_ptr<Incoming>> incoming_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_TRANSFER_H_
