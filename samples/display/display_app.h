// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayApp: what pairwire-display does with its Display: reports the code, keeps the session of
// the moment, prints messages, stores files, answers pings. Its callbacks run on the Network's
// thread.
#ifndef PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_
#define PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "samples/common/file_transfer.h"
#include "samples/common/line_sender.h"
#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {

struct DisplaySettings {
  DisplayOptions display;
  bool json = false;
  bool echo = false;      // every message goes back as it came
  bool chat = false;      // lines of stdin go to the controller
  std::string directory;  // for files; empty: none are taken
};

class DisplayApp {
 public:
  // All of them outlive the app.
  DisplayApp(Network& network, MainLoop& main_loop, Reporter& reporter, DisplaySettings settings);
  // On the main thread; closes the session in order.
  ~DisplayApp();

  DisplayApp(const DisplayApp&) = delete;
  DisplayApp& operator=(const DisplayApp&) = delete;

  // kInvalidArgument: the relay's URL or the name is not valid.
  Result<void> Start();

 private:
  void OnSession(Session session);
  void OnMessage(const Message& message);
  void OnChannel(DataChannel channel);
  void OnClosed(const std::optional<Error>& error);
  void Echo(const Message& message);
  void AnswerPings(DataChannel channel);
  void StartChat();

  Network& network_;
  MainLoop& main_loop_;
  Reporter& reporter_;
  const DisplaySettings settings_;
  FileInbox inbox_;
  LineSender lines_;
  std::uint64_t next_ping_ = 1;
  std::map<std::uint64_t, DataChannel> pings_;  // bounded by the connection's max_channels
  std::optional<Session> session_;
  Display display_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_
