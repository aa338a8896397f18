// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/session_schedule.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "peer/delivery/frame.h"

namespace pairwire::faults {
namespace {

using delivery::FrameType;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPairing{30};
// Only a hang reaches it: pauses between tries to meet are at most 8 s, a dead path is noticed
// after 15 s, and connections may have to be made anew twice.
constexpr seconds kRest{100};
constexpr std::uint64_t kOverflowing = 4'500;

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int Failures() {
  return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

// PAIRWIRE_SESSION_PEER: another one in its place, as with a fault put into it.
std::string PeerProgram() {
  const char* const other = std::getenv("PAIRWIRE_SESSION_PEER");
  return other != nullptr ? other : PAIRWIRE_BIN_DIR "/pairwire-session-peer";
}

const char* NameOf(std::size_t end) { return end == 0 ? "display" : "controller"; }

}  // namespace

// --- The relay -----------------------------------------------------------------------------------

SessionRelay::SessionRelay() {
  const std::string redis = "redis://" + redis_.Address();
  for (const std::size_t i : {0U, 1U}) {
    nodes_[i] = std::make_unique<RelayNode>(std::string(1, static_cast<char>('a' + i)), redis);
    ways_[i] = std::make_unique<ProxyThread>(nodes_[i]->port());
  }
}

std::string SessionRelay::UrlFor(std::size_t end) const {
  return "http://127.0.0.1:" + std::to_string(ways_[end]->port());
}

void SessionRelay::Bend(std::size_t end, std::size_t node) {
  ways_[end]->Do([port = nodes_[node]->port()](test::FaultProxy& way) {
    way.SetServer(port);
    way.CutAll();
  });
}

void SessionRelay::Block(std::size_t end, bool on) {
  ways_[end]->Do([on](test::FaultProxy& way) {
    way.RefuseNew(on);
    if (on) way.CutAll();
  });
}

// --- An end --------------------------------------------------------------------------------------

SessionEnd::SessionEnd(int which, std::vector<std::string> arguments)
    : record_(which), process_(std::move(arguments)) {}

void SessionEnd::Say(const std::string& command) { EXPECT_TRUE(process_.Write(command + "\n")); }

bool SessionEnd::Until(const std::function<bool(const SessionRecord&)>& condition,
                       milliseconds deadline) {
  if (condition(record_)) return true;
  static_cast<void>(process_.WaitForLine(
      [&](const std::string& line) {
        if (!record_.Take(line)) {
          garbled_ = true;
          ADD_FAILURE() << "not a line of pairwire-session-peer: " << line;
        }
        return condition(record_);
      },
      deadline));
  return condition(record_);
}

std::string SessionEnd::Where() const {
  return record_.state() + ", sent " + std::to_string(record_.sent()) + ", acked " +
         std::to_string(record_.acked()) + ", delivered " + std::to_string(record_.delivered()) +
         ", " + std::to_string(record_.cuts()) + " cuts, " +
         std::to_string(record_.outages().size()) + " outages" +
         (record_.last_error().empty() ? "" : ", error " + record_.last_error()) +
         (record_.closed() ? ", closed" : "") + "\n" + process_.errors();
}

// --- A schedule ----------------------------------------------------------------------------------

SessionSchedule::SessionSchedule(SessionRelay& relay, std::uint64_t seed, seconds longest_freeze)
    : relay_(relay),
      seed_(seed),
      longest_freeze_(longest_freeze),
      random_(seed),
      failures_before_(Failures()) {}

bool SessionSchedule::Failed() const { return Failures() > failures_before_; }

SessionSchedule::Outcome SessionSchedule::Run() {
  ConnectEnds(relay_, ends_);
  if (Failed()) {
    outcome_.passed = false;
    return std::move(outcome_);
  }
  const std::uint64_t rounds = 1 + random_.NextBelow(3);
  for (std::uint64_t round = 0; round < rounds && !Failed(); ++round) {
    // The first of all kinds in turn, so that a few seeds have them all.
    const std::uint64_t drawn = random_.NextBelow(kFaults);
    Round(static_cast<Fault>(round == 0 ? seed_ % kFaults : drawn));
  }
  outcome_.history = HistoryOf(end(0).record(), end(1).record(), !Failed());
  for (const auto& one : ends_) {
    outcome_.commands += one->record().sent();
    outcome_.refused += one->record().refused();
    for (const auto& [kind, cuts] : one->record().cuts_at()) {
      for (std::size_t how = 0; how < cuts.size(); ++how) outcome_.cuts_at[kind][how] += cuts[how];
    }
  }
  KeepLogs();
  outcome_.passed = !Failed();
  return std::move(outcome_);
}

void SessionSchedule::KeepLogs() {
  const char* const folder = std::getenv("PAIRWIRE_SESSION_LOGS");
  if (folder == nullptr) return;
  for (const std::size_t which : {0U, 1U}) {
    std::ofstream(std::string(folder) + "/" + std::to_string(seed_) + "-" + NameOf(which) + ".log")
        << outcome_.faults << "\n"
        << end(which).process().errors();
  }
}

void ConnectEnds(SessionRelay& relay, SessionEnds& ends) {
  ends = {};
  ends[0] = std::make_unique<SessionEnd>(
      0, std::vector<std::string>{PeerProgram(), "display", relay.UrlFor(0)});
  ASSERT_TRUE(ends[0]->Until([](const SessionRecord& r) { return !r.code().empty(); }, kPairing))
      << ends[0]->Where();
  ends[1] = std::make_unique<SessionEnd>(
      1, std::vector<std::string>{PeerProgram(), "controller", relay.UrlFor(1),
                                  ends[0]->record().code()});
  for (const std::size_t which : {1U, 0U}) {
    ASSERT_TRUE(ends[which]->Until([](const SessionRecord& r) { return r.connected(); }, kPairing))
        << NameOf(which) << ": " << ends[which]->Where();
  }
}

void SessionSchedule::Round(Fault fault) {
  for (const std::size_t which : {0U, 1U}) {
    outages_before_[which] = end(which).record().outages().size();
  }
  switch (fault) {
    case Fault::kCut:
      return CutRound();
    case Fault::kRelayKilled:
      return RelayKilledRound();
    case Fault::kNodeChanged:
      return NodeChangedRound();
    case Fault::kFrozen:
      return FrozenRound();
    case Fault::kNetworksChanged:
      return NetworksChangedRound();
    case Fault::kPathCut:
      return PathCutRound();
  }
}

void SessionSchedule::SendSome(std::size_t which, std::uint64_t most) {
  const std::uint64_t count = most / 3 + random_.NextBelow(most - most / 3);
  batches_[which] = 1 + random_.NextBelow(1'000'000'000);
  end(which).Say("send " + std::to_string(count) + " " + std::to_string(batches_[which]));
}

CutPlan SessionSchedule::Draw(Frames frames) {
  struct Kind {
    std::optional<FrameType> type;  // none: any
    std::uint64_t most;             // of them are passed over, with the one of the cut
  };
  static constexpr std::array<Kind, 9> kTraffic = {{{std::nullopt, 60},
                                                    {std::nullopt, 60},
                                                    {FrameType::kPing, 4},
                                                    {FrameType::kPong, 4},
                                                    {FrameType::kAck, 4},
                                                    {FrameType::kStateAck, 3},
                                                    {FrameType::kStateSet, 3},
                                                    {FrameType::kDataBinary, 20},
                                                    {FrameType::kDataBinary, 20}}};
  static constexpr std::array<Kind, 8> kReconnect = {{{std::nullopt, 12},
                                                      {std::nullopt, 12},
                                                      {FrameType::kBind, 1},
                                                      {FrameType::kHello, 1},
                                                      {FrameType::kHello, 1},
                                                      {FrameType::kPing, 2},
                                                      {FrameType::kAck, 2},
                                                      {FrameType::kDataBinary, 3}}};
  Kind kind = {FrameType::kNegotiate, 4};
  if (frames == Frames::kOfTraffic) kind = kTraffic[random_.NextBelow(kTraffic.size())];
  if (frames == Frames::kOfReconnect) kind = kReconnect[random_.NextBelow(kReconnect.size())];
  CutPlan plan;
  plan.way = random_.Chance(0.5) ? LinkWatch::Way::kSent : LinkWatch::Way::kReceived;
  plan.after = random_.Chance(0.5);
  plan.nth = 1 + random_.NextBelow(kind.most);
  if (kind.type) plan.kind = static_cast<std::uint8_t>(*kind.type);
  plan.later_links = frames == Frames::kOfReconnect;
  if (random_.Chance(0.3)) plan.how = CutKind::kSilent;
  if (plan.later_links && random_.Chance(0.25)) {
    plan.how = CutKind::kPath;
    plan.time = milliseconds(50 + random_.NextBelow(3'000));
  }
  return plan;
}

void SessionSchedule::PlanCut(std::size_t which, const CutPlan& plan) {
  end(which).Say("cut-at " + ToString(plan));
  Note(std::string(NameOf(which)) + " cuts at [" + ToString(plan) + "]");
}

void SessionSchedule::PlanCut(Frames frames) { PlanCut(random_.NextBelow(2), Draw(frames)); }

void SessionSchedule::CutNow(std::uint64_t who) {
  const bool silent = random_.Chance(0.3);
  for (const std::size_t which : {0U, 1U}) {
    if (who == which || who == 2) end(which).Say(silent ? "cut silent" : "cut");
  }
  Note((who == 2 ? "both cut" : std::string(NameOf(who)) + " cuts") +
       std::string(silent ? " silently" : ""));
}

// Those that cut have lost their links, and know it.
void SessionSchedule::CuttersNotice(std::uint64_t who) {
  for (const std::size_t which : {0U, 1U}) {
    if (who != which && who != 2) continue;
    const std::size_t before = outages_before_[which];
    EXPECT_TRUE(end(which).Until(
        [&](const SessionRecord& r) { return r.closed() || r.outages().size() > before; }, kRest))
        << end(which).Where();
  }
}

// Time is the fault here. What the end says meanwhile is read.
void SessionSchedule::ReadFor(milliseconds time, std::size_t which) {
  const auto until = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    if (end(which).Until([](const SessionRecord& r) { return r.closed(); }, left)) return;
  }
}

void SessionSchedule::CutRound() {
  PlanCut(Frames::kOfTraffic);
  if (random_.Chance(0.8)) PlanCut(Frames::kOfReconnect);
  for (const std::size_t which : {0U, 1U}) SendSome(which, 60);
  if (random_.Chance(0.5)) CutNow(random_.NextBelow(3));
  ComeToRest(0);
}

void SessionSchedule::RelayKilledRound() {
  // One node, or all of the relay.
  const std::uint64_t killed = random_.NextBelow(3);
  for (const std::size_t i : {0U, 1U}) {
    if (killed == i || killed == 2) relay_.node(i).Kill();
  }
  Note(killed == 2 ? "relay killed" : "node " + relay_.node(killed).id() + " killed");
  for (const std::size_t which : {0U, 1U}) SendSome(which, 60);
  const std::uint64_t who = random_.NextBelow(3);
  if (random_.Chance(0.5)) PlanCut(Frames::kOfReconnect);
  CutNow(who);
  CuttersNotice(who);
  // In the middle of their tries, most of the time.
  ReadFor(milliseconds(random_.NextBelow(1'500)), who == 1 ? 1 : 0);
  for (const std::size_t i : {0U, 1U}) {
    if (killed == i || killed == 2) relay_.node(i).Start();
  }
  for (const std::size_t i : {0U, 1U}) relay_.node(i).WaitReady();
  ComeToRest(NowNs());
}

// The address that an end has for the relay leads to another node from now on, and the one before
// is gone: before the ends meet there, or in the middle of it.
void SessionSchedule::NodeChangedRound() {
  const std::size_t gone = random_.NextBelow(2);
  const std::uint64_t who = random_.NextBelow(3);
  const bool before = random_.Chance(0.5);
  for (const std::size_t which : {0U, 1U}) SendSome(which, 60);
  const auto change = [&] {
    relay_.node(gone).Kill();
    for (const std::size_t which : {0U, 1U}) relay_.Bend(which, 1 - gone);
    Note("node " + relay_.node(gone).id() + " gone, both at the other");
  };
  if (before) change();
  if (random_.Chance(0.5)) PlanCut(Frames::kOfReconnect);
  CutNow(who);
  CuttersNotice(who);
  if (!before) change();
  ComeToRest(NowNs());
  relay_.node(gone).Start();
  relay_.node(gone).WaitReady();
  for (const std::size_t which : {0U, 1U}) relay_.Bend(which, which);
}

void SessionSchedule::FrozenRound() {
  const std::size_t frozen = random_.NextBelow(2);
  milliseconds time(1'000 + random_.NextBelow(4'000));
  if (longest_freeze_ > seconds(5) && random_.Chance(0.15)) {
    const auto most = static_cast<std::uint64_t>(milliseconds(longest_freeze_).count());
    time = milliseconds(5'000 + random_.NextBelow(most - 5'000));
  }
  const bool overflow = random_.Chance(0.25);
  if (random_.Chance(0.3)) PlanCut(Frames::kOfTraffic);
  SendSome(frozen, 60);
  end(frozen).process().Signal(SIGSTOP);
  Note(std::string(NameOf(frozen)) + " frozen for " + std::to_string(time.count()) + " ms" +
       (overflow ? ", the other fills its buffer" : ""));
  SendSome(1 - frozen, overflow ? kOverflowing * 3 / 2 : 60);
  ReadFor(time, 1 - frozen);
  end(frozen).process().Signal(SIGCONT);
  ComeToRest(NowNs());
}

void SessionSchedule::NetworksChangedRound() {
  Note("both networks changed");
  if (random_.Chance(0.5)) PlanCut(Frames::kOfNegotiation);
  for (const std::size_t which : {0U, 1U}) {
    SendSome(which, 60);
    end(which).Say("network-changed");
  }
  if (random_.Chance(0.5)) {
    PlanCut(Frames::kOfTraffic);
    for (const std::size_t which : {0U, 1U}) SendSome(which, 60);
  }
  for (const std::size_t which : {0U, 1U}) end(which).Say("network-changed");
  ComeToRest(NowNs());
}

// Nothing passes between the ends for a while that begins at a frame: shorter than anybody notices,
// longer than ICE waits (6 s), longer than restarts are tried (10 s more).
void SessionSchedule::PathCutRound() {
  const std::size_t which = random_.NextBelow(2);
  CutPlan plan = Draw(Frames::kOfTraffic);
  plan.how = CutKind::kPath;
  plan.kind = 0;
  plan.nth = 1 + random_.NextBelow(20);
  const bool may_be_long = longest_freeze_ > seconds(5);
  if (random_.Chance(0.4)) {
    plan.time = milliseconds(50 + random_.NextBelow(3'000));
  } else if (may_be_long && random_.Chance(0.4)) {
    plan.time = milliseconds(14'000 + random_.NextBelow(26'000));
  } else {
    plan.time = milliseconds(6'000 + random_.NextBelow(8'000));
  }
  const std::size_t before = end(which).record().cuts();
  PlanCut(which, plan);
  for (const std::size_t one : {0U, 1U}) SendSome(one, 60);
  EXPECT_TRUE(end(which).Until(
      [&](const SessionRecord& r) { return r.closed() || r.cuts() > before; }, kRest))
      << end(which).Where();
  if (random_.Chance(0.5)) PlanCut(Frames::kOfReconnect);
  for (const std::size_t one : {0U, 1U}) SendSome(one, 60);
  ComeToRest(0);
}

// Nothing more is done to them: all has to arrive, and both to be connected. `free_since`: nothing
// is in the way from then on; cuts that come later count themselves.
void SessionSchedule::ComeToRest(std::int64_t free_since) {
  const auto deadline = std::chrono::steady_clock::now() + kRest;
  const auto left = [&] {
    return std::max(milliseconds(1),
                    std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()));
  };
  for (const std::size_t which : {0U, 1U}) {
    EXPECT_TRUE(end(which).Until(
        [&](const SessionRecord& r) { return r.last_seed() == batches_[which]; }, left()))
        << NameOf(which) << " has not sent: " << end(which).Where();
  }
  const auto at_rest = [&](std::size_t which) {
    const SessionRecord& other = end(1 - which).record();
    return [&](const SessionRecord& r) {
      return r.closed() || (r.acked() == r.sent() && r.delivered() == other.sent() &&
                            r.shown() == other.set() && r.connected());
    };
  };
  // Both have to be at rest behind one report, as the last to arrive at one end may be before the
  // last cut at the other.
  bool rested = false;
  while (!rested && std::chrono::steady_clock::now() < deadline) {
    for (const std::size_t which : {0U, 1U}) {
      if (!end(which).Until(at_rest(which), left())) {
        ADD_FAILURE() << NameOf(which) << " does not come to rest: " << end(which).Where()
                      << "the other: " << end(1 - which).Where();
        return;
      }
    }
    rested = true;
    for (const std::size_t which : {0U, 1U}) {
      const std::size_t reports = end(which).record().reports();
      end(which).Say("cut-none");
      end(which).Say("report");
      EXPECT_TRUE(
          end(which).Until([&](const SessionRecord& r) { return r.reports() > reports; }, left()))
          << end(which).Where();
    }
    for (const std::size_t which : {0U, 1U}) {
      rested = rested && at_rest(which)(end(which).record());
    }
  }
  EXPECT_TRUE(rested) << end(0).Where() << end(1).Where();

  std::int64_t connected_at = 0;
  for (const std::size_t which : {0U, 1U}) {
    const SessionRecord& record = end(which).record();
    free_since = std::max(free_since, record.cut_over_ns());
    const auto& outages = record.outages();
    if (outages.size() > outages_before_[which]) {
      // Who has not noticed yet does nothing.
      free_since = std::max(free_since, outages.back().began_ns);
      connected_at = std::max(connected_at, outages.back().over_ns);
    }
  }
  // Back before the last thing was out of the way: it was not in theirs.
  if (connected_at <= free_since) return;
  outcome_.reconnects.push_back(std::chrono::duration_cast<milliseconds>(
      std::chrono::nanoseconds(connected_at - free_since)));
}

}  // namespace pairwire::faults
