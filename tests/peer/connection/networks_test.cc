// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Several Networks in one process, each with a loop and an SCTP of its own: at the same time, with
// one another, one after the other.
#include <gtest/gtest.h>
#include <pairwire/network.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/peer/connection/peer_pair.h"

namespace pairwire {
namespace {

using test::PeerPair;
using test::RecordedChannel;

using Networks = std::vector<std::unique_ptr<Network>>;

// As many as there may be.
Networks MakeAll() {
  Networks networks;
  for (;;) {
    auto network = Network::Create();
    if (!network) {
      EXPECT_EQ(network.error().code, Errc::kInvalidState) << ToString(network.error());
      return networks;
    }
    networks.push_back(*std::move(network));
  }
}

struct Talk {
  std::unique_ptr<PeerPair> pair;
  RecordedChannel channel;
};

// Over a channel of its own, so many messages each way, all under way at once.
void TalkOver(std::vector<Talk>& talks, int messages) {
  const Bytes large(30'000, 0x2a);
  for (Talk& talk : talks) {
    talk.channel = RecordedChannel(talk.pair->a().pc.CreateDataChannel("talk"));
    talk.pair->Negotiate();
  }
  for (Talk& talk : talks) {
    ASSERT_TRUE(talk.channel.WaitOpen());
    ASSERT_NE(talk.pair->b().WaitIncoming("talk"), nullptr);
    ASSERT_TRUE(talk.pair->b().channels["talk"]->WaitOpen());
  }
  for (int i = 0; i < messages; ++i) {
    for (Talk& talk : talks) {
      EXPECT_TRUE(talk.channel.channel().Send(large));
      EXPECT_TRUE(talk.pair->b().channels["talk"]->channel().Send(large));
    }
  }
  const auto count = static_cast<std::size_t>(messages);
  for (Talk& talk : talks) {
    EXPECT_TRUE(talk.channel.WaitMessages(count));
    EXPECT_TRUE(talk.pair->b().channels["talk"]->WaitMessages(count));
    EXPECT_EQ(talk.channel.record().Get().bytes, count * large.size());
    EXPECT_EQ(talk.pair->b().channels["talk"]->record().Get().bytes, count * large.size());
  }
}

TEST(NetworksTest, AllAtTheSameTime) {
  Networks networks = MakeAll();
  ASSERT_GE(networks.size(), 1U);
  std::vector<Talk> talks(2 * networks.size());
  for (std::size_t i = 0; i < talks.size(); ++i) {
    talks[i].pair = std::make_unique<PeerPair>(*networks[i / 2]);
  }
  TalkOver(talks, 20);
}

TEST(NetworksTest, WithOneAnother) {
  Networks networks = MakeAll();
  if (networks.size() < 2) GTEST_SKIP() << "built for one Network in a process";
  std::vector<Talk> talks(networks.size());
  for (std::size_t i = 0; i < talks.size(); ++i) {
    talks[i].pair = std::make_unique<PeerPair>(*networks[i], *networks[(i + 1) % networks.size()]);
  }
  TalkOver(talks, 20);
}

// The others go on while one goes, with its connections open, and another one comes.
TEST(NetworksTest, OneGoesAndAnotherComes) {
  Networks networks = MakeAll();
  if (networks.size() < 2) GTEST_SKIP() << "built for one Network in a process";
  std::vector<Talk> stays(1);
  stays[0].pair = std::make_unique<PeerPair>(*networks[0]);
  TalkOver(stays, 1);
  for (int i = 0; i < 3; ++i) {
    std::vector<Talk> goes(1);
    goes[0].pair = std::make_unique<PeerPair>(*networks.back());
    TalkOver(goes, 2);
    networks.pop_back();
    EXPECT_TRUE(stays[0].channel.channel().Send("still here"));
    EXPECT_TRUE(stays[0].pair->b().channels["talk"]->WaitMessages(static_cast<std::size_t>(i) + 2));
    auto next = Network::Create();
    ASSERT_TRUE(next) << ToString(next.error());
    networks.push_back(*std::move(next));
  }
}

}  // namespace
}  // namespace pairwire
