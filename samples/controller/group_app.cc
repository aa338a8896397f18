// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/controller/group_app.h"

#include <future>
#include <utility>
#include <variant>

#include "samples/controller/display_lines.h"

namespace pairwire::samples {

GroupApp::GroupApp(CommandContext context, std::unique_ptr<GroupCommand> command)
    : context_(context), command_(std::move(command)) {}

GroupApp::~GroupApp() {
  controllers_.clear();
  command_->Stop();
  // What is left belongs to the loop: it goes there, so that no callback is in the middle of it.
  std::promise<void> gone;
  context_.network.Post([this, &gone] {
    group_ = Group();
    gone.set_value();
  });
  gone.get_future().wait();
  command_.reset();
}

Result<void> GroupApp::Start(const ControllerOptions& options,
                             const std::vector<std::string>& codes) {
  Result<Group> group = Group::Create(context_.network, {}, Events());
  if (!group) return tl::unexpected(group.error());
  group_ = std::move(*group);
  expected_ = codes.size();
  for (const std::string& code : codes) {
    ControllerOptions one = options;
    one.code = code;
    ControllerEvents on;
    on.on_paired = [this](const std::string& name) { context_.reporter.Paired(name); };
    on.on_session = [this](Session session) { OnSession(std::move(session)); };
    on.on_error = [this, code](const Error& error) { OnError(code, error); };
    Result<Controller> controller =
        Controller::Create(context_.network, std::move(one), std::move(on));
    if (!controller) return tl::unexpected(controller.error());
    controllers_.push_back(std::move(*controller));
  }
  return {};
}

GroupEvents GroupApp::Events() {
  GroupEvents on;
  on.on_message = [this](MemberId id, const pairwire::Command& command) {
    if (command.is_text) {
      context_.reporter.Text(AsText(command.data), NameOf(id));
    } else {
      context_.reporter.Binary(command.data);
    }
  };
  on.on_event = [this](MemberId id, const Event& event) {
    command_->OnEvent(id, event);
    if (!command_->Watches()) return;
    SayEvent(context_.reporter, NameOf(id), event);
    if (!std::holds_alternative<events::DisplayHealth>(event)) return;
    for (const GroupMember& member : group_.Members()) {
      if (member.id == id) SayReach(context_.reporter, member);
    }
  };
  on.on_acked_by_all = [this](MessageId id, const std::vector<MemberId>& missing) {
    command_->OnAckedByAll(id, missing);
  };
  on.on_missed = [this](MemberId id, MessageRange range) {
    context_.reporter.Error("missed", NameOf(id) + " misses messages " +
                                          std::to_string(range.first) + " to " +
                                          std::to_string(range.last));
  };
  on.on_member_closed = [this](MemberId id, const ClosedReport& report) {
    context_.reporter.Closed(report.error);
    names_.erase(id);
    if (started_ && names_.empty()) context_.main_loop.Finish(command_->OnEmpty());
  };
  return on;
}

void GroupApp::OnSession(Session session) {
  context_.reporter.Connected(session);
  const std::string name = session.peer().name;
  const Result<MemberId> member = group_.Add(std::move(session));
  if (!member) {
    OnError(name, member.error());
    return;
  }
  names_[*member] = name.empty() ? "display " + std::to_string(*member) : name;
  StartIfAllAnswered();
}

void GroupApp::OnError(const std::string& code, const Error& error) {
  ++failed_;
  context_.reporter.Error(ToString(error.code), code + ": " + error.detail);
  StartIfAllAnswered();
}

void GroupApp::StartIfAllAnswered() {
  if (started_ || names_.size() + failed_ < expected_) return;
  if (names_.empty()) {
    context_.main_loop.Finish(kExitFailed);
    return;
  }
  started_ = true;
  command_->Start(group_);
}

std::string GroupApp::NameOf(MemberId member) const {
  const auto found = names_.find(member);
  return found != names_.end() ? found->second : "display " + std::to_string(member);
}

}  // namespace pairwire::samples
