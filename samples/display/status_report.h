// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusReport: pairwire-display's DisplayMonitor: tells the session of the moment how the display
// is, and with --report-status the relay, and says under which id.
#ifndef PAIRWIRE_SAMPLES_DISPLAY_STATUS_REPORT_H_
#define PAIRWIRE_SAMPLES_DISPLAY_STATUS_REPORT_H_

#include <pairwire/network.h>
#include <pairwire/session.h>
#include <pairwire/status.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "samples/common/reporter.h"

namespace CLI {
class App;
}  // namespace CLI

namespace pairwire::samples {

struct StatusReportSettings {
  bool report = false;     // to the relay
  std::string display_id;  // empty: the relay makes one
};
void AddStatusReportOptions(CLI::App& cli, StatusReportSettings& settings);

class StatusReport {
 public:
  // Both outlive it.
  StatusReport(Network& network, Reporter& reporter, bool json)
      : network_(network), reporter_(reporter), json_(json) {}

  // Before the display is started. `session` is asked on the Network's thread. kInvalidArgument.
  Result<void> Start(const StatusReportSettings& settings, const DisplayOptions& display,
                     std::function<Session*()> session);
  // A session began, or it is over. On the Network's thread.
  void OnSessionChange();
  // A frame was shown, after so many that were dropped.
  void OnFrame(std::chrono::microseconds late, std::uint64_t dropped);
  // `session` is not asked any more.
  void Detach();

 private:
  void Tell(const Event& event);

  Network& network_;
  Reporter& reporter_;
  const bool json_;
  std::function<Session*()> session_;  // used on the Network's thread
  DisplayMonitor monitor_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_DISPLAY_STATUS_REPORT_H_
