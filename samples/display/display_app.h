// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayApp: what pairwire-display does with its Display: reports the code, keeps the session of
// the moment, prints messages, stores files, answers pings, shows frames. Its callbacks run on the
// Network's thread.
#ifndef PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_
#define PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_

#include <pairwire/bulk.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "samples/common/line_sender.h"
#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {

struct DisplaySettings {
  DisplayOptions display;
  bool json = false;
  bool echo = false;      // every message goes back as it came
  bool chat = false;      // lines of stdin go to the controller
  bool qr = false;        // the code's URL is drawn as a QR code
  std::string directory;  // for files; empty: none are taken
  // A session began, or it is over. On the Network's thread.
  std::function<void()> on_session_change = nullptr;
  // A frame was shown, so late, and so many were dropped before it.
  std::function<void(std::chrono::microseconds late, std::uint64_t dropped)> on_frame = nullptr;
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

  // The session of the moment, or null. On the Network's thread.
  Session* session() { return session_ ? &*session_ : nullptr; }

 private:
  void OnCode(const PairingCode& code);
  void OnSession(Session session);
  void OnMessage(const Message& message);
  void OnFrame(const events::AnimationFrame& frame, std::chrono::microseconds late);
  void OnChannel(DataChannel channel);
  void OnPath(const SessionPath& path);
  void OnClosed(const ClosedReport& report);
  void Echo(const Message& message);
  void AnswerPings(DataChannel channel);
  void StartChat();
  Result<void> OpenInbox();

  Network& network_;
  MainLoop& main_loop_;
  Reporter& reporter_;
  const DisplaySettings settings_;
  FileInbox inbox_;
  LineSender lines_;
  std::uint64_t next_ping_ = 1;
  std::map<std::uint64_t, DataChannel> pings_;  // bounded by the connection's max_channels
  std::optional<Session> session_;
  bool files_wait_ = false;           // of this session, as far as it was told
  std::uint64_t frames_dropped_ = 0;  // of this session, as far as it was told
  Display display_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_DISPLAY_DISPLAY_APP_H_
