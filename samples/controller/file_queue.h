// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileQueue: files to send, one after the other, with their progress reported. Used by send-file
// and by chat's /send. Loop thread only.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_FILE_QUEUE_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_FILE_QUEUE_H_

#include <pairwire/bulk.h>
#include <pairwire/network.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "samples/common/reporter.h"

namespace pairwire::samples {

class FileQueue {
 public:
  // `on_idle` runs after the last file, with whether all since the last time arrived.
  FileQueue(Network& network, Reporter& reporter, std::function<void(bool all_arrived)> on_idle);

  void Add(std::string path) { paths_.push_back(std::move(path)); }
  // Starts with what was added; `session` outlives the transfers.
  void Run(Session& session);
  bool busy() const { return current_.has_value(); }

 private:
  void Next();
  FileSendEvents EventsFor(const std::string& name, std::uint64_t size);
  void OnFinished(const std::string& name, const FileResult<SentFile>& result);

  Network& network_;
  Reporter& reporter_;
  const std::function<void(bool)> on_idle_;
  Session* session_ = nullptr;
  std::deque<std::string> paths_;
  bool all_arrived_ = true;
  std::optional<OutgoingFile> current_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_FILE_QUEUE_H_
