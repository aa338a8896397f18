// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IcePaths on scripted transports: which generation carries, what state is shown, and what a
// restart that succeeds, fails or is rolled back leaves behind.
#include "peer/connection/ice_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/manual_loop.h"

namespace pairwire::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Does nothing by itself: the test says what happens, through `events`.
class ScriptedIce final : public ice::IceTransport {
 public:
  ScriptedIce(ice::Credentials local, ice::Events& transport_events,
              std::map<std::string, ScriptedIce*>& all)
      : events(transport_events), local_(std::move(local)), all_(all) {
    all_[local_.ufrag] = this;
  }
  ~ScriptedIce() override { all_.erase(local_.ufrag); }

  const ice::Credentials& local_credentials() const override { return local_; }
  Result<void> Gather() override {
    if (local_.ufrag == "refused") return Fail(Errc::kSystem, "no address");
    return {};
  }
  void SetRole(ice::Role given) override { role = given; }
  Result<void> SetRemoteCredentials(const ice::Credentials& given) override {
    remote = given;
    return {};
  }
  Result<void> AddRemoteCandidate(std::string_view candidate) override {
    candidates.emplace_back(candidate);
    return {};
  }
  void SetRemoteCandidatesDone() override { done = true; }
  bool Send(ByteSpan) override {
    ++sent;
    return true;
  }
  ice::Stats stats() const override {
    ice::Stats stats;
    stats.packets_sent = static_cast<std::uint64_t>(sent);
    return stats;
  }
  std::string failure_reason() const override { return local_.ufrag + " failed"; }

  ice::Events& events;
  std::optional<ice::Role> role;
  std::optional<ice::Credentials> remote;
  std::vector<std::string> candidates;
  bool done = false;
  int sent = 0;

 private:
  const ice::Credentials local_;
  std::map<std::string, ScriptedIce*>& all_;
};

class IcePathsTest : public ::testing::Test, private IcePathsEvents {
 protected:
  // Named by their ufrag; gone from the map when destroyed.
  ScriptedIce& Ice(const std::string& ufrag) { return *living_.at(ufrag); }
  bool Lives(const std::string& ufrag) const { return living_.contains(ufrag); }

  void Up(const std::string& ufrag) {
    Ice(ufrag).events.OnIceState(ice::State::kChecking);
    Ice(ufrag).events.OnIceState(ice::State::kConnected);
    Ice(ufrag).events.OnIceSelectedPair({ufrag, "remote", false});
  }

  void Receive(const std::string& ufrag, std::string_view text) {
    const ByteSpan packet = AsBytes(text);
    Ice(ufrag).events.OnIcePackets({&packet, 1});
  }

  std::map<std::string, ScriptedIce*> living_;
  ManualLoop loop_;
  std::vector<std::string> candidates_;
  std::vector<ice::State> states_;
  std::vector<std::string> pairs_;
  std::size_t packets_ = 0;
  std::vector<std::size_t> too_large_;
  IcePaths paths_{loop_,
                  [this](ice::Credentials local, ice::Events& events) {
                    return std::make_unique<ScriptedIce>(std::move(local), events, living_);
                  },
                  *this};

 private:
  void OnPathCandidate(std::uint32_t generation, const std::string& candidate) override {
    candidates_.push_back(std::to_string(generation) + ":" + candidate);
  }
  void OnPathGatheringDone(std::uint32_t generation) override {
    candidates_.push_back(std::to_string(generation) + ":done");
  }
  void OnPathState(ice::State state) override { states_.push_back(state); }
  void OnPathPair(const ice::CandidatePair& pair) override { pairs_.push_back(pair.local); }
  void OnPathServerError(const ice::ServerError&) override {}
  void OnPathPackets(std::span<const ByteSpan> packets) override { packets_ += packets.size(); }
  void OnPathDatagramTooLarge(std::size_t bytes) override { too_large_.push_back(bytes); }
};

TEST_F(IcePathsTest, OnlyTheCarrierSendsAndTellsOfItsMtuAndAllReceive) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Ice("one").events.OnIceDatagramTooLarge(1400);
  Ice("two").events.OnIceDatagramTooLarge(1401);
  Up("two");
  Ice("one").events.OnIceDatagramTooLarge(1402);
  Ice("two").events.OnIceDatagramTooLarge(1403);
  EXPECT_THAT(too_large_, ElementsAre(1400u, 1403u));
  EXPECT_TRUE(paths_.Send(AsBytes("x")));
  EXPECT_EQ(Ice("one").sent, 0);
  EXPECT_EQ(Ice("two").sent, 1);
  Receive("one", "late");
  Receive("two", "x");
  EXPECT_EQ(packets_, 2u);
}

TEST_F(IcePathsTest, NothingIsSentBeforeTheFirstGeneration) {
  EXPECT_FALSE(paths_.Send(AsBytes("x")));
  EXPECT_EQ(paths_.failure_reason(), "");
  EXPECT_EQ(paths_.stats().packets_sent, 0u);
}

TEST_F(IcePathsTest, OneGenerationIsShownAsItIs) {
  paths_.SetRole(ice::Role::kControlling);
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  EXPECT_EQ(Ice("one").role, ice::Role::kControlling);
  Ice("one").events.OnIceCandidate("c");
  Ice("one").events.OnIceGatheringDone();
  Up("one");
  EXPECT_THAT(candidates_, ElementsAre("1:c", "1:done"));
  EXPECT_THAT(states_, ElementsAre(ice::State::kChecking, ice::State::kConnected));
  EXPECT_THAT(pairs_, ElementsAre("one"));
  EXPECT_TRUE(paths_.Send(AsBytes("x")));
  EXPECT_EQ(Ice("one").sent, 1);
}

TEST_F(IcePathsTest, ARestartCarriesOverOnceThereIsAPair) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Ice("two").events.OnIceState(ice::State::kChecking);
  paths_.Send(AsBytes("x"));
  EXPECT_EQ(Ice("one").sent, 1) << "the old path carries until the new one has a pair";
  Receive("two", "early");
  EXPECT_EQ(packets_, 1u) << "the other end may be over already";
  Up("two");
  EXPECT_THAT(pairs_, ElementsAre("one", "two"));
  paths_.Send(AsBytes("x"));
  EXPECT_EQ(Ice("two").sent, 1);
  Receive("one", "late");
  EXPECT_EQ(packets_, 2u);
  EXPECT_THAT(states_, ElementsAre(ice::State::kChecking, ice::State::kConnected))
      << "who looks from above sees no gap";
  loop_.AdvanceBy(IcePaths::kLinger);
  EXPECT_FALSE(Lives("one"));
}

TEST_F(IcePathsTest, TheLingeringPathIsSilent) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Up("two");
  states_.clear();
  Ice("one").events.OnIceState(ice::State::kFailed);
  Ice("one").events.OnIceCandidate("late");
  Ice("one").events.OnIceSelectedPair({"late", "remote", false});
  EXPECT_THAT(states_, IsEmpty());
  EXPECT_THAT(candidates_, IsEmpty());
  EXPECT_THAT(pairs_, ElementsAre("one", "two"));
}

TEST_F(IcePathsTest, ARestartRevivesAFailedPath) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  Ice("one").events.OnIceState(ice::State::kDisconnected);
  Ice("one").events.OnIceState(ice::State::kFailed);
  EXPECT_EQ(paths_.failure_reason(), "one failed");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Up("two");
  EXPECT_THAT(states_,
              ElementsAre(ice::State::kChecking, ice::State::kConnected, ice::State::kDisconnected,
                          ice::State::kFailed, ice::State::kChecking, ice::State::kConnected));
}

TEST_F(IcePathsTest, ARestartThatFailsLeavesTheWorkingPath) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Ice("two").events.OnIceState(ice::State::kFailed);
  EXPECT_FALSE(paths_.restarting());
  EXPECT_TRUE(paths_.Send(AsBytes("x")));
  EXPECT_EQ(Ice("one").sent, 1);
  EXPECT_EQ(states_.back(), ice::State::kConnected);
}

TEST_F(IcePathsTest, WhenBothFailItIsShown) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Ice("one").events.OnIceState(ice::State::kFailed);
  Ice("two").events.OnIceState(ice::State::kFailed);
  EXPECT_EQ(states_.back(), ice::State::kFailed);
  EXPECT_EQ(paths_.failure_reason(), "two failed");
}

TEST_F(IcePathsTest, ARolledBackRestartIsDropped) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  paths_.DropSuccessor();
  EXPECT_FALSE(paths_.restarting());
  ASSERT_TRUE(paths_.AddRemoteCandidate(1, "c"));
  EXPECT_THAT(Ice("one").candidates, ElementsAre("c"));
}

TEST_F(IcePathsTest, CandidatesGoToTheirGeneration) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  ASSERT_TRUE(paths_.AddRemoteCandidate(1, "old"));
  ASSERT_TRUE(paths_.AddRemoteCandidate(2, "new"));
  ASSERT_TRUE(paths_.AddRemoteCandidate(7, "of nobody"));
  ASSERT_TRUE(paths_.SetRemoteCredentials(2, {"them", "pw"}));
  paths_.SetRemoteCandidatesDone(2);
  EXPECT_THAT(Ice("one").candidates, ElementsAre("old"));
  EXPECT_THAT(Ice("two").candidates, ElementsAre("new"));
  EXPECT_EQ(Ice("two").remote->ufrag, "them");
  EXPECT_FALSE(Ice("one").done);
  EXPECT_TRUE(Ice("two").done);
}

TEST_F(IcePathsTest, AThirdGenerationReplacesTheSecond) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  ASSERT_TRUE(paths_.Start(3, {"three", "pw"}));
  Up("two");
  EXPECT_THAT(pairs_, ElementsAre("one"));
  Up("three");
  EXPECT_THAT(pairs_, ElementsAre("one", "three"));
  loop_.AdvanceBy(IcePaths::kLinger);
  EXPECT_FALSE(Lives("two"));
}

// The two ends do not change over at one moment. Without this a restart right behind another takes
// away what the other end sends over, and what this end sends over goes there.
TEST_F(IcePathsTest, WhatIsReplacedReceivesForAWhile) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  ASSERT_TRUE(paths_.Start(2, {"two", "pw"}));
  Receive("two", "the other end is over already");
  // Ours, which loses against the other end's.
  ASSERT_TRUE(paths_.Start(3, {"three", "pw"}));
  paths_.DropSuccessor();
  ASSERT_TRUE(paths_.Start(4, {"four", "pw"}));
  ASSERT_TRUE(Lives("two"));
  Receive("two", "still there");
  EXPECT_EQ(packets_, 2u);
  EXPECT_TRUE(paths_.Send(AsBytes("x")));
  EXPECT_EQ(Ice("one").sent, 1);
}

TEST_F(IcePathsTest, WhatIsReplacedIsBounded) {
  for (std::uint32_t number = 1; number <= 20; ++number) {
    ASSERT_TRUE(paths_.Start(number, {std::to_string(number), "pw"}));
    if (number == 1) Up("1");
  }
  EXPECT_EQ(living_.size(), 2 + IcePaths::kMaxReplaced);
  loop_.AdvanceBy(IcePaths::kLinger);
  EXPECT_EQ(living_.size(), 2u);
}

TEST_F(IcePathsTest, ARestartWithoutAddressChangesNothing) {
  ASSERT_TRUE(paths_.Start(1, {"one", "pw"}));
  Up("one");
  EXPECT_EQ(paths_.Start(2, {"refused", "pw"}).error().code, Errc::kSystem);
  EXPECT_FALSE(paths_.restarting());
  EXPECT_TRUE(paths_.Send(AsBytes("x")));
}

}  // namespace
}  // namespace pairwire::test
