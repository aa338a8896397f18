// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// send-file PATH…: sends files one after the other and ends when the display has stored them all.
#include <utility>

#include "samples/controller/command.h"
#include "samples/controller/file_queue.h"

namespace pairwire::samples {
namespace {

class SendFileCommand final : public Command {
 public:
  SendFileCommand(CommandContext context, std::vector<std::string> paths)
      : Command(context), files_(context.network, context.reporter, [this](bool all_arrived) {
          idle_ = true;
          all_arrived_ = all_arrived;
          session_->Close();
        }) {
    for (std::string& path : paths) files_.Add(std::move(path));
  }

  void Start(Session& session) override {
    session_ = &session;
    files_.Run(session);
  }

  int OnClosed(const std::optional<Error>& error) override {
    // Every file is acknowledged by itself: how the session ends after the last one does not
    // matter.
    if (idle_) return all_arrived_ ? kExitDone : kExitFailed;
    context_.reporter.Error(
        error.value_or(Error{Errc::kPeerLeft, "the display ended the session before all arrived"}));
    return kExitFailed;
  }

 private:
  Session* session_ = nullptr;
  bool idle_ = false;
  bool all_arrived_ = false;
  FileQueue files_;
};

}  // namespace

std::unique_ptr<Command> MakeSendFileCommand(CommandContext context,
                                             std::vector<std::string> paths) {
  return std::make_unique<SendFileCommand>(context, std::move(paths));
}

}  // namespace pairwire::samples
