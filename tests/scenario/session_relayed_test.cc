// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two sessions of this process whose connections find no path, and a real relay that carries
// messages (--signaling both): the session goes on in boxes through it, and back as soon as a
// direct path is there.
#include <gtest/gtest.h>
#include <pairwire/bulk.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/peer/net/network_namespace.h"
#include "tests/scenario/session_meeting.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RelayedScenario : public ::testing::Test {
 protected:
  // Fewer seconds than usual, as each test waits for them.
  void Connect(bool plain = false, milliseconds window = seconds(120)) {
    SessionPair::Setup setup;
    setup.options = options_;
    if (!plain) setup.features = {"session.1", "session.park", "session.relay"};
    setup.times = [window](delivery::SessionTimes& times) {
      times.window = window;
      times.fallback_after = milliseconds(300);
      times.way_back_first = milliseconds(500);
      times.way_back_max = milliseconds(2'000);
    };
    setup.has_path = [this] { return has_path_.load(); };
    setup.make_rejoin = [this, plain](auth::PairingRole role) {
      const std::size_t end = role == auth::PairingRole::kDisplay ? 0 : 1;
      return MeetAt(pair_, *relay_, role, !plain && options_[end].allow_relay);
    };
    if (!plain) {
      setup.pair_up = [this](const std::string& display, const std::string& controller) {
        return Proven(random_, display, controller);
      };
    }
    pair_.Start(std::move(setup));
    ASSERT_TRUE(pair_.Connected());
  }

  std::vector<SessionPair::End*> Ends() { return {&pair_.display(), &pair_.controller()}; }

  // No path is there from now on.
  void CutBoth() {
    has_path_ = false;
    pair_.OnLoop([this] {
      for (SessionPair::End* const end : Ends()) end->core->LoseLinks();
    });
  }

  void SendBoth(int first, int last) {
    for (int i = first; i <= last; ++i) {
      for (SessionPair::End* const end : Ends()) {
        EXPECT_TRUE(end->core->Send(AsBytes(std::to_string(i)), true));
      }
    }
  }

  // All of 1 to `last`, in order, each once, acknowledged.
  void ExpectDelivered(int last) {
    std::vector<std::string> numbers;
    for (int i = 1; i <= last; ++i) numbers.push_back(std::to_string(i));
    for (SessionPair::End* const end : Ends()) {
      EXPECT_TRUE(end->seen.WaitUntil([&](const SessionSeen& s) {
        return s.messages.size() >= numbers.size() && s.acked >= numbers.size();
      }));
      EXPECT_EQ(end->seen.Get().messages, numbers);
      EXPECT_FALSE(end->seen.Get().closed);
    }
  }

  // Looks again every few milliseconds, as nothing tells.
  template <typename Condition>
  [[nodiscard]] static bool Becomes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }

  [[nodiscard]] bool BothGoBy(Carrier carrier) {
    return Becomes([&] {
      return std::ranges::all_of(Ends(), [&](SessionPair::End* end) {
        return end->core->path().carrier == carrier &&
               end->core->state() == SessionState::kConnected;
      });
    });
  }

  void ExpectLostWithoutEverBeingRelayed() {
    CutBoth();
    SendBoth(1, 3);
    for (SessionPair::End* const end : Ends()) {
      ASSERT_TRUE(end->seen.WaitUntil([](const SessionSeen& s) { return s.closed.has_value(); }));
      const SessionSeen seen = end->seen.Get();
      ASSERT_TRUE(seen.closed->error);
      EXPECT_EQ(seen.closed->error->code, Errc::kSessionLost);
      EXPECT_EQ(std::ranges::count(seen.states, SessionState::kConnected), 0);
      EXPECT_TRUE(seen.messages.empty());
    }
  }

  std::atomic<bool> has_path_ = true;
  std::array<SessionOptions, 2> options_;
  std::unique_ptr<OneRelay> relay_ = std::make_unique<OneRelay>(kCarries);
  SeededRandom random_{1};
  std::unique_ptr<Network> network_ = Network::Create().value();
  SessionPair pair_{*network_};

  // With its rates: what we send has to stay below them.
  static inline const std::vector<std::string> kCarries = {"--signaling", "both",
                                                           "--limit-loopback"};
};

TEST_F(RelayedScenario, CommandsGoOnThroughTheRelayAndBack) {
  Connect();
  SendBoth(1, 10);
  CutBoth();
  SendBoth(11, 60);
  ExpectDelivered(60);
  ASSERT_TRUE(BothGoBy(Carrier::kRelay));
  for (SessionPair::End* const end : Ends()) {
    const SessionPath path = end->core->path();
    EXPECT_TRUE(path.relayed);
    EXPECT_TRUE(path.local_candidate.empty());
    EXPECT_EQ(end->core->SendStream(AsBytes("frame")).error().code, Errc::kUnsupported);
  }
  SendBoth(61, 100);
  ExpectDelivered(100);
  // A direct path is there again, and nobody says so.
  has_path_ = true;
  ASSERT_TRUE(BothGoBy(Carrier::kDirect));
  SendBoth(101, 120);
  ExpectDelivered(120);
  EXPECT_TRUE(Becomes([&] { return ConnectionsOf(getpid(), relay_->port()) == 0; }));
  for (SessionPair::End* const end : Ends()) {
    EXPECT_TRUE(end->core->SendStream(AsBytes("frame")));
  }
}

TEST_F(RelayedScenario, StatesAndLargeCommandsInBothDirections) {
  Connect();
  CutBoth();
  const std::string large(250'000, 'x');
  for (SessionPair::End* const end : Ends()) {
    EXPECT_TRUE(end->core->SetState("volume", AsBytes("11"), true));
    EXPECT_TRUE(end->core->Send(AsBytes(large), true));
  }
  for (SessionPair::End* const end : Ends()) {
    EXPECT_TRUE(end->seen.WaitUntil([&](const SessionSeen& s) {
      return s.messages == std::vector<std::string>{large} && s.acked == 1 && !s.values.empty();
    })) << end->seen.Get().messages.size();
    EXPECT_EQ(end->seen.Get().values, std::vector<std::string>{"volume=11"});
  }
  EXPECT_TRUE(BothGoBy(Carrier::kRelay));
}

TEST_F(RelayedScenario, AFileSaysThatItWaitsForADirectPath) {
  Connect();
  CutBoth();
  ASSERT_TRUE(BothGoBy(Carrier::kRelay));
  const std::string path = testing::TempDir() + "pairwire-waits-" + std::to_string(getpid());
  std::ofstream(path) << "a file";
  Watched<std::vector<bool>> waits;
  FileSendEvents on;
  on.on_needs_direct_path = [&](bool needs) {
    waits.Update([&](std::vector<bool>& seen) { seen.push_back(needs); });
  };
  Session session = SessionFactory::HandleTo(pair_.controller().core);
  const auto file =
      OutgoingFile::Send(session, FileToSend::Open(path).value(), std::move(on)).value();
  EXPECT_TRUE(waits.WaitUntil([](const auto& seen) { return seen == std::vector<bool>{true}; }));
  has_path_ = true;
  EXPECT_TRUE(waits.WaitUntil([](const auto& seen) {
    return seen == std::vector<bool>{true, false};
  }));
  std::remove(path.c_str());
}

// A base, so that the relay and the network's thread begin inside.
class OwnNetwork {
 protected:
  OwnNetwork() {
    if (own_.ok()) inside_ = std::make_unique<InNetwork>(own_);
  }
  // What the two ends say to each other gets lost without a word; the relay is reached.
  static void Block() {
    Command({"/usr/sbin/nft", "add table inet path"});
    Command({"/usr/sbin/nft", "add chain inet path in { type filter hook input priority 0 ; }"});
    Command({"/usr/sbin/nft", "add rule inet path in meta l4proto udp drop"});
  }
  static void Unblock() { Command({"/usr/sbin/nft", "delete table inet path"}); }

  NetworkNamespace own_;
  std::unique_ptr<InNetwork> inside_;
};

class RelayedOutage : protected OwnNetwork, public RelayedScenario {
 protected:
  const PeerLink* LatestConnection() {
    const PeerLink* latest = nullptr;
    pair_.OnLoop([&] { latest = pair_.controller().latest; });
    return latest;
  }
  void SetUp() override {
    if (!own_.ok() || access("/usr/sbin/nft", X_OK) != 0) {
      GTEST_SKIP() << kNeedsRoot << ", and nft from nftables";
    }
  }
};

// The connection that was quiet when the relay took the session over comes back, with all that the
// application has on it.
TEST_F(RelayedOutage, TheOldConnectionIsTakenBackWithItsChannels) {
  Connect();
  Watched<std::vector<std::string>> heard;
  DataChannel far;  // loop only
  pair_.OnLoop([&] {
    SessionEvents on = pair_.Recorder(pair_.display());
    on.on_data_channel = [&](DataChannel channel) {
      far = std::move(channel);
      DataChannelEvents events;
      events.on_message = [&](const Message& message) {
        heard.Update([&](auto& all) { all.emplace_back(AsText(message.data)); });
      };
      far.Subscribe(std::move(events));
    };
    pair_.display().core->Subscribe(std::move(on));
  });
  DataChannel raw = pair_.controller().core->CreateDataChannel("raw", {});
  ASSERT_TRUE(Becomes([&] { return raw.state() == DataChannelState::kOpen; }));
  ASSERT_TRUE(raw.Send("before"));
  ASSERT_TRUE(heard.WaitUntil([](const auto& all) { return all.size() == 1; }));
  SendBoth(1, 10);
  ExpectDelivered(10);
  const PeerLink* const connection = LatestConnection();

  Block();
  SendBoth(11, 20);
  ASSERT_TRUE(BothGoBy(Carrier::kRelay));
  ExpectDelivered(20);
  ASSERT_TRUE(raw.Send("meanwhile"));
  Unblock();
  ASSERT_TRUE(BothGoBy(Carrier::kDirect));
  SendBoth(21, 30);
  ExpectDelivered(30);
  // By then whatever was let go of is gone.
  EXPECT_TRUE(Becomes([&] { return ConnectionsOf(getpid(), relay_->port()) == 0; }));
  ASSERT_TRUE(raw.Send("after"));
  EXPECT_TRUE(heard.WaitUntil([](const auto& all) { return all.size() == 3; }));
  EXPECT_EQ(heard.Get(), (std::vector<std::string>{"before", "meanwhile", "after"}));
  for (SessionPair::End* const end : Ends()) {
    EXPECT_EQ(end->core->stats().resumes, 2u) << "over the relay, and back";
  }
  EXPECT_EQ(LatestConnection(), connection);
  pair_.OnLoop([&] { far = DataChannel(); });
}

TEST_F(RelayedScenario, TheRelayGoesAndComesBack) {
  Connect();
  CutBoth();
  SendBoth(1, 10);
  ExpectDelivered(10);
  relay_->Kill();
  SendBoth(11, 20);
  relay_->StartAgain();
  ExpectDelivered(20);
  EXPECT_TRUE(BothGoBy(Carrier::kRelay));
}

TEST_F(RelayedScenario, GoodbyeArrives) {
  Connect();
  CutBoth();
  SendBoth(1, 10);
  ExpectDelivered(10);
  pair_.OnLoop([this] { pair_.controller().core->StartClose(); });
  for (SessionPair::End* const end : Ends()) {
    ASSERT_TRUE(end->seen.WaitUntil([](const SessionSeen& s) { return s.closed.has_value(); }));
    EXPECT_FALSE(end->seen.Get().closed->error);
    EXPECT_EQ(end->seen.Get().closed->unacknowledged, MessageRange());
  }
  EXPECT_TRUE(Becomes([&] { return ConnectionsOf(getpid(), relay_->port()) == 0; }));
}

TEST_F(RelayedScenario, ARelayThatCarriesNoMessagesIsNotAskedTo) {
  relay_ = std::make_unique<OneRelay>();
  Connect(false, seconds(3));
  ExpectLostWithoutEverBeingRelayed();
}

TEST_F(RelayedScenario, NotWhenOneEndDoesNotWantIt) {
  options_[1].allow_relay = false;
  Connect(false, seconds(3));
  ExpectLostWithoutEverBeingRelayed();
}

TEST_F(RelayedScenario, PlainSessionsNever) {
  Connect(true, seconds(3));
  ExpectLostWithoutEverBeingRelayed();
}

}  // namespace
}  // namespace pairwire::test
