// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// GroupApp: enters several codes, runs one command over the group of their displays, ends the
// program with its exit code. A display that can not be reached is said and left out. Callbacks run
// on the Network's thread.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_GROUP_APP_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_GROUP_APP_H_

#include <pairwire/group.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"
#include "samples/controller/command.h"

namespace pairwire::samples {

// What to do with a group. Every method but Stop runs on the Network's thread.
class GroupCommand {
 public:
  virtual ~GroupCommand() = default;

  // Nothing uses the group any more when this returns; on the main thread.
  virtual void Stop() {}
  // All displays that could be reached are members.
  virtual void Start(Group& group) = 0;
  // Events of the display `who`, which are said besides.
  virtual void OnEvent(MemberId, const Event&) {}
  virtual void OnAckedByAll(MessageId, const std::vector<MemberId>& /*missing*/) {}
  // The last member has gone; with which exit code does the program end?
  virtual int OnEmpty() { return kExitFailed; }
  // Whether what displays tell of themselves is said.
  virtual bool Watches() const { return false; }
  virtual bool EndsByInterrupt() const { return false; }
};

std::unique_ptr<GroupCommand> MakeGroupSend(CommandContext context, std::string text);
std::unique_ptr<GroupCommand> MakeGroupChat(CommandContext context);
std::unique_ptr<GroupCommand> MakeGroupWatch(CommandContext context);
struct PresentSettings {
  int fps = 25;
  int seconds = 10;
};
std::unique_ptr<GroupCommand> MakePresent(CommandContext context, PresentSettings settings);

class GroupApp {
 public:
  // All of them outlive the app.
  GroupApp(CommandContext context, std::unique_ptr<GroupCommand> command);
  // On the main thread; closes the sessions in order.
  ~GroupApp();

  GroupApp(const GroupApp&) = delete;
  GroupApp& operator=(const GroupApp&) = delete;

  // `options` with each of the codes. kInvalidArgument: the relay's URL or a code's form.
  Result<void> Start(const ControllerOptions& options, const std::vector<std::string>& codes);
  // Ends with failure, whatever the command says, when a display was never reached.
  bool all_reached() const { return failed_ == 0; }

 private:
  GroupEvents Events();
  void OnSession(Session session);
  void OnError(const std::string& code, const Error& error);
  void StartIfAllAnswered();
  std::string NameOf(MemberId member) const;

  CommandContext context_;
  std::unique_ptr<GroupCommand> command_;
  std::map<MemberId, std::string> names_;
  std::size_t expected_ = 0;
  std::atomic<std::size_t> failed_ = 0;  // the main thread asks at the end
  bool started_ = false;
  Group group_;
  std::vector<Controller> controllers_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_GROUP_APP_H_
