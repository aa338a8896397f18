// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusReporter: tells the relay how this display is: the status every 30 s, or at the next
// heartbeat when it is another than the one told; a heartbeat every 10 s. The token comes from a
// registration of its own, which is renewed at three quarters of its term, or when the relay no
// longer knows it. No connection is held between the calls.
//
//   registering --registered--> reporting --3/4 of the term, 401--> registering
//     ^   \--failed: 0.5 s doubling to 30 s, full jitter--/
//     +-------------------------------------------------+
//
// Not here: HTTP (ReporterCalls), measuring (status_publisher.h). Runs on any Loop. Loop thread
// only.
#ifndef PAIRWIRE_PEER_SESSION_STATUS_REPORTER_H_
#define PAIRWIRE_PEER_SESSION_STATUS_REPORTER_H_

#include <pairwire/events.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/status_call.h"
#include "signaling/protocol/http_messages.h"

namespace pairwire {

// One call of each kind at a time; a new one of a kind replaces what runs. `done` later, once.
class ReporterCalls {
 public:
  virtual ~ReporterCalls() = default;
  virtual void Register(const protocol::RegisterRequest& request, Registered done) = 0;
  virtual void Status(const std::string& display_id, const std::string& token,
                      const events::DisplayStatus& status, Told done) = 0;
  virtual void Heartbeat(const std::string& display_id, const std::string& token, Told done) = 0;
  // Best effort; `done` may be empty.
  virtual void End(const std::string& session_id, const std::string& token,
                   std::function<void()> done) = 0;
};

class StatusReporter {
 public:
  static constexpr std::chrono::seconds kStatusEvery{30};
  static constexpr std::chrono::seconds kHeartbeatEvery{10};
  static constexpr std::chrono::milliseconds kFirstPause{500};
  static constexpr std::chrono::milliseconds kLongestPause{30'000};

  struct Options {
    std::string display_id = {};  // empty: the relay makes one, kept from then on
    std::string design_id = {};
  };
  struct Events {
    std::function<void(const std::string& display_id)> on_reporting = nullptr;  // when it changed
    // The first of a row of failures.
    std::function<void(const Error&)> on_error = nullptr;
  };

  // All of them outlive the reporter. Starts at once. An event must not destroy the reporter.
  StatusReporter(Loop& loop, RandomSource& random, ReporterCalls& calls, Options options,
                 Events events);

  StatusReporter(const StatusReporter&) = delete;
  StatusReporter& operator=(const StatusReporter&) = delete;

  // The status of the moment; the newest counts when it is time.
  void Set(const events::DisplayStatus& status) { status_ = status; }

  // Says that the display goes, and ends the registration. `done` when the relay has heard it, or
  // will not.
  void Stop(std::function<void()> done);

 private:
  void Register();
  void RegisterAgain(std::chrono::milliseconds at_least);
  void OnRegistered(RelayResult<protocol::RegisterResponse> answer);
  void Tick();
  void OnTold(const RelayResult<void>& answer);
  void Failed(const Error& error);

  Loop& loop_;
  ReporterCalls& calls_;
  RandomSource& random_;
  const Options options_;
  const Events events_;

  bool stopped_ = false;
  bool failing_ = false;
  std::string display_id_;
  std::string session_id_;
  std::string token_;                              // empty: not registered
  std::chrono::milliseconds pause_ = kFirstPause;  // the longest before the next registration
  events::DisplayStatus status_;
  std::optional<events::DisplayState> told_;  // what the relay knows
  Loop::TimePoint told_at_{};
  Timer tick_timer_;
  Timer register_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_STATUS_REPORTER_H_
