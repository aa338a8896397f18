// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/status_reporter.h"

#include <algorithm>
#include <utility>

#include "peer/base/full_jitter.h"

namespace pairwire {

StatusReporter::StatusReporter(Loop& loop, RandomSource& random, ReporterCalls& calls,
                               Options options, Events events)
    : loop_(loop),
      calls_(calls),
      random_(random),
      options_(std::move(options)),
      events_(std::move(events)),
      display_id_(options_.display_id),
      tick_timer_(loop, [this] { Tick(); }),
      register_timer_(loop, [this] { Register(); }) {
  if (!options_.design_id.empty()) status_.design_id = options_.design_id;
  Register();
}

void StatusReporter::Register() {
  protocol::RegisterRequest request;
  request.display_id = display_id_;
  request.design_id = options_.design_id;
  // Nobody is to pair with this registration: it is there for its token.
  request.codeless = true;
  const auto alive = safety_.Watch();
  calls_.Register(request, [this, alive](RelayResult<protocol::RegisterResponse> answer) {
    if (*alive && !stopped_) OnRegistered(std::move(answer));
  });
}

void StatusReporter::OnRegistered(RelayResult<protocol::RegisterResponse> answer) {
  if (!answer) {
    RegisterAgain(answer.error().retry_after.value_or(std::chrono::seconds(0)));
    Failed(answer.error().error);
    return;
  }
  // The one before is not needed any more; a relay that keeps it lets it expire.
  if (!session_id_.empty()) calls_.End(session_id_, token_, {});
  session_id_ = answer->session_id;
  token_ = answer->display_token;
  const bool renamed =
      std::exchange(display_id_, answer->display_id) != answer->display_id || !told_;
  register_timer_.Start(std::max<std::chrono::milliseconds>(
      std::chrono::milliseconds(answer->expires_in) * 3 / 4, std::chrono::seconds(1)));
  // A renewal changes nothing in the rhythm of the reports.
  if (!tick_timer_.active()) Tick();
  if (renamed && events_.on_reporting) events_.on_reporting(display_id_);
}

void StatusReporter::RegisterAgain(std::chrono::milliseconds at_least) {
  const auto pause = FullJitter(random_, pause_);
  pause_ = std::min(2 * pause_, kLongestPause);
  register_timer_.Start(std::max(pause, at_least));
}

void StatusReporter::Tick() {
  tick_timer_.Start(kHeartbeatEvery);
  if (token_.empty()) return;
  const auto alive = safety_.Watch();
  const auto now = loop_.Now();
  if (told_ == status_.status && now - told_at_ < kStatusEvery) {
    calls_.Heartbeat(display_id_, token_, [this, alive](const RelayResult<void>& answer) {
      if (*alive && !stopped_) OnTold(answer);
    });
    return;
  }
  calls_.Status(display_id_, token_, status_,
                [this, alive, now, word = status_.status](const RelayResult<void>& answer) {
                  if (!*alive || stopped_) return;
                  if (answer) {
                    told_ = word;
                    told_at_ = now;
                  }
                  OnTold(answer);
                });
}

void StatusReporter::OnTold(const RelayResult<void>& answer) {
  if (answer) {
    failing_ = false;
    pause_ = kFirstPause;
    return;
  }
  if (answer.error().error.code == Errc::kUnauthorized && !token_.empty()) {
    // The relay has forgotten us: it was restarted, or it took us for gone.
    token_.clear();
    session_id_.clear();
    tick_timer_.Stop();
    RegisterAgain({});
    return;
  }
  Failed(answer.error().error);
}

void StatusReporter::Failed(const Error& error) {
  if (std::exchange(failing_, true)) return;
  if (events_.on_error) events_.on_error(error);
}

void StatusReporter::Stop(std::function<void()> done) {
  stopped_ = true;
  tick_timer_.Stop();
  register_timer_.Stop();
  if (token_.empty()) {
    done();
    return;
  }
  events::DisplayStatus gone;
  gone.status = events::DisplayState::kOffline;
  gone.design_id = status_.design_id;
  const auto alive = safety_.Watch();
  calls_.Status(display_id_, token_, gone,
                [this, alive, done = std::move(done)](const RelayResult<void>&) {
                  if (!*alive) return done();
                  calls_.End(session_id_, token_, done);
                });
}

}  // namespace pairwire
