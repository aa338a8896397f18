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
    auto source = DiskSource::Open(path);
    if (!source) {
      all_arrived_ = false;
      reporter_.Error(source.error().code, source.error().message);
      continue;
    }
    OutgoingFile::Events on;
    const std::string name = (*source)->name();
    const std::uint64_t size = (*source)->size();
    on.on_progress = [this, name, size](std::uint64_t sent) {
      reporter_.Progress(name, sent, size);
    };
    on.on_finished = [this](FileResult<SentFile> result, Seconds took) {
      OnFinished(result, took);
    };
    current_ = std::make_unique<OutgoingFile>(*session_, std::move(*source), std::move(on));
    return;
  }
  on_idle_(std::exchange(all_arrived_, true));
}

void FileQueue::OnFinished(const FileResult<SentFile>& result, Seconds took) {
  if (result) {
    reporter_.File({current_->name(), result->size, result->sha256, {}}, took);
  } else {
    all_arrived_ = false;
    reporter_.Error(result.error().code,
                    current_->name() + " was not sent: " + result.error().message);
  }
  // Not in the transfer's own callback, and only if the queue is still there then.
  network_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    current_.reset();
    Next();
  });
}

}  // namespace pairwire::samples
