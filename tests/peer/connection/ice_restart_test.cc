// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ICE restart over the whole real stack: from either end, again and again, under load, against a
// rollback, and at every step of a destruction. Nothing is lost, nothing comes twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/peer/connection/peer_pair.h"
#include "tests/support/fd_count.h"

namespace pairwire::test {
namespace {

std::string UfragOf(const std::optional<SessionDescription>& description) {
  if (!description) return {};
  const auto begin = description->sdp.find("a=ice-ufrag:");
  return description->sdp.substr(begin, description->sdp.find('\r', begin) - begin);
}

class IceRestartTest : public ::testing::Test {
 protected:
  IceRestartTest() : pair_(*network_), at_a_(pair_.a().pc.CreateDataChannel("x")) {
    EXPECT_TRUE(pair_.Connect());
    EXPECT_TRUE(at_a_.WaitOpen());
    at_b_ = pair_.b().WaitIncoming("x");
  }

  // An exchange is over once the restart is not asked for any more and a new pair carries.
  void Restart(PeerEnd& offerer, PeerEnd& answerer) {
    const std::string before = UfragOf(offerer.pc.local_description());
    const std::string theirs_before = UfragOf(answerer.pc.local_description());
    const auto pair_before = offerer.pc.selected_candidate_pair();
    const auto their_pair_before = answerer.pc.selected_candidate_pair();
    const int needed = offerer.record.Get().negotiation_needed;
    offerer.pc.RestartIce();
    ASSERT_TRUE(offerer.record.WaitUntil(
        [&](const EndRecord& r) { return r.negotiation_needed > needed; }));
    pair_.NegotiateFrom(offerer, answerer);
    ASSERT_TRUE(WaitForNewPair(offerer, pair_before->local));
    ASSERT_TRUE(WaitForNewPair(answerer, their_pair_before->local));
    EXPECT_NE(UfragOf(offerer.pc.current_local_description()), before);
    EXPECT_NE(UfragOf(answerer.pc.current_local_description()), theirs_before);
  }

  // Fresh sockets: the pair has another local port.
  static bool WaitForNewPair(PeerEnd& end, const std::string& before) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto pair = end.pc.selected_candidate_pair();
      if (pair && pair->local != before) return true;
      std::this_thread::yield();
    }
    return false;
  }

  void SendNumbered(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(at_a_.channel().Send(std::to_string(sent_++)));
    }
  }
  void ExpectAllOnceAndInOrder() {
    ASSERT_TRUE(at_b_->WaitMessages(static_cast<std::size_t>(sent_)));
    const auto messages = at_b_->record().Get().messages;
    ASSERT_EQ(messages.size(), static_cast<std::size_t>(sent_));
    for (int i = 0; i < sent_; ++i) {
      EXPECT_EQ(messages[static_cast<std::size_t>(i)], "t:" + std::to_string(i));
    }
  }

  std::unique_ptr<Network> network_ = MakeNetwork();
  PeerPair pair_;
  RecordedChannel at_a_;
  RecordedChannel* at_b_ = nullptr;
  int sent_ = 0;
};

TEST_F(IceRestartTest, FromTheOfferersEnd) {
  SendNumbered(10);
  Restart(pair_.a(), pair_.b());
  SendNumbered(10);
  ExpectAllOnceAndInOrder();
  EXPECT_EQ(pair_.a().record.Get().state, PeerConnectionState::kConnected);
  EXPECT_THAT(
      pair_.a().record.Get().states,
      ::testing::ElementsAre(PeerConnectionState::kConnecting, PeerConnectionState::kConnected))
      << "the connection never stopped being connected";
}

TEST_F(IceRestartTest, FromTheAnswerersEnd) {
  Restart(pair_.b(), pair_.a());
  SendNumbered(10);
  ExpectAllOnceAndInOrder();
}

TEST_F(IceRestartTest, ManyInARowLeakNothing) {
  Restart(pair_.a(), pair_.b());
  Restart(pair_.b(), pair_.a());
  const std::size_t descriptors = OpenFdCount();
  for (int i = 0; i < 10; ++i) {
    Restart(i % 2 == 0 ? pair_.a() : pair_.b(), i % 2 == 0 ? pair_.b() : pair_.a());
    SendNumbered(3);
  }
  ExpectAllOnceAndInOrder();
  // The generation before the last lingers for late datagrams: sockets of two at each end.
  EXPECT_LE(OpenFdCount(), descriptors + 8);
}

TEST_F(IceRestartTest, UnderLoad) {
  for (int round = 0; round < 5; ++round) {
    SendNumbered(500);
    Restart(pair_.a(), pair_.b());
    SendNumbered(500);
  }
  ExpectAllOnceAndInOrder();
}

TEST_F(IceRestartTest, TheOptionOfCreateOfferRestartsToo) {
  const std::string before = UfragOf(pair_.a().pc.local_description());
  Watched<std::string> made;
  pair_.a().pc.CreateOffer({.ice_restart = true}, [&](Result<SessionDescription> offer) {
    ASSERT_TRUE(offer) << ToString(offer.error());
    made.Set(offer->sdp);
  });
  ASSERT_TRUE(made.WaitUntil([](const std::string& sdp) { return !sdp.empty(); }));
  EXPECT_EQ(made.Get().find(before), std::string::npos);
  // Nothing happened yet: an offer that nobody sets is only text.
  EXPECT_EQ(UfragOf(pair_.a().pc.local_description()), before);
}

TEST_F(IceRestartTest, ARolledBackRestartLeavesTheOldPath) {
  const std::string before = UfragOf(pair_.a().pc.local_description());
  Watched<bool> rolled_back(false);
  const int needed = pair_.a().record.Get().negotiation_needed;
  pair_.a().pc.RestartIce();
  ASSERT_TRUE(pair_.a().record.WaitUntil(
      [&](const EndRecord& r) { return r.negotiation_needed == needed + 1; }));
  pair_.a().pc.SetLocalDescription(
      [](Result<SessionDescription> offer) { EXPECT_TRUE(offer) << ToString(offer.error()); });
  pair_.a().pc.SetLocalDescription({SdpType::kRollback, {}}, [&](Result<void> result) {
    EXPECT_TRUE(result) << ToString(result.error());
    rolled_back.Set(true);
  });
  ASSERT_TRUE(rolled_back.WaitFor(true));
  EXPECT_EQ(UfragOf(pair_.a().pc.local_description()), before);
  SendNumbered(10);
  ExpectAllOnceAndInOrder();
  // The wish outlives the rollback (W3C restartIce).
  EXPECT_TRUE(pair_.a().record.WaitUntil(
      [&](const EndRecord& r) { return r.negotiation_needed == needed + 2; }));
}

TEST_F(IceRestartTest, HandlesMayGoAtAnyMoment) {
  for (int round = 0; round < 20; ++round) {
    PeerPair pair(*network_);
    RecordedChannel channel(pair.a().pc.CreateDataChannel("y"));
    ASSERT_TRUE(pair.Connect());
    pair.a().pc.RestartIce();
    pair.Negotiate();
    if (round % 4 == 1) pair.a().pc = PeerConnection();
    if (round % 4 == 2) pair.b().pc = PeerConnection();
    if (round % 4 == 3) pair.b().pc.Close();
  }
}

}  // namespace
}  // namespace pairwire::test
