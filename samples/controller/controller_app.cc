// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/controller/controller_app.h"

#include <future>
#include <utility>

namespace pairwire::samples {

ControllerApp::ControllerApp(Network& network, MainLoop& main_loop, Reporter& reporter,
                             std::unique_ptr<Command> command)
    : network_(network), main_loop_(main_loop), reporter_(reporter), command_(std::move(command)) {}

ControllerApp::~ControllerApp() {
  controller_ = Controller();
  // What is left belongs to the loop: it goes there, so that no callback is in the middle of it.
  std::promise<void> gone;
  network_.Post([this, &gone] {
    if (session_ && !over_) reporter_.Closed(std::nullopt);
    session_.reset();
    command_.reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

Result<void> ControllerApp::Start(ControllerOptions options) {
  remembered_ = !options.pairing_id.empty();
  ControllerEvents on;
  on.on_paired = [this](const std::string& name) { reporter_.Paired(name); };
  on.on_session = [this](Session session) { OnSession(std::move(session)); };
  on.on_error = [this](const Error& error) {
    if (error.code == Errc::kAuthFailed && remembered_) {
      reporter_.Error(ToString(error.code), error.detail + ": pair anew, by a code");
    } else if (error.code == Errc::kAuthFailed) {
      reporter_.Error(ToString(error.code),
                      error.detail + ": look at the code again, it may have changed");
    } else {
      reporter_.Error(error);
    }
    main_loop_.Finish(kExitFailed);
  };
  Result<Controller> controller = Controller::Create(network_, std::move(options), std::move(on));
  if (!controller) return tl::unexpected(controller.error());
  controller_ = std::move(*controller);
  return {};
}

void ControllerApp::OnSession(Session session) {
  session_ = std::move(session);
  reporter_.Connected(*session_);
  SessionEvents on;
  on.on_message = [this](const pairwire::Command& command) { command_->OnMessage(command); };
  on.on_event = [this](const Event& event) { command_->OnEvent(event); };
  on.on_buffered_amount_low = [this] { command_->OnBufferedAmountLow(); };
  on.on_remembered = [this](const std::string& id) { reporter_.Remembered(id); };
  on.on_closed = [this](const ClosedReport& report) { OnClosed(report); };
  session_->Subscribe(std::move(on));
  command_->Start(*session_);
}

void ControllerApp::OnClosed(const ClosedReport& report) {
  const int exit_code = command_->OnClosed(report.error);
  reporter_.Closed(report.error);
  over_ = true;
  main_loop_.Finish(exit_code);
}

}  // namespace pairwire::samples
