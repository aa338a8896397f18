// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/controller/file_queue.h"

#include <utility>

namespace pairwire::samples {

FileQueue::FileQueue(Network& network, Reporter& reporter, std::function<void(bool)> on_idle)
    : network_(network), reporter_(reporter), on_idle_(std::move(on_idle)) {}

void FileQueue::Run(Session& session) {
  session_ = &session;
  if (!current_) Next();
}

void FileQueue::Next() {
  while (!paths_.empty()) {
    const std::string path = std::move(paths_.front());
    paths_.pop_front();
    auto file = FileToSend::Open(path);
    if (!file) {
      all_arrived_ = false;
      reporter_.Error(file.error().code, file.error().message);
      continue;
    }
    const std::string name = file->name;
    FileSendEvents on = EventsFor(name, file->size);
    auto sending = OutgoingFile::Send(*session_, std::move(*file), std::move(on));
    if (!sending) {
      all_arrived_ = false;
      reporter_.Error(sending.error().code, name + " was not sent: " + sending.error().message);
      continue;
    }
    current_ = std::move(*sending);
    return;
  }
  on_idle_(std::exchange(all_arrived_, true));
}

FileSendEvents FileQueue::EventsFor(const std::string& name, std::uint64_t size) {
  FileSendEvents on;
  on.on_progress = [this, name, size](const FileProgress& progress) {
    reporter_.Progress(name, progress, size);
  };
  on.on_resumed = [this, name, size](std::uint64_t offset) {
    reporter_.Resuming(name, offset, size);
  };
  on.on_waiting = [this, name] { reporter_.Waiting(name); };
  on.on_needs_direct_path = [this, name](bool waits) {
    if (waits) {
      reporter_.NeedsDirectPath(name);
    } else {
      reporter_.HasDirectPath(name);
    }
  };
  on.on_finished = [this, name](const FileResult<SentFile>& result) { OnFinished(name, result); };
  return on;
}

void FileQueue::OnFinished(const std::string& name, const FileResult<SentFile>& result) {
  if (result) {
    reporter_.File({name, result->size, result->sha256, {}}, result->took);
  } else {
    all_arrived_ = false;
    reporter_.Error(result.error().code, name + " was not sent: " + result.error().message);
  }
  // Not in the transfer's own callback, and only if the queue is still there then.
  network_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    current_.reset();
    Next();
  });
}

}  // namespace pairwire::samples
