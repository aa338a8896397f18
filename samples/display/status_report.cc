// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/display/status_report.h"

#include <CLI/App.hpp>
#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>

namespace pairwire::samples {

void AddStatusReportOptions(CLI::App& cli, StatusReportSettings& settings) {
  auto* const report = cli.add_flag("--report-status", settings.report,
                                    "Tell the relay how this display is, for operators");
  cli.add_option("--display-id", settings.display_id,
                 "The id to report under; without it the relay makes one")
      ->needs(report);
}

Result<void> StatusReport::Start(const StatusReportSettings& settings,
                                 const DisplayOptions& display, std::function<Session*()> session) {
  MonitorEvents on;
  on.on_event = [this](const Event& event) { Tell(event); };
  on.on_reporting = [json = json_](const std::string& display_id) {
    using Json = nlohmann::ordered_json;
    const Json event = {{"event", "reporting"}, {"displayId", display_id}};
    const std::string line =
        json ? event.dump(-1, ' ', false, Json::error_handler_t::replace)
             : "Reporting its status to the relay as " + Printable(display_id) + ".";
    std::fprintf(stdout, "%s\n", line.c_str());
    std::fflush(stdout);
  };
  on.on_error = [&reporter = reporter_](const Error& error) { reporter.Error(error); };
  session_ = std::move(session);
  auto monitor = DisplayMonitor::Create(
      network_,
      {settings.report ? display.relay_url : std::string(), settings.display_id, display.design_id},
      std::move(on));
  if (!monitor) return tl::unexpected(monitor.error());
  monitor_ = std::move(*monitor);
  monitor_.SetStep(events::LifecycleStep::kWaiting);
  return {};
}

void StatusReport::Tell(const Event& event) {
  Session* const session = session_ ? session_() : nullptr;
  // The plain form has no events: all it carries is the application's own.
  if (session == nullptr || !session->peer().session_layer) return;
  // Newer ones replace it; a lost one is told again within 10 s.
  (void)session->Send(event);
  monitor_.SetLatency(session->stats().round_trip);
  monitor_.SetPath(session->path());
}

void StatusReport::OnSessionChange() {
  Session* const session = session_ ? session_() : nullptr;
  if (session == nullptr) {
    monitor_.SetPath({});
    monitor_.SetLatency({});
    monitor_.SetStep(events::LifecycleStep::kWaiting);
    return;
  }
  monitor_.SetPath(session->path());
  for (const Event& event : monitor_.Current()) Tell(event);
  monitor_.SetStep(events::LifecycleStep::kPaired);
}

void StatusReport::OnFrame(std::chrono::microseconds late, std::uint64_t dropped) {
  for (; dropped > 0; --dropped) monitor_.FrameDropped();
  monitor_.FrameShown(late);
}

void StatusReport::Detach() {
  std::promise<void> done;
  network_.Post([this, &done] {
    session_ = nullptr;
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace pairwire::samples
