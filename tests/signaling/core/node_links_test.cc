// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Links between two nodes over a bus with weather, without a relay: order, repeats, giving up,
// restarts, bounds, and bytes that nobody of ours would send.
#include "signaling/core/node_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

#include "tests/signaling/core/weather_bus.h"

namespace pairwire::relay {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class End final : public NodeBusHandler, public NodeLinksHandler {
 public:
  End(const std::string& id, std::uint64_t incarnation, WeatherBus& bus)
      : links(id, incarnation, bus, *this), id_(id), bus_(bus) {
    bus.Attach(id, *this);
  }
  ~End() { bus_.Detach(id_); }
  void OnFrames(std::string_view bytes) override { links.OnFrames(bytes); }
  void OnTopic(std::string_view, std::string_view) override {}
  void OnBusState(bool up) override { links.OnBusState(up); }
  void OnSignal(const InboundTag& tag, Signal signal) override {
    received.push_back(signal.text);
    if (answers) links.Settle(tag, answer);
    last = tag;
  }
  void OnHandover(const std::string&, const std::string&, std::uint64_t, KeptText text) override {
    received.push_back("handover " + text.id + " " + text.text);
  }
  void OnHandoverDone(const std::string&, const std::string&, std::uint64_t,
                      std::optional<std::vector<TokenHash>> hashes) override {
    received.push_back(hashes ? "done " + std::to_string(hashes->size()) : "nothing known");
  }
  bool HasMoved(std::uint64_t tag) override { return moved.contains(tag); }
  void OnSettled(std::uint64_t tag, Settled settled, Signal) override {
    outcomes[tag].push_back(settled);
  }

  NodeLinks links;
  std::vector<std::string> received;
  std::map<std::uint64_t, std::vector<Settled>> outcomes;
  std::set<std::uint64_t> moved;  // tags
  bool answers = true;
  NodeFrameResult answer = NodeFrameResult::kDelivered;
  InboundTag last;

 private:
  const std::string id_;
  WeatherBus& bus_;
};

class NodeLinksTest : public testing::Test {
 protected:
  NodeLinksTest() { Tick(); }
  void Tick() {
    bus_.SetNow(now_);
    for (End* end : {a_.get(), b_.get()}) {
      if (end == nullptr) continue;
      end->links.Tick(now_);
      end->links.EndTurn();
    }
    while (bus_.Step(now_)) {
    }
  }
  void Advance(std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 5ms) {
      now_ += 5ms;
      Tick();
    }
  }
  bool Send(int number, bool answer_now = true) {
    Signal signal;
    signal.session_id = "s";
    signal.from = "x";
    signal.to = "y";
    signal.epoch = 1;
    signal.text = std::to_string(number);
    signal.answer_now = answer_now;
    signal.deadline = now_ + NodeLinks::kGiveUp;
    return a_->links.Send("b", std::move(signal), static_cast<std::uint64_t>(number));
  }
  std::size_t Count(Settled settled) const {
    std::size_t count = 0;
    for (const auto& [tag, outcomes] : a_->outcomes) {
      EXPECT_THAT(outcomes, SizeIs(1)) << tag;
      count += outcomes[0] == settled ? 1 : 0;
    }
    return count;
  }

  TimePoint now_ = TimePoint{} + std::chrono::hours(1000);
  WeatherBus bus_{7};
  std::unique_ptr<End> a_ = std::make_unique<End>("a", 1, bus_);
  std::unique_ptr<End> b_ = std::make_unique<End>("b", 2, bus_);
};

TEST_F(NodeLinksTest, InOrderOnceAndAllThroughBadWeather) {
  bus_.weather = {0.2, 0.2, 0ms, 40ms, false, true};
  std::vector<std::string> expected;
  for (int i = 1; i <= 300; ++i) {
    ASSERT_TRUE(Send(i));
    expected.push_back(std::to_string(i));
    if (i % 5 == 0) Advance(10ms);
  }
  bus_.weather = {};
  Advance(3s);
  EXPECT_EQ(b_->received, expected);
  EXPECT_EQ(a_->outcomes.size(), 300u);
  EXPECT_EQ(Count(Settled::kDelivered), 300u);
  EXPECT_EQ(a_->links.unsettled(), 0u);
  EXPECT_EQ(a_->links.NextDeadline(), TimePoint::max());
}

TEST_F(NodeLinksTest, ATurnIsOnePayloadEachWay) {
  for (int i = 1; i <= 100; ++i) ASSERT_TRUE(Send(i));
  const std::uint64_t before = bus_.payloads;
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kDelivered), 100u);
  EXPECT_EQ(bus_.payloads - before, 2u);
  // Answers that nobody waits for are gathered for longer.
  for (int i = 101; i <= 105; ++i) {
    ASSERT_TRUE(Send(i, false));
    Advance(5ms);
  }
  Advance(30ms);
  EXPECT_EQ(Count(Settled::kDelivered), 105u);
  EXPECT_LE(bus_.payloads - before, 2u + 5u + 2u);
}

TEST_F(NodeLinksTest, ReceiversAreCountedUntilTheNodeIsHeardAndAgainWhenItIsSilent) {
  ASSERT_TRUE(Send(1));
  Advance(10ms);
  const std::uint64_t first = bus_.counted;
  EXPECT_GE(first, 1u);
  for (int i = 2; i <= 50; ++i) {
    ASSERT_TRUE(Send(i));
    Advance(10ms);
  }
  EXPECT_EQ(bus_.counted, first);
  // Gone without a word, and nobody but the bus can tell.
  b_.reset();
  ASSERT_TRUE(Send(51));
  a_->moved.insert(51);
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kReroute), 0u);
  Advance(NodeLinks::kResend);
  EXPECT_EQ(Count(Settled::kReroute), 1u);
  EXPECT_GT(bus_.counted, first);
}

TEST_F(NodeLinksTest, WhatIsNotHereIsRerouted) {
  b_->answer = NodeFrameResult::kNotHere;
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Send(i));
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kReroute), 3u);
}

TEST_F(NodeLinksTest, GivesUpAfterFiveSeconds) {
  bus_.Cut("a", "b", true);
  ASSERT_TRUE(Send(1));
  Advance(4990ms);
  EXPECT_THAT(a_->outcomes, IsEmpty());
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kUnreachable), 1u);
  // The number that was given up is not missed.
  bus_.Cut("a", "b", false);
  ASSERT_TRUE(Send(2));
  Advance(500ms);
  EXPECT_THAT(b_->received, ElementsAre("2"));
  EXPECT_EQ(Count(Settled::kDelivered), 1u);
}

TEST_F(NodeLinksTest, ASlowAnswerIsAskedForAndNothingComesTwice) {
  b_->answers = false;
  ASSERT_TRUE(Send(1));
  Advance(2s);
  EXPECT_THAT(b_->received, ElementsAre("1"));
  b_->links.Settle(b_->last, NodeFrameResult::kDelivered);
  b_->links.Settle(b_->last, NodeFrameResult::kNotHere);
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kDelivered), 1u);
}

TEST_F(NodeLinksTest, ResendsOnceTheBusIsUpAgain) {
  a_->links.OnBusState(false);
  ASSERT_TRUE(Send(1));
  Advance(1s);
  EXPECT_THAT(b_->received, IsEmpty());
  a_->links.OnBusState(true);
  Advance(10ms);
  EXPECT_THAT(b_->received, ElementsAre("1"));
}

TEST_F(NodeLinksTest, WhereNobodyListensOnlyThoseWhoMovedOnAreRerouted) {
  b_.reset();
  a_->moved = {2};
  for (const int number : {1, 2, 3}) ASSERT_TRUE(Send(number));
  Advance(10ms);
  EXPECT_THAT(a_->outcomes, ElementsAre(Pair(2u, ElementsAre(Settled::kReroute))));
  a_->moved = {3};
  Advance(500ms);
  EXPECT_EQ(Count(Settled::kReroute), 2u) << "asked again with each try";
  a_->links.OnNodeGone("b");
  EXPECT_EQ(Count(Settled::kReroute), 3u);
}

// A node that lost the bus has had what was sent before, and has its members still.
TEST_F(NodeLinksTest, ANodeThatIsNotHeardForAMomentGetsNothingTwice) {
  b_->answers = false;
  ASSERT_TRUE(Send(1));
  Advance(10ms);
  ASSERT_THAT(b_->received, ElementsAre("1"));
  bus_.Detach("b");
  ASSERT_TRUE(Send(2));
  Advance(1s);
  b_->links.Settle(b_->last, NodeFrameResult::kDelivered);
  b_->answers = true;
  bus_.Attach("b", *b_);
  Advance(1s);
  EXPECT_THAT(b_->received, ElementsAre("1", "2"));
  EXPECT_EQ(Count(Settled::kDelivered), 2u);
  EXPECT_EQ(Count(Settled::kReroute), 0u);
}

// Others come back to the bus later, and may have had what was sent before it went.
TEST_F(NodeLinksTest, NobodyListeningMeansLittleAfterTheBusWasAway) {
  a_->links.OnBusState(false);
  a_->links.OnBusState(true);
  b_.reset();
  a_->moved = {1};
  ASSERT_TRUE(Send(1));
  Advance(2s);
  EXPECT_EQ(Count(Settled::kReroute), 0u);
  b_ = std::make_unique<End>("b", 2, bus_);
  Advance(500ms);
  EXPECT_THAT(b_->received, ElementsAre("1"));
  EXPECT_EQ(Count(Settled::kDelivered), 1u);
  b_.reset();
  a_->moved = {2};
  Advance(1s);
  ASSERT_TRUE(Send(2));
  Advance(10ms);
  EXPECT_EQ(Count(Settled::kReroute), 1u);
}

TEST_F(NodeLinksTest, ANewRunIsAskedForWhatTheOldOneOwes) {
  b_->answers = false;
  ASSERT_TRUE(Send(1));
  Advance(10ms);
  ASSERT_THAT(b_->received, ElementsAre("1"));
  // Asked for the answer, it says who it is.
  Advance(500ms);
  // Its next run says something before anything else is sent there.
  bus_.weather.counts_receivers = false;
  b_.reset();
  b_ = std::make_unique<End>("b", 4, bus_);
  b_->answer = NodeFrameResult::kNotHere;
  b_->links.Handover("a", "s", "m", 1, {{"1.1", "t"}}, std::vector(2, TokenHash{}), now_ + 5s);
  b_->links.Handover("a", "s", "m", 2, {}, std::nullopt, now_ + 5s);
  Advance(20ms);
  EXPECT_THAT(a_->received, ElementsAre("handover 1.1 t", "done 2", "nothing known"));
  EXPECT_THAT(b_->received, ElementsAre("1"));
  EXPECT_EQ(Count(Settled::kReroute), 1u) << "its member was of the run before";
  b_->answer = NodeFrameResult::kDelivered;
  ASSERT_TRUE(Send(2));
  Advance(10ms);
  EXPECT_THAT(b_->received, ElementsAre("1", "2"));
  EXPECT_EQ(Count(Settled::kDelivered), 1u);
}

// The answer to the first text is the first that is heard of the new run.
TEST_F(NodeLinksTest, WhatTheNewRunHasIsNotSentElsewhere) {
  ASSERT_TRUE(Send(1));
  Advance(10ms);
  b_.reset();
  b_ = std::make_unique<End>("b", 4, bus_);
  ASSERT_TRUE(Send(2));
  ASSERT_TRUE(Send(3));
  Advance(10ms);
  EXPECT_THAT(b_->received, ElementsAre("2", "3"));
  EXPECT_EQ(Count(Settled::kDelivered), 3u);
  EXPECT_EQ(Count(Settled::kReroute), 0u);
  Advance(2s);
  EXPECT_THAT(b_->received, ElementsAre("2", "3")) << "each once";
}

TEST_F(NodeLinksTest, BoundsWhatIsUnsettled) {
  bus_.Cut("a", "b", true);
  Signal big;
  big.to = "y";
  big.text = std::string(64 * 1024, 'x');
  big.deadline = now_ + 5s;
  int taken = 0;
  for (int i = 1; i <= 100; ++i) {
    taken += a_->links.Send("b", big, static_cast<std::uint64_t>(i)) ? 1 : 0;
  }
  EXPECT_EQ(taken, 64);
  bus_.Cut("a", "b", false);
  Advance(1s);
  EXPECT_EQ(Count(Settled::kDelivered), 64u);
  EXPECT_TRUE(Send(1000));
}

TEST_F(NodeLinksTest, HostileFramesAreIgnored) {
  std::mt19937_64 random(1);
  std::string good;
  AppendHeader({"b", 2, 1}, good);
  NodeFrame frame;
  frame.kind = NodeFrameKind::kAck;
  frame.of_incarnation = 1;
  frame.received_upto = ~std::uint64_t{0};
  frame.runs = {{~std::uint64_t{0}, ~std::uint32_t{0}, NodeFrameResult::kNotHere},
                {1, ~std::uint32_t{0}, NodeFrameResult::kNotHere}};
  AppendFrame(frame, good);
  frame = {};
  frame.kind = NodeFrameKind::kSignal;
  frame.seq = 1;
  frame.to = "y";
  frame.text = "text";
  AppendFrame(frame, good);
  ASSERT_TRUE(ParseNodePayload(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) a_->links.OnFrames(good.substr(0, cut));
  EXPECT_THAT(a_->received, IsEmpty());
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    a_->links.OnFrames(bad);
  }
  Advance(1s);
  // Answers to what was never sent settle nothing.
  EXPECT_THAT(a_->outcomes, IsEmpty());
}

TEST(NodeFrame, RoundTripsAndSkipsWhatItDoesNotKnow) {
  std::string bytes;
  AppendHeader({"node", 5, 9}, bytes);
  NodeFrame signal;
  signal.kind = NodeFrameKind::kSignal;
  signal.seq = 9;
  signal.epoch = 3;
  signal.answer_now = true;
  signal.session_id = "s";
  signal.from = "x";
  signal.to = "y";
  signal.text = "{}";
  AppendFrame(signal, bytes);
  // A kind of a later version, with three bytes of its own.
  bytes += std::string("\0\0\0\x0C\x63\0\0\0\0\0\0\0\1abc", 16);
  AppendFrame(NodeFrame{}, bytes);
  const auto payload = ParseNodePayload(bytes);
  ASSERT_TRUE(payload);
  EXPECT_EQ(payload->header, (NodePayloadHeader{"node", 5, 9}));
  EXPECT_THAT(payload->frames, ElementsAre(signal, NodeFrame{}));
}

}  // namespace
}  // namespace pairwire::relay
