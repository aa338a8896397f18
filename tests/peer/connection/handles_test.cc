// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Handles under abuse: destroyed at every step and from inside every callback, and used from many
// threads at once (the test that ThreadSanitizer is for).
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/peer/connection/peer_pair.h"
#include "tests/support/fd_count.h"

namespace pairwire::test {
namespace {

enum class Victim { kOfferer, kAnswerer, kBoth };

class DestroyAtEveryStep : public ::testing::TestWithParam<Victim> {};

// Runs the whole life of a pair and drops the victim's handle inside the n-th callback, for every
// n.
TEST_P(DestroyAtEveryStep, NothingBreaks) {
  auto network = MakeNetwork();
  ASSERT_TRUE(network);
  for (int step = 1;; ++step) {
    int calls = 0;
    bool looked = false;  // the pair is the test's thread's again
    bool dropped = false;
    PeerPair* pair_pointer = nullptr;
    Watched<bool> over(false);
    PeerPair pair(*network, LoopbackConfiguration(), LoopbackConfiguration(), [&] {
      if (++calls != step || looked) return;
      dropped = true;
      if (GetParam() != Victim::kAnswerer) pair_pointer->a().pc = PeerConnection();
      if (GetParam() != Victim::kOfferer) pair_pointer->b().pc = PeerConnection();
      over.Set(true);
    });
    pair_pointer = &pair;
    DataChannel at_a = pair.a().pc.CreateDataChannel("x");
    at_a.Subscribe({.on_open = [&] { over.Set(true); }});
    // From the loop, so that no callback runs before the pair is whole.
    network->Post([&] { pair.Negotiate(); });
    // Either the step came, or there is no such step and the channel opened.
    ASSERT_TRUE(over.WaitFor(true)) << "step " << step;
    Watched<bool> seen(false);
    bool was_dropped = false;
    network->Post([&] {
      was_dropped = dropped;
      looked = true;
      seen.Set(true);
    });
    ASSERT_TRUE(seen.WaitFor(true));
    if (!was_dropped) {
      EXPECT_GT(step, 8) << "the scenario has fewer steps than it should";
      break;
    }
    ASSERT_LT(step, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(Victims, DestroyAtEveryStep,
                         ::testing::Values(Victim::kOfferer, Victim::kAnswerer, Victim::kBoth));

TEST(HandlesTest, AChannelMayBeDestroyedInsideEachOfItsCallbacks) {
  auto network = MakeNetwork();
  ASSERT_TRUE(network);
  for (const std::string where : {"open", "message", "low", "closed"}) {
    SCOPED_TRACE(where);
    PeerPair pair(*network);
    auto channel = std::make_unique<DataChannel>(pair.a().pc.CreateDataChannel("x"));
    Watched<bool> dropped(false);
    const auto drop = [&](const std::string& here) {
      if (here != where) return;
      channel.reset();
      dropped.Set(true);
    };
    channel->Subscribe({.on_open =
                            [&] {
                              static_cast<void>(channel->Send("ping"));
                              drop("open");
                            },
                        .on_message =
                            [&](const Message&) {
                              if (where == "closed") channel->Close();
                              drop("message");
                            },
                        .on_buffered_amount_low = [&] { drop("low"); },
                        .on_closed = [&](std::optional<Error>) { drop("closed"); }});
    Watched<std::shared_ptr<DataChannel>> other;
    pair.b().on_data_channel = [&](DataChannel incoming) {
      auto kept = std::make_shared<DataChannel>(std::move(incoming));
      DataChannel* raw = kept.get();
      raw->Subscribe(
          {.on_message = [raw](const Message&) { static_cast<void>(raw->Send("pong")); }});
      other.Set(std::move(kept));
    };
    network->Post([&] { pair.Negotiate(); });
    ASSERT_TRUE(dropped.WaitFor(true));
  }
}

TEST(HandlesTest, EightThreadsMaySendAndCloseAtOnce) {
  auto network = MakeNetwork();
  ASSERT_TRUE(network);
  PeerPair pair(*network);
  RecordedChannel shared(pair.a().pc.CreateDataChannel("shared"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(shared.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("shared");
  constexpr int kThreads = 8;
  constexpr int kMessages = 200;
  std::atomic<int> sent{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kMessages; ++i) {
        if (shared.channel().Send(std::to_string(t) + ":" + std::to_string(i))) ++sent;
        if (i % 50 == 0) {
          RecordedChannel own(pair.a().pc.CreateDataChannel("t" + std::to_string(t)));
          static_cast<void>(own.channel().Send("maybe"));
          if (i % 100 == 0) own.channel().Close();
        }
        static_cast<void>(shared.channel().buffered_amount());
        static_cast<void>(pair.a().pc.connection_state());
        static_cast<void>(pair.a().pc.local_description());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, kThreads * kMessages);
  ASSERT_TRUE(at_b->WaitMessages(kThreads * kMessages));
  // Each thread's messages in its own order.
  std::vector<int> next(kThreads, 0);
  for (const auto& message : at_b->record().Get().messages) {
    const auto colon = message.find(':', 2);
    const auto thread = static_cast<std::size_t>(std::stoi(message.substr(2, colon - 2)));
    EXPECT_EQ(std::stoi(message.substr(colon + 1)), next[thread]++);
  }
}

TEST(HandlesTest, ANetworkMayGoWhileEverythingIsUnderWay) {
  for (int round = 0; round < 10; ++round) {
    auto network = MakeNetwork();
    ASSERT_TRUE(network);
    std::vector<std::unique_ptr<PeerPair>> pairs;
    for (int i = 0; i < 5; ++i) {
      pairs.push_back(std::make_unique<PeerPair>(*network));
      pairs.back()->a().pc.CreateDataChannel("dropped");
      pairs.back()->Negotiate();
    }
    if (round % 2 == 1) {
      ASSERT_TRUE(pairs[0]->a().WaitState(PeerConnectionState::kConnected));
    }
    network.reset();
  }
}

}  // namespace
}  // namespace pairwire::test
