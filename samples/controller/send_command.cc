// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// send TEXT, and watch: the two commands that need no state to speak of.
#include <utility>
#include <variant>

#include "samples/controller/command.h"
#include "samples/controller/display_lines.h"

namespace pairwire::samples {

void Command::OnMessage(const Message& message) {
  if (message.is_text) {
    context_.reporter.Text(AsText(message.data));
  } else {
    context_.reporter.Binary(message.data);
  }
}

namespace {

class SendCommand final : public Command {
 public:
  SendCommand(CommandContext context, std::string text)
      : Command(context), text_(std::move(text)) {}

  void Start(Session& session) override {
    const Result<MessageId> sent = session.Send(text_);
    sent_ = sent.has_value();
    if (!sent) context_.reporter.Error(sent.error());
    session.Close();
  }

  // Closing in order means that the display has acknowledged everything.
  int OnClosed(const std::optional<Error>& error) override {
    if (error) context_.reporter.Error(*error);
    if (error || !sent_) return kExitFailed;
    context_.reporter.Ack(1, text_.size());
    return kExitDone;
  }

 private:
  const std::string text_;
  bool sent_ = false;
};

class WatchCommand final : public Command {
 public:
  explicit WatchCommand(CommandContext context) : Command(context) {}

  void Start(Session& session) override {
    session_ = &session;
    SayReach(context_.reporter, session);
  }

  void OnEvent(const Event& event) override {
    SayEvent(context_.reporter, session_->peer().name, event);
    if (std::holds_alternative<events::DisplayHealth>(event)) {
      SayReach(context_.reporter, *session_);
    }
  }

  int OnClosed(const std::optional<Error>& error) override {
    if (!error) return kExitDone;
    context_.reporter.Error(*error);
    return kExitFailed;
  }

  bool EndsByInterrupt() const override { return true; }

 private:
  Session* session_ = nullptr;
};

}  // namespace

std::unique_ptr<Command> MakeSendCommand(CommandContext context, std::string text) {
  return std::make_unique<SendCommand>(context, std::move(text));
}

std::unique_ptr<Command> MakeWatchCommand(CommandContext context) {
  return std::make_unique<WatchCommand>(context);
}

}  // namespace pairwire::samples
