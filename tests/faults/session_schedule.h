// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionSchedule: a seed's worth of faults for a session of two processes. They pair at a relay of
// two real nodes on one Redis, each by a way of its own that can be bent to the other node, and
// send commands and states both ways while faults begin and end. Faults are drawn; when they end is
// decided by what the ends say, and by the clock only where time is the fault itself (a frozen
// process). Not here: the judgement of the record (session_checker.h).
#ifndef PAIRWIRE_TESTS_FAULTS_SESSION_SCHEDULE_H_
#define PAIRWIRE_TESTS_FAULTS_SESSION_SCHEDULE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/frame_cutter.h"
#include "tests/faults/relay_node.h"
#include "tests/faults/session_record.h"
#include "tests/support/child_process.h"
#include "tests/support/redis_server.h"
#include "tests/support/seeded_random.h"

namespace pairwire::faults {

// The relay that all schedules of a run use: two nodes, and each end's way to them.
class SessionRelay {
 public:
  SessionRelay();

  RelayNode& node(std::size_t i) { return *nodes_[i]; }
  // Where end 0 or 1 believes the relay to be.
  std::string UrlFor(std::size_t end) const;
  // Its connections are cut; new ones reach that node.
  void Bend(std::size_t end, std::size_t node);
  // Nothing reaches the relay from that end.
  void Block(std::size_t end, bool on);

 private:
  test::RedisServer redis_;
  std::array<std::unique_ptr<RelayNode>, 2> nodes_;
  std::array<std::unique_ptr<ProxyThread>, 2> ways_;
};

// One end as a process.
class SessionEnd {
 public:
  SessionEnd(int which, std::vector<std::string> arguments);

  const SessionRecord& record() const { return record_; }
  test::ChildProcess& process() { return process_; }
  void Say(const std::string& command);
  // Reads what it prints until `condition` holds; false when the deadline passed, or it ended.
  [[nodiscard]] bool Until(const std::function<bool(const SessionRecord&)>& condition,
                           std::chrono::milliseconds deadline);
  // For messages of tests.
  std::string Where() const;

 private:
  SessionRecord record_;
  test::ChildProcess process_;
  bool garbled_ = false;
};

// The display, and its controller.
using SessionEnds = std::array<std::unique_ptr<SessionEnd>, 2>;
// Starts both anew and connects them; a failure of the test where that does not come about.
void ConnectEnds(SessionRelay& relay, SessionEnds& ends);

class SessionSchedule {
 public:
  enum class Fault { kCut, kRelayKilled, kNodeChanged, kFrozen, kNetworksChanged, kPathCut };
  static constexpr std::uint64_t kFaults = 6;

  struct Outcome {
    test::History history;
    std::string faults;  // what was done, for people
    // From the moment at which nothing was in the way any more, and each end that noticed something
    // had, until both were connected; of each round in which that was later.
    std::vector<std::chrono::milliseconds> reconnects;
    // Where the ends cut, by the type of the frame; 0: at a command of the schedule.
    std::map<std::uint8_t, SessionRecord::Cuts> cuts_at;
    std::uint64_t commands = 0;
    std::uint64_t refused = 0;
    bool passed = true;  // nothing failed up to here
  };

  // `longest_freeze`: usual ones are 1 to 5 s. Above that, paths are cut for longer, too.
  SessionSchedule(SessionRelay& relay, std::uint64_t seed, std::chrono::seconds longest_freeze);

  // Failures of the test, where two ends do not come to rest. The relay is whole again behind it.
  Outcome Run();

 private:
  void Round(Fault fault);
  void SendSome(std::size_t end, std::uint64_t most);
  // At a frame of a kind that comes while things go well, of one of a reconnect, of one of those.
  enum class Frames { kOfTraffic, kOfReconnect, kOfNegotiation };
  CutPlan Draw(Frames frames);
  void PlanCut(Frames frames);
  void PlanCut(std::size_t end, const CutPlan& plan);
  // Ends 0, 1, or 2 for both.
  void CutNow(std::uint64_t who);
  void CuttersNotice(std::uint64_t who);
  void ReadFor(std::chrono::milliseconds time, std::size_t end);
  void CutRound();
  void RelayKilledRound();
  void NodeChangedRound();
  void FrozenRound();
  void NetworksChangedRound();
  void PathCutRound();
  void ComeToRest(std::int64_t free_since);
  void KeepLogs();
  bool Failed() const;
  void Note(const std::string& what) { outcome_.faults += what + "; "; }
  SessionEnd& end(std::size_t which) { return *ends_[which]; }

  SessionRelay& relay_;
  const std::uint64_t seed_;
  const std::chrono::seconds longest_freeze_;
  test::SeededRandom random_;
  const int failures_before_;
  SessionEnds ends_;
  std::array<std::uint64_t, 2> batches_{};
  std::array<std::size_t, 2> outages_before_{};
  Outcome outcome_;
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_SESSION_SCHEDULE_H_
