// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// send TEXT, chat and watch for several displays at once.
#include <utility>

#include "samples/controller/group_app.h"

namespace pairwire::samples {
namespace {

constexpr std::string_view kSend = "/send ";
constexpr std::string_view kQuit = "/quit";

class GroupSend final : public GroupCommand {
 public:
  GroupSend(CommandContext context, std::string text) : context_(context), text_(std::move(text)) {}

  void Start(Group& group) override {
    const Result<MessageId> sent = group.Send(text_);
    if (sent) return;
    context_.reporter.Error(sent.error());
    context_.main_loop.Finish(kExitFailed);
  }

  void OnAckedByAll(MessageId, const std::vector<MemberId>& missing) override {
    context_.reporter.Ack(1, text_.size());
    context_.main_loop.Finish(missing.empty() ? kExitDone : kExitFailed);
  }

 private:
  CommandContext context_;
  const std::string text_;
};

// A batch of lines is a batch of messages; the next is read when all have it.
class GroupChat final : public GroupCommand {
 public:
  explicit GroupChat(CommandContext context) : context_(context) {}

  void Start(Group& group) override {
    group_ = &group;
    context_.main_loop.WantLines();
  }

  // An empty batch is the end of stdin.
  void TakeLines(const std::vector<std::string>& lines) {
    if (group_ == nullptr || ended_) return;
    ended_ = lines.empty();
    for (const std::string& line : lines) {
      if (line == kQuit) {
        ended_ = true;
        break;
      }
      if (line.starts_with(kSend)) {
        context_.reporter.Error("unsupported", "files go to one display: send-file");
        continue;
      }
      const Result<MessageId> sent = group_->Send(line);
      if (!sent) {
        context_.reporter.Error(sent.error());
        all_arrived_ = false;
        continue;
      }
      last_ = *sent;
      bytes_ += line.size();
    }
    GoOn();
  }

  void OnAckedByAll(MessageId id, const std::vector<MemberId>& missing) override {
    acked_ = id;
    all_arrived_ = all_arrived_ && missing.empty();
    GoOn();
  }

  bool EndsByInterrupt() const override { return true; }

 private:
  void GoOn() {
    if (acked_ < last_) return;
    if (!ended_) {
      context_.main_loop.WantLines();
      return;
    }
    if (std::exchange(finished_, true)) return;
    context_.reporter.Ack(last_, bytes_);
    context_.main_loop.Finish(all_arrived_ ? kExitDone : kExitFailed);
  }

  CommandContext context_;
  Group* group_ = nullptr;
  bool ended_ = false;
  bool finished_ = false;
  bool all_arrived_ = true;
  MessageId last_ = 0;
  MessageId acked_ = 0;
  std::uint64_t bytes_ = 0;
};

class GroupWatch final : public GroupCommand {
 public:
  void Start(Group&) override {}
  int OnEmpty() override { return kExitDone; }
  bool Watches() const override { return true; }
  bool EndsByInterrupt() const override { return true; }
};

}  // namespace

std::unique_ptr<GroupCommand> MakeGroupSend(CommandContext context, std::string text) {
  return std::make_unique<GroupSend>(context, std::move(text));
}

std::unique_ptr<GroupCommand> MakeGroupChat(CommandContext context) {
  auto command = std::make_unique<GroupChat>(context);
  context.main_loop.ReadLines(
      [chat = command.get(), &network = context.network](std::vector<std::string> lines) {
        network.Post([chat, lines = std::move(lines)] { chat->TakeLines(lines); });
      });
  return command;
}

std::unique_ptr<GroupCommand> MakeGroupWatch(CommandContext) {
  return std::make_unique<GroupWatch>();
}

}  // namespace pairwire::samples
