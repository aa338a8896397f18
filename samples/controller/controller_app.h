// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ControllerApp: enters the code, runs one command over the session, ends the program with its exit
// code. Its callbacks run on the Network's thread.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_CONTROLLER_APP_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_CONTROLLER_APP_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <memory>
#include <optional>

#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"
#include "samples/controller/command.h"

namespace pairwire::samples {

class ControllerApp {
 public:
  // All of them outlive the app.
  ControllerApp(Network& network, MainLoop& main_loop, Reporter& reporter,
                std::unique_ptr<Command> command);
  // On the main thread; closes the session in order.
  ~ControllerApp();

  ControllerApp(const ControllerApp&) = delete;
  ControllerApp& operator=(const ControllerApp&) = delete;

  // kInvalidArgument: the relay's URL or the code's form is not valid.
  Result<void> Start(ControllerOptions options);

 private:
  void OnSession(Session session);
  void OnClosed(const ClosedReport& report);

  Network& network_;
  MainLoop& main_loop_;
  Reporter& reporter_;
  std::unique_ptr<Command> command_;
  std::optional<Session> session_;
  bool remembered_ = false;  // without a code
  bool over_ = false;
  Controller controller_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_CONTROLLER_APP_H_
