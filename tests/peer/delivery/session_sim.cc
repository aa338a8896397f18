// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/delivery/session_sim.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <pairwire/log.h>

#include "peer/delivery/frame.h"
#include "tests/peer/delivery/session_sim_end.h"

namespace pairwire::test {
namespace {

using namespace std::chrono_literals;  // NOLINT
using delivery::FrameType;
using delivery::Lane;
using delivery::LinkId;
using delivery::SessionEnd;
using delivery::SessionMachine;
using delivery::SessionState;
using Why = delivery::RejoinFailed::Why;
using std::chrono::milliseconds;

// Where a link is on its way.
struct Link {
  bool fallback = false;
  bool dead = false;     // nothing arrives any more
  bool stalled = false;  // nothing arrives now
  Loop::Duration delay{};
  // After so many more frames it dies.
  std::optional<std::uint64_t> frames_left;
  struct Side {
    bool up = false;     // the end knows of it
    bool ended = false;  // for the end it is over
    std::array<std::size_t, 3> under_way{};
    Loop::TimePoint last_arrival{};
    std::vector<std::pair<Lane, SharedBytes>> held;   // by a stall, from this end
    std::vector<std::pair<Lane, SharedBytes>> early;  // before it was up, to this end
  };
  std::array<Side, 2> side;
};

class Sim final : public SimWorld {
 public:
  explicit Sim(const SessionCase& drawn) : case_(drawn), random_(drawn.seed * 7919 + 5) {
    history_.first_seq = drawn.first_seq;
    history_.window_ms = static_cast<std::uint64_t>(drawn.times.window.count());
    history_.outbox_bytes = drawn.outbox_bytes;
    history_.outbox_messages = drawn.outbox_messages;
    history_.state_bytes = delivery::kMaxStateBytes;
    for (int i = 0; i < 2; ++i) {
      ends_[Index(i)] = std::make_unique<SimEnd>(i, case_, loop_, random_, history_, *this);
    }
  }

  History Go() {
    const auto start = loop_.Now();
    for (auto& end : ends_) end->Start(false);
    MakeLink(false);
    // A first link may fail as well as any other.
    const auto chaos_end = start + case_.chaos;
    const bool may_die = random_.Chance(case_.kill + case_.restore);
    const auto death = start + Below(case_.chaos);
    bool dead = false;
    const bool may_close = random_.Chance(case_.close);
    while (loop_.Now() < chaos_end) {
      Turn();
      if (random_.Chance(0.1)) Fault();
      if (may_die && !dead && loop_.Now() >= death) {
        dead = true;
        Die();
      }
    }
    Calm();
    for (int i = 0; i < 600; ++i) Rest(i < 300);
    if (may_close) {
      ends_[random_.NextBelow(2)]->CloseByApplication();
      for (int i = 0; i < 100; ++i) Rest(false);
    } else {
      history_.rested = true;
    }
    for (auto& end : ends_) end->RecordPending();
    return std::move(history_);
  }

  // --- SimWorld

  void Carry(int end, LinkId id, Lane lane, SharedBytes frame) override {
    Link& link = links_[id];
    Link::Side& side = link.side[Index(end)];
    if (side.ended) return;
    ++side.under_way[static_cast<std::size_t>(lane)];
    if (link.frames_left) {
      if (*link.frames_left == 0) {
        Cut(id);
      } else {
        --*link.frames_left;
      }
    }
    if (!link.dead) Launch(end, id, lane, std::move(frame));
  }

  std::size_t RoomOf(int end, LinkId id, Lane lane) const override {
    const auto link = links_.find(id);
    if (link == links_.end()) return 0;
    const Link::Side& side = link->second.side[Index(end)];
    return side.under_way[static_cast<std::size_t>(lane)] < (calm_ ? 1'000 : case_.lane_frames)
               ? 16'384
               : 0;
  }

  auth::Fingerprints Certificates(int end, LinkId id) const override {
    auth::Fingerprints prints;
    const auto number = static_cast<std::uint8_t>(case_.same_certificate ? 0 : id);
    prints.own.fill(static_cast<std::uint8_t>(number * 2 + end));
    prints.peer.fill(static_cast<std::uint8_t>(number * 2 + 1 - end));
    return prints;
  }

  void Act(int end, const SessionMachine::Action& action) override {
    if (std::holds_alternative<delivery::StartRejoin>(action)) {
      dialing_[Index(end)] = true;
      const int attempt = ++attempt_[Index(end)];
      After(Below(400ms), [this, end, attempt] { Dial(end, attempt); });
    } else if (std::holds_alternative<delivery::StopRejoin>(action) ||
               std::holds_alternative<delivery::LeaveRelay>(action)) {
      Leave(end);
    } else if (const auto* const ended = std::get_if<delivery::EndLink>(&action)) {
      EndOf(end, ended->link);
    } else if (std::holds_alternative<delivery::NewConnection>(action)) {
      if (met_ && !random_.Chance(calm_ ? 0 : case_.link_fails)) {
        After(Below(1s), [this] { MakeLink(false); });
      }
    } else if (const auto* const restart = std::get_if<delivery::RestartIce>(&action)) {
      if (!restart->in_band && met_ && random_.Chance(case_.heal))
        After(Below(300ms), [this] { Heal(); });
    }
  }

 private:
  static std::size_t Index(int end) { return static_cast<std::size_t>(end); }
  SimEnd& end(int which) { return *ends_[Index(which)]; }
  template <typename D>
  Loop::Duration Below(D most) {
    const auto bound = std::chrono::duration_cast<Loop::Duration>(most).count();
    return Loop::Duration(random_.NextBelow(static_cast<std::uint64_t>(bound) + 1));
  }
  template <typename F>
  void After(Loop::Duration delay, F work) {
    loop_.ScheduleAt(loop_.Now() + delay, Task(std::move(work)));
  }
  void Give(int which, const SessionMachine::Input& input) {
    end(which).Run([this, input](SessionEnd& session) { session.Give(loop_.Now(), input); });
  }

  // --- Time

  void Turn() {
    for (const int which : {0, 1}) {
      if (random_.Chance(case_.send_chance)) {
        end(which).SendSome(
            1 + static_cast<int>(random_.NextBelow(static_cast<std::uint64_t>(case_.burst))));
      }
      if (random_.Chance(case_.state_chance)) end(which).ChangeState();
      if (random_.Chance(0.3)) end(which).AcknowledgeAll();
    }
    loop_.AdvanceBy(100ms);
  }
  // Fair weather; at first there is still something said.
  void Rest(bool talk) {
    for (const int which : {0, 1}) {
      if (talk && random_.Chance(0.05)) end(which).SendSome(1);
      if (talk && random_.Chance(0.05)) end(which).ChangeState();
      end(which).AcknowledgeAll();
    }
    loop_.AdvanceBy(100ms);
  }
  void Calm() {
    calm_ = true;
    relay_up_ = true;
    for (auto& [id, link] : links_) {
      link.frames_left.reset();
      if (link.stalled) Unstall(id);
    }
    for (const int which : {0, 1}) {
      end(which).Run([this](SessionEnd& session) { session.OnRoom(loop_.Now()); });
    }
    // Who is frozen thaws first.
    while (end(0).frozen() || end(1).frozen()) loop_.AdvanceBy(100ms);
    if (!end(0).alive() || !end(1).alive()) {
      // The other one notices by time alone.
      loop_.AdvanceBy(case_.times.window + 60s);
    }
    // A quiet path takes its time to be noticed.
    loop_.AdvanceBy(45s);
  }

  void Fault() {
    if (random_.Chance(case_.cut)) {
      if (Link* const link = Newest()) link->frames_left = random_.NextBelow(12);
    }
    if (random_.Chance(case_.stall)) {
      if (links_.empty()) return;
      const LinkId id = links_.rbegin()->first;
      Stall(id);
      After(Below(20s), [this, id] { Unstall(id); });
      if (case_.parks) After(5s, [this, id] { TellQuiet(id); });
    }
    if (random_.Chance(case_.freeze)) {
      end(static_cast<int>(random_.NextBelow(2)))
          .Freeze(random_.Chance(0.2) ? Below(200s) : Below(10s));
    }
    if (random_.Chance(case_.relay_outage)) {
      RelayDown();
      After(Below(15s), [this] { relay_up_ = true; });
    }
    if (random_.Chance(case_.network_change)) {
      Give(static_cast<int>(random_.NextBelow(2)), delivery::NetworkChanged{});
    }
  }

  void Die() {
    const int which = static_cast<int>(random_.NextBelow(2));
    if (end(0).frozen() || end(1).frozen()) return;
    const bool restored = random_.Chance(case_.restore / (case_.kill + case_.restore));
    for (auto& [id, link] : links_) {
      link.dead = true;
      link.side[Index(which)].ended = true;
      NoticeLater(1 - which, id, 20s);
    }
    heard_[Index(which)].clear();
    Leave(which);
    if (!restored) {
      end(which).Kill();
      return;
    }
    end(which).Start(true);
    const LinkId none = ++last_link_;
    links_[none].dead = true;
    Give(which, delivery::LinkUp{none});
    Give(which, delivery::LinkEnded{none});
  }

  // --- Links

  Link* Newest() { return links_.empty() ? nullptr : &links_.rbegin()->second; }

  void MakeLink(bool fallback) {
    if (!end(0).alive() || !end(1).alive()) return;
    const LinkId id = ++last_link_;
    Link& link = links_[id];
    link.fallback = fallback;
    // Each has a way of its own: a later one may be faster.
    link.delay = case_.delay / 2 + Below(case_.delay);
    if (!calm_ && random_.Chance(case_.lost_hello)) link.frames_left = random_.NextBelow(5);
    for (const int which : {0, 1}) {
      After(Below(100ms), [this, which, id] { BringUp(which, id); });
    }
  }

  void BringUp(int which, LinkId id) {
    Link& link = links_[id];
    Link::Side& side = link.side[Index(which)];
    if (side.ended || !end(which).alive()) return;
    side.up = true;
    if (link.fallback) {
      Give(which, delivery::FallbackUp{id});
    } else {
      Give(which, delivery::LinkUp{id});
    }
    // Somebody in between says again what this end has heard before.
    const auto& old = heard_[Index(which)];
    if (!calm_ && !old.empty() && random_.Chance(case_.replay)) {
      const Bytes hello = old[random_.NextBelow(old.size())];
      Arrive(which, id, Lane::kControl,
             std::make_shared<const Bytes>(
                 delivery::MakeFrame({FrameType::kBind, delivery::kNoChannel, 0, 0}, BindOf(id))));
      Arrive(which, id, Lane::kControl, std::make_shared<const Bytes>(hello));
    }
    for (auto& [lane, frame] : std::exchange(side.early, {})) {
      if (!link.dead) Arrive(which, id, lane, std::move(frame));
    }
  }

  static Bytes BindOf(LinkId id) {
    Bytes tag(64);
    tag[0] = static_cast<std::uint8_t>(id);
    return tag;
  }

  void Remember(int which, const Bytes& frame) {
    if (frame[1] != static_cast<std::uint8_t>(FrameType::kHello)) return;
    auto& old = heard_[Index(which)];
    old.push_back(frame);
    if (old.size() > 8) old.erase(old.begin());
  }

  void Launch(int from, LinkId id, Lane lane, SharedBytes frame) {
    Link& link = links_[id];
    Link::Side& side = link.side[Index(from)];
    auto when = loop_.Now() + link.delay + Below(case_.jitter);
    if (lane == Lane::kControl) {
      when = std::max(when, side.last_arrival);
      side.last_arrival = when;
    } else if (random_.Chance(calm_ ? 0 : case_.lane_loss)) {
      --side.under_way[static_cast<std::size_t>(lane)];
      return;
    }
    loop_.ScheduleAt(when, Task([this, from, id, lane, frame = std::move(frame)]() mutable {
                       Land(from, id, lane, std::move(frame));
                     }));
  }

  void Land(int from, LinkId id, Lane lane, SharedBytes frame) {
    Link& link = links_[id];
    Link::Side& side = link.side[Index(from)];
    if (link.dead) return;
    if (link.stalled) {
      side.held.emplace_back(lane, std::move(frame));
      return;
    }
    Pass(from, id, lane, std::move(frame));
  }

  void Pass(int from, LinkId id, Lane lane, SharedBytes frame) {
    Link::Side& side = links_[id].side[Index(from)];
    --side.under_way[static_cast<std::size_t>(lane)];
    Arrive(1 - from, id, lane, std::move(frame));
    if (side.ended || !side.up) return;
    end(from).Run([this, from, id](SessionEnd& session) {
      if (!links_[id].side[Index(from)].ended) session.OnRoom(loop_.Now());
    });
  }

  void Arrive(int to, LinkId id, Lane lane, SharedBytes frame) {
    Link::Side& side = links_[id].side[Index(to)];
    if (side.ended) return;
    if (!side.up) {
      // The peer was faster; the lane keeps it.
      side.early.emplace_back(lane, std::move(frame));
      return;
    }
    end(to).Run([this, to, id, lane, frame = std::move(frame)](SessionEnd& session) {
      if (links_[id].side[Index(to)].ended) return;
      Remember(to, *frame);
      end(to).Carrying(id);
      session.OnFrame(loop_.Now(), id, lane, *frame);
    });
  }

  void Cut(LinkId id) {
    Link& link = links_[id];
    if (link.dead) return;
    link.dead = true;
    for (const int which : {0, 1}) {
      link.side[Index(which)].held.clear();
      if (random_.Chance(0.3)) {
        After(5s, [this, which, id] { Give(which, delivery::PathQuiet{id}); });
        NoticeLater(which, id, 30s);
      } else {
        NoticeLater(which, id, 25s);
      }
    }
  }

  void Stall(LinkId id) { links_[id].stalled = true; }
  // As ICE notices it, sooner than silence does.
  void TellQuiet(LinkId id) {
    for (const int which : {0, 1}) {
      if (links_[id].stalled) Give(which, delivery::PathQuiet{id});
    }
  }
  void Unstall(LinkId id) {
    Link& link = links_[id];
    if (!link.stalled) return;
    link.stalled = false;
    for (const int which : {0, 1}) {
      for (auto& [lane, frame] : std::exchange(link.side[Index(which)].held, {})) {
        if (!link.dead) Pass(which, id, lane, std::move(frame));
      }
    }
  }
  // A restart of ICE found a path again.
  void Heal() {
    for (auto& [id, link] : links_) {
      if (link.stalled && !link.dead) {
        Unstall(id);
        for (const int which : {0, 1}) Give(which, delivery::PathBack{id});
      }
    }
  }

  template <typename D>
  void NoticeLater(int which, LinkId id, D most) {
    After(Below(most), [this, which, id] {
      end(which).Run([this, which, id](SessionEnd& session) {
        Link::Side& side = links_[id].side[Index(which)];
        if (std::exchange(side.ended, true)) return;
        session.Give(loop_.Now(), delivery::LinkEnded{id});
      });
    });
  }

  void EndOf(int which, LinkId id) {
    Link& link = links_[id];
    if (std::exchange(link.side[Index(which)].ended, true)) return;
    // The other end hears of it behind what is still under way, or by silence.
    const auto behind = std::max(link.side[Index(which)].last_arrival, loop_.Now()) - loop_.Now();
    const bool silent = random_.Chance(0.3);
    After(behind + (silent ? 20s : Loop::Duration(1ms)),
          [this, which, id] { NoticeLater(1 - which, id, 1ms); });
  }

  // --- The relay

  void Dial(int which, int attempt) {
    if (!dialing_[Index(which)] || attempt != attempt_[Index(which)] || !end(which).alive()) return;
    if (!relay_up_ || random_.Chance(calm_ ? 0 : case_.refuse)) {
      NotMet(which, relay_up_ ? Why::kRefused : Why::kRelayAway);
      return;
    }
    // A display waits there; a controller finds it, or hears that nobody is.
    present_[Index(which)] = true;
    if (which == 1 && !present_[0]) {
      NotMet(1, Why::kRefused);
      return;
    }
    if (!present_[0] || !present_[1]) return;
    met_ = true;
    for (const int other : {0, 1}) {
      After(Below(200ms), [this, other] {
        if (met_) Give(other, delivery::RelayMet{});
      });
    }
    if (random_.Chance(case_.fallback)) {
      After(Below(2s), [this] {
        if (met_) MakeLink(true);
      });
    }
  }
  void NotMet(int which, Why why) {
    dialing_[Index(which)] = false;
    present_[Index(which)] = false;
    Give(which, delivery::RejoinFailed{why});
  }
  void Leave(int which) {
    dialing_[Index(which)] = false;
    present_[Index(which)] = false;
    if (!std::exchange(met_, false)) return;
    EndFallbacks();
    After(Below(500ms), [this, which] {
      if (present_[Index(1 - which)] && !met_) NotMet(1 - which, Why::kPeerMoved);
    });
  }
  void RelayDown() {
    relay_up_ = false;
    met_ = false;
    EndFallbacks();
    for (const int which : {0, 1}) {
      if (present_[Index(which)]) NotMet(which, Why::kRelayAway);
    }
  }
  void EndFallbacks() {
    for (auto& [id, link] : links_) {
      if (!link.fallback || link.dead) continue;
      link.dead = true;
      for (const int which : {0, 1}) NoticeLater(which, id, 100ms);
    }
  }

  const SessionCase& case_;
  ManualLoop loop_;
  SeededRandom random_;
  History history_;
  std::array<std::unique_ptr<SimEnd>, 2> ends_;
  std::map<LinkId, Link> links_;
  LinkId last_link_ = 0;
  bool calm_ = false;
  bool relay_up_ = true;
  bool met_ = false;
  std::array<bool, 2> dialing_{};
  std::array<bool, 2> present_{};
  std::array<int, 2> attempt_{};
  std::array<std::vector<Bytes>, 2> heard_;  // HELLOs, by the end that heard them
};

}  // namespace

History RunSession(const SessionCase& drawn) {
  if (drawn.verbose) {
    SetLogSink(
        [](LogLevel, std::string_view line) {
          std::printf("  %.*s\n", static_cast<int>(line.size()), line.data());
        },
        LogLevel::kDebug);
  }
  History history = Sim(drawn).Go();
  if (drawn.verbose) SetLogSink({});
  return history;
}

}  // namespace pairwire::test
