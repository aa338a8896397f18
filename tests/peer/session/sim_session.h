// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SimSession: a display's and a controller's SessionCore over two SimLinks, on virtual time, each
// with a clock of its own. For what only exact time can show.
#ifndef PAIRWIRE_TESTS_PEER_SESSION_SIM_SESSION_H_
#define PAIRWIRE_TESTS_PEER_SESSION_SIM_SESSION_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peer/base/task_safety.h"
#include "peer/connection/network_access.h"
#include "peer/session/session_core.h"
#include "peer/session/session_link.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_link.h"

namespace pairwire::test {

// A machine whose clock shows something else, and runs at another speed: `base`'s work at `base`'s
// time.
class SkewedLoop final : public Loop {
 public:
  SkewedLoop(Loop& base, std::chrono::microseconds ahead, double drift_ppm)
      : base_(base), began_(base.Now()), ahead_(ahead), speed_(1 + drift_ppm * 1e-6) {}

  TimePoint Now() const override { return began_ + ahead_ + Times(base_.Now() - began_, speed_); }
  bool IsCurrent() const override { return base_.IsCurrent(); }
  void Post(Task task) override { base_.Post(std::move(task)); }
  void PostAtTurnEnd(Task task) override { base_.PostAtTurnEnd(std::move(task)); }
  TimerId ScheduleAt(TimePoint when, Task task) override {
    // A timer never fires before its time by its own clock.
    const Duration late = std::chrono::nanoseconds(1);
    return base_.ScheduleAt(began_ + Times(when - began_ - ahead_, 1 / speed_) + late,
                            std::move(task));
  }
  void CancelTimer(TimerId id) override { base_.CancelTimer(id); }

 private:
  static Duration Times(Duration duration, double factor) {
    return Duration(std::llround(static_cast<double>(duration.count()) * factor));
  }

  Loop& base_;
  const TimePoint began_;
  const Duration ahead_;
  const double speed_;
};

// One end of a path, as a link with three lanes, none of which loses anything.
class SimSessionLink final : public SessionLink {
 public:
  SimSessionLink(Loop& loop, SimLink& out) : loop_(loop), out_(out) {}

  void Start(SessionLinkEvents events) override { events_ = std::move(events); }
  void Send(delivery::Lane lane, SharedBytes frame) override {
    Bytes packet{static_cast<std::uint8_t>(lane)};
    packet.insert(packet.end(), frame->begin(), frame->end());
    if (frozen_) {
      to_send_.push_back(std::move(packet));
    } else {
      out_.Send(packet);
    }
  }
  std::size_t Room(delivery::Lane) const override { return 256 * 1024; }
  std::optional<auth::Fingerprints> fingerprints() const override { return std::nullopt; }
  SessionPath path() const override { return {}; }
  std::string remote_description() const override { return {}; }
  void RestartIce() override {}
  void Renegotiate(bool) override {}
  void ApplyRemote(const delivery::Negotiation&) override {}
  void RollBack() override {}
  DataChannel CreateDataChannel(std::string_view, DataChannelInit) override { return {}; }
  void Close(std::function<void()> closed) override { loop_.Post(safety_.Wrap(std::move(closed))); }

  // Its machine stands still: nothing goes out and nothing is read, but nothing is lost.
  void SetFrozen(bool frozen) {
    frozen_ = frozen;
    if (frozen) return;
    for (const Bytes& packet : std::exchange(to_send_, {})) out_.Send(packet);
    for (const Bytes& packet : std::exchange(arrived_, {})) Arrive(packet);
  }

  void Arrive(ByteSpan packet) {
    if (frozen_) {
      arrived_.emplace_back(packet.begin(), packet.end());
      return;
    }
    const auto on_frame = events_.on_frame;
    if (on_frame) on_frame(static_cast<delivery::Lane>(packet[0]), packet.subspan(1));
  }

 private:
  Loop& loop_;
  SimLink& out_;
  SessionLinkEvents events_;
  bool frozen_ = false;
  std::vector<Bytes> to_send_;
  std::vector<Bytes> arrived_;
  TaskSafety safety_;
};

// A ManualLoop as sessions see a Network's loop.
class SimNetwork {
 public:
  SimNetwork() : network_(Network::Create().value()) {
    // Nothing of it is used: sessions hand it through.
    NetworkAccess::LinkOf(*network_)->RunAndWait([this](NetworkCore& core) { core_ = &core; });
    to_loop_ = std::make_shared<LoopLink>(loop_, *core_, std::this_thread::get_id());
  }
  ManualLoop& loop() { return loop_; }
  const std::shared_ptr<LoopLink>& to_loop() const { return to_loop_; }

 private:
  std::unique_ptr<Network> network_;
  NetworkCore* core_ = nullptr;
  ManualLoop loop_;
  std::shared_ptr<LoopLink> to_loop_;
};

class SimSession {
 public:
  struct Weather {
    SimLink::Options to_display;
    SimLink::Options to_controller;
    std::chrono::microseconds ahead{0};  // the display's clock
    double drift_ppm = 0;
  };

  SimSession(SimNetwork& network, const Weather& weather)
      : network_(network),
        display_loop_(network.loop(), weather.ahead, weather.drift_ppm),
        to_display_(network.loop(), weather.to_display),
        to_controller_(network.loop(), weather.to_controller) {
    auto display = std::make_unique<SimSessionLink>(network.loop(), to_controller_);
    display_link_ = display.get();
    auto controller = std::make_unique<SimSessionLink>(network.loop(), to_display_);
    to_display_.SetReceiver([link = display.get()](ByteSpan packet) { link->Arrive(packet); });
    to_controller_.SetReceiver(
        [link = controller.get()](ByteSpan packet) { link->Arrive(packet); });
    display_ = Make(auth::PairingRole::kDisplay, display_loop_, std::move(display));
    controller_ = Make(auth::PairingRole::kController, network.loop(), std::move(controller));
  }

  // Before it is destroyed; then the loop needs SessionCore::kLingering to let go of the sessions.
  void Close() {
    to_display_.SetReceiver([](ByteSpan) {});
    to_controller_.SetReceiver([](ByteSpan) {});
    display_ = Session();
    controller_ = Session();
  }

  Session& display() { return display_; }
  // Once: it goes into a group.
  Session TakeController() { return std::move(controller_); }
  void FreezeDisplay(bool frozen) { display_link_->SetFrozen(frozen); }

 private:
  Session Make(auth::PairingRole role, Loop& loop, std::unique_ptr<SessionLink> link) {
    SessionStart start;
    start.role = role;
    start.link = std::move(link);
    start.features = {"session.1"};
    start.peer.session_layer = true;
    auto core = SessionCore::Make(network_.to_loop(), loop, std::move(start), {});
    return SessionFactory::HandleTo(std::move(core.value()));
  }

  SimNetwork& network_;
  SkewedLoop display_loop_;
  SimLink to_display_;
  SimLink to_controller_;
  SimSessionLink* display_link_ = nullptr;
  Session display_;
  Session controller_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_SESSION_SIM_SESSION_H_
