// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two sessions of this process over real connections, which find each other again at a real relay
// when those are cut, or when their path goes quiet without a word.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/peer/net/network_namespace.h"
#include "tests/peer/session/session_pair.h"
#include "tests/scenario/session_meeting.h"
#include "tests/support/child_process.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RejoinScenario : public ::testing::Test {
 protected:
  void Connect(bool plain = false, seconds window = seconds(120)) {
    SessionPair::Setup setup;
    setup.configuration.bind_addresses = bind_addresses_;
    for (SessionOptions& options : setup.options) options.resume_window = window;
    setup.times = [window](delivery::SessionTimes& times) { times.window = window; };
    setup.make_rejoin = [this](auth::PairingRole role) { return MeetAt(pair_, relay_, role); };
    if (!plain) {
      setup.pair_up = [this](const std::string& display, const std::string& controller) {
        return Proven(random_, display, controller);
      };
    }
    pair_.Start(std::move(setup));
    ASSERT_TRUE(pair_.Connected());
  }

  void CutBoth() {
    pair_.OnLoop([this] {
      pair_.display().core->LoseLinks();
      pair_.controller().core->LoseLinks();
    });
  }

  void SendBoth(int first, int last) {
    for (int i = first; i <= last; ++i) {
      for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
        EXPECT_TRUE(end->core->Send(AsBytes(std::to_string(i)), true));
      }
    }
  }

  // All of 1 to `last`, in order, each once, acknowledged.
  void ExpectDelivered(int last) {
    std::vector<std::string> numbers;
    for (int i = 1; i <= last; ++i) numbers.push_back(std::to_string(i));
    for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
      EXPECT_TRUE(end->seen.WaitUntil([&](const SessionSeen& s) {
        return s.messages.size() >= numbers.size() && s.acked >= numbers.size();
      }));
      EXPECT_EQ(end->seen.Get().messages, numbers);
      EXPECT_FALSE(end->seen.Get().closed);
    }
  }

  void ExpectResumed(std::ptrdiff_t times) {
    for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
      EXPECT_TRUE(end->seen.WaitUntil([&](const SessionSeen& s) {
        return std::count(s.states.begin(), s.states.end(), SessionState::kConnected) >= times;
      }));
    }
  }

  void ExpectBothReconnecting() {
    for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
      EXPECT_TRUE(end->seen.WaitUntil([](const SessionSeen& s) {
        return !s.states.empty() && s.states.back() == SessionState::kReconnecting;
      }));
    }
  }

  // Looks again every few milliseconds, as nothing tells.
  [[nodiscard]] bool WaitUntilNobodyIsAtTheRelay() {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (ConnectionsOf(getpid(), relay_.port()) > 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }

  std::vector<std::string> bind_addresses_ = {"127.0.0.1"};
  OneRelay relay_;
  SeededRandom random_{1};
  std::unique_ptr<Network> network_ = Network::Create().value();
  SessionPair pair_{*network_};
};

TEST_F(RejoinScenario, ConnectionCutBothSides) {
  Connect();
  SendBoth(1, 50);
  CutBoth();
  SendBoth(51, 100);
  ExpectDelivered(100);
  ExpectResumed(1);
}

TEST_F(RejoinScenario, OneSideOnly) {
  Connect();
  SendBoth(1, 10);
  pair_.OnLoop([this] { pair_.controller().core->LoseLinks(); });
  SendBoth(11, 20);
  ExpectDelivered(20);
  pair_.OnLoop([this] { pair_.display().core->LoseLinks(); });
  SendBoth(21, 30);
  ExpectDelivered(30);
  // The end that lost nothing may go from one link to the next without a word in between.
  for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
    EXPECT_GE(end->core->stats().resumes, 2u);
  }
}

TEST_F(RejoinScenario, PlainSessionsMeetToo) {
  Connect(true);
  CutBoth();
  SendBoth(1, 10);
  ExpectDelivered(10);
}

TEST_F(RejoinScenario, ThreeCutsInARow) {
  Connect();
  for (int cut = 1; cut <= 3; ++cut) {
    CutBoth();
    SendBoth(10 * cut - 9, 10 * cut);
    ExpectDelivered(10 * cut);
    ExpectResumed(cut);
  }
}

TEST_F(RejoinScenario, RelayKilledForAWhile) {
  Connect();
  relay_.Kill();
  CutBoth();
  ExpectBothReconnecting();
  SendBoth(1, 10);
  relay_.StartAgain();
  ExpectDelivered(10);
}

TEST_F(RejoinScenario, WindowOverTellsBothEnds) {
  Connect(false, seconds(2));
  relay_.Kill();
  CutBoth();
  ExpectBothReconnecting();
  SendBoth(1, 3);
  for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
    ASSERT_TRUE(end->seen.WaitUntil([](const SessionSeen& s) { return s.closed.has_value(); }));
    const ClosedReport report = *end->seen.Get().closed;
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->code, Errc::kSessionLost);
    EXPECT_EQ(report.unacknowledged, (MessageRange{1, 3}));
    EXPECT_EQ(report.last_delivered, 0u);
  }
}

TEST_F(RejoinScenario, NobodyStaysAtTheRelay) {
  Connect();
  EXPECT_EQ(ConnectionsOf(getpid(), relay_.port()), 0u) << "nobody has been there";
  CutBoth();
  SendBoth(1, 10);
  ExpectDelivered(10);
  ASSERT_TRUE(WaitUntilNobodyIsAtTheRelay());
  // What it has not got it can not miss.
  relay_.Kill();
  SendBoth(11, 20);
  ExpectDelivered(20);
  EXPECT_EQ(pair_.display().seen.Get().states.back(), SessionState::kConnected);
}

// A base, so that the relay and the network's thread begin inside.
class OwnNetwork {
 protected:
  static constexpr char kBefore[] = "192.0.2.7/24";
  static constexpr char kAfter[] = "198.51.100.7/24";

  OwnNetwork() {
    if (!own_.ok()) return;
    inside_ = std::make_unique<InNetwork>(own_);
    Command({"ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"});
    Command({"ip", "link", "set", "d1", "up"});
    Command({"ip", "address", "add", kBefore, "dev", "d0"});
    Command({"ip", "link", "set", "d0", "up"});
    WaitUntilUp("d0", "192.0.2.7");
  }
  void Roam() {
    Command({"ip", "address", "delete", kBefore, "dev", "d0"});
    Command({"ip", "address", "add", kAfter, "dev", "d0"});
  }

  NetworkNamespace own_;
  std::unique_ptr<InNetwork> inside_;
};

class RejoinRoaming : protected OwnNetwork, public RejoinScenario {
 protected:
  RejoinRoaming() { bind_addresses_.clear(); }
  void SetUp() override {
    if (!own_.ok()) GTEST_SKIP() << kNeedsRoot;
  }
};

// Neither end hears anything, and neither knows where the other one is now: the restart goes
// through the relay, and the connection stays what it was.
TEST_F(RejoinRoaming, BothNetworksChanged) {
  Connect();
  SendBoth(1, 10);
  ExpectDelivered(10);
  Roam();
  SendBoth(11, 20);
  ExpectDelivered(20);
  ExpectResumed(1);
  for (SessionPair::End* const end : {&pair_.display(), &pair_.controller()}) {
    const SessionSeen seen = end->seen.Get();
    EXPECT_EQ(seen.states.front(), SessionState::kRecovering);
    EXPECT_EQ(end->core->stats().resumes, 0u);
    EXPECT_TRUE(end->core->path().local_candidate.find("198.51.100.7") != std::string::npos)
        << end->core->path().local_candidate;
  }
}

}  // namespace
}  // namespace pairwire::test
