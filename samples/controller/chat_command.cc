// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// chat: each line of stdin is a message; what the display answers is printed. "/send PATH" sends a
// file,
// "/quit" or the end of stdin ends it after everything has arrived.
#include <algorithm>
#include <utility>

#include "samples/common/line_sender.h"
#include "samples/controller/command.h"
#include "samples/controller/file_queue.h"

namespace pairwire::samples {
namespace {

constexpr std::string_view kSend = "/send ";
constexpr std::string_view kQuit = "/quit";

class ChatCommand final : public Command {
 public:
  explicit ChatCommand(CommandContext context)
      : Command(context),
        lines_(Outlet()),
        files_(context.network, context.reporter, [this](bool ok) {
          all_arrived_ = all_arrived_ && ok;
          lines_.SetPaused(false);
        }) {}

  void Start(Session& session) override {
    session_ = &session;
    session.SetBufferedAmountLowThreshold(LineSender::kLowWater);
    context_.main_loop.WantLines();
  }

  void OnBufferedAmountLow() override { lines_.Continue(); }

  // An empty batch is the end of stdin.
  void TakeLines(std::vector<std::string> lines) {
    if (lines.empty()) {
      input_ended_ = true;
      if (lines_.empty() && !files_.busy()) Quit();
    } else {
      lines_.Take(std::move(lines));
    }
  }

  int OnClosed(const std::optional<Error>& error) override {
    if (error) {
      context_.reporter.Error(*error);
      return kExitFailed;
    }
    if (quitting_) context_.reporter.Ack(messages_, bytes_);
    return all_arrived_ ? kExitDone : kExitFailed;
  }

  bool EndsByInterrupt() const override { return true; }

 private:
  LineSender::Outlet Outlet() {
    LineSender::Outlet outlet;
    outlet.send = [this](const std::string& line) -> Result<void> {
      const Result<MessageId> sent = session_->Send(line);
      if (!sent) return tl::unexpected(sent.error());
      ++messages_;
      bytes_ += line.size();
      return {};
    };
    outlet.buffered_amount = [this] { return session_->buffered_amount(); };
    outlet.filter = [this](const std::string& line) { return IsMessage(line); };
    outlet.on_error = [this](const Error& error) {
      all_arrived_ = false;
      if (!quitting_) context_.reporter.Error(error);
    };
    outlet.on_empty = [this] {
      if (input_ended_) {
        Quit();
      } else {
        context_.main_loop.WantLines();
      }
    };
    return outlet;
  }

  bool IsMessage(const std::string& line) {
    if (quitting_) return false;
    if (line == kQuit) {
      Quit();
      return false;
    }
    if (!line.starts_with(kSend)) return true;
    // Lines after it wait, so that things arrive in the order in which they were asked for.
    lines_.SetPaused(true);
    files_.Add(line.substr(kSend.size()));
    files_.Run(*session_);
    return false;
  }

  void Quit() {
    if (std::exchange(quitting_, true)) return;
    session_->Close();
  }

  Session* session_ = nullptr;
  bool input_ended_ = false;
  bool quitting_ = false;
  bool all_arrived_ = true;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  LineSender lines_;
  FileQueue files_;
};

}  // namespace

std::unique_ptr<Command> MakeChatCommand(CommandContext context) {
  auto command = std::make_unique<ChatCommand>(context);
  context.main_loop.ReadLines(
      [chat = command.get(), &network = context.network](std::vector<std::string> lines) {
        network.Post([chat, lines = std::move(lines)] { chat->TakeLines(lines); });
      });
  return command;
}

}  // namespace pairwire::samples
