// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/ice_runtime.h"

#include <glib.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "peer/base/log.h"
#include "peer/ice/agent.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

// A TURN server that answers needs one round trip; one that is dead would keep libnice retrying for
// longer.
constexpr std::chrono::seconds kCloseDeadline{5};

// For all agents together, when the runtime goes. Without TURN an agent needs two iterations.
constexpr milliseconds kFinishLimit{1000};

void OnGlibLog(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
  const bool serious =
      (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0;
  const LogLevel log_level = serious ? LogLevel::kWarning : LogLevel::kDebug;
  if (!LogWanted(log_level)) return;
  Log(log_level, std::string(domain != nullptr ? domain : "glib") + ": " +
                     (message != nullptr ? message : ""));
}

// GLib's default handler prints, and this library never does. Only libnice's domains: GLib's own
// belong to the application, which may use it too.
bool RedirectLog() {
  for (const char* domain : {"libnice", "libnice-socket", "libnice-stun"}) {
    g_log_set_handler(domain, static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK | G_LOG_FLAG_RECURSION),
                      &OnGlibLog, nullptr);
  }
  return true;
}

}  // namespace

IceRuntime::IceRuntime(IoLoop& loop) : IceRuntime(loop, system_random_) {}

IceRuntime::IceRuntime(IoLoop& loop, RandomSource& random)
    : loop_(loop), random_(random), udp_buffers_(loop), deadline_timer_(loop, [this] { Sweep(); }) {
  static const bool redirected = RedirectLog();
  static_cast<void>(redirected);
}

IceRuntime::~IceRuntime() {
  const auto deadline = std::chrono::steady_clock::now() + kFinishLimit;
  for (Dying& dying : dying_) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    dying.agent->FinishClose(std::max(left, milliseconds(0)));
  }
}

void IceRuntime::Bury(std::unique_ptr<Agent> agent) {
  dying_.push_back({std::move(agent), loop_.Now() + kCloseDeadline});
  if (!deadline_timer_.active()) deadline_timer_.StartAt(dying_.back().deadline);
  SweepSoon();
}

void IceRuntime::SweepSoon() {
  if (std::exchange(sweep_posted_, true)) return;
  loop_.Post(safety_.Wrap([this] {
    sweep_posted_ = false;
    Sweep();
  }));
}

void IceRuntime::Sweep() {
  const auto now = loop_.Now();
  for (Dying& dying : dying_) {
    if (!dying.agent->closing()) dying.agent->BeginClose(safety_.Wrap([this] { SweepSoon(); }));
  }
  std::erase_if(dying_, [now](const Dying& dying) {
    if (!dying.agent->closed() && now >= dying.deadline) {
      Log(LogLevel::kWarning, "ice: an agent did not close in time");
      return true;
    }
    return dying.agent->closed();
  });
  if (dying_.empty()) {
    deadline_timer_.Stop();
  } else {
    deadline_timer_.StartAt(dying_.front().deadline);  // in order of burial, so of deadlines
  }
}

}  // namespace pairwire::ice
