// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Command: what pairwire-controller does once it is connected. One file per command. Every method
// runs on the Network's thread.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_COMMAND_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_COMMAND_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {

// What a command may use; all of it outlives the command.
struct CommandContext {
  Network& network;
  MainLoop& main_loop;
  Reporter& reporter;
};

class Command {
 public:
  virtual ~Command() = default;

  // Connected. The session outlives the command's use of it.
  virtual void Start(Session& session) = 0;
  virtual void OnMessage(const Message& message);
  virtual void OnEvent(const Event&) {}
  virtual void OnBufferedAmountLow() {}
  // The session is over; with which exit code does the program end?
  virtual int OnClosed(const std::optional<Error>& error) = 0;
  // Ctrl-C is how a person ends it, not a failure.
  virtual bool EndsByInterrupt() const { return false; }

 protected:
  explicit Command(CommandContext context) : context_(context) {}

  CommandContext context_;
};

std::unique_ptr<Command> MakeSendCommand(CommandContext context, std::string text);
std::unique_ptr<Command> MakeSendFileCommand(CommandContext context,
                                             std::vector<std::string> paths);
std::unique_ptr<Command> MakeChatCommand(CommandContext context);
std::unique_ptr<Command> MakePingCommand(CommandContext context, int count);
std::unique_ptr<Command> MakeWatchCommand(CommandContext context);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_COMMAND_H_
