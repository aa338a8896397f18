// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Real sessions by seed: connections and a relay of this machine, cut and killed at the messages
// that the seed names, and judged by the checker that knows only the record. The simulation
// (tests/peer/delivery) draws far more; this shows that what carries it out does the same.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/peer/delivery/session_checker.h"
#include "tests/peer/session/session_pair.h"
#include "tests/scenario/session_meeting.h"
#include "tests/support/sanitizers.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {
namespace {

// PAIRWIRE_SESSION_SCHEDULES=100 runs more.
constexpr std::uint64_t kSchedules = kAddressSanitizer || kThreadSanitizer ? 5 : 15;

std::uint64_t Schedules() {
  const char* const chosen = std::getenv("PAIRWIRE_SESSION_SCHEDULES");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : kSchedules;
}

// FNV-1a.
std::uint64_t HashOf(ByteSpan bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

class Schedule {
 public:
  Schedule(OneRelay& relay, std::uint64_t seed) : relay_(relay), random_(seed) {}

  void Run() {
    history_.window_ms = 120'000;
    const delivery::Outbox::Limits limits;
    history_.outbox_bytes = limits.bytes;
    history_.outbox_messages = limits.messages;
    ASSERT_NO_FATAL_FAILURE(Connect());
    const std::uint64_t rounds = 1 + random_.NextBelow(3);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const bool relay_goes = random_.Chance(0.2);
      if (relay_goes) relay_.Kill();
      pair_.OnLoop([this] {
        PlanCut();
        for (const int end : {0, 1}) SendSome(end);
      });
      if (random_.Chance(0.5)) {
        pair_.OnLoop([this] { Cut(random_.NextBelow(3)); });
      }
      if (relay_goes) relay_.StartAgain();
      ExpectEverythingDelivered();
    }
    for (const int which : {0, 1}) {
      EXPECT_TRUE(EndOf(which).seen.WaitUntil([](const SessionSeen& s) {
        return s.states.empty() || s.states.back() == SessionState::kConnected;
      }));
    }
    pair_.OnLoop([this] {
      history_.rested = true;
      for (const int end : {0, 1}) Record({What::kPending, end});
      for (const Breach& breach : CheckSession(history_)) ADD_FAILURE() << breach.line;
    });
  }

 private:
  void Connect() {
    for (const int which : {0, 1}) {
      SessionEvents& on = EndOf(which).extra;
      on.on_message = [this, which](const Command& command) {
        Record({What::kDeliver, which, 0, command.id, 0, HashOf(command.data)});
        if (which == cut_end_ && command.id == cut_at_) {
          pair_.loop().Post([this] { Cut(cut_who_); });
        }
      };
      on.on_acked = [this, which](MessageId id) { Record({What::kAcked, which, 0, id}); };
      on.on_state = [this, which](SessionState state, std::string_view) { OnState(which, state); };
      on.on_closed = [this, which](const ClosedReport& report) {
        Record({What::kLost, which, 0, report.unacknowledged.first, report.unacknowledged.last});
        const bool lost = report.error && report.error->code == Errc::kSessionLost;
        const End end = lost ? End::kLost : End::kOther;
        Record({What::kEnded, which, 0, static_cast<std::uint64_t>(end)});
      };
    }
    SessionPair::Setup setup;
    setup.make_rejoin = [this](auth::PairingRole role) { return MeetAt(pair_, relay_, role); };
    setup.pair_up = [this](const std::string& display, const std::string& controller) {
      return Proven(random_, display, controller);
    };
    pair_.Start(std::move(setup));
    ASSERT_TRUE(pair_.Connected());
    pair_.OnLoop([this] {
      for (const int which : {0, 1}) OnState(which, SessionState::kConnected);
    });
  }

  // A link that takes over from one that still lives is not told, so it is none to the record.
  void OnState(int which, SessionState state) {
    std::uint64_t& link = links_[static_cast<std::size_t>(which)];
    bool& open = open_[static_cast<std::size_t>(which)];
    if (state == SessionState::kConnected) {
      Record({What::kOutageOver, which});
      if (!std::exchange(open, true)) Record({What::kLinkOpen, which, 0, 0, 0, 0, ++link});
    } else {
      Record({What::kOutage, which});
      const bool gone = state == SessionState::kReconnecting;
      if (gone && std::exchange(open, false)) Record({What::kLinkClose, which, 0, 0, 0, 0, link});
    }
  }

  SessionPair::End& EndOf(int which) { return which == 0 ? pair_.display() : pair_.controller(); }

  void Record(Event event) {
    event.at_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                 std::chrono::steady_clock::now() - began_)
                                                 .count());
    history_.events.push_back(event);
  }

  // When one end gets the message of this number, connections go.
  void PlanCut() {
    cut_end_ = static_cast<int>(random_.NextBelow(2));
    cut_at_ = sent_[static_cast<std::size_t>(1 - cut_end_)] + 1 + random_.NextBelow(20);
    cut_who_ = random_.NextBelow(3);
  }

  void Cut(std::uint64_t who) {
    for (const int which : {0, 1}) {
      if (who == 2 || static_cast<std::uint64_t>(which) == who) {
        EndOf(which).core->LoseLinks();
      }
    }
  }

  void SendSome(int which) {
    SessionPair::End& end = EndOf(which);
    const std::uint64_t count = 20 + random_.NextBelow(40);
    for (std::uint64_t i = 0; i < count; ++i) {
      Bytes message(1 + random_.NextBelow(random_.Chance(0.1) ? 60'000 : 200));
      random_.Fill(message);
      const auto id = end.core->Send(message, false);
      ASSERT_TRUE(id) << ToString(id.error());
      Record({What::kSend, which, 0, *id, 0, HashOf(message)});
      Record({What::kBytes, which, 0, end.core->buffered_amount()});
      sent_[static_cast<std::size_t>(which)] = *id;
    }
  }

  void ExpectEverythingDelivered() {
    for (const std::size_t which : {0U, 1U}) {
      SessionPair::End& end = EndOf(static_cast<int>(which));
      EXPECT_TRUE(end.seen.WaitUntil([&](const SessionSeen& s) {
        return s.acked == sent_[which] && s.messages.size() == sent_[1 - which];
      }));
    }
  }

  OneRelay& relay_;
  SeededRandom random_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  // Loop only, or while nothing runs there.
  History history_;
  int cut_end_ = 0;
  MessageId cut_at_ = 0;
  std::uint64_t cut_who_ = 0;
  std::array<MessageId, 2> sent_{};
  std::array<std::uint64_t, 2> links_{};
  std::array<bool, 2> open_{};
  std::unique_ptr<Network> network_ = Network::Create().value();
  SessionPair pair_{*network_};
};

TEST(SessionFaults, RealSchedules) {
  OneRelay relay;
  const std::uint64_t first = Seed(1);
  const std::uint64_t schedules = first == 1 ? Schedules() : 1;
  for (std::uint64_t seed = first; seed < first + schedules && !::testing::Test::HasFailure();
       ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    Schedule(relay, seed).Run();
  }
}

}  // namespace
}  // namespace pairwire::test
